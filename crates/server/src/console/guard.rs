//! Authentication of the console: login, logout, and the checks of all other requests.

use super::devices::{self, Device};
use super::error::{ApiError, FromJson};
use super::login_queue::{self, LoginQueue};
use super::logins::Logins;
use super::operators_file::{Operator, OperatorName, Operators};
use super::password::StoredPassword;
use super::roles::Role;
use super::sessions::{LIFETIME, Use};
use super::shared_sessions::OpenSessions;
use super::{Console, MAX_LOGIN_BYTES};
use crate::audit::{Act, Actor, done};
use crate::clock::Clock;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use lamplight_core::FailureWindow;
use lamplight_model::{AuditAction, Code, Now};
use lamplight_service::{Failures, ServiceError, network};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The maximum number of wrong passwords from one source within a minute. After this number, all logins from the source
/// are refused for a minute.
const MOST_FAILURES: u32 = 5;
/// The longest time for which the answer to a login is delayed until the login is entered in the audit log.
const LONGEST_ENTRY: Duration = Duration::from_secs(1);
/// The cookie that identifies a known browser.
const DEVICE_COOKIE: &str = "lamplight_console_device";
/// The cookie that has the token of a session.
const COOKIE: &str = "lamplight_console";
/// The header with the CSRF token of a session. Every request that changes something must have this header.
const CSRF_HEADER: &str = "x-csrf-token";
/// The header of requests that a page makes automatically. Such requests do not keep a session alive.
const BACKGROUND_HEADER: &str = "x-background";

/// The operators, their sessions, and the limits on logins.
pub struct Door {
    operators: Arc<Operators>,
    sessions: OpenSessions,
    failures: Mutex<Failures<Source>>,
    /// The logins and logouts that were recently recorded in the audit log.
    logins: Mutex<Logins>,
    /// Admits one password check at a time for unknown browsers. A check takes 19 MiB.
    strangers: Arc<LoginQueue>,
    /// Admits one password check at a time for known browsers. Known browsers therefore do not wait for unknown
    /// browsers.
    known_turn: Arc<Semaphore>,
    known_waiting: Arc<devices::Permits>,
}

/// The source of a login. It determines the queue and the counter of wrong passwords.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Source {
    /// An unknown browser, in the network with this address.
    Anywhere(IpAddr),
    /// A known browser, in any network.
    Known(Device),
}

/// The operator who makes a request, and the address from which the request is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Visitor {
    /// The operator's name.
    pub name: OperatorName,
    /// The operator's role.
    pub role: Role,
    /// The address of the connection.
    pub address: IpAddr,
}

/// The turn of a login, in which its password is checked. Dropping the value begins the next login's turn.
enum Turn {
    Stranger(login_queue::Turn),
    Known { _turn: OwnedSemaphorePermit, _permit: devices::Permit },
}

/// The data of a session that the browser gets.
#[derive(Serialize)]
pub struct ShownSession {
    csrf_token: String,
    version: &'static str,
    operator: OperatorName,
    role: Role,
}

impl ShownSession {
    fn new(csrf_token: String, operator: &Operator) -> Self {
        let (operator, role) = (operator.name.clone(), operator.role);
        Self { csrf_token, version: env!("CARGO_PKG_VERSION"), operator, role }
    }
}

/// The body of a login.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The operator's name; `admin` if absent.
    #[serde(default)]
    operator: Option<String>,
    password: String,
}

impl Door {
    /// Makes a `Door` with these operators and without sessions.
    pub fn new(operators: Arc<Operators>, clock: Clock) -> Self {
        Self {
            sessions: OpenSessions::of(Arc::clone(&operators)),
            operators,
            failures: Mutex::default(),
            logins: Mutex::default(),
            strangers: LoginQueue::new(clock),
            known_turn: Arc::new(Semaphore::new(1)),
            known_waiting: Arc::default(),
        }
    }

    fn failures(&self) -> MutexGuard<'_, Failures<Source>> {
        self.failures.lock()
    }

    /// Waits for the turn of a login. Dropping the future gives up the login's place in the queue. Refuses the login if
    /// too many logins wait.
    async fn turn(&self, source: Source) -> Result<Turn, ApiError> {
        match source {
            Source::Anywhere(address) => self.strangers.turn(address).await.map(Turn::Stranger),
            Source::Known(device) => {
                let permit = self.known_waiting.enter(device).ok_or(ApiError::BUSY)?;
                let turn = Arc::clone(&self.known_turn).acquire_owned().await.map_err(|_| ApiError::BUSY)?;
                Ok(Turn::Known { _turn: turn, _permit: permit })
            }
        }
    }

    /// Returns the source of a login of the operator `name`. A cookie counts only for the operator to whom it was
    /// given. An operator can therefore not use the cookie for more attempts at another operator's password.
    async fn source(
        &self,
        sender: &Sender,
        name: Option<&OperatorName>,
        address: IpAddr,
        now: Now,
    ) -> Source {
        let device = match (sender.device.as_deref(), name) {
            (Some(cookie), Some(name)) => {
                let operator = self.operators.find(name).await.ok().flatten();
                operator.and_then(|operator| devices::known(cookie, &operator, now.wall))
            }
            (None, _) | (_, None) => None,
        };
        device.map_or_else(|| Source::Anywhere(network(address)), Source::Known)
    }
}

impl Console {
    /// Returns the CSRF token and the operator of a request's session.
    async fn session_of(&self, headers: &HeaderMap) -> Result<(String, Operator), ApiError> {
        let token = cookie(headers, COOKIE).ok_or_else(ApiError::not_logged_in)?;
        let by = if headers.contains_key(BACKGROUND_HEADER) { Use::Background } else { Use::Person };
        let entered = self.door.sessions.enter(token, by, self.clock.now()).await?;
        entered.ok_or_else(ApiError::not_logged_in)
    }

    /// Waits for the login's turn, checks the password, and returns the operator with this name. Refuses the login
    /// after too many wrong passwords from its source, or if too many logins wait. Also refuses a wrong name or
    /// password.
    async fn verify(
        self: &Arc<Self>,
        source: Source,
        name: Option<OperatorName>,
        password: String,
    ) -> Result<Operator, ApiError> {
        self.check_failures(source)?;
        // A browser that disconnects while it waits gives up its place in the queue.
        let turn = self.door.turn(source).await?;
        // The check runs in a separate task, which continues if the browser disconnects. A wrong password is therefore
        // always counted, and the next check always waits for this one.
        let check = Arc::clone(self).check(turn, source, name, password);
        tokio::spawn(check).await.unwrap_or_else(|_| Err(Code::INTERNAL.into()))
    }

    /// Checks the password in the login's turn. Refuses the login if its source has sent too many wrong passwords while
    /// the login waited.
    async fn check(
        self: Arc<Self>,
        turn: Turn,
        source: Source,
        name: Option<OperatorName>,
        password: String,
    ) -> Result<Operator, ApiError> {
        self.check_failures(source)?;
        let operator = match &name {
            Some(name) => self.door.operators.find(name).await?,
            None => None,
        };
        let stored = operator.as_ref().map(|operator| operator.password.clone());
        let look = move || match stored {
            Some(stored) => stored.is(&password),
            None => StoredPassword::of_nobody(&password),
        };
        let right = tokio::task::spawn_blocking(look).await.unwrap_or(false);
        match operator {
            Some(operator) if right => Ok(operator),
            Some(_) | None => {
                self.door.failures().fail(source, MOST_FAILURES, self.clock.now().moment);
                match &turn {
                    Turn::Stranger(turn) => turn.was_wrong(),
                    Turn::Known { .. } => {}
                }
                tracing::warn!("a wrong password was given to the console");
                Err(ApiError::WRONG_PASSWORD)
            }
        }
    }

    /// Opens a session for an operator whose password is verified. The answer sets two cookies: for the session, and
    /// for the known browser.
    async fn open_session(
        &self,
        source: Source,
        operator: &Operator,
        encrypted: bool,
    ) -> Result<Response, ApiError> {
        let now = self.clock.now();
        let opened = self.door.sessions.open(operator, now).await?;
        let session = cookie_text(COOKIE, &opened.token, LIFETIME.as_secs(), encrypted);
        let device = match source {
            Source::Known(device) => device,
            Source::Anywhere(_) => Device::new(rand::random()),
        };
        let device = devices::cookie_of(operator, device, now.wall);
        let device = cookie_text(DEVICE_COOKIE, &device, devices::KNOWN.as_secs(), encrypted);
        let cookies = AppendHeaders([(header::SET_COOKIE, session), (header::SET_COOKIE, device)]);
        Ok((cookies, Json(ShownSession::new(opened.csrf_token, operator))).into_response())
    }

    /// Records a login or logout in the audit log. Records nothing if the operator has too many recent entries, or a
    /// recent entry with the same action from the same network. Ignores a failure of the database, because an operator
    /// must be able to log in when the disk is full.
    async fn enter_login(&self, action: AuditAction, operator: &OperatorName, address: IpAddr) {
        let address = address.to_canonical();
        let now = self.clock.now().moment;
        let noted = {
            let mut logins = self.door.logins.lock();
            logins.note(action, operator, network(address), now)
        };
        let Some(left_out) = noted else { return };
        let mut act = Act::on(action, None, operator.as_str());
        if left_out > 0 {
            act = act.with("left_out", "", &left_out.to_string());
        }
        let (audit, by) = (self.audit.clone(), Actor::operator(operator.clone(), address));
        let entered = tokio::spawn(async move {
            let is_done = async { Ok::<(), ServiceError>(()) };
            if let Err(error) = audit.record(by, act, is_done, done).await {
                tracing::warn!(%error, "a login to the console could not be entered into the audit log");
            }
        });
        // The entry is usually written before the answer. For a slow database, the answer waits at most
        // `LONGEST_ENTRY`.
        let _ = tokio::time::timeout(LONGEST_ENTRY, entered).await;
    }

    fn check_failures(&self, source: Source) -> Result<(), ApiError> {
        match self.door.failures().is_blocked(&source, self.clock.now().moment) {
            true => Err(ApiError::throttled(FailureWindow::MINUTE)),
            false => Ok(()),
        }
    }
}

/// Admits a request with a valid session. A request that changes something also needs the session's CSRF token, and
/// must not come from a page of another site.
pub async fn let_in(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (csrf_token, operator) = console.session_of(request.headers()).await?;
    if !is_safe(request.method()) {
        check_origin(request.headers())?;
        let shown = request.headers().get(CSRF_HEADER);
        if shown.is_none_or(|shown| !same(shown.as_bytes(), csrf_token.as_bytes())) {
            return Err(ApiError::NO_CSRF_TOKEN);
        }
    }
    let visitor = Visitor { name: operator.name, role: operator.role, address: peer.ip().to_canonical() };
    request.extensions_mut().insert(visitor);
    Ok(next.run(request).await)
}

/// Admits a request if its operator has at least this role. The router applies this check to each route of the table.
pub async fn check_role(least: Role, request: Request, next: Next) -> Result<Response, ApiError> {
    match request.extensions().get::<Visitor>() {
        Some(visitor) if visitor.role >= least => Ok(next.run(request).await),
        Some(visitor) => Err(ApiError::role_too_low(visitor.role, least)),
        None => Err(ApiError::not_logged_in()),
    }
}

/// `GET session`: gives the CSRF token to a page that was loaded again. Answers with 204 if there is no session.
pub async fn show(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    match console.session_of(&headers).await {
        Ok((csrf_token, operator)) => Json(ShownSession::new(csrf_token, &operator)).into_response(),
        Err(error) if error == ApiError::not_logged_in() => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.into_response(),
    }
}

/// The parts of a request's head that a login needs. Anybody can send logins, so the rest of the head is freed before
/// the body is awaited.
pub struct Sender {
    checked: Result<(), ApiError>,
    encrypted: bool,
    device: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // The longest cookie that the console sets has a name of 32 bytes, two hexadecimal numbers of 32 and 64 digits,
        // and a time in seconds. Longer values are ignored.
        let device = cookie(&parts.headers, DEVICE_COOKIE).filter(|text| text.len() <= 160);
        Ok(Self {
            checked: check_origin(&parts.headers),
            encrypted: is_encrypted(&parts.headers),
            device: device.map(str::to_owned),
        })
    }
}

/// `POST session`: logs an operator in.
pub async fn log_in(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    sender: Sender,
    FromJson(credentials): FromJson<Credentials, MAX_LOGIN_BYTES>,
) -> Result<Response, ApiError> {
    sender.checked.clone()?;
    let now = console.clock.now();
    let Credentials { operator, password } = credentials;
    // An invalid name is handled like an unknown name, because no operator has it.
    let name = operator.map_or_else(|| Some(OperatorName::admin()), |name| OperatorName::new(&name).ok());
    let source = console.door.source(&sender, name.as_ref(), peer.ip(), now).await;
    let operator = console.verify(source, name, password).await?;
    tracing::info!(operator = %operator.name, "an operator has logged in to the console");
    console.enter_login(AuditAction::LoggedIn, &operator.name, peer.ip()).await;
    console.open_session(source, &operator, sender.encrypted).await
}

/// The body of a request by which operators change their own passwords.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    old: String,
    new: String,
}

/// `POST account/password`: changes the operator's own password. The old password is checked as in a login. All
/// sessions of the operator end, and the answer opens a new session.
pub async fn change_password(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    sender: Sender,
    FromJson(PasswordChange { old, new }): FromJson<PasswordChange>,
) -> Result<Response, ApiError> {
    let name = visitor.name.clone();
    let source = console.door.source(&sender, Some(&name), visitor.address, console.clock.now()).await;
    let verified = console.verify(source, Some(name.clone()), old).await;
    let operator = verified.map_err(|error| match error == ApiError::WRONG_PASSWORD {
        true => ApiError::WRONG_OLD_PASSWORD,
        false => error,
    })?;
    let act = Act::on(AuditAction::PasswordSet, None, name.as_str());
    let change = async move |operators: &Operators| operators.change_password(&operator, &new).await;
    let operator = console.change_operators(visitor, act, change).await?;
    console.open_session(source, &operator, sender.encrypted).await
}

/// `DELETE session`: logs the operator out.
pub async fn log_out(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    check_origin(&headers)?;
    let (csrf_token, operator) = console.session_of(&headers).await?;
    if headers.get(CSRF_HEADER).is_none_or(|shown| !same(shown.as_bytes(), csrf_token.as_bytes())) {
        return Err(ApiError::NO_CSRF_TOKEN);
    }
    if let Some(token) = cookie(&headers, COOKIE) {
        console.door.sessions.close(token).await?;
    }
    console.enter_login(AuditAction::LoggedOut, &operator.name, peer.ip()).await;
    let cookie = cookie_text(COOKIE, "", 0, is_encrypted(&headers));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses a request from a page of another site, according to its origin. A request without an origin is not from a
/// browser, so it has no cookies to misuse.
fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return if site == "same-origin" { Ok(()) } else { Err(ApiError::FROM_ELSEWHERE) };
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    match (origin, text(header::HOST)) {
        (Some((_, from)), Some(host)) if from.eq_ignore_ascii_case(host) => Ok(()),
        (Some(_) | None, Some(_) | None) => Err(ApiError::FROM_ELSEWHERE),
    }
}

/// Returns `true` if the browser uses HTTPS. A proxy with TLS reports HTTPS in `x-forwarded-proto`.
fn is_encrypted(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    })
}

fn cookie_text(name: &str, value: &str, seconds: u64, encrypted: bool) -> HeaderValue {
    let secure = if encrypted { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).expect("a value is letters, digits, dots, dashes, underscores and colons")
}

/// Compares two texts in constant time.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_a_page_of_another_site_sends_is_refused() {
        let host = ("host", "console.example:7401");
        for (sent, good) in [
            (&[][..], true),
            (&[host][..], true),
            (&[host, ("sec-fetch-site", "same-origin")], true),
            (&[host, ("sec-fetch-site", "same-site")], false),
            (&[host, ("sec-fetch-site", "cross-site")], false),
            (&[host, ("sec-fetch-site", "none")], false),
            (&[host, ("origin", "http://console.example:7401")], true),
            (&[host, ("origin", "https://Console.Example:7401")], true),
            (&[host, ("origin", "http://console.example")], false),
            (&[host, ("origin", "http://evil.example:7401")], false),
            (&[host, ("origin", "null")], false),
            (&[("origin", "http://console.example")], false),
            // If a proxy changes `Host`, it differs from `Origin`, and `Sec-Fetch-Site` decides.
            (&[host, ("origin", "https://public.example"), ("sec-fetch-site", "same-origin")], true),
        ] {
            assert_eq!(check_origin(&headers(sent)).is_ok(), good, "{sent:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        for (line, found) in [
            ("lamplight_console=abc", Some("abc")),
            ("a=b; lamplight_console=abc; c=d", Some("abc")),
            ("xlamplight_console=abc", None),
            ("lamplight_console", None),
        ] {
            assert_eq!(cookie(&headers(&[("cookie", line)]), COOKIE), found, "{line}");
        }
    }

    #[test]
    fn the_cookie_is_for_the_console_alone_and_out_of_reach_of_scripts() {
        let plain = "lamplight_console=ab; Path=/console; Max-Age=7; HttpOnly; SameSite=Strict";
        assert_eq!(cookie_text(COOKIE, "ab", 7, false), plain);
        assert_eq!(cookie_text(COOKIE, "ab", 7, true), format!("{plain}; Secure"));
    }
}

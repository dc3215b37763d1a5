//! Who comes in: logging in and out, and what every other request has to show.

use super::error::{ApiError, FromJson};
use super::password::{PasswordFile, StoredPassword};
use super::sessions::{LIFETIME, Opened, Sessions, Use};
use super::{Console, MAX_LOGIN_BYTES};
use crate::doors::Doors;
use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lamplight_core::FailureWindow;
use lamplight_model::Code;
use lamplight_service::{Failures, network};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Wrong passwords from one address within a minute before it has to wait a minute.
const MOST_FAILURES: u32 = 5;
/// Logins that wait for their turn, altogether and from one address. One is looked at at a time: each costs 19 MiB while
/// it is.
const MOST_WAITING: usize = 32;
const MOST_WAITING_PER_ADDRESS: u32 = 8;
/// The cookie that carries the token of a session.
const COOKIE: &str = "lamplight_console";
/// The header that carries the CSRF token of a session, on every request that changes something.
const CSRF_HEADER: &str = "x-csrf-token";
/// A header of requests that a page sends by itself: they do not keep a session alive.
const BACKGROUND_HEADER: &str = "x-background";

/// The password, and who has shown to know it.
pub struct Door {
    password: PasswordFile,
    sessions: Mutex<Sessions>,
    failures: Mutex<Failures<IpAddr>>,
    turn: Semaphore,
    waiting: Doors,
}

/// A place among the logins that wait, or are looked at. Dropping it makes it free.
struct Waiting {
    console: Arc<Console>,
    address: IpAddr,
}

impl Waiting {
    fn enter(console: &Arc<Console>, address: IpAddr) -> Result<Self, ApiError> {
        console.door.waiting.admit(address).map_err(|_| ApiError::BUSY)?;
        Ok(Self { console: Arc::clone(console), address })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.console.door.waiting.leave(self.address);
    }
}

/// What a browser gets to know of its session.
#[derive(Serialize)]
pub struct ShownSession {
    csrf_token: String,
    version: &'static str,
}

/// What logging in takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    password: String,
}

impl Door {
    /// Closed for everybody who does not know the password of this file.
    pub fn new(password: PasswordFile) -> Self {
        Self {
            password,
            sessions: Mutex::default(),
            failures: Mutex::default(),
            turn: Semaphore::new(1),
            waiting: Doors::new(MOST_WAITING, MOST_WAITING_PER_ADDRESS),
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failures(&self) -> MutexGuard<'_, Failures<IpAddr>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The password that holds now. Without one, nobody comes in.
    fn password(&self) -> Result<StoredPassword, ApiError> {
        match self.password.read() {
            Ok(Some(password)) => Ok(password),
            Ok(None) => Err(ApiError::not_logged_in()),
            Err(error) => {
                tracing::error!(%error, "the password of the console cannot be read");
                Err(Code::INTERNAL.into())
            }
        }
    }
}

impl Console {
    /// The CSRF token of the session that a request belongs to.
    fn session_of(&self, headers: &HeaderMap) -> Result<String, ApiError> {
        let token = cookie(headers).ok_or_else(ApiError::not_logged_in)?;
        let password = self.door.password()?;
        let by = if headers.contains_key(BACKGROUND_HEADER) { Use::Background } else { Use::Person };
        let entered = self.door.sessions().enter(token, &password, by, self.clock.now().moment);
        entered.ok_or_else(ApiError::not_logged_in)
    }

    async fn open_session(self: &Arc<Self>, address: IpAddr, text: String) -> Result<Opened, ApiError> {
        let address = network(address);
        self.check_failures(address)?;
        let waiting = Waiting::enter(self, address)?;
        // A task of its own: a browser that goes away does not end it, so that no second password is looked at beside the
        // first, and a wrong one counts.
        let verified =
            tokio::spawn(waiting.verify(text)).await.unwrap_or_else(|_| Err(Code::INTERNAL.into()));
        let password = verified?;
        tracing::info!("an operator has logged in to the console");
        let now = self.clock.now().moment;
        Ok(self.door.sessions().open(rand::random(), rand::random(), password, now))
    }

    fn check_failures(&self, address: IpAddr) -> Result<(), ApiError> {
        match self.door.failures().is_blocked(&address, self.clock.now().moment) {
            true => Err(ApiError::throttled(FailureWindow::MINUTE)),
            false => Ok(()),
        }
    }
}

impl Waiting {
    /// Waits for its turn and looks at a password; returns it as it is stored when it is right.
    async fn verify(self, text: String) -> Result<StoredPassword, ApiError> {
        let Self { console, address } = &self;
        let _turn = console.door.turn.acquire().await.map_err(|_| ApiError::BUSY)?;
        // Asked again when it is our turn: of many at once, no more are looked at than one after the other.
        console.check_failures(*address)?;
        let password = console.door.password().map_err(|_| ApiError::WRONG_PASSWORD)?;
        let stored = password.clone();
        let right = tokio::task::spawn_blocking(move || stored.is(&text)).await.unwrap_or(false);
        if !right {
            console.door.failures().fail(*address, MOST_FAILURES, console.clock.now().moment);
            tracing::warn!("a wrong password was given to the console");
            return Err(ApiError::WRONG_PASSWORD);
        }
        Ok(password)
    }
}

/// Lets a request in that belongs to a session; one that changes something must also show its CSRF token.
pub async fn let_in(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let csrf_token = console.session_of(request.headers())?;
    if !is_safe(request.method()) {
        check_origin(request.headers())?;
        let shown = request.headers().get(CSRF_HEADER);
        if shown.is_none_or(|shown| !same(shown.as_bytes(), csrf_token.as_bytes())) {
            return Err(ApiError::NO_CSRF_TOKEN);
        }
    }
    Ok(next.run(request).await)
}

/// `GET session`: a page that is loaded again gets its CSRF token back. That there is no session is an answer too.
pub async fn show(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    match console.session_of(&headers) {
        Ok(csrf_token) => {
            Json(ShownSession { csrf_token, version: env!("CARGO_PKG_VERSION") }).into_response()
        }
        Err(error) if error == ApiError::not_logged_in() => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.into_response(),
    }
}

/// What a login needs of the head of its request. The rest of the head is not kept while its body is awaited: anybody may
/// send it.
pub struct Sender {
    checked: Result<(), ApiError>,
    encrypted: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { checked: check_origin(&parts.headers), encrypted: is_encrypted(&parts.headers) })
    }
}

/// `POST session`: logging in.
pub async fn log_in(
    State(console): State<Arc<Console>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    sender: Sender,
    FromJson(credentials): FromJson<Credentials, MAX_LOGIN_BYTES>,
) -> Result<Response, ApiError> {
    sender.checked?;
    let opened = console.open_session(peer.ip(), credentials.password).await?;
    let cookie = cookie_text(&opened.token, LIFETIME.as_secs(), sender.encrypted);
    let shown = ShownSession { csrf_token: opened.csrf_token, version: env!("CARGO_PKG_VERSION") };
    Ok(([(header::SET_COOKIE, cookie)], Json(shown)).into_response())
}

/// `DELETE session`: logging out.
pub async fn log_out(State(console): State<Arc<Console>>, headers: HeaderMap) -> Result<Response, ApiError> {
    check_origin(&headers)?;
    let csrf_token = console.session_of(&headers)?;
    if headers.get(CSRF_HEADER).is_none_or(|shown| !same(shown.as_bytes(), csrf_token.as_bytes())) {
        return Err(ApiError::NO_CSRF_TOKEN);
    }
    if let Some(token) = cookie(&headers) {
        console.door.sessions().close(token);
    }
    let cookie = cookie_text("", 0, is_encrypted(&headers));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses what a page of another site has sent. A browser says where a request comes from; what is no browser says
/// nothing, and has no cookie that another page could use.
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

/// Whether the browser has reached us by HTTPS: we speak none, and a proxy that does says so.
fn is_encrypted(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

fn cookie_text(token: &str, seconds: u64, encrypted: bool) -> HeaderValue {
    let secure = if encrypted { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={token}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).expect("a token is hexadecimal digits")
}

/// Compares without telling by the time taken how much of it was right.
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
            // Behind a proxy that changes the host, the browser's own word counts.
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
            assert_eq!(cookie(&headers(&[("cookie", line)])), found, "{line}");
        }
    }

    #[test]
    fn the_cookie_is_for_the_console_alone_and_out_of_reach_of_scripts() {
        let plain = "lamplight_console=ab; Path=/console; Max-Age=7; HttpOnly; SameSite=Strict";
        assert_eq!(cookie_text("ab", 7, false), plain);
        assert_eq!(cookie_text("ab", 7, true), format!("{plain}; Secure"));
    }
}

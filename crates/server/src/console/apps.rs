//! Routes for apps: settings, keys, admins, deletion. A change request contains the entity tag of the state on which it
//! is based. If the app is no longer in that state, the request is refused. Two operators therefore do not overwrite
//! each other's changes.

use super::Console;
use super::error::{ApiError, FromJson, FromPath};
use super::guard::Visitor;
use super::roles::Role;
use super::sessions::hex;
use crate::audit::{Act, act_on_app, done, shown_url};
use crate::shown_settings::ShownSettings;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::{Extension, Json};
use lamplight_facts::AppDeletion;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, AuditAction, Code, Edition, JwtSettings, Limits, MultiDevicePolicy,
    Switches, Timing, UserId, WebhookSettings,
};
use lamplight_service::MAX_ADMINS;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The id of the first app. Further apps get the next higher ids.
const FIRST_APP: u32 = 1_400_000_001;

/// An app without its secrets, as the console shows it.
#[derive(Serialize)]
pub struct ShownApp {
    id: AppId,
    settings: ShownSettings,
    keys: Vec<ShownKey>,
    admins: Vec<UserId>,
}

#[derive(Serialize)]
struct ShownKey {
    id: u32,
    /// Whether new UserSigs are signed with this key.
    signs: bool,
}

/// A row of the list of apps.
#[derive(Serialize)]
pub struct AppSummary {
    id: AppId,
    name: String,
    edition: Edition,
    switches: Switches,
    keys: usize,
}

/// The list of apps.
#[derive(Serialize)]
pub struct AppList {
    apps: Vec<AppSummary>,
    /// The apps that are being deleted.
    being_deleted: Vec<AppId>,
}

/// The body of a request that creates an app.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApp {
    #[serde(default)]
    id: Option<AppId>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    edition: Edition,
    /// The text of a key that was generated elsewhere. If absent, a key is generated.
    #[serde(default)]
    key: Option<String>,
}

/// A key to add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The text of a key that was generated elsewhere. If absent, a key is generated.
    #[serde(default)]
    key: Option<String>,
}

/// A request body that replaces the settings of an app. The token of the webhooks, the settings for JWTs and the secret
/// for JWTs may be absent. An absent setting keeps its value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenSettings {
    name: String,
    edition: Edition,
    switches: Switches,
    multi_device: MultiDevicePolicy,
    limits: Limits,
    timing: Timing,
    webhooks: GivenWebhooks,
    #[serde(default)]
    jwt: Option<GivenJwt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenWebhooks {
    state_change_url: String,
    push_url: String,
    #[serde(default)]
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenJwt {
    jwks_url: String,
    jwks_file: String,
    keys: String,
    #[serde(default)]
    secret: Option<String>,
    issuer: String,
    audience: String,
    user_claim: String,
    leeway_s: u16,
}

impl GivenJwt {
    /// Returns the new settings. If the request has no secret, the new settings keep the secret of `was`.
    fn over(self, was: JwtSettings) -> JwtSettings {
        let Self { jwks_url, jwks_file, keys, secret, issuer, audience, user_claim, leeway_s } = self;
        let secret = secret.unwrap_or(was.secret);
        JwtSettings { jwks_url, jwks_file, keys, secret, issuer, audience, user_claim, leeway_s }
    }
}

/// An app with a key that was just added to it.
#[derive(Serialize)]
pub struct WithKey {
    app: ShownApp,
    key: AppKey,
}

/// The minimum and the maximum of each bounded setting, by the path of the setting.
#[derive(Serialize)]
pub struct Bounds {
    settings: BTreeMap<&'static str, (u64, u64)>,
}

/// An answer with an entity tag in its header. The tag identifies the state that the answer shows.
type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

/// `GET apps`: lists all apps.
pub async fn list(State(console): State<Arc<Console>>) -> Json<AppList> {
    let apps = console.service.apps().all();
    let apps = apps.iter().map(|app| AppSummary {
        id: app.id,
        name: app.settings.name.clone(),
        edition: app.settings.edition,
        switches: app.settings.switches,
        keys: app.keys.len(),
    });
    Json(AppList { apps: apps.collect(), being_deleted: console.service.deletions().under_way() })
}

/// `POST apps`: creates an app with a key. Only this answer shows the key.
pub async fn create(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromJson(new): FromJson<NewApp>,
) -> Result<(StatusCode, Tagged<WithKey>), ApiError> {
    let next = || {
        let last = console.service.apps().all().last().map(|last| last.id);
        let last = last.max(console.service.deletions().under_way().last().copied());
        last.map_or(FIRST_APP, |last| last.0.saturating_add(1))
    };
    let id = new.id.unwrap_or_else(|| AppId(next()));
    if id.0 == 0 {
        return Err(ApiError::invalid("an SDKAppID is a number from 1 to 4294967295"));
    }
    let mut app = App {
        id,
        keys: Vec::new(),
        admins: vec![UserId::new("administrator").expect("printable")],
        settings: AppSettings { name: new.name, edition: new.edition, ..AppSettings::of_a_new_app() },
    };
    let key = app.add_key(new.key.unwrap_or_else(new_key))?.clone();
    if !console.replace(visitor, None, &app).await? {
        return Err(ApiError::APP_EXISTS);
    }
    Ok((StatusCode::CREATED, tagged(&app, WithKey { app: shown(&app), key })))
}

/// `GET apps/{app}`: shows an app. Webhook URLs lack parts that may be secret, unless the operator may change webhooks.
pub async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(id): FromPath<AppId>,
) -> Result<Tagged<ShownApp>, ApiError> {
    let app = console.app(id)?;
    let mut shown = shown(&app);
    for url in shown.settings.addresses() {
        *url = url_for(visitor.role, url);
    }
    Ok(tagged(&app, shown))
}

/// `PUT apps/{app}/settings`: replaces the settings of an app.
pub async fn set(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(id): FromPath<AppId>,
    headers: HeaderMap,
    FromJson(given): FromJson<GivenSettings>,
) -> Result<Tagged<ShownApp>, ApiError> {
    check_url("webhooks.state_change_url", &given.webhooks.state_change_url)?;
    check_url("webhooks.push_url", &given.webhooks.push_url)?;
    if let Some(jwt) = &given.jwt {
        check_url("jwt.jwks_url", &jwt.jwks_url)?;
    }
    console
        .change(visitor, id, &headers, |app| {
            let GivenSettings { name, edition, switches, multi_device, limits, timing, webhooks, jwt } =
                given;
            let GivenWebhooks { state_change_url, push_url, token } = webhooks;
            let token = token.unwrap_or_else(|| std::mem::take(&mut app.settings.webhooks.token));
            let webhooks = WebhookSettings { state_change_url, push_url, token };
            let was = std::mem::take(&mut app.settings.jwt);
            let jwt = match jwt {
                Some(given) => given.over(was),
                None => was,
            };
            app.settings =
                AppSettings { name, edition, switches, multi_device, limits, timing, webhooks, jwt };
            Ok(())
        })
        .await
}

/// `DELETE apps/{app}`: deletes an app. The data of the app are deleted after the answer.
pub async fn delete(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(id): FromPath<AppId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    console.named(id, &headers)?;
    let act = Act::on(AuditAction::AppDeleted, Some(id), id.to_string());
    let deleting = Arc::clone(&console);
    let delete = async move {
        match deleting.service.deletions().delete(id).await? {
            AppDeletion::Begun => {
                tracing::info!(app = id.0, "an app was deleted by an operator");
                Ok(StatusCode::NO_CONTENT)
            }
            AppDeletion::NoSuchApp => Err(Code::NO_SUCH_APP.into()),
            AppDeletion::LastApp => Err(ApiError::LAST_APP),
        }
    };
    console.record(visitor, act, delete, done).await
}

/// `POST apps/{app}/keys`: adds a given or generated key. New UserSigs are signed with this key. Only this answer shows
/// the key.
pub async fn add_key(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath(id): FromPath<AppId>,
    headers: HeaderMap,
    FromJson(new): FromJson<NewKey>,
) -> Result<(StatusCode, Tagged<WithKey>), ApiError> {
    let text = new.key.unwrap_or_else(new_key);
    let mut made = None;
    let (tag, Json(app)) = console
        .change(visitor, id, &headers, |app| {
            made = Some(app.add_key(text)?.clone());
            Ok(())
        })
        .await?;
    let key = made.ok_or(Code::INTERNAL)?;
    Ok((StatusCode::CREATED, (tag, Json(WithKey { app, key }))))
}

/// `POST apps/{app}/keys/{key}/reveal`: shows the secret text of a key.
pub async fn reveal_key(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((id, number)): FromPath<(AppId, u32)>,
) -> Result<Json<AppKey>, ApiError> {
    let app = console.app(id)?;
    let key = app.keys.iter().find(|key| key.id == number).ok_or(ApiError::NO_SUCH_KEY)?.clone();
    let act = Act::on(AuditAction::KeyShown, Some(id), number.to_string());
    tracing::info!(app = id.0, key = number, "a key was shown to an operator");
    console.record(visitor, act, async move { Ok(Json(key)) }, done).await
}

/// `DELETE apps/{app}/keys/{key}`: removes a key. UserSigs signed with this key become invalid.
pub async fn retire_key(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((id, number)): FromPath<(AppId, u32)>,
    headers: HeaderMap,
) -> Result<Tagged<ShownApp>, ApiError> {
    console
        .change(visitor, id, &headers, |app| {
            if app.keys.iter().all(|key| key.id != number) {
                return Err(ApiError::NO_SUCH_KEY);
            }
            if app.keys.len() == 1 {
                return Err(ApiError::LAST_KEY);
            }
            app.keys.retain(|key| key.id != number);
            Ok(())
        })
        .await
}

/// `PUT apps/{app}/admins/{user}`: allows a user to call the server API.
pub async fn add_admin(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((id, user)): FromPath<(AppId, UserId)>,
    headers: HeaderMap,
) -> Result<Tagged<ShownApp>, ApiError> {
    console
        .change(visitor, id, &headers, |app| {
            if app.admins.contains(&user) {
                return Ok(());
            }
            if app.admins.len() >= MAX_ADMINS {
                return Err(ApiError::TOO_MANY_ADMINS);
            }
            app.admins.push(user);
            Ok(())
        })
        .await
}

/// `DELETE apps/{app}/admins/{user}`: revokes a user's right to call the server API.
pub async fn remove_admin(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((id, user)): FromPath<(AppId, UserId)>,
    headers: HeaderMap,
) -> Result<Tagged<ShownApp>, ApiError> {
    console
        .change(visitor, id, &headers, |app| {
            if !app.admins.contains(&user) {
                return Err(ApiError::NO_SUCH_ADMIN);
            }
            app.admins.retain(|admin| *admin != user);
            Ok(())
        })
        .await
}

/// `GET bounds`: shows the minimum and the maximum of each bounded setting.
pub async fn bounds() -> Json<Bounds> {
    let settings = AppSettings::bounds().map(|(setting, least, most)| (setting, (least, most)));
    Json(Bounds { settings: settings.collect() })
}

impl Console {
    /// Returns the app with this id, or an error if it does not exist.
    pub(super) fn app(&self, id: AppId) -> Result<Arc<App>, ApiError> {
        self.service.apps().get(id).ok_or_else(|| Code::NO_SUCH_APP.into())
    }

    /// Returns the app with this id. Fails if `If-Match` is not the entity tag of the app's current state.
    fn named(&self, id: AppId, headers: &HeaderMap) -> Result<Arc<App>, ApiError> {
        let named = headers.get(header::IF_MATCH).ok_or(ApiError::NOT_CONDITIONAL)?;
        let app = self.app(id)?;
        if *named != tag(&app) {
            return Err(ApiError::CHANGED_MEANWHILE);
        }
        Ok(app)
    }

    /// Changes the app. Fails if `If-Match` is not the entity tag of the app's current state.
    async fn change(
        self: &Arc<Self>,
        visitor: Visitor,
        id: AppId,
        headers: &HeaderMap,
        change: impl FnOnce(&mut App) -> Result<(), ApiError>,
    ) -> Result<Tagged<ShownApp>, ApiError> {
        let was = self.named(id, headers)?;
        let mut app = (*was).clone();
        change(&mut app)?;
        if !self.replace(visitor, Some(was), &app).await? {
            return Err(ApiError::CHANGED_MEANWHILE);
        }
        tracing::info!(app = id.0, "an app was changed by an operator");
        Ok(tagged(&app, shown(&app)))
    }

    /// Replaces the app `was` with a new state, or adds an app if `was` is `None`. Returns `false` if the stored app
    /// differs from `was`.
    async fn replace(
        self: &Arc<Self>,
        visitor: Visitor,
        was: Option<Arc<App>>,
        app: &App,
    ) -> Result<bool, ApiError> {
        let Some(act) = act_on_app(was.as_deref(), app) else {
            return Ok(self.service.replace_app(was.as_deref(), app.clone()).await?);
        };
        let (console, app) = (Arc::clone(self), app.clone());
        let replace = async move { Ok(console.service.replace_app(was.as_deref(), app).await?) };
        self.record(visitor, act, replace, |replaced| replaced.then(String::new)).await
    }
}

/// Returns the URL of a webhook for an operator of this role. Only admins get the user, the password and the query of
/// the URL, which may be secret.
pub(super) fn url_for(role: Role, url: &str) -> String {
    if role >= Role::Admin { url.to_owned() } else { shown_url(url) }
}

fn new_key() -> String {
    lamplight_auth::generate_key(rand::random())
}

fn shown(app: &App) -> ShownApp {
    ShownApp {
        id: app.id,
        settings: ShownSettings::from(&app.settings),
        keys: app
            .keys
            .iter()
            .enumerate()
            .map(|(at, key)| ShownKey { id: key.id, signs: at + 1 == app.keys.len() })
            .collect(),
        admins: app.admins.clone(),
    }
}

/// Computes the entity tag of an app. Any two states of the app have different tags.
fn tag(app: &App) -> HeaderValue {
    let text = serde_json::to_vec(app).expect("all keys of the maps in an app are texts");
    let hash = hex(&Sha256::digest(text)[..16]);
    HeaderValue::try_from(format!("\"{hash}\"")).expect("hexadecimal digits")
}

fn tagged<T>(app: &App, value: T) -> Tagged<T> {
    ([(header::ETAG, tag(app))], Json(value))
}

/// Checks that a setting is empty, or an http or https URL.
fn check_url(setting: &str, text: &str) -> Result<(), ApiError> {
    let uri = text.parse::<Uri>().ok();
    let good =
        uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    if text.is_empty() || good {
        Ok(())
    } else {
        Err(ApiError::invalid(format!("{setting} must be an address that begins with http:// or https://")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_one_of_http_or_none() {
        for (text, good) in [
            ("", true),
            ("http://127.0.0.1:8080/hook", true),
            ("https://example.org", true),
            ("ftp://example.org", false),
            ("example.org/hook", false),
            ("javascript:alert(1)", false),
            ("http://", false),
            ("https://exa mple.org", false),
        ] {
            assert_eq!(check_url("x", text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn the_tag_of_an_app_tells_every_difference() {
        let app =
            App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() };
        assert_eq!(tag(&app), tag(&app.clone()));
        let mut other = app.clone();
        other.settings.webhooks.token = "t".to_owned();
        assert_ne!(tag(&app), tag(&other));
        let mut other = app.clone();
        other.add_key(new_key()).unwrap();
        assert_ne!(tag(&app), tag(&other));
    }
}

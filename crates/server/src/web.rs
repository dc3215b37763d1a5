//! The web pages of the HTTP port: the demo at `/`, the console at `/console/`, the documentation at `/docs/` and the
//! UI kit at `/docs/uikit/`. Also serves `/lamplight.json`, with the URL of the client port for a page.
//!
//! The pages are compiled into the program if `web/dist` existed when the program was built; see `build.rs`.

mod client_url;
mod files;
#[cfg(test)]
mod summary;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use client_url::ClientDoor;
pub use client_url::is_client_url;
use files::{Encoding, FILES, File, find};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;

/// The folders of the sites. Each has an `index.html` if the pages were built.
const SITES: [&str; 4] = ["", "console/", "docs/", "docs/uikit/"];

/// The folders for files whose names contain a hash of the content. Browsers may cache such files for ever.
const NAMED_BY_CONTENT: &str = "assets";

/// The page that is served if the pages were not built.
const NOT_BUILT: &str = include_str!("web/not_built.html");

/// The values that the pages need from the node.
pub struct Site {
    door: ClientDoor,
    demo: bool,
}

impl Site {
    /// Makes a site whose pages connect to `public_client_url`. Without this URL, they connect to `client_address`.
    /// With `demo`, the pages offer the users of the demo.
    pub fn new(client_address: SocketAddr, public_client_url: Option<String>, demo: bool) -> Self {
        Self { door: ClientDoor::new(client_address, public_client_url), demo }
    }
}

/// Returns `true` if the pages of the demo are compiled into this program.
pub fn are_built() -> bool {
    find(FILES, "index.html").is_some()
}

/// Makes the router of the pages. Any path without a route of its own is looked up among the files.
pub fn routes(site: Site) -> Router {
    let site = Arc::new(site);
    Router::new().route("/lamplight.json", get(describe)).fallback(serve).with_state(site)
}

/// Answers `/lamplight.json`: the client port's URL for the page, whether the demo is on, and the server's version.
async fn describe(State(site): State<Arc<Site>>, headers: HeaderMap) -> impl IntoResponse {
    let description = json!({
        "clientUrl": site.door.url(host(&headers)),
        "demo": site.demo,
        "version": env!("CARGO_PKG_VERSION"),
    });
    ([(header::CACHE_CONTROL, "no-cache")], Json(description))
}

async fn serve(State(site): State<Arc<Site>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let mut response = answer(FILES, &method, uri.path(), &headers);
    for (name, value) in protection(&site.door, host(&headers)) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

/// Answers a request with one of the files.
fn answer(files: &[File], method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let path = path.strip_prefix('/').unwrap_or(path);
    let found = match look_up(files, path) {
        Found::File(file) => file,
        Found::Folder => {
            let with_slash = HeaderValue::from_str(&format!("/{path}/")).expect("it is a file's path");
            return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, with_slash)]).into_response();
        }
        Found::NotBuilt(status) if reads(method) => {
            let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            return (status, kind, NOT_BUILT).into_response();
        }
        Found::NotBuilt(_) | Found::Nothing => {
            return (StatusCode::NOT_FOUND, "there is nothing here\n").into_response();
        }
    };
    if !reads(method) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (encoding, body) = found.packed(accepted.unwrap_or_default());
    let tag = format!("\"{}{}\"", found.tag, encoding.map(Encoding::suffix).unwrap_or_default());
    let caching =
        if named_by_content(found.path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| knows(known, &tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = ([(header::CONTENT_TYPE, found.kind())], body).into_response();
        if let Some(encoding) = encoding {
            let name = HeaderValue::from_static(encoding.name());
            response.headers_mut().insert(header::CONTENT_ENCODING, name);
        }
        response
    };
    let tag = HeaderValue::from_str(&tag).expect("it is made of hexadecimal digits");
    response.headers_mut().insert(header::ETAG, tag);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// The result of looking up a path.
enum Found<'a> {
    File(&'a File),
    /// A folder with an `index.html`, requested without the final `/`. Relative links need the `/`, so the request is
    /// redirected.
    Folder,
    /// A page that is not compiled into this program.
    NotBuilt(StatusCode),
    Nothing,
}

fn look_up<'a>(files: &'a [File], path: &str) -> Found<'a> {
    if let Some(file) = find(files, path) {
        return Found::File(file);
    }
    let folder = if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    let first_page = find(files, &format!("{folder}index.html"));
    match first_page {
        Some(file) if folder == path => return Found::File(file),
        Some(_) => return Found::Folder,
        None => {}
    }
    match SITES.contains(&&*folder) {
        true if path.is_empty() => Found::NotBuilt(StatusCode::OK),
        true => Found::NotBuilt(StatusCode::NOT_FOUND),
        false => Found::Nothing,
    }
}

fn reads(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn named_by_content(path: &str) -> bool {
    path.split('/').any(|folder| folder == NAMED_BY_CONTENT)
}

/// Returns `true` if an `If-None-Match` header contains this entity tag, or its weak form. A proxy that compresses
/// answers makes the tag weak.
fn knows(header: &str, tag: &str) -> bool {
    header
        .split(',')
        .map(|known| known.trim())
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Makes the security headers of a page. The page may load from this origin, and connect to this origin and the client
/// port. Profile pictures on other hosts are not loaded: the hosts would learn who views them (decision 44).
fn protection(door: &ClientDoor, host: Option<&str>) -> [(HeaderName, HeaderValue); 5] {
    let policy = format!(
        "default-src 'self'; connect-src 'self' {}; img-src 'self' data:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        door.origin(host)
    );
    let policy = HeaderValue::from_str(&policy).expect("an origin is plain text");
    let plain = HeaderValue::from_static;
    [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, plain("nosniff")),
        (header::X_FRAME_OPTIONS, plain("DENY")),
        (header::REFERRER_POLICY, plain("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), plain("same-origin")),
    ]
}

#[cfg(test)]
mod tests;

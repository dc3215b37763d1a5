//! The OpenAPI document (`/v4/openapi.json`) and a web page that shows it (`/v4/docs`). The page and its files are part
//! of the program.
//!
//! The page uses Swagger UI. Three of its files are Lamplight's own: the page, which also fits phones; the style sheet,
//! for contrast in light and dark mode; and the script, which adds accessible names.

use super::openapi;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::LazyLock;
use utoipa_swagger_ui::{Config, SwaggerUi};

const DOCUMENT_PATH: &str = "/v4/openapi.json";

/// The content security policy of the page. It allows requests to this server and `data:` icons, and forbids framing.
/// Its hash allows one of the two styles that Swagger UI's script inserts. The page works without the other one.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; \
     style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// A file that replaces a file of Swagger UI: its name under `/v4/docs/`, its content type and its text.
type OwnFile = (&'static str, &'static str, &'static str);

const OWN_FILES: [OwnFile; 4] = [
    ("", "text/html; charset=utf-8", include_str!("reference/page.html")),
    ("index.html", "text/html; charset=utf-8", include_str!("reference/page.html")),
    ("lamplight.css", "text/css; charset=utf-8", include_str!("reference/page.css")),
    ("lamplight.js", "text/javascript; charset=utf-8", include_str!("reference/page.js")),
];

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::document);

/// Makes the router of the document and of the page.
pub fn router() -> Router {
    // Without "none", the page would send the address of the document to a public validator. The base layout has no bar
    // at the top for loading other documents, which the content security policy would block.
    let config = Config::from(DOCUMENT_PATH).use_base_layout().validator_url("none").try_it_out_enabled(true);
    let page = Router::from(SwaggerUi::new("/v4/docs").config(config));
    Router::new()
        .route(
            DOCUMENT_PATH,
            get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()) }),
        )
        .merge(page.layer(middleware::from_fn(protect_page)))
}

/// Serves Lamplight's own files in place of those of Swagger UI. Sets the content security policy under `/v4/docs`;
/// `http::headers` sets the other headers.
async fn protect_page(request: Request, next: Next) -> Response {
    let own = match *request.method() {
        Method::GET | Method::HEAD => request.uri().path().strip_prefix("/v4/docs/").and_then(own_file),
        _ => None,
    };
    let mut response = match own {
        Some((_, kind, text)) => {
            ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-cache")], *text).into_response()
        }
        None => next.run(request).await,
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    response
}

/// Returns Lamplight's own file with this name under `/v4/docs/`, if there is one.
fn own_file(name: &str) -> Option<&'static OwnFile> {
    OWN_FILES.iter().find(|(known, ..)| *known == name)
}

//! The document and its browsable reference: `/v4/openapi.json` and `/v4/docs`. The page and all it loads are part of
//! the program.

use super::openapi;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use std::sync::LazyLock;
use utoipa_swagger_ui::{Config, SwaggerUi};

const DOCUMENT_PATH: &str = "/v4/openapi.json";

/// The page and all it loads come from here, it calls this server, and it draws its icons itself. No other page may
/// frame it. Its script writes one style into the page, which is named by its hash. It measures with another one, and
/// does without where that is refused.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; \
     style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::document);

/// Both of them.
pub fn router() -> Router {
    // Otherwise the page would ask a validator somewhere on the net about us.
    let config = Config::from(DOCUMENT_PATH).validator_url("none").try_it_out_enabled(true);
    let page = Router::from(SwaggerUi::new("/v4/docs").config(config));
    Router::new()
        .route(
            DOCUMENT_PATH,
            get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()) }),
        )
        .merge(page.layer(middleware::from_fn(protect_page)))
}

/// Allows the page what it needs. The other headers are those of every answer.
async fn protect_page(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    response
}

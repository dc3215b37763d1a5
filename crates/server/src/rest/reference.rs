//! The document and its browsable reference: `/v4/openapi.json` and `/v4/docs`. The page and all it loads are part of
//! the program.

use super::openapi;
use axum::Router;
use axum::http::header;
use axum::routing::get;
use std::sync::LazyLock;
use utoipa_swagger_ui::{Config, SwaggerUi};

const DOCUMENT_PATH: &str = "/v4/openapi.json";

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::document);

/// Both of them.
pub fn router() -> Router {
    // Otherwise the page would ask a validator somewhere on the net about us.
    let config = Config::from(DOCUMENT_PATH).validator_url("none").try_it_out_enabled(true);
    Router::new()
        .route(
            DOCUMENT_PATH,
            get(|| async { ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()) }),
        )
        .merge(SwaggerUi::new("/v4/docs").config(config))
}

//! The OpenAPI document and a page that shows it. The page is part of the program: a browser that
//! shows it asks nobody but us, and its policy holds it to that.

use crate::failure::Failure;
use crate::openapi::openapi_json;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::Path;
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::{Config, serve};

/// Swagger UI sets styles on elements; its scripts and data are all our own.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi_json);
static PAGE: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::from("/openapi.json").validator_url("none")));

/// The description of the API.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "operations", security(()),
    responses((status = 200, body = Object, description = "This document"))
)]
pub(crate) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

/// Relative names in the page need the slash.
pub(crate) async fn docs_folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// A file of the page.
pub(crate) async fn docs_file(file: Path<String>) -> Result<HttpResponse, Failure> {
    let found = serve(&file, PAGE.clone()).map_err(|_| Failure::Internal("the page could not be written"))?;
    let found = found.ok_or(Failure::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type(found.content_type)
        .body(found.bytes.into_owned()))
}

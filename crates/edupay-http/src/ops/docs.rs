//! The OpenAPI document and a page that shows it. The page is part of the program: a browser that
//! shows it asks nobody but us, and its policy holds it to that.

use crate::failure::Failure;
use crate::openapi::PACKED;
use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentEncoding, Encoding, Header, LOCATION, VARY,
};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use flate2::read::GzDecoder;
use std::borrow::Cow;
use std::io::Read;
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::{Config, serve};

/// Swagger UI sets styles on elements; its scripts and data are all our own.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static PAGE: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::from("/openapi.json").validator_url("none")));

/// The description of the API.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "operations", security(()),
    responses((status = 200, body = Object, description = "This document"))
)]
pub(crate) async fn openapi(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let mut reply = HttpResponse::Ok();
    reply.content_type("application/json");
    packed(&request, reply, Cow::Borrowed(PACKED))
}

/// Relative names in the page need the slash.
pub(crate) async fn docs_folder() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// A file of the page.
pub(crate) async fn docs_file(request: HttpRequest, file: Path<String>) -> Result<HttpResponse, Failure> {
    let found = serve(&file, PAGE.clone()).map_err(|_| Failure::Internal("the page could not be written"))?;
    let found = found.ok_or(Failure::NotFound)?;
    let mut reply = HttpResponse::Ok();
    reply
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type(found.content_type);
    if found.gzpipped {
        return packed(&request, reply, found.bytes);
    }
    Ok(reply.insert_header((VARY, "Accept-Encoding")).body(found.bytes.into_owned()))
}

/// What lies packed in the program, which is a third as large for it and less. Who does not say that gzip is
/// taken gets it unpacked.
fn packed(
    request: &HttpRequest,
    mut reply: HttpResponseBuilder,
    bytes: Cow<'static, [u8]>,
) -> Result<HttpResponse, Failure> {
    reply.insert_header((VARY, "Accept-Encoding"));
    if takes_gzip(request) {
        return Ok(reply.insert_header(ContentEncoding::Gzip).body(bytes.into_owned()));
    }
    let mut unpacked = Vec::new();
    let read = GzDecoder::new(bytes.as_ref()).read_to_end(&mut unpacked);
    read.map_err(|_| Failure::Internal("a file could not be unpacked"))?;
    Ok(reply.body(unpacked))
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let accepted = AcceptEncoding::parse(request).ok();
    let packed = accepted.and_then(|accepted| accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()));
    packed == Some(Encoding::gzip())
}

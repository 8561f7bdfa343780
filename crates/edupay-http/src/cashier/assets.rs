//! The files that pages need, inside the program. Their names carry what they hold, so that a browser
//! keeps them for ever and never has an old one.

use crate::failure::Failure;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Path;
use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

/// htmx 2.0.11 as npm has it, Zero-Clause BSD; see the NOTICE beside it.
static HTMX: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("htmx", "js", "text/javascript; charset=utf-8", include_str!("../../assets/cashier/htmx.min.js"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("cashier", "js", "text/javascript; charset=utf-8", include_str!("../../assets/cashier/cashier.js"))
});
static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("cashier", "css", "text/css; charset=utf-8", include_str!("../../assets/cashier/cashier.css"))
});

/// A file and its name.
struct Asset {
    name: String,
    kind: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, content: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(content.as_bytes());
        Self { name: format!("{stem}-{:016x}.{ending}", hasher.finish()), kind, content }
    }
}

/// Where the style is.
pub(super) fn style() -> String {
    address(&STYLE)
}

/// Where the scripts are, in the order in which they run.
pub(super) fn scripts() -> [String; 2] {
    [address(&HTMX), address(&SCRIPT)]
}

fn address(asset: &Asset) -> String {
    format!("{}/assets/{}", super::PATH, asset.name)
}

/// One of the files.
pub(super) async fn asset(file: Path<String>) -> Result<HttpResponse, Failure> {
    let found = [&*HTMX, &*SCRIPT, &*STYLE].into_iter().find(|asset| asset.name == *file).ok_or(Failure::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .content_type(found.kind)
        .body(found.content))
}

//! The cashier page: whoever has a link sees what it leads to (an order, or the packages that a student
//! can buy), chooses, pays, and sees what came of it. Rendered here, in Chinese and English, for phones
//! first; it works without scripts.
//!
//! What is absent: rights and prices. A link acts as the user who made it, whose right is asked for anew
//! with each request; a form carries ids and a kind, and the server says what they cost. Nothing is
//! fetched from anywhere else, a student's picture neither.

mod address;
mod assets;
mod channels;
mod credential;
mod events;
mod failure_page;
mod form;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod history;
mod masks;
mod opened;
mod pages;
mod pay;
mod payment;
mod qr;
mod query;
mod status;
mod texts;
mod views;

pub(crate) use failure_page::render as failure_page;
pub(crate) use query::language;

use crate::failure::Failure;
use crate::pattern::RoutePattern;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Resource, Route, guard};

/// Where all of it lies.
const PATH: &str = "/cashier";

/// Whether a path is one of the cashier's.
pub(crate) fn leads_here(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The patterns of the pages.
pub(crate) const PATTERNS: [&str; 5] = [
    "/cashier/assets/{file}",
    "/cashier/{link}",
    "/cashier/{link}/pay",
    "/cashier/{link}/status",
    "/cashier/{link}/events",
];

/// Registers the pages. They are for people, so the documents of the API do not list them.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/cashier/assets/{file}", "GET, HEAD", get_or_head().to(assets::asset)))
        .service(resource("/cashier/{link}", "GET, HEAD", get_or_head().to(pages::page)))
        .service(resource("/cashier/{link}/pay", "POST", web::post().to(pay::pay)))
        .service(resource("/cashier/{link}/status", "GET", web::get().to(status::status)))
        .service(resource("/cashier/{link}/events", "GET", web::get().to(events::events)));
}

fn resource(path: &'static str, allow: &'static str, route: Route) -> Resource {
    let other_methods = move |request: HttpRequest| async move {
        let (method, allow) = (request.method().to_string(), allow.to_owned());
        Err::<&'static str, _>(Failure::MethodNotAllowed { method, allow })
    };
    web::resource(path).app_data(RoutePattern(path)).route(route).default_service(web::to(other_methods))
}

fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

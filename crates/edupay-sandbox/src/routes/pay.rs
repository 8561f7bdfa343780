//! Paying: what Ping++'s client libraries call, and the pages for people.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, LOCATION};
use actix_web::web::{Data, Form, Path, Query};
use serde::Deserialize;

use crate::book::Payment;
use crate::operation::pay;
use crate::page;
use crate::shared::Shared;
use crate::webhooks;

#[derive(Deserialize)]
pub(super) struct NotifyQuery {
    livemode: Option<String>,
}

/// Pays a charge without further question, as the test mode's client libraries do.
pub(super) async fn notify(shared: Data<Shared>, id: Path<String>, query: Query<NotifyQuery>) -> HttpResponse {
    if query.livemode.as_deref().is_some_and(|mode| !mode.eq_ignore_ascii_case("false")) {
        return plain(StatusCode::BAD_REQUEST, "the sandbox has no live mode");
    }
    match pay_and_announce(&shared, &id) {
        Payment::Done | Payment::DoneBefore => plain(StatusCode::OK, "success"),
        Payment::Expired => plain(StatusCode::BAD_REQUEST, "the charge has expired"),
        Payment::Reversed => plain(StatusCode::BAD_REQUEST, "the charge was reversed"),
        Payment::NoSuchCharge => plain(StatusCode::NOT_FOUND, "no such charge"),
    }
}

#[derive(Deserialize)]
pub(super) struct PageQuery {
    outcome: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PayForm {
    outcome: String,
}

pub(super) async fn page(shared: Data<Shared>, id: Path<String>, query: Query<PageQuery>) -> HttpResponse {
    match shared.book().find(&id) {
        Some(charge) => {
            let declined = query.outcome.as_deref() == Some("fail");
            html(StatusCode::OK, page::pay(charge, shared.clock.now(), declined))
        }
        None => html(StatusCode::NOT_FOUND, page::missing()),
    }
}

pub(super) async fn submit(shared: Data<Shared>, id: Path<String>, form: Form<PayForm>) -> HttpResponse {
    if form.outcome == "pay" {
        pay_and_announce(&shared, &id);
        return see_other(&format!("/pay/{id}"));
    }
    see_other(&format!("/pay/{id}?outcome=fail"))
}

pub(super) async fn index(shared: Data<Shared>) -> HttpResponse {
    let now = shared.clock.now();
    html(StatusCode::OK, page::index(shared.book().charges(), now))
}

fn pay_and_announce(shared: &Data<Shared>, id: &str) -> Payment {
    let (payment, event) = pay(shared, id);
    if let Some(event) = event {
        webhooks::announce(&shared.clone().into_inner(), event);
    }
    payment
}

fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .content_type(ContentType::plaintext())
        .body(text)
}

fn html(status: StatusCode, text: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type(ContentType::html())
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ))
        .body(text)
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

//! The sandbox's own controls: faults, clock, webhook address, and the ground truth.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use edupay_pingpp::wire::Hash;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::{Faults, Plan};
use crate::shared::Shared;
use crate::webhooks;

pub(super) async fn faults(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.faults().plan())
}

pub(super) async fn set_faults(shared: Data<Shared>, body: Bytes) -> HttpResponse {
    match read::<Plan>(&body) {
        Ok(plan) => {
            *shared.faults() = Faults::new(plan);
            HttpResponse::Ok().json(shared.faults().plan())
        }
        Err(reason) => bad_request(&reason),
    }
}

pub(super) async fn state(shared: Data<Shared>) -> HttpResponse {
    let book = shared.book();
    let refunds = book.charges().iter().flat_map(|charge| charge.refunds.data.iter().rev());
    HttpResponse::Ok().json(json!({
        "now": shared.clock.now(),
        "webhook_url": shared.webhook_url(),
        "charges": book.charges(),
        "refunds": refunds.collect::<Vec<_>>(),
        "events": book.events(),
        "deliveries": book.deliveries(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    offset_s: i64,
}

pub(super) async fn clock(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(clock_view(&shared))
}

pub(super) async fn set_clock(shared: Data<Shared>, body: Bytes) -> HttpResponse {
    match read::<ClockBody>(&body) {
        Ok(ClockBody { offset_s }) => {
            shared.clock.set_offset(offset_s);
            HttpResponse::Ok().json(clock_view(&shared))
        }
        Err(reason) => bad_request(&reason),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    url: Option<String>,
}

pub(super) async fn set_webhook(shared: Data<Shared>, body: Bytes) -> HttpResponse {
    match read::<WebhookBody>(&body) {
        Ok(WebhookBody { url }) => {
            shared.set_webhook_url(url);
            HttpResponse::Ok().json(json!({ "url": shared.webhook_url() }))
        }
        Err(reason) => bad_request(&reason),
    }
}

pub(super) async fn resend(shared: Data<Shared>, id: Path<String>) -> HttpResponse {
    let event = shared.book().find_event(&id).cloned();
    match event {
        Some(event) => {
            let shared = shared.into_inner();
            HttpResponse::Ok().json(webhooks::resend(&shared, &event).await)
        }
        None => HttpResponse::NotFound().json(json!({ "error": "no such event" })),
    }
}

fn clock_view(shared: &Shared) -> Value {
    json!({ "offset_s": shared.clock.offset(), "now": shared.clock.now() })
}

/// Only an object: serde would read a struct from a list, too.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let members = serde_json::from_slice::<Hash>(body).map_err(|error| error.to_string())?;
    serde_json::from_value(Value::Object(members)).map_err(|error| error.to_string())
}

fn bad_request(reason: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": reason }))
}

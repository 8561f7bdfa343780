//! The route table.

mod api;
mod control;
mod pay;

#[cfg(any(test, fuzzing))]
pub(crate) use control::read;

use actix_web::web::{ServiceConfig, get, post, put, resource, to};
use actix_web::{HttpResponse, web};

use crate::errors::ApiError;
use crate::reply;
use crate::shared::Shared;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/v1/charges").route(post().to(api::create)).route(get().to(api::list)))
        .service(resource("/v1/charges/{id}").route(get().to(api::retrieve)))
        .service(resource("/v1/charges/{id}/reverse").route(post().to(api::reverse)))
        .service(resource("/v1/charges/{id}/refunds").route(post().to(api::refund)).route(get().to(api::list_refunds)))
        .service(resource("/v1/charges/{id}/refunds/{refund}").route(get().to(api::retrieve_refund)))
        .service(resource("/v1/events/{id}").route(get().to(api::event)))
        .service(resource("/").route(get().to(pay::index)))
        .service(resource("/notify/charges/{id}").route(get().to(pay::notify)))
        .service(resource("/pay/{id}").route(get().to(pay::page)).route(post().to(pay::submit)))
        .service(resource("/sandbox/faults").route(get().to(control::faults)).route(put().to(control::set_faults)))
        .service(resource("/sandbox/state").route(get().to(control::state)))
        .service(resource("/sandbox/clock").route(get().to(control::clock)).route(put().to(control::set_clock)))
        .service(resource("/sandbox/webhook").route(put().to(control::set_webhook)))
        .service(resource("/sandbox/events/{id}/resend").route(post().to(control::resend)))
        .default_service(to(no_route));
}

async fn no_route(shared: web::Data<Shared>) -> HttpResponse {
    reply::failure(&shared, &ApiError::no_route())
}

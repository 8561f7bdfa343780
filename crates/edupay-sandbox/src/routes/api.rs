//! The API proper: `/v1`.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::errors::ApiError;
use crate::faults::Operation;
use crate::operation::{Processed, Then, run};
use crate::params::{CreateCharge, CreateRefund, ListCharges, ListRefunds};
use crate::shared::Shared;

pub(super) async fn create(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> HttpResponse {
    run(shared, request, body, Operation::Create, |shared, _, body| {
        let now = shared.clock.now();
        let wanted = CreateCharge::parse(body, now)?;
        let charge = shared.book().create(wanted, now, &shared.base_url)?;
        let then = Then::ChargeCreated { id: charge.id.clone() };
        Ok(Processed { document: json!(charge), then })
    })
    .await
}

pub(super) async fn list(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> HttpResponse {
    run(shared, request, body, Operation::List, |shared, query, _| {
        let wanted = ListCharges::parse(query, shared.clock.now())?;
        Ok(Processed::only(json!(shared.book().list(&wanted)?)))
    })
    .await
}

pub(super) async fn retrieve(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
    id: Path<String>,
) -> HttpResponse {
    run(shared, request, body, Operation::Retrieve, move |shared, _, _| {
        let book = shared.book();
        let charge = book.find(&id).ok_or_else(|| ApiError::not_found("charge", &id))?;
        Ok(Processed::only(json!(charge)))
    })
    .await
}

pub(super) async fn reverse(shared: Data<Shared>, request: HttpRequest, body: Bytes, id: Path<String>) -> HttpResponse {
    run(shared, request, body, Operation::Reverse, move |shared, _, _| {
        Ok(Processed::only(json!(shared.book().reverse(&id)?)))
    })
    .await
}

pub(super) async fn refund(shared: Data<Shared>, request: HttpRequest, body: Bytes, id: Path<String>) -> HttpResponse {
    run(shared, request, body, Operation::Refund, move |shared, _, body| {
        let wanted = CreateRefund::parse(body)?;
        let refund = shared.book().refund(&id, wanted, shared.clock.now())?;
        let (charge_id, refund_id) = (refund.charge.clone(), refund.id.clone());
        let then = Then::RefundAccepted { charge_id, refund_id };
        Ok(Processed { document: json!(refund), then })
    })
    .await
}

pub(super) async fn list_refunds(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
    id: Path<String>,
) -> HttpResponse {
    run(shared, request, body, Operation::RefundList, move |shared, query, _| {
        let wanted = ListRefunds::parse(query)?;
        Ok(Processed::only(json!(shared.book().list_refunds(&id, &wanted)?)))
    })
    .await
}

pub(super) async fn retrieve_refund(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
    ids: Path<(String, String)>,
) -> HttpResponse {
    run(shared, request, body, Operation::RefundRetrieve, move |shared, _, _| {
        let (charge_id, id) = ids.into_inner();
        Ok(Processed::only(json!(shared.book().find_refund(&charge_id, &id)?)))
    })
    .await
}

pub(super) async fn event(shared: Data<Shared>, request: HttpRequest, body: Bytes, id: Path<String>) -> HttpResponse {
    run(shared, request, body, Operation::Event, move |shared, _, _| {
        let book = shared.book();
        let event = book.find_event(&id).ok_or_else(|| ApiError::not_found("event", &id))?;
        Ok(Processed::only(event.document.clone()))
    })
    .await
}

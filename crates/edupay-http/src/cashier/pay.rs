//! The form of a page: it opens a charge and shows how to pay it.

use super::form::PayForm;
use super::opened::Opened;
use crate::extract::{InOrder, RawBody};
use crate::failure::{Failure, Refusal};
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

/// Opens the charge that pays for what was chosen. What can't be paid is told on the page it came from.
pub(super) async fn pay(InOrder(opened, body): InOrder<Opened, RawBody>) -> Result<HttpResponse, Failure> {
    opened.count()?;
    let next = match PayForm::read(&body.0).pay(&opened).await {
        Ok(number) => opened.address.payment(&number),
        Err(Failure::Refused(Refusal::StudentNotYours | Refusal::OrderNotFound)) => return Err(Failure::NotFound),
        Err(failure @ (Failure::Refused(_) | Failure::ChargePostponed(_))) => opened.address.notice(failure.code()),
        Err(failure) => return Err(failure),
    };
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, next)).finish())
}

//! The part of a payment's page that changes, by itself.

use super::opened::Opened;
use super::payment::{Payment, Watched};
use super::query::{Look, PageQuery};
use super::views::{Frame, StatusPart, StatusView, html};
use crate::failure::Failure;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// Tells htmx to ask no more; it shows the reply all the same.
const LAST: u16 = 286;

/// Shows how far a payment has come. As long as the page shows it already there is nothing to say, so
/// that a screen reader does not read the same again.
pub(super) async fn status(opened: Opened, query: PageQuery) -> Result<HttpResponse, Failure> {
    let number = query.number.ok_or(Failure::NotFound)?;
    let history = Watched::of(&opened, &number).await?.history(&opened.state.services).await?;
    if history.is_live() && query.pulse == Some(history.pulse()) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let payment = Payment::find(&opened, &number, Look::AtTheStore).await?;
    let frame = Frame::new(opened.language, None);
    let status = StatusView::new(&payment, &opened.address, frame.t);
    let last = StatusCode::from_u16(LAST).unwrap_or(StatusCode::OK);
    let code = if payment.history.is_live() { StatusCode::OK } else { last };
    html(code, opened.language, &StatusPart { frame, status })
}

//! A link's page: what can be bought or paid, or what became of one payment.

use super::opened::{Opened, offers};
use super::payment::{Payable, Payment, Standing};
use super::query::{Look, PageQuery};
use super::views::{ChoosePage, Frame, LiveView, OrderPage, PaymentPage, StatusView, html, other};
use crate::failure::Failure;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use edupay_domain::cashier::CashierTarget;
use edupay_domain::ids::{GatewayOrderNo, OrderNo, UserId};
use edupay_domain::packages::ProjectKind;

/// Shows what a link leads to.
pub(super) async fn page(opened: Opened, query: PageQuery) -> Result<HttpResponse, Failure> {
    match (&query.number, &opened.link.target) {
        (Some(number), _) => payment(&opened, number, query.look).await,
        (None, CashierTarget::Packages { user_id, kind }) => choose(&opened, *user_id, *kind, &query).await,
        (None, CashierTarget::Order { user_id, order_no }) => order(&opened, *user_id, order_no, &query).await,
    }
}

async fn choose(
    opened: &Opened,
    user_id: UserId,
    kind: ProjectKind,
    query: &PageQuery,
) -> Result<HttpResponse, Failure> {
    let frame = Frame::new(opened.language, Some(opened.address.spoken(other(opened.language)).page()));
    let sheets = offers(opened, user_id, kind).await?;
    let notice = query.notice.as_deref().and_then(|code| frame.t.notice(code));
    html(StatusCode::OK, opened.language, &ChoosePage::new(opened, frame, notice, sheets))
}

/// An order that can be paid, or what became of it.
async fn order(
    opened: &Opened,
    user_id: UserId,
    order_no: &OrderNo,
    query: &PageQuery,
) -> Result<HttpResponse, Failure> {
    let frame = Frame::new(opened.language, Some(opened.address.spoken(other(opened.language)).page()));
    let payment = Payment::of_order(opened, user_id, order_no).await?;
    match (payment.standing(), payment.payable) {
        (Standing::Unpaid, Payable::Order(order)) => {
            let notice = query.notice.as_deref().and_then(|code| frame.t.notice(code));
            html(StatusCode::OK, opened.language, &OrderPage::new(opened, frame, notice, order))
        }
        (_, payable) => {
            let status = StatusView::new(&Payment { payable, ..payment }, &opened.address, frame.t);
            html(StatusCode::OK, opened.language, &PaymentPage { frame, status, live: None })
        }
    }
}

async fn payment(opened: &Opened, number: &GatewayOrderNo, look: Look) -> Result<HttpResponse, Failure> {
    let switch = opened.address.spoken(other(opened.language)).payment(number);
    let frame = Frame::new(opened.language, Some(switch));
    // Who looks too often is shown what is known.
    let look = match look {
        Look::AtTheGateway if opened.count().is_err() => Look::AtTheStore,
        look => look,
    };
    let payment = Payment::find(opened, number, look).await?;
    let status = StatusView::new(&payment, &opened.address, frame.t);
    let live = payment.history.is_live().then(|| LiveView {
        status: opened.address.status(number),
        events: opened.address.events(number, &status.pulse),
    });
    html(StatusCode::OK, opened.language, &PaymentPage { frame, status, live })
}

//! Refunds of what was paid: asked for by staff, approved by other staff above a limit, listed.

use super::page::{MAX_LIMIT, PageQuery, PageView};
use crate::config::HttpConfig;
use crate::dialects::ProblemView;
use crate::extract::{
    Body, Decode, InOrder, Params, Reader, StaffMember, Value, amount_fen, cursor_moment, page_limit, text, word,
};
use crate::failure::{Failure, FieldError};
use crate::once::by_steps;
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use edupay_domain::ids::{OrderNo, PurchaseNo, RefundNo, UserId};
use edupay_domain::money::Money;
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{
    DecisionRefusal, Refund, RefundCursor, RefundReason, RefundStage, RefundTarget, WantedRefund,
};
use serde::Serialize;
use utoipa::ToSchema;

/// The longest refund number.
const MAX_NUMBER: usize = 40;
/// The longest cursor: a time, a user, a number.
const MAX_CURSOR: usize = 100;

/// A refund.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundView {
    /// Its number, as it was given. Numbers that begin with `gw-` are of refunds made at the gateway itself.
    #[schema(example = "R-20260105-7")]
    refund_no: String,
    /// What it is of: `order`, `purchase` or `top_up`.
    #[schema(example = "order")]
    subject: &'static str,
    /// The number of that.
    #[schema(example = "12134676899915430002")]
    subject_no: String,
    /// Whose it is; of a purchase the student.
    user_id: i64,
    /// How much.
    #[schema(example = 9900)]
    amount_fen: i64,
    /// How much of it was taken back from the user: the gateway gave it back, and it was no longer there.
    #[schema(example = 0)]
    recovered_fen: i64,
    /// `source` or `balance`.
    #[schema(example = "source")]
    to: &'static str,
    /// Why.
    reason: String,
    /// `awaiting_approval`, `requested`, `pending`, `succeeded`, `failed` or `rejected`.
    #[schema(example = "succeeded")]
    status: &'static str,
    /// `staff`, or `gateway` when it was made there.
    #[schema(example = "staff")]
    origin: &'static str,
    /// Who asked for it.
    requested_by: Option<i64>,
    /// Who approved or rejected it.
    decided_by: Option<i64>,
    /// The charge that the gateway refunds.
    charge_id: Option<String>,
    /// The gateway's name of it.
    gateway_refund_id: Option<String>,
    /// Why it failed, in the gateway's own word.
    failure: Option<String>,
    /// When it was asked for.
    requested_at: String,
    /// When it succeeded, failed or was rejected.
    settled_at: Option<String>,
}

impl From<Refund> for RefundView {
    fn from(refund: Refund) -> Self {
        Self {
            refund_no: refund.refund_no.to_string(),
            subject: refund.subject.code(),
            subject_no: refund.subject.number().to_owned(),
            user_id: refund.user_id.get(),
            amount_fen: refund.amount.fen(),
            recovered_fen: refund.recovered.fen(),
            to: refund.to.code(),
            reason: refund.reason.as_str().to_owned(),
            status: refund.stage.code(),
            origin: refund.origin.code(),
            requested_by: refund.origin.staff().map(UserId::get),
            decided_by: refund.decided_by.map(UserId::get),
            charge_id: refund.charge_id.map(|id| id.to_string()),
            gateway_refund_id: refund.refund_id.map(|id| id.to_string()),
            failure: refund.failure,
            requested_at: time(refund.requested_at),
            settled_at: refund.settled_at.map(time),
        }
    }
}

/// What is to go back.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document is made from it; what is read is the domain's type")]
pub(crate) struct NewRefundBody {
    /// The refund's number, given by the caller: the same again is the same refund. Letters, digits, `-`
    /// and `_`; `gw-` is kept for refunds made at the gateway.
    #[schema(example = "R-20260105-7", pattern = "^[A-Za-z0-9_-]{1,40}$")]
    refund_no: String,
    /// How much; everything that is left when it is not said.
    #[schema(minimum = 1, example = 9900)]
    amount_fen: Option<i64>,
    /// `source`: back the way it came. `balance`: into the user's balances, whatever paid.
    #[schema(example = "source", pattern = "^(source|balance)$")]
    to: String,
    /// Why, for the payer to read: 1 to 255 characters.
    #[schema(example = "课程取消", max_length = 255)]
    reason: String,
}

/// The body as it is read.
pub(crate) struct WantedBody(WantedRefund);

impl Decode for WantedBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let refund_no = reader
            .required("refund_no", |value| RefundNo::parse(&text(MAX_NUMBER)(value)?).map_err(|_| FieldError::Invalid));
        let amount = reader.optional("amount_fen", amount_fen(Money::MAX));
        let to = reader.required("to", word(&RefundTarget::ALL, RefundTarget::code));
        let reason = reader.required("reason", |value| {
            RefundReason::parse(&text(RefundReason::MAX)(value)?).ok_or(FieldError::Invalid)
        });
        Some(Self(WantedRefund { refund_no: refund_no?, amount: amount?, to: to?, reason: reason? }))
    }
}

/// Which page of all refunds.
pub(crate) struct RefundsQuery {
    status: Option<RefundStage>,
    limit: u32,
    cursor: Option<RefundCursor>,
}

impl Decode for RefundsQuery {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let status = reader.optional("status", word(&RefundStage::ALL, RefundStage::code));
        let limit = reader.optional("limit", page_limit);
        let cursor = reader
            .optional("cursor", |value: &Value| parse_cursor(&text(MAX_CURSOR)(value)?).ok_or(FieldError::Invalid));
        let limit = limit?.unwrap_or(PageQuery::LIMIT).min(MAX_LIMIT);
        Some(Self { status: status?, limit, cursor: cursor? })
    }
}

pub(super) fn parse_cursor(text: &str) -> Option<RefundCursor> {
    let mut parts = text.splitn(3, '.');
    Some(RefundCursor {
        requested_at: cursor_moment(parts.next()?)?,
        user_id: UserId::try_new(parts.next()?.parse().ok()?).ok()?,
        refund_no: RefundNo::parse(parts.next()?).ok()?,
    })
}

fn cursor(refund: &Refund) -> String {
    format!("{}.{}.{}", refund.requested_at.timestamp_micros(), refund.user_id, refund.refund_no)
}

/// Lists all refunds, newest first, also those made at the gateway itself. Staff only.
#[utoipa::path(
    get, path = "/v1/refunds", operation_id = "list_refunds", tag = "staff", security(("token" = [])),
    params(
        ("status" = Option<String>, Query, description = "Only refunds of this status"),
        ("limit" = Option<i64>, Query, description = "How many items at most; longer pages are cut to 100", minimum = 1),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before")
    ),
    responses((status = 200, body = PageView<RefundView>, description = "A page of refunds"))
)]
pub(crate) async fn list_refunds(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<StaffMember, Params<RefundsQuery>>,
) -> Result<Json<PageView<RefundView>>, Failure> {
    let refunds = state.services.refunds.list(page.status, page.cursor, page.limit).await?;
    Ok(Json(PageView::of(refunds, page.limit, cursor, RefundView::from)))
}

/// Refunds an order, in full or in part, whoever's it is. The answer is the refund as it is after the
/// first call to the gateway, if it needs one; `requested` says that the gateway's answer is not known yet.
/// The same number with the same content is the same refund; one that failed is tried again. Staff only.
#[utoipa::path(
    post, path = "/v1/orders/{order_no}/refunds", operation_id = "refund_order", tag = "staff",
    security(("token" = [])), request_body = NewRefundBody,
    params(("order_no" = String, Path, description = "The order's number", pattern = "^[0-9]{1,20}$")),
    responses(
        (status = 201, body = RefundView, description = "The refund"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`not_paid`, `refund_above_left`, `refund_no_taken`"),
    )
)]
pub(crate) async fn refund_order(
    http: HttpRequest,
    state: Data<State>,
    InOrder(staff, InOrder(order_no, Body(body))): InOrder<StaffMember, InOrder<Path<String>, Body<WantedBody>>>,
) -> Result<HttpResponse, Failure> {
    request(&http, &state, &staff, order(&order_no)?, body).await
}

/// Lists the refunds of an order, oldest first. Staff only.
#[utoipa::path(
    get, path = "/v1/orders/{order_no}/refunds", operation_id = "list_order_refunds", tag = "staff",
    security(("token" = [])),
    params(("order_no" = String, Path, description = "The order's number", pattern = "^[0-9]{1,20}$")),
    responses((status = 200, body = PageView<RefundView>, description = "All of them on one page"))
)]
pub(crate) async fn list_order_refunds(
    state: Data<State>,
    InOrder(_, order_no): InOrder<StaffMember, Path<String>>,
) -> Result<Json<PageView<RefundView>>, Failure> {
    list_of(&state, order(&order_no)?).await
}

/// Approves a refund of an order that waits for it. Who asked for it can't. Staff only.
#[utoipa::path(
    post, path = "/v1/orders/{order_no}/refunds/{refund_no}/approve", operation_id = "approve_order_refund",
    tag = "staff", security(("token" = [])),
    params(
        ("order_no" = String, Path, description = "The order's number", pattern = "^[0-9]{1,20}$"),
        ("refund_no" = String, Path, description = "The refund's number")
    ),
    responses(
        (status = 200, body = RefundView, description = "The refund, on its way or done"),
        (status = 403, body = ProblemView, content_type = "application/problem+json",
            description = "Staff only; `refund_own_request`"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`refund_not_awaiting_approval`"),
    )
)]
pub(crate) async fn approve_order_refund(
    http: HttpRequest,
    state: Data<State>,
    InOrder(staff, numbers): InOrder<StaffMember, Path<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    approve(&http, &state, &staff, order(&numbers.0)?, &numbers.1).await
}

/// Rejects a refund of an order that waits for approval; what it reserved is free again. Staff only.
#[utoipa::path(
    post, path = "/v1/orders/{order_no}/refunds/{refund_no}/reject", operation_id = "reject_order_refund",
    tag = "staff", security(("token" = [])),
    params(
        ("order_no" = String, Path, description = "The order's number", pattern = "^[0-9]{1,20}$"),
        ("refund_no" = String, Path, description = "The refund's number")
    ),
    responses(
        (status = 200, body = RefundView, description = "The refund, rejected"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`refund_not_awaiting_approval`"),
    )
)]
pub(crate) async fn reject_order_refund(
    state: Data<State>,
    InOrder(staff, numbers): InOrder<StaffMember, Path<(String, String)>>,
) -> Result<Json<RefundView>, Failure> {
    reject(&state, &staff, order(&numbers.0)?, &numbers.1).await
}

/// Refunds a purchase of packages, in full or in part: `balance` is the student's. With the whole amount go
/// the days from today on. Everything else as for orders. Staff only.
#[utoipa::path(
    post, path = "/v1/purchases/{purchase_no}/refunds", operation_id = "refund_purchase", tag = "staff",
    security(("token" = [])), request_body = NewRefundBody,
    params(("purchase_no" = String, Path, description = "The purchase's number", pattern = "^[0-9]{1,20}$")),
    responses(
        (status = 201, body = RefundView, description = "The refund"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`not_paid`, `refund_above_left`, `refund_no_taken`, `purchase_upgraded`"),
    )
)]
pub(crate) async fn refund_purchase(
    http: HttpRequest,
    state: Data<State>,
    InOrder(staff, InOrder(purchase_no, Body(body))): InOrder<StaffMember, InOrder<Path<String>, Body<WantedBody>>>,
) -> Result<HttpResponse, Failure> {
    request(&http, &state, &staff, purchase(&purchase_no)?, body).await
}

/// Lists the refunds of a purchase, oldest first. Staff only.
#[utoipa::path(
    get, path = "/v1/purchases/{purchase_no}/refunds", operation_id = "list_purchase_refunds", tag = "staff",
    security(("token" = [])),
    params(("purchase_no" = String, Path, description = "The purchase's number", pattern = "^[0-9]{1,20}$")),
    responses((status = 200, body = PageView<RefundView>, description = "All of them on one page"))
)]
pub(crate) async fn list_purchase_refunds(
    state: Data<State>,
    InOrder(_, purchase_no): InOrder<StaffMember, Path<String>>,
) -> Result<Json<PageView<RefundView>>, Failure> {
    list_of(&state, purchase(&purchase_no)?).await
}

/// Approves a refund of a purchase that waits for it. Who asked for it can't. Staff only.
#[utoipa::path(
    post, path = "/v1/purchases/{purchase_no}/refunds/{refund_no}/approve", operation_id = "approve_purchase_refund",
    tag = "staff", security(("token" = [])),
    params(
        ("purchase_no" = String, Path, description = "The purchase's number", pattern = "^[0-9]{1,20}$"),
        ("refund_no" = String, Path, description = "The refund's number")
    ),
    responses(
        (status = 200, body = RefundView, description = "The refund, on its way or done"),
        (status = 403, body = ProblemView, content_type = "application/problem+json",
            description = "Staff only; `refund_own_request`"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`refund_not_awaiting_approval`, `purchase_upgraded`"),
    )
)]
pub(crate) async fn approve_purchase_refund(
    http: HttpRequest,
    state: Data<State>,
    InOrder(staff, numbers): InOrder<StaffMember, Path<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    approve(&http, &state, &staff, purchase(&numbers.0)?, &numbers.1).await
}

/// Rejects a refund of a purchase that waits for approval; what it reserved is free again. Staff only.
#[utoipa::path(
    post, path = "/v1/purchases/{purchase_no}/refunds/{refund_no}/reject", operation_id = "reject_purchase_refund",
    tag = "staff", security(("token" = [])),
    params(
        ("purchase_no" = String, Path, description = "The purchase's number", pattern = "^[0-9]{1,20}$"),
        ("refund_no" = String, Path, description = "The refund's number")
    ),
    responses(
        (status = 200, body = RefundView, description = "The refund, rejected"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`refund_not_awaiting_approval`"),
    )
)]
pub(crate) async fn reject_purchase_refund(
    state: Data<State>,
    InOrder(staff, numbers): InOrder<StaffMember, Path<(String, String)>>,
) -> Result<Json<RefundView>, Failure> {
    reject(&state, &staff, purchase(&numbers.0)?, &numbers.1).await
}

async fn request(
    http: &HttpRequest,
    state: &State,
    staff: &StaffMember,
    subject: ChargeSubject,
    WantedBody(wanted): WantedBody,
) -> Result<HttpResponse, Failure> {
    by_steps(http, state, staff.user.id, async |_| {
        let refund = state.services.refunds.request(staff.user.id, subject, wanted).await?;
        Ok(HttpResponse::Created().json(RefundView::from(refund)))
    })
    .await
}

async fn list_of(state: &State, subject: ChargeSubject) -> Result<Json<PageView<RefundView>>, Failure> {
    let refunds = state.services.refunds.of_subject(&subject).await?.ok_or(Failure::NotFound)?;
    Ok(Json(PageView::whole(refunds.into_iter().map(RefundView::from).collect())))
}

async fn approve(
    http: &HttpRequest,
    state: &State,
    staff: &StaffMember,
    subject: ChargeSubject,
    number: &str,
) -> Result<HttpResponse, Failure> {
    let number = refund_no(number)?;
    by_steps(http, state, staff.user.id, async |_| {
        let refund = state.services.refunds.approve(staff.user.id, subject, number).await?;
        Ok(HttpResponse::Ok().json(RefundView::from(refund)))
    })
    .await
}

async fn reject(
    state: &State,
    staff: &StaffMember,
    subject: ChargeSubject,
    number: &str,
) -> Result<Json<RefundView>, Failure> {
    let refund = state.services.refunds.reject(staff.user.id, subject, refund_no(number)?).await?;
    Ok(Json(refund.into()))
}

fn order(number: &str) -> Result<ChargeSubject, Failure> {
    OrderNo::parse(number).map(ChargeSubject::Order).map_err(|_| Failure::NotFound)
}

fn purchase(number: &str) -> Result<ChargeSubject, Failure> {
    PurchaseNo::parse(number).map(ChargeSubject::Purchase).map_err(|_| Failure::NotFound)
}

fn refund_no(number: &str) -> Result<RefundNo, Failure> {
    RefundNo::parse(number).map_err(|_| DecisionRefusal::NotFound.into())
}

//! What was bought for a student, and until when: for the student and for who may act for the student.
//! Buying is the campus API's.

use super::page::{MAX_LIMIT, PageQuery, PageView};
use super::path;
use super::students::StudentView;
use crate::config::HttpConfig;
use crate::extract::{Caller, Decode, InOrder, Params, Reader, Value, page_limit, text};
use crate::failure::{Failure, FieldError, Refusal};
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::{GatewayOrderNo, PurchaseNo, UserId};
use edupay_domain::packages::{Basis, Purchase, PurchaseRecord, PurchaseState, PurchaseStatus, SuccessRefusal};
use edupay_domain::payments::Receipt;
use serde::Serialize;
use utoipa::ToSchema;

/// The longest number of a purchase.
const MAX_NUMBER: usize = 20;

/// A purchase.
#[derive(Serialize, ToSchema)]
#[schema(as = Purchase)]
pub(crate) struct PurchaseView {
    /// Its number, which is also the `order_no` of its first charge.
    #[schema(example = "42017071912000000007")]
    purchase_no: String,
    /// The student.
    user_id: i64,
    /// `unpaid`, `paid`, `closed`, `partly_refunded` or `refunded`.
    #[schema(example = "paid")]
    status: &'static str,
    /// `new`, `upgrade` or `renewal`.
    #[schema(example = "new")]
    kind: &'static str,
    /// Of which project.
    project_id: i64,
    /// The project's name then.
    project_name: String,
    /// The sum of the prices.
    #[schema(example = 15800)]
    amount_fen: i64,
    /// How much of it went back.
    #[schema(example = 0)]
    refunded_fen: i64,
    /// The gateway's channel, once it is paid.
    channel: Option<&'static str>,
    /// Its packages, each with the days that it gives.
    records: Vec<PurchaseRecordView>,
    /// When it was made.
    created_at: String,
    /// Until when it can be paid.
    expires_at: String,
    /// When it was paid.
    paid_at: Option<String>,
}

/// A package of a purchase, as it was then.
#[derive(Serialize, ToSchema)]
#[schema(as = PurchaseRecord)]
pub(crate) struct PurchaseRecordView {
    /// Its id.
    #[schema(example = "4201707191200000000701")]
    record_id: String,
    /// Which package.
    package_id: i64,
    /// Its name then.
    item_name: String,
    /// Its list price then.
    list_price_fen: i64,
    /// What was asked for it.
    price_fen: i64,
    /// For how many months it was bought; an upgrade gives the rest of the held term instead.
    term_months: u32,
    /// The record whose period an upgrade takes the place of.
    replaces: Option<String>,
    /// The first day, once it is paid: `yyyy-MM-dd` in Beijing.
    starts_on: Option<String>,
    /// The last day, included.
    ends_on: Option<String>,
}

/// A purchase, with payments for it that could not be taken.
#[derive(Serialize, ToSchema)]
#[schema(as = PurchaseStatus)]
pub(crate) struct PurchaseStatusView {
    #[serde(flatten)]
    purchase: PurchaseView,
    /// Second payments, late ones: they go back to their payers.
    unapplied: Vec<UnappliedView>,
}

/// A payment that could not be taken.
#[derive(Serialize, ToSchema)]
#[schema(as = UnappliedPayment)]
pub(crate) struct UnappliedView {
    /// The gateway's charge.
    charge_id: String,
    /// How much.
    amount_fen: i64,
    /// Why: `paid_already`, `purchase_closed`, …
    reason: Option<&'static str>,
    /// `refund_due`, `refunded`, `review`, …
    status: &'static str,
}

impl From<Purchase> for PurchaseView {
    fn from(purchase: Purchase) -> Self {
        let (channel, paid_at) = match &purchase.state {
            PurchaseState::Paid { at, channel, .. } => (Some(channel.code()), Some(time(*at))),
            PurchaseState::Unpaid | PurchaseState::Closed => (None, None),
        };
        let refunded = purchase.refunded();
        Self {
            purchase_no: purchase.purchase_no.to_string(),
            user_id: purchase.user_id.get(),
            status: purchase.status_code(),
            kind: purchase.kind.code(),
            project_id: purchase.project_id.get(),
            project_name: purchase.project_name,
            amount_fen: purchase.amount.fen(),
            refunded_fen: refunded.fen(),
            channel,
            records: purchase.records.iter().map(PurchaseRecordView::from).collect(),
            created_at: time(purchase.created_at),
            expires_at: time(purchase.expires_at),
            paid_at,
        }
    }
}

impl From<&PurchaseRecord> for PurchaseRecordView {
    fn from(record: &PurchaseRecord) -> Self {
        Self {
            record_id: record.id.to_string(),
            package_id: record.package_id.get(),
            item_name: record.item_name.clone(),
            list_price_fen: record.list_price.fen(),
            price_fen: record.price.fen(),
            term_months: record.term.months(),
            replaces: match &record.basis {
                Basis::Upgrade { replaces } => Some(replaces.to_string()),
                Basis::New | Basis::Renewal { .. } => None,
            },
            starts_on: record.period.map(|period| period.starts.to_string()),
            ends_on: record.period.map(|period| period.ends.to_string()),
        }
    }
}

impl From<&Receipt> for UnappliedView {
    fn from(receipt: &Receipt) -> Self {
        Self {
            charge_id: receipt.charge_id.to_string(),
            amount_fen: receipt.amount.fen(),
            reason: receipt.reason.map(|reason| reason.code()),
            status: receipt.status.code(),
        }
    }
}

/// Which page; numbers of purchases are longer than other cursors.
pub(crate) struct PurchasesQuery {
    limit: u32,
    cursor: Option<PurchaseNo>,
}

impl Decode for PurchasesQuery {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let limit = reader.optional("limit", page_limit);
        let cursor = reader.optional("cursor", |value: &Value| {
            PurchaseNo::parse(&text(MAX_NUMBER)(value)?).map_err(|_| FieldError::Invalid)
        });
        Some(Self { limit: limit?.unwrap_or(PageQuery::LIMIT).min(MAX_LIMIT), cursor: cursor? })
    }
}

/// Lists the students that the caller may act for.
#[utoipa::path(
    get, path = "/v1/me/students", operation_id = "list_wards", tag = "packages", security(("token" = [])),
    responses((
        status = 200, body = PageView<StudentView>, description = "All of them on one page",
        links(("purchases" = (
            operation_id = "list_purchases", parameters(("user_id" = "$response.body#/items/0/user_id"))
        )))
    ))
)]
pub(crate) async fn list_wards(state: Data<State>, caller: Caller) -> Result<Json<PageView<StudentView>>, Failure> {
    let students = state.services.packages.wards(caller.user.id).await?;
    Ok(Json(PageView::whole(students.into_iter().map(StudentView::from).collect())))
}

/// Lists what was bought for a student whom the caller may act for, newest first.
#[utoipa::path(
    get, path = "/v1/students/{user_id}/purchases", operation_id = "list_purchases", tag = "packages",
    security(("token" = [])),
    params(
        ("user_id" = i64, Path, description = "The student's user id", minimum = 1),
        ("limit" = Option<i64>, Query, description = "How many items at most; longer pages are cut to 100", minimum = 1),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before")
    ),
    responses((status = 200, body = PageView<PurchaseView>, description = "A page of purchases"))
)]
pub(crate) async fn list_purchases(
    state: Data<State>,
    InOrder(caller, InOrder(user_id, Params(page))): InOrder<Caller, InOrder<Path<String>, Params<PurchasesQuery>>>,
) -> Result<Json<PageView<PurchaseView>>, Failure> {
    let user_id = student(&user_id)?;
    let found = state.services.packages.list(caller.user.id, user_id, page.cursor, page.limit).await?;
    let purchases = found.ok_or(Refusal::StudentNotYours)?;
    Ok(Json(PageView::of(purchases, page.limit, |purchase| purchase.purchase_no.clone(), PurchaseView::from)))
}

/// Shows a purchase for a student whom the caller may act for, with payments for it that go back. While it
/// is unpaid the gateway is asked whether it was paid.
#[utoipa::path(
    get, path = "/v1/students/{user_id}/purchases/{purchase_no}", operation_id = "find_purchase", tag = "packages",
    security(("token" = [])),
    params(
        ("user_id" = i64, Path, description = "The student's user id", minimum = 1),
        ("purchase_no" = String, Path, description = "The purchase's number, or that of one of its charges")
    ),
    responses((status = 200, body = PurchaseStatusView, description = "The purchase"))
)]
pub(crate) async fn find_purchase(
    state: Data<State>,
    InOrder(caller, ids): InOrder<Caller, Path<(String, String)>>,
) -> Result<Json<PurchaseStatusView>, Failure> {
    let not_found = || Refusal::Success(SuccessRefusal::NotFound);
    let (user_id, number) = (student(&ids.0)?, GatewayOrderNo::parse(&ids.1).map_err(|_| not_found())?);
    let found = state.services.packages.repaired_status(caller.user.id, user_id, number).await?;
    let PurchaseStatus { purchase, unapplied } = found.ok_or_else(not_found)?;
    let unapplied = unapplied.iter().map(UnappliedView::from).collect();
    Ok(Json(PurchaseStatusView { purchase: purchase.into(), unapplied }))
}

/// What is no user's id is nobody the caller may act for.
fn student(user_id: &str) -> Result<UserId, Refusal> {
    path::id(user_id, UserId::try_new).map_err(|_| Refusal::StudentNotYours)
}

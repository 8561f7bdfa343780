//! The App Store, as staff sees it.

use super::page::{PageQuery, PageView};
use super::path::id;
use crate::extract::{InOrder, Params, Staff};
use crate::failure::Failure;
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Data, Json, Path};
use chrono::DateTime;
use edupay_domain::app_store::{AppStorePurchase, AppStoreRecord, ConsumptionRequest};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{NotificationId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A purchase in the App Store.
#[derive(Serialize, ToSchema)]
#[schema(as = AppStorePurchase)]
pub(crate) struct PurchaseView {
    /// `production`, or `sandbox` for play money.
    #[schema(example = "production")]
    environment: &'static str,
    /// The App Store's id of it.
    #[schema(example = "2000000123456789")]
    transaction_id: String,
    /// What was bought.
    product_id: String,
    /// How many.
    quantity: i64,
    /// The price of one, of the time of the purchase.
    unit_price_fen: i64,
    /// What was credited.
    credited_fen: i64,
    /// How much of it is taken back as of now.
    clawed_back_fen: i64,
    /// When it was bought.
    purchased_at: String,
    /// When it was credited.
    credited_at: String,
}

impl From<AppStorePurchase> for PurchaseView {
    fn from(purchase: AppStorePurchase) -> Self {
        Self {
            environment: purchase.key.environment.code(),
            transaction_id: purchase.key.id.to_string(),
            product_id: purchase.product_id.to_string(),
            quantity: purchase.quantity,
            unit_price_fen: purchase.unit_price.fen(),
            credited_fen: purchase.credited.fen(),
            clawed_back_fen: purchase.clawed_back.fen(),
            purchased_at: time(purchase.purchased_at),
            credited_at: time(purchase.credited_at),
        }
    }
}

/// A verified transaction that somebody should look at.
#[derive(Serialize, ToSchema)]
#[schema(as = AppStoreRecord)]
pub(crate) struct RecordView {
    /// `production` or `sandbox`.
    #[schema(example = "production")]
    environment: &'static str,
    /// The App Store's id of the transaction.
    transaction_id: String,
    /// For whom it was to be credited.
    user_id: i64,
    /// `other_user`: it is another user's. `sandbox_not_credited`: play money of a user who may have none.
    /// `price_differs`: it was credited, but the App Store recorded another price than ours.
    #[schema(example = "other_user")]
    verdict: &'static str,
    /// `client`, `notification` or `server`: who brought it first.
    #[schema(example = "client")]
    source: &'static str,
    /// When it came first.
    received_at: String,
}

impl From<AppStoreRecord> for RecordView {
    fn from(record: AppStoreRecord) -> Self {
        Self {
            environment: record.key.environment.code(),
            transaction_id: record.key.id.to_string(),
            user_id: record.user_id.get(),
            verdict: record.verdict.code(),
            source: record.source.code(),
            received_at: time(record.received_at),
        }
    }
}

/// What the App Store wants to know about a purchase before it decides on a refund.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsumptionRequest)]
pub(crate) struct ConsumptionRequestView {
    /// The notification that asked.
    notification_id: String,
    /// `production` or `sandbox`.
    #[schema(example = "production")]
    environment: &'static str,
    /// The App Store's id of the transaction.
    transaction_id: String,
    /// Whose it is; `null` where that is not known.
    user_id: Option<i64>,
    /// Why the payer wants the money back, in the App Store's words.
    #[schema(example = "UNINTENDED_PURCHASE")]
    reason: String,
    /// When it came.
    requested_at: String,
    /// Until when the App Store waits.
    deadline: String,
    /// When it was answered; `null` before.
    answered_at: Option<String>,
}

impl From<ConsumptionRequest> for ConsumptionRequestView {
    fn from(request: ConsumptionRequest) -> Self {
        Self {
            notification_id: request.id.to_string(),
            environment: request.key.environment.code(),
            transaction_id: request.key.id.to_string(),
            user_id: request.user_id.map(UserId::get),
            reason: request.reason,
            requested_at: time(request.requested_at),
            deadline: time(request.deadline),
            answered_at: request.answered_at.map(time),
        }
    }
}

/// A cursor is the moment of the last row of the page before, in microseconds.
fn before(page: &PageQuery) -> Option<Timestamp> {
    page.cursor.and_then(DateTime::from_timestamp_micros)
}

/// Lists a user's purchases in the App Store, the last first. Staff only.
#[utoipa::path(
    get, path = "/v1/users/{user_id}/app-store-purchases", operation_id = "list_app_store_purchases", tag = "staff",
    security(("token" = [])),
    params(PageQuery, ("user_id" = i64, Path, description = "The user's id", minimum = 1)),
    responses((status = 200, body = PageView<PurchaseView>, description = "A page of purchases"))
)]
pub(crate) async fn list_app_store_purchases(
    state: Data<State>,
    InOrder(_, InOrder(user_id, Params(page))): InOrder<Staff, InOrder<Path<String>, Params<PageQuery>>>,
) -> Result<Json<PageView<PurchaseView>>, Failure> {
    let user_id = id(&user_id, UserId::try_new)?;
    let found = state.services.app_store.purchases_of(user_id, before(&page), page.limit).await?;
    let cursor = |purchase: &AppStorePurchase| purchase.credited_at.timestamp_micros();
    Ok(Json(PageView::of(found, page.limit, cursor, PurchaseView::from)))
}

/// Lists verified transactions that somebody should look at, the last first. Staff only.
#[utoipa::path(
    get, path = "/v1/app-store/records", operation_id = "list_app_store_records", tag = "staff",
    security(("token" = [])), params(PageQuery),
    responses((status = 200, body = PageView<RecordView>, description = "A page of records"))
)]
pub(crate) async fn list_app_store_records(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<Staff, Params<PageQuery>>,
) -> Result<Json<PageView<RecordView>>, Failure> {
    let found = state.services.app_store.records(before(&page), page.limit).await?;
    let cursor = |record: &AppStoreRecord| record.received_at.timestamp_micros();
    Ok(Json(PageView::of(found, page.limit, cursor, RecordView::from)))
}

/// Lists what the App Store wants to know before it decides on refunds, the last first. Staff only.
#[utoipa::path(
    get, path = "/v1/app-store/consumption-requests", operation_id = "list_consumption_requests", tag = "staff",
    security(("token" = [])), params(PageQuery),
    responses((status = 200, body = PageView<ConsumptionRequestView>, description = "A page of requests"))
)]
pub(crate) async fn list_consumption_requests(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<Staff, Params<PageQuery>>,
) -> Result<Json<PageView<ConsumptionRequestView>>, Failure> {
    let found = state.services.app_store.consumption_requests(before(&page), page.limit).await?;
    let cursor = |request: &ConsumptionRequest| request.requested_at.timestamp_micros();
    Ok(Json(PageView::of(found, page.limit, cursor, ConsumptionRequestView::from)))
}

/// Marks a request as answered: the answer itself is given in App Store Connect. A repeat changes nothing.
/// Staff only.
#[utoipa::path(
    post, path = "/v1/app-store/consumption-requests/{notification_id}/answered",
    operation_id = "answer_consumption_request", tag = "staff", security(("token" = [])),
    params(("notification_id" = String, Path, description = "The notification that asked")),
    responses((status = 200, body = ConsumptionRequestView, description = "The request"))
)]
pub(crate) async fn answer_consumption_request(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<ConsumptionRequestView>, Failure> {
    let id = NotificationId::parse(&id).map_err(|_| Failure::NotFound)?;
    let app_store = state.services.app_store.clone();
    Ok(Json(app_store.answer_consumption(&id).await?.ok_or(Failure::NotFound)?.into()))
}

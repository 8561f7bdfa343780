//! What waits for a person, and what a person decides: for staff.

use super::page::{MAX_LIMIT, PageQuery, PageView};
use crate::config::HttpConfig;
use crate::dialects::ProblemView;
use crate::extract::{
    Body, Decode, InOrder, Params, Reader, Staff, StaffMember, Value, cursor_moment, page_limit, text, word,
};
use crate::failure::{Failure, FieldError};
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::UserId;
use edupay_domain::money::Money;
use edupay_domain::recovery::{
    DecisionReason, ReviewAction, ReviewCursor, ReviewDecision, ReviewId, ReviewItem, ReviewKind, ReviewRefusal,
    actions,
};
use serde::Serialize;
use utoipa::ToSchema;

/// The longest cursor: a time and a name.
const MAX_CURSOR: usize = 200;

/// Something that waits for a person.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewItem)]
pub(crate) struct ItemView {
    /// Its name in the list.
    #[schema(example = "receipt-ch_101240601234567890123456")]
    id: String,
    /// `callback`, `charge`, `notification`, `period`, `receipt` or `refund`.
    #[schema(example = "receipt")]
    kind: &'static str,
    /// What it is about: a number of an order, a purchase or a top-up, or the type of a callback.
    #[schema(example = "12134676899915430002")]
    subject: String,
    /// Whom it concerns; `null` where that is not known.
    user_id: Option<i64>,
    /// How much money it is about; `null` where that is not known.
    amount_fen: Option<i64>,
    /// Why it is here, for programs: why a receipt was not applied, or `refund_failed`, `refund_unclear`,
    /// `charge_unknown`, `unmatched`, `not_worked_on`, `period_left`.
    #[schema(example = "amount_differs")]
    reason: String,
    /// Since when it is as it is.
    since: String,
    /// Since when it is in the list.
    listed_at: String,
    /// What can be done about it: the last part of the path of a decision.
    #[schema(example = json!(["refund", "close"]))]
    actions: Vec<&'static str>,
}

impl From<ReviewItem> for ItemView {
    fn from(item: ReviewItem) -> Self {
        Self {
            id: item.id.to_string(),
            kind: item.id.kind.code(),
            actions: actions(&item).into_iter().map(ReviewAction::code).collect(),
            subject: item.subject,
            user_id: item.user_id.map(UserId::get),
            amount_fen: item.amount.map(Money::fen),
            reason: item.reason,
            since: time(item.since),
            listed_at: time(item.listed_at),
        }
    }
}

/// What a person decided.
#[derive(Serialize, ToSchema)]
#[schema(as = ReviewDecision)]
pub(crate) struct DecisionView {
    /// On what.
    #[schema(example = "receipt-ch_101240601234567890123456")]
    id: String,
    /// `refund`, `retry` or `close`.
    #[schema(example = "refund")]
    action: &'static str,
    /// Who, as a user id.
    decided_by: i64,
    /// Why, in the words of who decided.
    #[schema(example = "付款人已确认")]
    reason: String,
    /// When.
    decided_at: String,
}

impl From<ReviewDecision> for DecisionView {
    fn from(decision: ReviewDecision) -> Self {
        Self {
            id: decision.id.to_string(),
            action: decision.action.code(),
            decided_by: decision.by.get(),
            reason: decision.reason.as_str().to_owned(),
            decided_at: time(decision.at),
        }
    }
}

/// A thing, if it is in the list, and what was decided on it.
#[derive(Serialize, ToSchema)]
#[schema(as = Reviewed)]
pub(crate) struct ReviewedView {
    /// The thing; `null` when it is no longer in the list.
    item: Option<ItemView>,
    /// What was decided on it, oldest first.
    decisions: Vec<DecisionView>,
}

/// Why it is decided so.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document is made from it; what is read is the domain's type")]
pub(crate) struct NewDecisionBody {
    /// Why, for those who read it later: 1 to 255 characters.
    #[schema(example = "付款人已确认", max_length = 255)]
    reason: String,
}

/// The body as it is read.
pub(crate) struct ReasonBody(DecisionReason);

impl Decode for ReasonBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let read = |value: &Value| DecisionReason::parse(&text(DecisionReason::MAX)(value)?).ok_or(FieldError::Invalid);
        reader.required("reason", read).map(Self)
    }
}

/// Which page of the list.
pub(crate) struct ReviewQuery {
    kind: Option<ReviewKind>,
    limit: u32,
    cursor: Option<ReviewCursor>,
}

impl Decode for ReviewQuery {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let kind = reader.optional("kind", word(&ReviewKind::ALL, ReviewKind::code));
        let limit = reader.optional("limit", page_limit);
        let cursor = reader
            .optional("cursor", |value: &Value| parse_cursor(&text(MAX_CURSOR)(value)?).ok_or(FieldError::Invalid));
        let limit = limit?.unwrap_or(PageQuery::LIMIT).min(MAX_LIMIT);
        Some(Self { kind: kind?, limit, cursor: cursor? })
    }
}

pub(super) fn parse_cursor(text: &str) -> Option<ReviewCursor> {
    let (listed_at, id) = text.split_once('.')?;
    let listed_at = cursor_moment(listed_at)?;
    Some(ReviewCursor { listed_at, id: ReviewId::parse(id)? })
}

fn cursor(item: &ReviewItem) -> String {
    format!("{}.{}", item.listed_at.timestamp_micros(), item.id)
}

fn named(id: &str) -> Result<ReviewId, Failure> {
    ReviewId::parse(id).ok_or_else(|| ReviewRefusal::NotFound.into())
}

/// Lists what waits for a person, the oldest first. Staff only.
#[utoipa::path(
    get, path = "/v1/review", operation_id = "list_review", tag = "staff", security(("token" = [])),
    params(
        ("kind" = Option<String>, Query, description = "Only things of this kind"),
        ("limit" = Option<i64>, Query, description = "How many items at most; longer pages are cut to 100", minimum = 1),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before")
    ),
    responses((status = 200, body = PageView<ItemView>, description = "A page of the list"))
)]
pub(crate) async fn list_review(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<Staff, Params<ReviewQuery>>,
) -> Result<Json<PageView<ItemView>>, Failure> {
    let items = state.services.recovery.list(page.kind, page.cursor, page.limit).await?;
    Ok(Json(PageView::of(items, page.limit, cursor, ItemView::from)))
}

/// Shows one thing of the list and what was decided on it, also when it is no longer in the list. Staff only.
#[utoipa::path(
    get, path = "/v1/review/{id}", operation_id = "find_review", tag = "staff", security(("token" = [])),
    params(("id" = String, Path, description = "Its name in the list")),
    responses((status = 200, body = ReviewedView, description = "The thing and the decisions on it"))
)]
pub(crate) async fn find_review(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<ReviewedView>, Failure> {
    let (item, decisions) = state.services.recovery.find(&named(&id)?).await?;
    if item.is_none() && decisions.is_empty() {
        return Err(ReviewRefusal::NotFound.into());
    }
    let decisions = decisions.into_iter().map(DecisionView::from).collect();
    Ok(Json(ReviewedView { item: item.map(ItemView::from), decisions }))
}

/// Sends a receipt back to its source, as what could not be applied goes back by itself: with the next round of
/// the background work. The same decision again is the same success. Staff only.
#[utoipa::path(
    post, path = "/v1/review/{id}/refund", operation_id = "refund_review", tag = "staff", security(("token" = [])),
    request_body = NewDecisionBody, params(("id" = String, Path, description = "Its name in the list")),
    responses(
        (status = 200, body = DecisionView, description = "The decision"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`review_action_not_possible`"),
    )
)]
pub(crate) async fn refund_review(
    state: Data<State>,
    InOrder(staff, InOrder(id, Body(body))): InOrder<StaffMember, InOrder<Path<String>, Body<ReasonBody>>>,
) -> Result<Json<DecisionView>, Failure> {
    decide(&state, &staff, &id, ReviewAction::Refund, body).await
}

/// Tries again what was tried before, with the next round of the background work; a refund that failed is asked
/// for at once. The same decision again is the same success. Staff only.
#[utoipa::path(
    post, path = "/v1/review/{id}/retry", operation_id = "retry_review", tag = "staff", security(("token" = [])),
    request_body = NewDecisionBody, params(("id" = String, Path, description = "Its name in the list")),
    responses(
        (status = 200, body = DecisionView, description = "The decision"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`review_action_not_possible`; of a refund that failed also `refund_above_left`"),
    )
)]
pub(crate) async fn retry_review(
    state: Data<State>,
    InOrder(staff, InOrder(id, Body(body))): InOrder<StaffMember, InOrder<Path<String>, Body<ReasonBody>>>,
) -> Result<Json<DecisionView>, Failure> {
    decide(&state, &staff, &id, ReviewAction::Retry, body).await
}

/// Takes a thing out of the list: it was settled elsewhere, or nothing is to be done. It comes back when it
/// becomes so anew. The same decision again is the same success. Staff only.
#[utoipa::path(
    post, path = "/v1/review/{id}/close", operation_id = "close_review", tag = "staff", security(("token" = [])),
    request_body = NewDecisionBody, params(("id" = String, Path, description = "Its name in the list")),
    responses((status = 200, body = DecisionView, description = "The decision"))
)]
pub(crate) async fn close_review(
    state: Data<State>,
    InOrder(staff, InOrder(id, Body(body))): InOrder<StaffMember, InOrder<Path<String>, Body<ReasonBody>>>,
) -> Result<Json<DecisionView>, Failure> {
    decide(&state, &staff, &id, ReviewAction::Close, body).await
}

async fn decide(
    state: &State,
    staff: &StaffMember,
    id: &str,
    action: ReviewAction,
    ReasonBody(reason): ReasonBody,
) -> Result<Json<DecisionView>, Failure> {
    let recovery = state.services.recovery.clone();
    Ok(Json(recovery.decide(staff.user.id, named(id)?, action, reason).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written_and_nothing_else_is() {
        let read = parse_cursor("1700000000000000.receipt-ch_1.2").unwrap();
        assert_eq!((read.listed_at.timestamp(), read.id.key()), (1_700_000_000, "ch_1.2"));
        for text in [
            "",
            ".",
            "1",
            "x.receipt-ch_1",
            "1.nothing-ch_1",
            "1.receipt-",
            "99999999999999999999.receipt-a",
            "999999999999999999.receipt-a",
            "-99999999999999999.receipt-a",
        ] {
            assert!(parse_cursor(text).is_none(), "{text}");
        }
    }
}

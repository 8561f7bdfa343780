//! The caller's statement.

use super::page::{PageQuery, PageView};
use crate::extract::{Caller, InOrder, Params};
use crate::failure::Failure;
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Data, Json};
use edupay_domain::ledger::StatementLine;
use serde::Serialize;
use utoipa::ToSchema;

/// One entry of a statement.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct EntryView {
    /// Its number among the caller's entries, from 1.
    number: i64,
    /// What was booked: `credit_top_up`, `pay_from_balance`, …
    #[schema(example = "pay_from_balance")]
    kind: &'static str,
    /// What caused it: an order's number, a charge's id.
    reference: String,
    /// What could be spent before.
    balance_before_fen: i64,
    /// What can be spent after.
    balance_after_fen: i64,
    /// The difference.
    change_fen: i64,
    /// When.
    at: String,
}

impl From<StatementLine> for EntryView {
    fn from(line: StatementLine) -> Self {
        let (before, after) = (line.balance_before.fen(), line.balance_after.fen());
        Self {
            number: line.number,
            kind: line.kind.code(),
            reference: line.reference,
            balance_before_fen: before,
            balance_after_fen: after,
            // Neither is negative, so their difference always fits.
            change_fen: after.saturating_sub(before),
            at: time(line.at),
        }
    }
}

/// Lists the caller's entries, newest first, each with the running balance.
#[utoipa::path(
    get, path = "/v1/ledger/entries", operation_id = "list_entries", tag = "account", security(("token" = [])),
    params(PageQuery),
    responses((status = 200, body = PageView<EntryView>, description = "A page of entries"))
)]
pub(crate) async fn list_entries(
    state: Data<State>,
    InOrder(caller, Params(page)): InOrder<Caller, Params<PageQuery>>,
) -> Result<Json<PageView<EntryView>>, Failure> {
    let lines = state.services.ledger.statement(caller.user.id, page.cursor, page.limit).await?;
    Ok(Json(PageView::of(lines, page.limit, |line| line.number, EntryView::from)))
}

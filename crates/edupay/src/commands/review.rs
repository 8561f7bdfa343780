//! `edupay review …`: what waits for a person, and decisions on it.

use super::accounts::{find as find_user, tool};
use super::recover::expect_gateway;
use super::say;
use crate::error::{Context, Failure};
use crate::settings::Overrides;
use chrono::SecondsFormat;
use clap::{Args, Subcommand};
use edupay_domain::accounts::Role;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::UserId;
use edupay_domain::money::Money;
use edupay_domain::recovery::{
    DecisionReason, RecoveryService, ReviewAction, ReviewCursor, ReviewDecision, ReviewId, ReviewItem, ReviewKind,
    actions,
};
use edupay_http::Services;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Lists what waits for a person, the oldest first, one JSON object a line
    List(List),
    /// Shows one thing of the list and what was decided on it
    Show { id: String },
    /// Sends a receipt back to its source
    Refund(Decide),
    /// Tries again what was tried before
    Retry(Decide),
    /// Takes a thing out of the list: it was settled elsewhere, or nothing is to be done
    Close(Decide),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only callback, charge, notification, period, receipt or refund
    #[arg(long)]
    kind: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// Its name in the list
    id: String,
    /// Who decides: the name of a member of staff
    #[arg(long)]
    by: String,
    /// Why; kept for ever
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(overrides: &Overrides, command: ReviewCommand) -> Result<(), Failure> {
    let (settings, services) = tool(overrides).await?;
    match command {
        ReviewCommand::List(arguments) => list(&services.recovery, &arguments).await,
        ReviewCommand::Show { id } => show(&services.recovery, &id).await,
        ReviewCommand::Refund(decide) => take(&services, &decide, ReviewAction::Refund).await,
        ReviewCommand::Retry(decide) => {
            expect_gateway(&settings)?;
            take(&services, &decide, ReviewAction::Retry).await
        }
        ReviewCommand::Close(decide) => take(&services, &decide, ReviewAction::Close).await,
    }
}

async fn list(recovery: &RecoveryService, arguments: &List) -> Result<(), Failure> {
    let unknown = || Failure::setting("--kind", "callback, charge, notification, period, receipt or refund");
    let kind = match &arguments.kind {
        Some(code) => Some(ReviewKind::parse(code).ok_or_else(unknown)?),
        None => None,
    };
    let mut after = None;
    loop {
        let page = recovery.list(kind, after, RecoveryService::MAX_PAGE).await.context("review")?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(ReviewCursor { listed_at: last.listed_at, id: last.id.clone() });
        for item in &page {
            say(view(item));
        }
    }
}

async fn show(recovery: &RecoveryService, id: &str) -> Result<(), Failure> {
    let (item, decisions) = recovery.find(&named(id)?).await.context("review")?;
    if item.is_none() && decisions.is_empty() {
        return Err(Failure::setting("ID", "there is no such thing in the list"));
    }
    let decisions: Vec<_> = decisions.iter().map(decided).collect();
    say(json!({ "item": item.as_ref().map(view), "decisions": decisions }));
    Ok(())
}

async fn take(services: &Services, decide: &Decide, action: ReviewAction) -> Result<(), Failure> {
    let user = find_user(services, &decide.by).await?;
    if user.role != Role::Staff {
        return Err(Failure::setting("--by", "not a member of staff"));
    }
    let reason = DecisionReason::parse(&decide.reason);
    let reason = reason.ok_or_else(|| Failure::setting("--reason", "1 to 255 characters"))?;
    let decision = services.recovery.decide(user.id, named(&decide.id)?, action, reason).await;
    say(decided(&decision.context("review")?));
    Ok(())
}

fn named(id: &str) -> Result<ReviewId, Failure> {
    ReviewId::parse(id).ok_or_else(|| Failure::setting("ID", "not a name in the list, such as receipt-ch_…"))
}

fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn view(item: &ReviewItem) -> Value {
    json!({
        "id": item.id.to_string(),
        "kind": item.id.kind.code(),
        "subject": item.subject,
        "user_id": item.user_id.map(UserId::get),
        "amount_fen": item.amount.map(Money::fen),
        "reason": item.reason,
        "since": time(item.since),
        "listed_at": time(item.listed_at),
        "actions": actions(item).into_iter().map(ReviewAction::code).collect::<Vec<_>>(),
    })
}

fn decided(decision: &ReviewDecision) -> Value {
    json!({
        "id": decision.id.to_string(),
        "action": decision.action.code(),
        "decided_by": decision.by.get(),
        "reason": decision.reason.as_str(),
        "decided_at": time(decision.at),
    })
}

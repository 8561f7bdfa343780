//! How staff adds to a balance.

use super::error::AdjustRefusal;
use super::model::AdjustBalance;
use crate::events::{Event, EventBody};
use crate::ledger::{self, PostedEntry, Wallet};

/// What an adjustment writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustPlan {
    /// The entry.
    pub posted: PostedEntry,
    /// What happened.
    pub events: Vec<Event>,
}

/// An adjustment is an entry with a reason, never an edit.
///
/// # Errors
/// [`AdjustRefusal`].
pub fn adjust_balance(command: &AdjustBalance, wallet: &Option<Wallet>) -> Result<AdjustPlan, AdjustRefusal> {
    let wallet = wallet.as_ref().ok_or(AdjustRefusal::UserNotFound)?;
    if command.reason.trim().is_empty() {
        return Err(AdjustRefusal::NoReason);
    }
    let entry = ledger::adjust_balance(&command.reason, command.bucket, command.amount)?;
    let body = EventBody::BalanceAdjusted { amount: command.amount, reason: command.reason.clone() };
    let event = Event { id: command.event_id, user_id: command.user_id, at: command.at, body };
    Ok(AdjustPlan { posted: ledger::post(wallet, entry)?, events: vec![event] })
}

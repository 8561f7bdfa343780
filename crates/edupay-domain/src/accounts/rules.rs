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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::{EventId, UserId};
    use crate::ledger::{Bucket, EntryKind, LedgerError};
    use crate::money::Money;

    fn command(bucket: Bucket, amount: u32, reason: &str) -> AdjustBalance {
        AdjustBalance {
            user_id: UserId::try_new(1).unwrap(),
            bucket,
            amount: Money::from_fen_u32(amount),
            reason: reason.to_owned(),
            at: Timestamp::default(),
            event_id: EventId::from_random(7),
        }
    }

    #[test]
    fn an_adjustment_adds_to_one_balance_under_its_reason() {
        let wallet = Wallet { debt: Money::from_fen_u32(9), ..Wallet::new(UserId::try_new(1).unwrap()) };
        for bucket in [Bucket::Bonus, Bucket::Iap, Bucket::Cash] {
            let plan = adjust_balance(&command(bucket, 5, "a gift"), &Some(wallet)).unwrap();
            let (entry, after) = (&plan.posted.entry, plan.posted.wallet);
            assert_eq!((entry.kind(), entry.reference()), (EntryKind::AdjustBalance, "a gift"));
            let [bonus, iap, cash] = [Bucket::Bonus, Bucket::Iap, Bucket::Cash]
                .map(|other| if other == bucket { Money::from_fen_u32(5) } else { Money::ZERO });
            assert_eq!(after, Wallet { bonus, iap, cash, entries: 1, ..wallet }, "it pays no debt");
            assert_eq!(plan.events.len(), 1);
        }
    }

    #[test]
    fn an_adjustment_needs_somebody_a_reason_and_an_amount() {
        let wallet = Some(Wallet::new(UserId::try_new(1).unwrap()));
        for (command, wallet, refusal) in [
            (command(Bucket::Cash, 5, "a gift"), &None, AdjustRefusal::UserNotFound),
            (command(Bucket::Cash, 5, ""), &wallet, AdjustRefusal::NoReason),
            (command(Bucket::Cash, 5, " \t"), &wallet, AdjustRefusal::NoReason),
            (command(Bucket::Cash, 0, "a gift"), &wallet, AdjustRefusal::Ledger(LedgerError::Empty)),
        ] {
            assert_eq!(adjust_balance(&command, wallet), Err(refusal));
        }
    }
}

//! What a newer observation of a transaction changes: what was given back is taken back, and given again
//! when the App Store took it back.

use super::commands::{ObserveTransaction, Unclaimed};
use super::kept::AppStoreRecord;
use super::model::{RefundedShare, StoreEnvironment};
use super::purchase::{AppStoreClaim, AppStorePurchase, Observation};
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::ids::EventId;
use crate::ledger::{self, Bucket, LedgerError, PostedEntry, Split, Wallet, give_back, post, take_back};
use crate::money::Money;

/// What a rule about a transaction sees, the claim locked before the wallet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransactionView {
    /// The row of the transaction, if there is one.
    pub claim: Option<AppStoreClaim>,
    /// The purchase of the claim's user.
    pub purchase: Option<AppStorePurchase>,
    /// The wallet of the claim's user; where nobody has claimed the transaction, of the user who wants to.
    pub wallet: Option<Wallet>,
    /// What one piece cost when it was bought, where it is to be credited; `None` for an unknown product.
    pub price: Option<Money>,
}

/// What a plan about a transaction writes; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransactionWrites {
    /// The claim in its next state, new or not.
    pub claim: Option<AppStoreClaim>,
    /// The purchase in its next state, new or not.
    pub purchase: Option<AppStorePurchase>,
    /// An entry, and the wallet after it.
    pub posted: Option<PostedEntry>,
    /// What staff should see; one that is there stays.
    pub record: Option<AppStoreRecord>,
    /// What happened.
    pub events: Vec<Event>,
}

impl TransactionWrites {
    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What came of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// It is newer than what was known, and counts from now on.
    Newer,
    /// As new a one is known.
    Known,
    /// Nobody has claimed the transaction, and it was left so.
    Left,
}

/// What an observation writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservePlan {
    /// What came of it.
    pub observed: Observed,
    /// What is written.
    pub writes: TransactionWrites,
}

/// A newer observation counts; an older or equal one changes nothing. What is taken back or given again is
/// the difference to what was taken before, so a repeat takes nothing.
///
/// # Errors
/// [`LedgerError`] when an amount can't be booked.
pub fn observe_transaction(command: &ObserveTransaction, view: &TransactionView) -> Result<ObservePlan, LedgerError> {
    let seen = command.transaction.observation();
    let plan = |observed, writes| Ok(ObservePlan { observed, writes });
    match (&view.claim, command.unclaimed) {
        (None, Unclaimed::Left) => plan(Observed::Left, TransactionWrites::default()),
        (None, Unclaimed::Remembered) => {
            let claim = AppStoreClaim { key: command.transaction.key(), user_id: None, newest: seen };
            plan(Observed::Newer, TransactionWrites { claim: Some(claim), ..TransactionWrites::default() })
        }
        (Some(_), _) => match follow(view, seen, command.at, command.event_id)? {
            Some(writes) => plan(Observed::Newer, writes),
            None => plan(Observed::Known, TransactionWrites::default()),
        },
    }
}

/// What a newer observation makes of a claimed transaction; `None` when it is not newer.
pub(super) fn follow(
    view: &TransactionView,
    seen: Observation,
    at: Timestamp,
    event_id: EventId,
) -> Result<Option<TransactionWrites>, LedgerError> {
    let Some(claim) = view.claim.as_ref().filter(|claim| seen.signed_at > claim.newest.signed_at) else {
        return Ok(None);
    };
    let before = claim.newest.refunded;
    let next = TransactionWrites {
        claim: Some(AppStoreClaim { newest: seen, ..claim.clone() }),
        ..TransactionWrites::default()
    };
    let (Some(purchase), Some(wallet)) = (&view.purchase, &view.wallet) else { return Ok(Some(next)) };
    let Some((posted, clawed_back, body)) = moved(purchase, wallet, before, seen.refunded)? else {
        return Ok(Some(next));
    };
    Ok(Some(TransactionWrites {
        purchase: Some(AppStorePurchase { clawed_back, ..purchase.clone() }),
        posted: Some(posted),
        events: vec![Event { id: event_id, user_id: purchase.user_id, at, body }],
        ..next
    }))
}

/// An entry, what is clawed back after it, and what happened.
type Moved = (PostedEntry, Money, EventBody);

/// What moves when the refunded share changes; `None` when nothing does.
fn moved(
    purchase: &AppStorePurchase,
    wallet: &Wallet,
    before: RefundedShare,
    after: RefundedShare,
) -> Result<Option<Moved>, LedgerError> {
    let overflow = LedgerError::Overflow;
    let target = share_of(purchase.credited, after).ok_or(overflow)?;
    // Of play money less may have been taken than was to be; what was let go is not asked for again.
    let asked = share_of(purchase.credited, before).ok_or(overflow)?;
    if let Some(more) = target.checked_sub(asked).filter(|more| !more.is_zero()) {
        return claw_back(purchase, wallet, more);
    }
    match purchase.clawed_back.checked_sub(target).filter(|back| !back.is_zero()) {
        Some(back) => restore(purchase, wallet, back).map(Some),
        None => Ok(None),
    }
}

fn claw_back(purchase: &AppStorePurchase, wallet: &Wallet, more: Money) -> Result<Option<Moved>, LedgerError> {
    let reference = purchase.key.to_string();
    let (entry, taken, debt) = match purchase.key.environment {
        StoreEnvironment::Production => {
            let recovery = take_back(wallet, more, &[Bucket::Iap, Bucket::Bonus, Bucket::Cash]);
            (ledger::claw_back_app_store_purchase(&reference, recovery)?, more, recovery.owed)
        }
        StoreEnvironment::Sandbox => {
            let taken = take_back(wallet, more, &[Bucket::Bonus]).taken.bonus;
            if taken.is_zero() {
                return Ok(None);
            }
            (ledger::claw_back_app_store_play_money(&reference, taken)?, taken, Money::ZERO)
        }
    };
    let clawed_back = purchase.clawed_back.checked_add(taken).ok_or(LedgerError::Overflow)?;
    let transaction_id = purchase.key.id.clone();
    let body = EventBody::AppStoreClawedBack { transaction_id, amount: taken, debt };
    Ok(Some((post(wallet, entry)?, clawed_back, body)))
}

fn restore(purchase: &AppStorePurchase, wallet: &Wallet, back: Money) -> Result<Moved, LedgerError> {
    let reference = purchase.key.to_string();
    let (entry, debt) = match purchase.key.environment {
        StoreEnvironment::Production => {
            let given = give_back(wallet, Split::of(Bucket::Iap, back));
            (ledger::restore_app_store_purchase(&reference, given)?, given.debt)
        }
        StoreEnvironment::Sandbox => (ledger::restore_app_store_play_money(&reference, back)?, Money::ZERO),
    };
    let clawed_back = purchase.clawed_back.checked_sub(back).ok_or(LedgerError::BelowZero)?;
    let body = EventBody::AppStoreRestored { transaction_id: purchase.key.id.clone(), amount: back, debt };
    Ok((post(wallet, entry)?, clawed_back, body))
}

/// A share of an amount, rounded down to whole fen.
pub(super) fn share_of(amount: Money, share: RefundedShare) -> Option<Money> {
    let product = i128::from(amount.fen()).checked_mul(i128::from(share.milli_percent()))?;
    let fen = product.checked_div(i128::from(RefundedShare::FULL.milli_percent()))?;
    Money::try_from_fen(i64::try_from(fen).ok()?).ok()
}

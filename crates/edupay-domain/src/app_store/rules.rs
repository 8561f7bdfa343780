//! When a purchase is credited.

use super::commands::{CreditPurchase, MissingToken, SandboxCredit};
use super::error::RedeemRefusal;
use super::kept::{AppStoreRecord, RecordVerdict};
use super::model::{AppStoreTransaction, Ownership, ProductType, RefundedShare, SignedText, StoreEnvironment};
use super::purchase::{AppStoreClaim, AppStorePurchase, Observation};
use super::rules_observe::{TransactionView, TransactionWrites, follow};
use crate::events::{Event, EventBody};
use crate::ledger::{self, LedgerError, PostedEntry, post};
use crate::money::Money;

/// The currency of our prices.
const CURRENCY: &str = "CNY";
/// Thousandths of a yuan in a fen.
const MILLI_UNITS_PER_FEN: i64 = 10;

/// Whether a purchase was credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditVerdict {
    /// It was, now.
    Credited(AppStorePurchase),
    /// It was credited to this user before; nothing was credited now.
    AlreadyCredited(AppStorePurchase),
    /// It was not, and what the plan writes tells why or follows from what was seen.
    Refused(RedeemRefusal),
}

/// What crediting writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditPlan {
    /// What came of it.
    pub verdict: CreditVerdict,
    /// What is written.
    pub writes: TransactionWrites,
}

/// A verified purchase is credited once, over all users, for what its product cost when it was bought:
/// never for what the client says, nor for what the App Store recorded as its price. The text is an
/// observation as well: one that is newer counts whatever comes of the credit.
///
/// # Errors
/// [`RedeemRefusal`] where nothing is to be written; a refusal that writes is in the plan.
pub fn credit_purchase(command: &CreditPurchase, view: &TransactionView) -> Result<CreditPlan, RedeemRefusal> {
    let seen = command.transaction.observation();
    let followed = follow(view, seen, command.at, command.event_id).map_err(too_large)?;
    let newest = view.claim.as_ref().map_or(seen, |claim| claim.newest.or_newer(seen));
    let mut writes = followed.unwrap_or_default();
    match judge(command, view, newest.refunded) {
        Ok(Due::Nothing(purchase)) => {
            let purchase = writes.purchase.clone().unwrap_or(purchase);
            Ok(CreditPlan { verdict: CreditVerdict::AlreadyCredited(purchase), writes })
        }
        Ok(Due::Credit { unit_price, total }) => credited(command, view, newest, unit_price, total),
        Err(refusal) => {
            writes.record = verdict_on_record(refusal).map(|verdict| record(command, verdict));
            if writes.is_empty() {
                return Err(refusal);
            }
            Ok(CreditPlan { verdict: CreditVerdict::Refused(refusal), writes })
        }
    }
}

/// What a purchase that passes every check comes to.
enum Due {
    /// It was credited to the same user.
    Nothing(AppStorePurchase),
    /// It is to be credited.
    Credit { unit_price: Money, total: Money },
}

fn judge(command: &CreditPurchase, view: &TransactionView, refunded: RefundedShare) -> Result<Due, RedeemRefusal> {
    let (transaction, policy) = (&command.transaction, &command.policy);
    if transaction.product_type != ProductType::Consumable {
        return Err(RedeemRefusal::NotConsumable);
    }
    if transaction.ownership != Ownership::Purchased {
        return Err(RedeemRefusal::NotPurchased);
    }
    if !(1..=policy.max_quantity).contains(&transaction.quantity) {
        return Err(RedeemRefusal::QuantityOutOfBounds);
    }
    let own = view.purchase.as_ref().filter(|purchase| purchase.user_id == command.user_id);
    // The same proof again is the same success (contract section 4), whatever was taken back since.
    if refunded != RefundedShare::NONE && own.is_none() {
        return Err(RedeemRefusal::Refunded);
    }
    let unit_price = view.price.ok_or(RedeemRefusal::ProductUnknown)?;
    match (transaction.app_account_token, policy.missing_token) {
        (Some(token), _) if token == command.token => {}
        (Some(_), _) => return Err(RedeemRefusal::TokenDiffers),
        (None, MissingToken::Refused) => return Err(RedeemRefusal::TokenMissing),
        (None, MissingToken::TakenByTheFirst) => {}
    }
    let total = match own {
        Some(purchase) => purchase.credited,
        None => times(unit_price, transaction.quantity).ok_or(RedeemRefusal::AmountTooLarge)?,
    };
    if command.claimed.is_some_and(|claimed| claimed != total) {
        return Err(RedeemRefusal::AmountDiffers);
    }
    match view.claim.as_ref().and_then(|claim| claim.user_id) {
        Some(user_id) if user_id != command.user_id => return Err(RedeemRefusal::OtherUser),
        // A claim of a user has its purchase.
        Some(_) => return own.cloned().map(Due::Nothing).ok_or(RedeemRefusal::OtherUser),
        None => {}
    }
    match (transaction.environment, policy.sandbox) {
        (StoreEnvironment::Sandbox, SandboxCredit::Withheld) => Err(RedeemRefusal::SandboxNotCredited),
        _ => Ok(Due::Credit { unit_price, total }),
    }
}

fn credited(
    command: &CreditPurchase,
    view: &TransactionView,
    newest: Observation,
    unit_price: Money,
    total: Money,
) -> Result<CreditPlan, RedeemRefusal> {
    let (posted, debt) = booked(command, view, total).map_err(too_large)?;
    let transaction = &command.transaction;
    let purchase = AppStorePurchase {
        user_id: command.user_id,
        key: transaction.key(),
        product_id: transaction.product_id.clone(),
        quantity: transaction.quantity,
        unit_price,
        credited: total,
        clawed_back: Money::ZERO,
        purchased_at: transaction.purchased_at,
        credited_at: command.at,
        price: transaction.price.clone(),
        signed: SignedText(transaction.signed.clone()),
    };
    let body = EventBody::AppStoreCredited { transaction_id: transaction.id.clone(), amount: total, debt };
    let writes = TransactionWrites {
        claim: Some(AppStoreClaim { key: transaction.key(), user_id: Some(command.user_id), newest }),
        purchase: Some(purchase.clone()),
        posted: Some(posted),
        record: price_differs(transaction, unit_price, total).then(|| record(command, RecordVerdict::PriceDiffers)),
        events: vec![Event { id: command.event_id, user_id: command.user_id, at: command.at, body }],
    };
    Ok(CreditPlan { verdict: CreditVerdict::Credited(purchase), writes })
}

/// The entry, and how much of it pays a debt.
fn booked(command: &CreditPurchase, view: &TransactionView, total: Money) -> Result<(PostedEntry, Money), LedgerError> {
    let wallet = view.wallet.as_ref().ok_or(LedgerError::BelowZero)?;
    let reference = command.transaction.key().to_string();
    match command.transaction.environment {
        StoreEnvironment::Production => {
            let entry = ledger::credit_app_store_purchase(&reference, wallet, total)?;
            Ok((post(wallet, entry)?, wallet.debt.min(total)))
        }
        StoreEnvironment::Sandbox => {
            Ok((post(wallet, ledger::credit_app_store_play_money(&reference, total)?)?, Money::ZERO))
        }
    }
}

fn too_large(_: LedgerError) -> RedeemRefusal {
    RedeemRefusal::AmountTooLarge
}

fn times(price: Money, quantity: i64) -> Option<Money> {
    Money::try_from_fen(price.fen().checked_mul(quantity)?).ok()
}

/// Whether the App Store recorded a price in our currency that is neither that of one piece nor that of
/// all: which of the two it records is not documented.
fn price_differs(transaction: &AppStoreTransaction, unit_price: Money, total: Money) -> bool {
    let recorded = transaction.price.as_ref().filter(|price| price.currency == CURRENCY);
    recorded.is_some_and(|price| {
        [unit_price, total].into_iter().all(|ours| {
            ours.fen().checked_mul(MILLI_UNITS_PER_FEN).is_none_or(|milli_units| milli_units != price.milli_units)
        })
    })
}

/// What of a refused transaction staff should see.
fn verdict_on_record(refusal: RedeemRefusal) -> Option<RecordVerdict> {
    match refusal {
        RedeemRefusal::TokenDiffers | RedeemRefusal::OtherUser => Some(RecordVerdict::OtherUser),
        RedeemRefusal::SandboxNotCredited => Some(RecordVerdict::SandboxNotCredited),
        _ => None,
    }
}

fn record(command: &CreditPurchase, verdict: RecordVerdict) -> AppStoreRecord {
    AppStoreRecord {
        key: command.transaction.key(),
        user_id: command.user_id,
        verdict,
        source: command.source,
        received_at: command.at,
        signed: SignedText(command.transaction.signed.clone()),
    }
}

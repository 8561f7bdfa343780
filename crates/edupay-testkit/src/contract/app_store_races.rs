//! Claims about what many do with one transaction of the App Store at once.

use super::races::{at_once, counted, holds, until_answered};
use super::{Case, StoreHarness, Verdict};
use crate::app_store::signed;
use edupay_domain::accounts::User;
use edupay_domain::app_store::{
    AppStorePurchaseStore, AppStoreTransaction, CreditPolicy, CreditPurchase, CreditVerdict, MissingToken,
    ObserveTransaction, Observed, RedeemRefusal, credit_purchase, observe_transaction,
};
use edupay_domain::ledger::LedgerError;
use edupay_domain::store::EffectError;
use std::sync::Arc;

/// How many do the same at once.
const CLIENTS: u32 = 32;

async fn credit(
    store: Arc<dyn AppStorePurchaseStore>,
    command: CreditPurchase,
) -> Result<CreditVerdict, EffectError<RedeemRefusal>> {
    until_answered(|| store.credit(&command, credit_purchase)).await
}

async fn observe(
    store: Arc<dyn AppStorePurchaseStore>,
    command: ObserveTransaction,
) -> Result<Observed, EffectError<LedgerError>> {
    until_answered(|| store.observe(&command, observe_transaction)).await
}

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// Bought without a token: the first who brings it has it.
    fn first_come(&self, user: &User, transaction: &AppStoreTransaction) -> CreditPurchase {
        let command = self.credit_command(user, transaction);
        let policy = CreditPolicy { missing_token: MissingToken::TakenByTheFirst, ..command.policy };
        CreditPurchase { policy, ..command }
    }

    async fn iap_together(&self, users: &[&User]) -> i64 {
        let mut sum = 0_i64;
        for user in users {
            sum = sum.saturating_add(self.wallet(user.id).await.iap.fen());
        }
        sum
    }
}

/// 32 devices of two users bring one transaction: it is credited once, to one of them.
///
/// # Errors
/// What broke the claim.
pub async fn one_transaction_is_credited_once_to_one_of_two_users<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    let product = case.product(600).await;
    for _ in 0..rounds {
        let (one, other) = (case.user().await, case.user().await);
        let bought = case.transaction(&one, &product);
        let transaction = signed(AppStoreTransaction { app_account_token: None, ..bought });
        let commands = (0..CLIENTS).map(|client| {
            let user = if client.is_multiple_of(2) { &one } else { &other };
            credit(harness.app_store_purchases(), case.first_come(user, &transaction))
        });
        let answers = at_once(commands).await?;
        counted(&answers, "Credited", 1, |answer| matches!(answer, Ok(CreditVerdict::Credited(_))))?;
        counted(&answers, "AlreadyCredited", 15, |answer| matches!(answer, Ok(CreditVerdict::AlreadyCredited(_))))?;
        counted(&answers, "OtherUser", 16, |answer| {
            matches!(answer, Ok(CreditVerdict::Refused(RedeemRefusal::OtherUser)))
        })?;
        let credited = case.iap_together(&[&one, &other]).await;
        holds(credited == 600, || format!("{credited} fen were credited"))?;
    }
    case.audited().await
}

/// A device, the App Store's notification of the purchase and one of its refund, many times at once:
/// whoever comes first, in the end it was credited at most once and all of it is taken back.
///
/// # Errors
/// What broke the claim.
pub async fn a_device_and_notifications_at_once_end_in_one_state<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    let product = case.product(600).await;
    for round in 0..rounds {
        let user = case.user().await;
        let transaction = case.transaction(&user, &product);
        let refund = case.seen(&transaction, 2, 100_000);
        let reversed = case.seen(&transaction, 3, 0);
        let is_reversed = round.is_multiple_of(2);
        let tasks = (0..CLIENTS).map(|client| {
            let store = harness.app_store_purchases();
            let bring = case.credit_command(&user, &transaction);
            let seen = match client % 4 {
                0 | 1 => None,
                2 => Some(case.observe_command(&refund)),
                _ => Some(case.observe_command(if is_reversed { &reversed } else { &refund })),
            };
            async move {
                match seen {
                    None => match credit(store, bring).await {
                        Ok(CreditVerdict::Credited(_)) => Ok(1_usize),
                        Ok(_) | Err(EffectError::Refused(RedeemRefusal::Refunded)) => Ok(0),
                        Err(error) => Err(format!("{error:?}")),
                    },
                    Some(command) => observe(store, command).await.map(|_| 0).map_err(|error| format!("{error:?}")),
                }
            }
        });
        let mut credits = 0_usize;
        for answer in at_once(tasks).await? {
            credits = credits.saturating_add(answer?);
        }
        holds(credits <= 1, || format!("{credits} credits"))?;
        // What the refund blocked goes through when it is reversed; what it did not is taken back.
        let last = credit(harness.app_store_purchases(), case.credit_command(&user, &transaction)).await;
        let had = matches!(last, Ok(CreditVerdict::Credited(_) | CreditVerdict::AlreadyCredited(_)));
        holds(had == (is_reversed || credits == 1), || format!("in the end {last:?}"))?;
        let (wallet, expected) = (case.wallet(user.id).await, if is_reversed { 600 } else { 0 });
        holds(wallet.iap.fen() == expected && wallet.debt.is_zero(), || format!("in the end {wallet:?}"))?;
    }
    case.audited().await
}

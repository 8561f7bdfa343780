//! Claims about what many do with one key at once.

use super::idempotency::{claim_of, once, reply};
use super::races::{at_once, counted, holds, until_answered};
use super::{Case, StoreHarness, Verdict};
use edupay_domain::idempotency::{
    ClaimKey, ClaimPlan, IdempotencyStore, KeyedOutcome, KeyedRequest, Once, SettleKey, claim_key, settle_key,
};
use edupay_domain::orders::{OrderStore, PaidOrder, PayFromBalance, PayRefusal, pay_from_balance};
use edupay_domain::store::{EffectError, StoreError};
use std::convert::Infallible;
use std::sync::Arc;

/// How many do the same at once.
const CLIENTS: u32 = 32;
/// All of them but one.
const OTHERS: usize = 31;

async fn answered<T, F>(send: impl Fn() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let sent = until_answered(|| async { send().await.map_err(EffectError::<Infallible>::Store) });
    sent.await.map_err(|error| format!("{error:?}"))
}

async fn claim(store: Arc<dyn IdempotencyStore>, command: ClaimKey) -> Result<ClaimPlan, String> {
    answered(|| store.claim(&command, claim_key)).await
}

async fn pay(
    store: Arc<dyn OrderStore>,
    command: PayFromBalance,
    once: Once<Result<PaidOrder, PayRefusal>>,
) -> Result<KeyedOutcome, String> {
    answered(|| store.pay_from_balance_once(&command, pay_from_balance, &once)).await
}

/// 32 claim one key: one gets it, the others are told that it runs. When it is answered, all are told so.
///
/// # Errors
/// What broke the claim.
pub async fn a_key_is_claimed_by_one_of_many<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    for _ in 0..rounds {
        let request = case.keyed(user_id);
        let commands: Vec<_> = (0..CLIENTS).map(|_| case.key_command(&request)).collect();
        let answers = at_once(commands.iter().map(|command| claim(harness.idempotency(), command.clone()))).await?;
        counted(&answers, "Grant", 1, |answer| matches!(answer, Ok(ClaimPlan::Grant(_))))?;
        counted(&answers, "Running", OTHERS, |answer| matches!(answer, Ok(ClaimPlan::Deny(KeyedOutcome::Running))))?;
        let winner = commands.iter().zip(&answers).find(|(_, answer)| matches!(answer, Ok(ClaimPlan::Grant(_))));
        let Some((winner, _)) = winner else { return Err("nobody won".to_owned()) };
        let settle = SettleKey { claim: claim_of(winner), reply: Some(reply("won")), at: request.at };
        let settled = harness.idempotency().settle(&settle, settle_key).await;
        holds(matches!(&settled, Ok(KeyedOutcome::First(_))), || format!("the winner heard {settled:?}"))?;
        let answers = at_once(commands.iter().map(|command| claim(harness.idempotency(), command.clone()))).await?;
        counted(
            &answers,
            "Replayed",
            answers.len(),
            |answer| matches!(answer, Ok(ClaimPlan::Deny(KeyedOutcome::Replayed(found))) if *found == reply("won")),
        )?;
    }
    Ok(())
}

/// 32 take over a lease that has run out: one gets it.
///
/// # Errors
/// What broke the claim.
pub async fn a_lease_is_taken_over_by_one_of_many<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    for _ in 0..rounds {
        let first = case.key_command(&case.keyed(user_id));
        claim(harness.idempotency(), first.clone()).await?;
        let later = KeyedRequest { at: first.until, ..first.request };
        let answers = at_once((0..CLIENTS).map(|_| claim(harness.idempotency(), case.key_command(&later)))).await?;
        counted(&answers, "Grant", 1, |answer| matches!(answer, Ok(ClaimPlan::Grant(_))))?;
        counted(&answers, "Running", OTHERS, |answer| matches!(answer, Ok(ClaimPlan::Deny(KeyedOutcome::Running))))?;
    }
    Ok(())
}

/// 32 send one payment under one key, to orders of one price that are told apart by nothing but luck: one is
/// the first, all others replay its reply, and it is paid once.
///
/// # Errors
/// What broke the claim.
pub async fn one_keyed_payment_of_many_happens_once<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let course = case.course(100).await;
    for _ in 0..rounds {
        let buyer = case.buyer(0, 0, 100 * CLIENTS).await;
        // An order each, so that the order's own state does not stand in the way: only the key does.
        let mut orders = Vec::new();
        for _ in 0..CLIENTS {
            orders.push(case.order_of(buyer, &[case.course(100).await]).await);
        }
        let once = once(case.keyed(buyer));
        let payments = orders.iter().map(|order| pay(harness.orders(), case.pay_command(order), once.clone()));
        let answers = at_once(payments).await?;
        counted(&answers, "First", 1, |answer| matches!(answer, Ok(KeyedOutcome::First(_))))?;
        let first = answers.iter().find_map(|answer| match answer {
            Ok(KeyedOutcome::First(reply)) => Some(reply.clone()),
            _ => None,
        });
        counted(
            &answers,
            "Replayed",
            OTHERS,
            |answer| matches!(answer, Ok(KeyedOutcome::Replayed(found)) if Some(found) == first.as_ref()),
        )?;
        let left = case.wallet(buyer).await.cash.fen();
        holds(left == i64::from(100 * (CLIENTS - 1)), || format!("{left} fen are left"))?;
        // The same users' payments without keys go on.
        let order = case.order_of(buyer, std::slice::from_ref(&course)).await;
        let paid = case.pay(&order).await;
        holds(paid.is_ok(), || format!("without a key: {paid:?}"))?;
    }
    case.audited().await
}

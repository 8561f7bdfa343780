//! Claims about what many do at once to give money back. Each runs a number of rounds and answers what
//! broke it.

use super::races::{at_once, counted, holds, until_answered};
use super::{Case, StoreHarness, Verdict};
use crate::fixtures::fen;
use edupay_domain::money::Money;
use edupay_domain::payments::RefundStatus;
use edupay_domain::refunds::{
    ClaimedRefund, Refund, RefundRefusal, RefundStage, RefundStore, RefundTarget, RequestRefund, claim_refund_work,
    record_gateway_refund, request_refund,
};
use edupay_domain::store::EffectError;
use std::sync::Arc;

/// How many ask at once.
const ASKING: u32 = 32;

async fn ask(store: Arc<dyn RefundStore>, command: RequestRefund) -> Result<Refund, EffectError<RefundRefusal>> {
    until_answered(|| store.request(&command, request_refund)).await
}

/// Thirty-two refunds of 40 % of an order, under numbers of their own: two at the most.
///
/// # Errors
/// What broke the claim.
pub async fn parts_of_an_order_never_pass_the_whole<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    for round in 0..rounds {
        // Sometimes at once into the balances, sometimes only reserved for the gateway.
        let order = match round % 2 {
            0 => case.spent_on(30, 30, 40).await,
            _ => case.charged(100).await.0,
        };
        let commands = (0..ASKING).map(|_| case.order_refund(&order, Some(40)));
        let answers = at_once(commands.map(|command| ask(harness.refunds(), command)).collect::<Vec<_>>()).await?;
        counted(&answers, "taken on", 2, Result::is_ok)?;
        let above = |answer: &_| matches!(answer, Err(EffectError::Refused(RefundRefusal::AboveLeft { .. })));
        counted(&answers, "AboveLeft", 30, above)?;
        let reserved = Money::checked_sum(case.refunds(&order).await.iter().map(Refund::reserved));
        holds(reserved == Some(fen(80)), || format!("{reserved:?} is reserved"))?;
    }
    case.audited().await
}

/// Sixteen clients send the same refund: it is one.
///
/// # Errors
/// What broke the claim.
pub async fn one_number_is_one_refund<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    for _ in 0..rounds {
        let order = case.spent_on(0, 0, 1_600).await;
        let command = case.order_refund(&order, Some(100));
        let commands = (0..16).map(|_| RequestRefund { event_id: case.event_id(), ..command.clone() });
        let answers = at_once(commands.map(|command| ask(harness.refunds(), command)).collect::<Vec<_>>()).await?;
        counted(&answers, "the refund", answers.len(), Result::is_ok)?;
        let cash = case.wallet(order.user_id).await.cash;
        holds(cash == fen(100), || format!("{cash} came back, not 1.00"))?;
    }
    case.audited().await
}

/// Refunds into the balance race with one made at the gateway: together they never cost more than was
/// paid, whoever is first.
///
/// # Errors
/// What broke the claim.
pub async fn refunds_here_and_at_the_gateway_never_pass_the_whole<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    for round in 0..rounds {
        let (order, charge_id) = case.charged(100).await;
        let word = case.made_there(&order, &charge_id, 80);
        let to_balance =
            |amount| RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, Some(amount)) };
        let here = [30, 40, 50].map(|amount| {
            let (store, command) = (harness.refunds(), to_balance(amount));
            tokio::spawn(async move { drop(ask(store, command).await) })
        });
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        let store = harness.refunds();
        let there = tokio::spawn(async move {
            until_answered(|| async {
                store.record(&word, record_gateway_refund).await.map_err(EffectError::<()>::Store)
            })
            .await
        });
        for task in here {
            task.await.map_err(|error| error.to_string())?;
        }
        let booked = there.await.map_err(|error| error.to_string())?.map_err(|error| format!("{error:?}"))?;
        let refunds = case.refunds(&order).await;
        let taken = Money::checked_sum(refunds.iter().map(Refund::reserved));
        holds(booked.is_some() && taken <= Some(fen(100)), || format!("{taken:?} of 1.00: {refunds:?}"))?;
        let wallet = case.wallet(order.user_id).await;
        let given: Option<Money> =
            Money::checked_sum(refunds.iter().filter(|refund| refund.charge_id.is_none()).map(Refund::succeeded));
        let owed = Money::checked_sum(refunds.iter().map(|refund| refund.recovered));
        let balanced = Money::checked_sum([wallet.cash].into_iter().chain(owed))
            == Money::checked_sum([wallet.debt].into_iter().chain(given));
        holds(balanced, || format!("{wallet:?} after {refunds:?}"))?;
    }
    case.audited().await
}

/// Thirty-two deliveries of one refund, ours or the gateway's own: it is booked once.
///
/// # Errors
/// What broke the claim.
pub async fn one_refund_of_the_gateway_is_booked_once<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    for round in 0..rounds {
        let (order, charge_id) = case.charged(1_000).await;
        let word = match round % 2 {
            0 => case.made_there(&order, &charge_id, 30),
            _ => {
                let refund = case.at_gateway(&case.order_refund(&order, Some(30))).await;
                case.word_of_ours(&refund, RefundStatus::Succeeded)
            }
        };
        let answers = at_once((0..ASKING).map(|_| {
            let (store, mut word) = (harness.refunds(), word.clone());
            word.event_id = case.event_id();
            async move {
                until_answered(|| async {
                    store.record(&word, record_gateway_refund).await.map_err(EffectError::<()>::Store)
                })
                .await
            }
        }))
        .await?;
        counted(&answers, "booked", answers.len(), |answer| matches!(answer, Ok(Some(_))))?;
        let done = case.refunds(&order).await;
        let succeeded = done.iter().filter(|refund| refund.stage == RefundStage::Succeeded).count();
        holds(succeeded == 1 && done.len() == 1, || format!("booked as {done:?}"))?;
        let entries = case.statement(order.user_id).await.len();
        holds(entries == 2, || format!("{entries} entries"))?;
    }
    case.audited().await
}

/// Eight workers claim one due refund: one may ask the gateway.
///
/// # Errors
/// What broke the claim.
pub async fn refund_work_is_claimed_by_one_worker<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    for _ in 0..rounds {
        let (order, _) = case.charged(100).await;
        let refund = case.ask(&case.order_refund(&order, None)).await.map_err(|error| format!("{error:?}"))?;
        let answers = at_once((0..8).map(|_| {
            let (store, command) = (harness.refunds(), case.work_command(&refund, 10));
            async move {
                until_answered(|| async {
                    store.claim(&command, claim_refund_work).await.map_err(EffectError::<()>::Store)
                })
                .await
            }
        }))
        .await?;
        counted(&answers, "Ask", 1, |answer| matches!(answer, Ok(ClaimedRefund::Ask(_))))?;
        counted(&answers, "Denied", 7, |answer| matches!(answer, Ok(ClaimedRefund::Denied)))?;
    }
    case.audited().await
}

//! Claims about work that several workers share: each thing is taken by one of them, and taken over when
//! whoever had it is not heard of again.

use super::app_store_inbox::kept;
use super::races::{at_once, holds, until_answered};
use super::{Case, StoreHarness, Verdict};
use crate::fixtures::minutes_after;
use edupay_domain::app_store::ClaimNotification;
use edupay_domain::clock::Timestamp;
use edupay_domain::payments::{ClaimInbound, ClaimLook, RefundClaim, claim_look, claim_refund};
use edupay_domain::refunds::{ClaimedRefund, claim_refund_work};
use edupay_domain::store::{EffectError, StoreError};
use std::future::Future;

/// How many workers there are.
const WORKERS: usize = 4;

/// Four workers go through the same rows, each from another place, and ask for each row that they come by.
/// Answers how often each row was given.
async fn given<K, F>(rows: &[K], ask: impl Fn(K) -> F + Clone + Send + Sync + 'static) -> Result<Vec<usize>, String>
where
    K: Clone + Send + Sync + 'static,
    F: Future<Output = Result<bool, StoreError>> + Send,
{
    let workers = (0..WORKERS).map(|worker| {
        let (rows, ask) = (rows.to_vec(), ask.clone());
        async move {
            let begin = rows.len().checked_div(WORKERS).unwrap_or_default().saturating_mul(worker);
            let mut mine = Vec::new();
            for (place, row) in rows.iter().enumerate().cycle().skip(begin).take(rows.len()) {
                let granted =
                    until_answered(|| async { ask(row.clone()).await.map_err(EffectError::<()>::Store) }).await;
                if granted.map_err(|error| format!("{error:?}"))? {
                    mine.push(place);
                }
            }
            Ok::<_, String>(mine)
        }
    });
    let mut given = vec![0_usize; rows.len()];
    for mine in at_once(workers.collect::<Vec<_>>()).await? {
        for place in mine? {
            if let Some(count) = given.get_mut(place) {
                *count = count.saturating_add(1);
            }
        }
    }
    Ok(given)
}

/// At the time at which all are due each is given once; while the lease runs nobody gets any; when it has run
/// out each is given once more. `ask` claims a row at a minute, for one minute.
async fn shared<K, F>(rows: &[K], due: i64, ask: impl Fn(K, i64) -> F + Clone + Send + Sync + 'static) -> Verdict
where
    K: Clone + Send + Sync + 'static,
    F: Future<Output = Result<bool, StoreError>> + Send + 'static,
{
    for (minute, times) in [(due, 1), (due, 0), (due.saturating_add(1), 1)] {
        let ask = ask.clone();
        let given = given(rows, move |row| ask(row, minute)).await?;
        let wrong = given.iter().filter(|count| **count != times).count();
        holds(wrong == 0, || format!("at minute {minute} {wrong} of {} were not given {times} times", rows.len()))?;
    }
    Ok(())
}

/// Attempts that are due are looked at by one worker each.
///
/// # Errors
/// What broke the claim.
pub async fn looks_are_shared_by_four_workers<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let mut rows = Vec::new();
    for _ in 0..rounds {
        let order = case.order(case.user().await.id, 100).await;
        rows.push(case.attempt(&order).await);
    }
    let (charges, start) = (harness.charges(), case.start());
    shared(&rows, 2, move |attempt, minute| {
        let charges = charges.clone();
        let (user_id, gateway_order_no) = (attempt.user_id, attempt.gateway_order_no);
        let (at, until) = lease(start, minute);
        async move {
            let command = ClaimLook { user_id, gateway_order_no, at, until };
            Ok(charges.claim_look(&command, claim_look).await?.is_some())
        }
    })
    .await
}

/// Callbacks that are due are tried by one worker each.
///
/// # Errors
/// What broke the claim.
pub async fn callbacks_are_shared_by_four_workers<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let mut rows = Vec::new();
    for _ in 0..rounds {
        let event = case.callback(1);
        harness.inbox().keep(&event).await.map_err(|error| error.to_string())?;
        rows.push(event.id);
    }
    let (inbox, start) = (harness.inbox(), case.start());
    shared(&rows, 1, move |id, minute| {
        let inbox = inbox.clone();
        let (at, until) = lease(start, minute);
        async move { inbox.claim(&ClaimInbound { id, at, until }).await }
    })
    .await
}

/// Notifications of the App Store that are due are worked on by one worker each.
///
/// # Errors
/// What broke the claim.
pub async fn notifications_are_shared_by_four_workers<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let mut rows = Vec::new();
    for _ in 0..rounds {
        let notification = kept(&case, 1).await;
        harness.app_store_inbox().keep(&notification).await.map_err(|error| error.to_string())?;
        rows.push(notification.id);
    }
    let (inbox, start) = (harness.app_store_inbox(), case.start());
    shared(&rows, 1, move |id, minute| {
        let inbox = inbox.clone();
        let (at, until) = lease(start, minute);
        async move { inbox.claim(&ClaimNotification { id, at, until }).await }
    })
    .await
}

/// Receipts that must go back are refunded by one worker each.
///
/// # Errors
/// What broke the claim.
pub async fn receipts_to_refund_are_shared_by_four_workers<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    let mut rows = Vec::new();
    for _ in 0..rounds {
        let receipt = case.due().await;
        rows.push((case.claim_command(&receipt, 4), case.claim_command(&receipt, 5)));
    }
    let receipts = harness.receipts();
    shared(&rows, 4, move |(now, later), minute| {
        let (receipts, command) = (receipts.clone(), if minute == 4 { now } else { later });
        async move { Ok(receipts.claim_refund(&command, claim_refund).await? != RefundClaim::Denied) }
    })
    .await
}

/// Refunds that are at the gateway are seen through by one worker each.
///
/// # Errors
/// What broke the claim.
pub async fn refunds_are_shared_by_four_workers<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let mut rows = Vec::new();
    for _ in 0..rounds {
        let (order, _) = case.charged(100).await;
        let refund = case.ask(&case.order_refund(&order, None)).await.map_err(|error| format!("{error:?}"))?;
        rows.push((case.work_command(&refund, 10), case.work_command(&refund, 11)));
    }
    let refunds = harness.refunds();
    shared(&rows, 10, move |(now, later), minute| {
        let (refunds, command) = (refunds.clone(), if minute == 10 { now } else { later });
        async move { Ok(refunds.claim(&command, claim_refund_work).await? != ClaimedRefund::Denied) }
    })
    .await
}

fn lease(start: Timestamp, minute: i64) -> (Timestamp, Timestamp) {
    (minutes_after(start, minute), minutes_after(start, minute.saturating_add(1)))
}

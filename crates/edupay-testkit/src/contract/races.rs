//! Claims about what many do at once. Each runs a number of rounds and answers what broke it.
//!
//! A client whose store answered that nothing was written sends the same command again, as the
//! port allows; an unknown outcome breaks the claim, since nothing here fails.

use super::{Case, StoreHarness, Verdict};
use edupay_domain::orders::{
    OpenChargePlan, OpenedCharge, Order, OrderStore, PaidOrder, PayFromBalance, PayRefusal, confirm_order_charge,
    open_order_charge, pay_from_balance,
};
use edupay_domain::payments::{Channel, Charge, ChargeAttempt, Confirmation, RefundClaim, claim_refund};
use edupay_domain::store::{EffectError, StoreFault};
use edupay_domain::top_ups::confirm_top_up;
use futures_util::future::join_all;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

/// How many do the same at once.
pub(super) const CLIENTS: u32 = 64;
/// All of them but one.
pub(super) const OTHERS: usize = 63;
/// How often a client sends again what was not written.
const REPEATS: u32 = 50;

/// Runs all of them at once and answers in their order.
pub(super) async fn at_once<F>(work: impl IntoIterator<Item = F>) -> Result<Vec<F::Output>, String>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let tasks: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    join_all(tasks).await.into_iter().collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// Sends the same command again for as long as the store says that nothing was written.
pub(super) async fn until_answered<T, R, F>(send: impl Fn() -> F) -> Result<T, EffectError<R>>
where
    F: Future<Output = Result<T, EffectError<R>>>,
{
    for _ in 0..REPEATS {
        match send().await {
            Err(EffectError::Store(error)) if error.fault() == StoreFault::Unavailable => {
                tokio::task::yield_now().await;
            }
            answer => return answer,
        }
    }
    send().await
}

async fn pay(store: Arc<dyn OrderStore>, command: PayFromBalance) -> Result<PaidOrder, EffectError<PayRefusal>> {
    until_answered(|| store.pay_from_balance(&command, pay_from_balance)).await
}

pub(super) fn holds(condition: bool, what: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(what()) }
}

pub(super) fn counted<T: Debug>(answers: &[T], what: &str, expected: usize, is: impl Fn(&T) -> bool) -> Verdict {
    let found = answers.iter().filter(|answer| is(answer)).count();
    holds(found == expected, || {
        let other = answers.iter().find(|answer| !is(answer));
        format!("{found} answers were {what}, not {expected}; one that was not: {other:?}")
    })
}

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    pub(super) async fn audited(&self) -> Verdict {
        let report = self.harness().ledger().audit().await.map_err(|error| error.to_string())?;
        holds(report.total_fen == 0, || format!("the ledger sums to {} fen", report.total_fen))?;
        holds(report.breaches.is_empty(), || format!("the audit found {:?}", report.breaches))
    }

    async fn balance_is(&self, order: &Order, expected: u32) -> Verdict {
        let balance = self.wallet(order.user_id).await.balance();
        let expected = crate::fixtures::fen(expected);
        holds(balance == Some(expected), || format!("the balance is {balance:?}, not {expected}"))
    }
}

/// 64 clients pay one order: one is told that it paid, the others that it was paid; it costs once.
///
/// # Errors
/// What broke the claim.
pub async fn one_order_is_paid_once_by_many_clients<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let course = case.course(100).await;
    for _ in 0..rounds {
        // Enough for all of them, so that only the order's state stands in the way.
        let buyer = case.buyer(0, 0, 100 * CLIENTS).await;
        let order = case.order_of(buyer, std::slice::from_ref(&course)).await;
        let answers = at_once((0..CLIENTS).map(|_| pay(harness.orders(), case.pay_command(&order)))).await?;
        counted(&answers, "Paid", 1, |answer| matches!(answer, Ok(PaidOrder::Paid { .. })))?;
        counted(&answers, "Paid or AlreadyPaid", answers.len(), Result::is_ok)?;
        case.balance_is(&order, 100 * (CLIENTS - 1)).await?;
    }
    case.audited().await
}

/// 64 orders of 64 courses, and a balance that is enough for one: one is paid, the others refused.
///
/// # Errors
/// What broke the claim.
pub async fn a_balance_is_spent_once_over_many_orders<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let courses = join_all((0..CLIENTS).map(|_| case.course(100))).await;
    for _ in 0..rounds {
        let buyer = case.buyer(30, 30, 40).await;
        let mut orders = Vec::new();
        for course in &courses {
            orders.push(case.order_of(buyer, std::slice::from_ref(course)).await);
        }
        let answers = at_once(orders.iter().map(|order| pay(harness.orders(), case.pay_command(order)))).await?;
        counted(&answers, "Paid", 1, |answer| matches!(answer, Ok(PaidOrder::Paid { .. })))?;
        counted(&answers, "InsufficientBalance", OTHERS, |answer| {
            matches!(answer, Err(EffectError::Refused(PayRefusal::InsufficientBalance)))
        })?;
        let owned = harness.orders().owned_courses(buyer).await.map_err(|error| error.to_string())?;
        holds(owned.len() == 1, || format!("{} courses are owned", owned.len()))?;
        let Some(order) = orders.first() else { return Err("no order was made".to_owned()) };
        case.balance_is(order, 0).await?;
    }
    case.audited().await
}

/// 64 orders of one course and money for all: it is sold once.
///
/// # Errors
/// What broke the claim.
pub async fn a_course_is_sold_once_over_many_orders<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let course = case.course(100).await;
    for _ in 0..rounds {
        let buyer = case.buyer(0, 0, 100 * CLIENTS).await;
        let mut orders = Vec::new();
        for _ in 0..CLIENTS {
            orders.push(case.order_of(buyer, std::slice::from_ref(&course)).await);
        }
        let answers = at_once(orders.iter().map(|order| pay(harness.orders(), case.pay_command(order)))).await?;
        counted(&answers, "Paid", 1, |answer| matches!(answer, Ok(PaidOrder::Paid { .. })))?;
        counted(&answers, "CourseOwned", OTHERS, |answer| {
            matches!(answer, Err(EffectError::Refused(PayRefusal::CourseOwned { .. })))
        })?;
        let Some(order) = orders.first() else { return Err("no order was made".to_owned()) };
        case.balance_is(order, 100 * (CLIENTS - 1)).await?;
    }
    case.audited().await
}

/// What the two ways of paying answered.
#[derive(Debug)]
enum Answer {
    Balance(Result<PaidOrder, EffectError<PayRefusal>>),
    Charge(Result<Confirmation, String>),
}

/// The balance and a charge race for one order: it is paid once, and the charge is in exactly one of
/// applied and unapplied.
///
/// # Errors
/// What broke the claim.
pub async fn balance_and_charge_pay_one_order_once<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let course = case.course(100).await;
    for round in 0..rounds {
        let buyer = case.buyer(0, 0, 1_000).await;
        let order = case.order_of(buyer, std::slice::from_ref(&course)).await;
        let attempt = case.attempt(&order).await;
        let charge = case.charge(&attempt);
        let (store, command) = (harness.orders(), case.pay_command(&order));
        let by_balance = tokio::spawn(async move { Answer::Balance(pay(store, command).await) });
        // Sometimes one begins first, sometimes the other.
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        let confirmed = confirmations(&case, &order, &attempt, vec![charge.clone()]);
        let by_charge = tokio::spawn(async move { Answer::Charge(at_once(confirmed).await.and_then(only)) });
        let answers = join_all([by_balance, by_charge]).await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        let held = match answers.as_slice() {
            [Answer::Balance(Ok(PaidOrder::Paid { .. })), Answer::Charge(Ok(Confirmation::Unapplied(_)))] => {
                case.balance_is(&order, 900).await
            }
            [Answer::Balance(Err(EffectError::Refused(PayRefusal::OrderPaid))), Answer::Charge(Ok(confirmation))] => {
                let applied = matches!(confirmation, Confirmation::Applied(_));
                holds(applied, || format!("nothing paid: {answers:?}"))?;
                case.balance_is(&order, 1_000).await
            }
            _ => Err("both ways or none have paid".to_owned()),
        };
        held.map_err(|what| format!("{what}: {answers:?}"))?;
        let stored = case.stored(&order).await;
        holds(stored.state.payment().is_some(), || format!("the order is {}", stored.state.code()))?;
    }
    case.audited().await
}

fn only<T>(answers: Vec<Result<T, String>>) -> Result<T, String> {
    answers.into_iter().next().unwrap_or_else(|| Err("no answer came".to_owned()))
}

/// One confirmation per charge, ready to run.
fn confirmations<H: StoreHarness + ?Sized>(
    case: &Case<'_, H>,
    order: &Order,
    attempt: &ChargeAttempt,
    charges: Vec<Charge>,
) -> Vec<impl Future<Output = Result<Confirmation, String>> + Send + 'static + use<H>> {
    let command = |charge| (case.harness().orders(), case.confirm_command(order, attempt, &charge));
    let confirm = |(store, command): (Arc<dyn OrderStore>, _)| async move {
        let answer = until_answered(|| store.confirm_charge(&command, confirm_order_charge)).await;
        answer.map_err(|error| format!("{error:?}"))
    };
    charges.into_iter().map(command).map(confirm).collect()
}

/// 64 deliveries of one charge: one applies it, the others find it confirmed.
///
/// # Errors
/// What broke the claim.
pub async fn one_charge_is_confirmed_once_by_many_callbacks<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    let course = case.course(100).await;
    for _ in 0..rounds {
        let order = case.order_of(case.user().await.id, std::slice::from_ref(&course)).await;
        let attempt = case.attempt(&order).await;
        let charge = case.charge(&attempt);
        let deliveries = (0..CLIENTS).map(|_| charge.clone()).collect();
        let answers = at_once(confirmations(&case, &order, &attempt, deliveries)).await?;
        counted(&answers, "Applied", 1, |answer| matches!(answer, Ok(Confirmation::Applied(_))))?;
        counted(&answers, "AlreadyConfirmed", OTHERS, |answer| {
            matches!(answer, Ok(Confirmation::AlreadyConfirmed(_)))
        })?;
    }
    case.audited().await
}

/// Sixteen charges of one order are all paid: one is applied, fifteen are kept.
///
/// # Errors
/// What broke the claim.
pub async fn many_charges_pay_one_order_once<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let course = case.course(100).await;
    for _ in 0..rounds {
        let order = case.order_of(case.user().await.id, std::slice::from_ref(&course)).await;
        let attempt = case.attempt(&order).await;
        let charges = (0..16).map(|_| case.charge(&attempt)).collect();
        let answers = at_once(confirmations(&case, &order, &attempt, charges)).await?;
        counted(&answers, "Applied", 1, |answer| matches!(answer, Ok(Confirmation::Applied(_))))?;
        counted(&answers, "Unapplied", 15, |answer| matches!(answer, Ok(Confirmation::Unapplied(_))))?;
    }
    case.audited().await
}

/// Sixteen clients ask for the charge of one order: there is one attempt, and all get it.
///
/// # Errors
/// What broke the claim.
pub async fn many_clients_open_one_charge<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let course = case.course(100).await;
    for _ in 0..rounds {
        let order = case.order_of(case.user().await.id, std::slice::from_ref(&course)).await;
        let answers = at_once((0..16).map(|_| {
            let (store, command) = (harness.orders(), case.charge_command(&order));
            async move { until_answered(|| store.open_charge(&command, open_order_charge)).await }
        }))
        .await?;
        let planned = |answer: &_, is: fn(&OpenChargePlan) -> bool| matches!(answer, Ok(OpenedCharge::Planned { plan, .. }) if is(plan));
        counted(&answers, "Open", 1, |answer| planned(answer, |plan| matches!(plan, OpenChargePlan::Open(_))))?;
        counted(&answers, "AskAgain", 15, |answer| {
            planned(answer, |plan| matches!(plan, OpenChargePlan::AskAgain(_)))
        })?;
        let attempt = case.attempt_by(&order, Channel::Wx).await;
        let stored = harness.charges().attempts_of(order.user_id, &attempt.subject).await;
        let stored = stored.map_err(|error| error.to_string())?;
        holds(stored.len() == 1, || format!("{} attempts are stored", stored.len()))?;
    }
    case.audited().await
}

/// 64 deliveries of one top-up's charge: it is credited once.
///
/// # Errors
/// What broke the claim.
pub async fn a_top_up_is_credited_once_by_many_callbacks<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    for _ in 0..rounds {
        let buyer = case.user().await.id;
        let (number, attempt) = case.top_up(buyer, 100).await;
        let charge = case.charge(&attempt);
        let answers = at_once((0..CLIENTS).map(|_| {
            let (store, command) = (harness.top_ups(), case.confirm_top_up_command(&number, &attempt, &charge));
            async move { until_answered(|| store.confirm_charge(&command, confirm_top_up)).await }
        }))
        .await?;
        counted(&answers, "Applied", 1, |answer| matches!(answer, Ok(Confirmation::Applied(_))))?;
        counted(&answers, "AlreadyConfirmed", OTHERS, |answer| {
            matches!(answer, Ok(Confirmation::AlreadyConfirmed(_)))
        })?;
        let cash = case.wallet(buyer).await.cash;
        holds(cash == crate::fixtures::fen(100), || format!("{cash} was credited, not 1.00"))?;
    }
    case.audited().await
}

/// Eight workers claim one due refund: one may ask the gateway.
///
/// # Errors
/// What broke the claim.
pub async fn a_due_refund_is_claimed_by_one_worker<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    for _ in 0..rounds {
        let receipt = case.due().await;
        let answers = at_once((0..8).map(|_| {
            let (store, command) = (harness.receipts(), case.claim_command(&receipt, 4));
            async move {
                until_answered(|| async {
                    store.claim_refund(&command, claim_refund).await.map_err(EffectError::<()>::Store)
                })
                .await
            }
        }))
        .await?;
        counted(&answers, "Ask", 1, |answer| matches!(answer, Ok(RefundClaim::Ask(_))))?;
        counted(&answers, "Denied", 7, |answer| matches!(answer, Ok(RefundClaim::Denied)))?;
    }
    case.audited().await
}

//! What a refund that succeeds books, and what ends with a full one.

use super::view::{PaidWith, RefundChange, RefundView, Refundable, thing};
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::ids::EventId;
use crate::ledger::{
    self, Bucket, JournalEntry, LedgerError, MoneyBack, Recovery, Split, Wallet, give_back, post, take_back,
};
use crate::money::Money;
use crate::orders::{Order, OrderState};
use crate::packages::{Day, Purchase, PurchaseState, ServicePeriod, end_days};
use crate::refunds::model::{Refund, RefundStage};
use crate::top_ups::TopUp;

/// Out of which balances comes what the gateway gave back beyond what was left: gifts last.
const TAKEN_FROM: [Bucket; 3] = [Bucket::Cash, Bucket::Iap, Bucket::Bonus];

/// The money went back: books it, and moves what was paid to its next state. With a full refund the
/// order's courses are owned no more, and the purchase's days end.
pub(super) fn settle(
    refund: Refund,
    view: &RefundView,
    at: Timestamp,
    event_id: EventId,
) -> Result<RefundChange, LedgerError> {
    let refund = Refund { stage: RefundStage::Succeeded, settled_at: Some(at), ..refund };
    let entry = entry(&refund, view)?;
    let mut bodies = vec![EventBody::RefundSucceeded {
        thing: thing(&refund),
        amount: refund.amount,
        recovered: refund.recovered,
        origin: refund.origin.code(),
    }];
    let mut change = RefundChange::of(refund, view);
    change.posted = Some(post(&view.wallet, entry)?);
    let refunded = change.totals.map(|totals| totals.refunded).unwrap_or_default();
    match &view.paid {
        Some(Refundable::Order(order)) => refund_order(&mut change, order, refunded, &mut bodies),
        Some(Refundable::Purchase { purchase, periods }) => {
            refund_purchase(&mut change, purchase, periods, (refunded, Day::of(at)), &mut bodies);
        }
        Some(Refundable::TopUp(_)) | None => {}
    }
    let user_id = view.wallet.user_id;
    let event = |(nth, body)| Event { id: event_id.nth(nth), user_id, at, body };
    change.events = (0..).zip(bodies).map(event).collect();
    Ok(change)
}

fn refund_order(change: &mut RefundChange, order: &Order, refunded: Money, bodies: &mut Vec<EventBody>) {
    let Some(payment) = order.state.payment().cloned().filter(|_| !refunded.is_zero()) else { return };
    let is_full = refunded == order.amount;
    let was_full = matches!(order.state, OrderState::Refunded(_));
    let state = if is_full { OrderState::Refunded(payment) } else { OrderState::PartlyRefunded(payment) };
    if is_full && !was_full {
        change.ended_courses = order.lines.iter().map(|line| line.course_id).collect();
        bodies.extend(change.ended_courses.iter().map(|course_id| EventBody::EntitlementEnded {
            order_no: order.order_no.clone(),
            course_id: *course_id,
            refund_no: change.refund.refund_no.clone(),
        }));
    }
    if state != order.state {
        change.order = Some(Order { state, ..order.clone() });
    }
}

fn refund_purchase(
    change: &mut RefundChange,
    purchase: &Purchase,
    periods: &[ServicePeriod],
    (refunded, today): (Money, Day),
    bodies: &mut Vec<EventBody>,
) {
    let was = purchase.refunded();
    let PurchaseState::Paid { at, channel, charge_id, .. } = purchase.state.clone() else { return };
    if refunded == was {
        return;
    }
    change.purchase =
        Some(Purchase { state: PurchaseState::Paid { at, channel, charge_id, refunded }, ..purchase.clone() });
    if refunded < purchase.amount {
        return;
    }
    let ended = end_days(purchase, periods, today);
    let refund_no = &change.refund.refund_no;
    bodies.extend(purchase.records.iter().map(|record| match ended.left.contains(&record.id) {
        true => EventBody::PeriodLeft { record_id: record.id.clone(), refund_no: refund_no.clone() },
        false => EventBody::PeriodEnded { record_id: record.id.clone(), refund_no: refund_no.clone() },
    }));
    change.periods = ended.periods;
}

fn entry(refund: &Refund, view: &RefundView) -> Result<JournalEntry, LedgerError> {
    let back = if refund.charge_id.is_some() {
        let earned = refund.amount.checked_sub(refund.recovered).ok_or(LedgerError::BelowZero)?;
        MoneyBack::ByGateway { earned, recovery: take_back(&view.wallet, refund.recovered, &TAKEN_FROM) }
    } else {
        into_balances(refund, view, &view.wallet)?
    };
    match (&view.paid, back) {
        (Some(Refundable::Order(_)), back) => ledger::refund_order(&refund.refund_no, back),
        (Some(Refundable::Purchase { .. }), back) => ledger::refund_purchase(&refund.refund_no, back),
        (Some(Refundable::TopUp(top_up)), MoneyBack::ByGateway { recovery, .. }) => {
            ledger::claw_back_top_up(&refund.refund_no, recovery, gift_to_take(refund, top_up, view, recovery)?)
        }
        (Some(Refundable::TopUp(_)) | None, _) => Err(LedgerError::Empty),
    }
}

/// What is left of the gift that came with a top-up, once all of the top-up went back. Spent gifts are let
/// go.
fn gift_to_take(refund: &Refund, top_up: &TopUp, view: &RefundView, recovery: Recovery) -> Result<Money, LedgerError> {
    let others = view.refunds.iter().filter(|other| other.refund_no != refund.refund_no);
    let done = others.filter(|other| other.stage == RefundStage::Succeeded).map(|other| other.amount);
    let back = Money::checked_sum(done.chain([refund.amount])).ok_or(LedgerError::Overflow)?;
    let left = view.wallet.bonus.checked_sub(recovery.taken.bonus).ok_or(LedgerError::BelowZero)?;
    Ok(if back < top_up.amount { Money::ZERO } else { left.min(top_up.bonus) })
}

/// What was paid by a charge goes into the cash. What was paid from the balances goes back to those that
/// paid: what was spent last comes back first, whatever the parts, so that nothing is ever rounded.
fn into_balances(refund: &Refund, view: &RefundView, wallet: &Wallet) -> Result<MoneyBack, LedgerError> {
    let with = view.paid.as_ref().and_then(Refundable::paid_with);
    let amounts = match with {
        Some(PaidWith::Balances(split)) => {
            let others = view.refunds.iter().filter(|other| other.refund_no != refund.refund_no);
            let before = Money::checked_sum(others.map(Refund::succeeded)).ok_or(LedgerError::Overflow)?;
            part_of(split, before, refund.amount)
        }
        Some(PaidWith::Charge(_)) | None => Split::of(Bucket::Cash, refund.amount),
    };
    Ok(MoneyBack::IntoBalances(give_back(wallet, amounts)))
}

/// The part of a split that comes back after `before` of it has come back, in the order cash, App Store
/// money, gifts.
fn part_of(split: Split, before: Money, amount: Money) -> Split {
    let (mut skip, mut left, mut part) = (before, amount, Split::default());
    for (from, into) in [(split.cash, &mut part.cash), (split.iap, &mut part.iap), (split.bonus, &mut part.bonus)] {
        let skipped = from.min(skip);
        skip = skip.checked_sub(skipped).unwrap_or_default();
        *into = from.checked_sub(skipped).unwrap_or_default().min(left);
        left = left.checked_sub(*into).unwrap_or_default();
    }
    part
}

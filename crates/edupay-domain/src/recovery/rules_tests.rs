//! Tables of what can be done about what waits for a person.

use super::*;
use crate::clock::Timestamp;
use crate::events::EventBody;
use crate::ids::{ChargeId, EventId, GatewayOrderNo, UserId};
use crate::money::Money;
use crate::payments::{Receipt, ReceiptStatus, UnappliedReason};
use crate::schedule::leased;
use chrono::DateTime;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn user(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

fn item(kind: ReviewKind, reason: &str) -> ReviewItem {
    ReviewItem {
        id: ReviewId::try_new(kind, "7-a").unwrap(),
        subject: "1".to_owned(),
        user_id: (kind != ReviewKind::Callback).then(|| user(7)),
        amount: None,
        reason: reason.to_owned(),
        since: at(1),
        listed_at: at(1),
    }
}

fn receipt(status: ReceiptStatus) -> Receipt {
    Receipt {
        user_id: user(7),
        charge_id: ChargeId::parse("ch_1").unwrap(),
        gateway_order_no: GatewayOrderNo::parse("1").unwrap(),
        amount: Money::from_fen_u32(100),
        status,
        reason: Some(UnappliedReason::AmountDiffers),
        refund_id: None,
        received_at: at(1),
        next_try_at: at(1),
    }
}

fn command(item: &ReviewItem, action: ReviewAction) -> DecideReview {
    let reason = DecisionReason::parse("settled at the bank").unwrap();
    DecideReview { id: item.id.clone(), action, by: user(1), reason, at: at(9), event_id: EventId::from_random(3) }
}

fn view(item: ReviewItem) -> ReviewView {
    ReviewView { item: Some(item), receipt: Some(receipt(ReceiptStatus::Review)), last: None }
}

#[test]
fn only_booked_money_of_which_nothing_went_back_is_sent_back() {
    use UnappliedReason::{CurrencyDiffers, ModeDiffers, RefundedAlready};
    for reason in UnappliedReason::ALL {
        let expected = match reason {
            CurrencyDiffers | ModeDiffers | RefundedAlready => vec![ReviewAction::Close],
            _ => vec![ReviewAction::Refund, ReviewAction::Close],
        };
        assert_eq!(actions(&item(ReviewKind::Receipt, reason.code())), expected, "{reason:?}");
    }
}

#[test]
fn everything_can_be_closed_and_what_a_program_does_can_be_tried_again() {
    use ReviewAction::{Close, Retry};
    for (kind, reason, expected) in [
        (ReviewKind::Receipt, REFUND_UNCLEAR, vec![Retry, Close]),
        (ReviewKind::Refund, REFUND_FAILED, vec![Retry, Close]),
        (ReviewKind::Refund, REFUND_UNCLEAR, vec![Retry, Close]),
        (ReviewKind::Charge, UNKNOWN, vec![Retry, Close]),
        (ReviewKind::Callback, UNMATCHED, vec![Retry, Close]),
        (ReviewKind::Notification, UNREADABLE, vec![Retry, Close]),
        (ReviewKind::Period, PERIOD_LEFT, vec![Close]),
    ] {
        assert_eq!(actions(&item(kind, reason)), expected, "{kind:?} {reason}");
    }
}

#[test]
fn a_decision_changes_what_it_must_and_nothing_else() {
    use ReviewAction::{Close, Refund, Retry};
    let back = Receipt { status: ReceiptStatus::RefundDue, next_try_at: at(9), ..receipt(ReceiptStatus::Review) };
    let due = ReviewChange::Due { at: at(9), leased_until: leased(at(9)) };
    for (kind, reason, action, expected) in [
        (ReviewKind::Receipt, "amount_differs", Refund, ReviewChange::Receipt(back)),
        (ReviewKind::Receipt, "amount_differs", Close, ReviewChange::Nothing),
        (ReviewKind::Receipt, REFUND_UNCLEAR, Retry, due.clone()),
        (ReviewKind::Refund, REFUND_FAILED, Retry, ReviewChange::Nothing),
        (ReviewKind::Refund, REFUND_UNCLEAR, Retry, due.clone()),
        (ReviewKind::Charge, UNKNOWN, Retry, due.clone()),
        (ReviewKind::Callback, UNMATCHED, Retry, due),
        (ReviewKind::Callback, UNMATCHED, Close, ReviewChange::Ignore),
        (ReviewKind::Notification, UNREADABLE, Close, ReviewChange::Ignore),
        (ReviewKind::Period, PERIOD_LEFT, Close, ReviewChange::Nothing),
    ] {
        let item = item(kind, reason);
        let plan = decide_review(&command(&item, action), &view(item.clone())).unwrap();
        let ReviewPlan::Decide { decision, change, events } = plan else { panic!("nothing is decided") };
        assert_eq!(change, expected, "{kind:?} {action:?}");
        assert_eq!((decision.action, decision.by, decision.at), (action, user(1), at(9)));
        let [event] = &events[..] else { panic!("one event") };
        // What concerns no user concerns whoever decided.
        assert_eq!(event.user_id, item.user_id.unwrap_or(user(1)));
        assert!(matches!(&event.body, EventBody::ReviewDecided { by, .. } if *by == user(1)));
    }
}

#[test]
fn what_is_not_in_the_list_or_can_not_be_done_is_refused() {
    let period = item(ReviewKind::Period, PERIOD_LEFT);
    let refund = command(&period, ReviewAction::Refund);
    assert_eq!(decide_review(&refund, &view(period)), Err(ReviewRefusal::NotPossible));
    let differs = item(ReviewKind::Receipt, "amount_differs");
    let refund = command(&differs, ReviewAction::Refund);
    for receipt in [None, Some(receipt(ReceiptStatus::Refunded))] {
        let view = ReviewView { receipt, ..view(differs.clone()) };
        assert_eq!(decide_review(&refund, &view), Err(ReviewRefusal::NotFound));
    }
    let gone = ReviewView { item: None, receipt: None, last: None };
    assert_eq!(decide_review(&refund, &gone), Err(ReviewRefusal::NotFound));
}

#[test]
fn the_same_decision_again_is_the_same_success() {
    let differs = item(ReviewKind::Receipt, "amount_differs");
    let refund = command(&differs, ReviewAction::Refund);
    let Ok(ReviewPlan::Decide { decision, .. }) = decide_review(&refund, &view(differs.clone())) else {
        panic!("nothing is decided")
    };
    let done = ReviewView { item: None, receipt: None, last: Some(decision.clone()) };
    assert_eq!(decide_review(&refund, &done), Ok(ReviewPlan::Already(decision)));
    for other in [
        DecideReview { by: user(2), ..refund.clone() },
        DecideReview { action: ReviewAction::Close, ..refund.clone() },
        DecideReview { reason: DecisionReason::parse("another").unwrap(), ..refund },
    ] {
        assert_eq!(decide_review(&other, &done), Err(ReviewRefusal::NotFound));
    }
}

proptest! {
    #[test]
    fn a_name_is_read_as_it_is_written(kind in 0_usize..6, key in "[!-~]{1,128}") {
        let id = ReviewId::try_new(ReviewKind::ALL[kind], &key).unwrap();
        prop_assert_eq!(ReviewId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn no_text_breaks_the_reader(text in ".{0,200}") {
        if let Some(id) = ReviewId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}

#[test]
fn a_name_in_the_list_is_read_back_as_it_is_written() {
    for kind in ReviewKind::ALL {
        let id = ReviewId::try_new(kind, "7-R-1").unwrap();
        assert_eq!((id.kind, id.key()), (kind, "7-R-1"));
        assert_eq!(id.to_string(), format!("{}-7-R-1", kind.code()));
        assert_eq!(ReviewId::parse(&id.to_string()), Some(id));
    }
    let longest = "k".repeat(ReviewId::MAX_KEY);
    assert!(ReviewId::try_new(ReviewKind::Refund, &longest).is_some());
    for key in ["", " ", "a b", "\u{e9}", &format!("{longest}k")] {
        assert_eq!(ReviewId::try_new(ReviewKind::Refund, key), None, "{key:?}");
    }
    for name in ["refund", "refund-", "order-1", "-1", ""] {
        assert_eq!(ReviewId::parse(name), None, "{name:?}");
    }
}

#[test]
fn an_action_is_known_by_its_name_and_a_reason_has_words() {
    for action in ReviewAction::ALL {
        assert_eq!(ReviewAction::parse(action.code()), Some(action));
    }
    assert_eq!(ReviewAction::parse("refuse"), None);
    let longest = "\u{7406}".repeat(DecisionReason::MAX);
    assert_eq!(DecisionReason::parse(&longest).unwrap().as_str(), longest);
    assert_eq!(DecisionReason::parse("x").unwrap().as_str(), "x");
    assert_eq!((DecisionReason::parse(""), DecisionReason::parse(&format!("{longest}x"))), (None, None));
}

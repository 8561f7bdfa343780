//! Tables of what an answer makes of an attempt, what makes a charge not ours, and how a receipt goes
//! back: every status against every event.

use super::*;
use crate::clock::Timestamp;
use crate::ids::{ChargeId, EventId, GatewayOrderNo, OrderNo, RefundId, UserId};
use crate::ledger::{EntryKind, Wallet};
use crate::money::Money;
use chrono::DateTime;

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn user() -> UserId {
    UserId::try_new(1).unwrap()
}

fn charge_id(text: &str) -> ChargeId {
    ChargeId::parse(text).unwrap()
}

fn attempt(status: AttemptStatus, charge: Option<&str>) -> ChargeAttempt {
    ChargeAttempt {
        user_id: user(),
        gateway_order_no: GatewayOrderNo::parse("1").unwrap(),
        subject: ChargeSubject::Order(OrderNo::parse("1").unwrap()),
        channel: Channel::Wx,
        amount: Money::from_fen_u32(100),
        status,
        charge_id: charge.map(charge_id),
        document: charge.map(|text| ChargeDocument(format!("first document of {text}"))),
        requested_at: at(0),
        expires_at: at(100),
        look_at: at(1),
    }
}

fn created(text: &str) -> ChargeReply {
    ChargeReply::Created { charge_id: charge_id(text), document: ChargeDocument(format!("new document of {text}")) }
}

#[test]
fn a_charge_that_can_be_paid_opens_its_attempt_and_a_paid_one_stays_paid() {
    use AttemptStatus::{Closed, Open, Paid, Refused, Requested};
    for (status, after_created, after_refused) in [
        (Requested, Open, Refused),
        (Open, Open, Open),
        // Another request for it was answered: what can be paid must be looked after.
        (Refused, Open, Refused),
        (Closed, Open, Closed),
        (Paid, Paid, Paid),
    ] {
        for (reply, expected) in [(created("ch_a"), after_created), (ChargeReply::Refused, after_refused)] {
            let before = attempt(status, None);
            let (user_id, gateway_order_no) = (before.user_id, before.gateway_order_no.clone());
            let command = RecordChargeReply { user_id, gateway_order_no, reply: reply.clone(), look_at: at(9) };
            let next = record_charge_reply(&command, &before);
            assert_eq!(next.status, expected, "{status:?} {reply:?}");
            assert_eq!(record_charge_reply(&command, &next), next, "a repeat changes nothing");
            let learned = matches!(reply, ChargeReply::Created { .. }).then(|| charge_id("ch_a"));
            assert_eq!(next.charge_id, learned);
        }
    }
}

#[test]
fn an_attempt_never_takes_the_document_of_another_charge() {
    for status in AttemptStatus::ALL {
        let before = attempt(status, Some("ch_a"));
        for (reply, document) in
            [(created("ch_a"), "new document of ch_a"), (created("ch_b"), "first document of ch_a")]
        {
            let (user_id, gateway_order_no) = (before.user_id, before.gateway_order_no.clone());
            let next =
                record_charge_reply(&RecordChargeReply { user_id, gateway_order_no, reply, look_at: at(9) }, &before);
            assert_eq!(next.charge_id, Some(charge_id("ch_a")));
            assert_eq!(next.document, Some(ChargeDocument(document.to_owned())), "{status:?}");
        }
    }
}

#[test]
fn only_an_attempt_that_may_be_paid_is_closed() {
    use AttemptStatus::{Closed, Open, Paid, Refused, Requested};
    for (status, expected) in [(Requested, Closed), (Open, Closed), (Refused, Refused), (Closed, Closed), (Paid, Paid)]
    {
        let before = attempt(status, None);
        let command = CloseAttempt { user_id: user(), gateway_order_no: before.gateway_order_no.clone() };
        assert_eq!(close_attempt(&command, &before), ChargeAttempt { status: expected, ..before });
    }
}

fn charge() -> Charge {
    Charge {
        id: charge_id("ch_a"),
        gateway_order_no: GatewayOrderNo::parse("1").unwrap(),
        app_id: "app_1".to_owned(),
        mode: Mode::Test,
        paid: true,
        reversed: false,
        amount: Money::from_fen_u32(100),
        amount_refunded: Money::ZERO,
        currency: "cny".to_owned(),
        channel: "wx".to_owned(),
        paid_at: Some(at(5)),
        document: ChargeDocument("{}".to_owned()),
    }
}

#[test]
fn a_charge_is_ours_when_mode_app_currency_and_amount_are_what_we_asked_for() {
    use UnappliedReason::{AmountDiffers, AppDiffers, CurrencyDiffers, ModeDiffers, RefundedAlready};
    let refunded = |charge| Charge { amount_refunded: Money::from_fen_u32(1), ..charge };
    let merchant = Merchant { app_id: "app_1".to_owned(), mode: Mode::Test };
    let live = |charge| Charge { mode: Mode::Live, ..charge };
    let other_app = |charge| Charge { app_id: "app_2".to_owned(), ..charge };
    let no_app = |charge| Charge { app_id: String::new(), ..charge };
    let usd = |charge| Charge { currency: "usd".to_owned(), ..charge };
    let upper = |charge| Charge { currency: "CNY".to_owned(), ..charge };
    let of = |fen, charge| Charge { amount: Money::from_fen_u32(fen), ..charge };
    for (charge, expected) in [
        (charge(), None),
        (Charge { channel: "alipay".to_owned(), ..charge() }, None),
        (refunded(charge()), Some(RefundedAlready)),
        (of(99, charge()), Some(AmountDiffers)),
        (of(101, charge()), Some(AmountDiffers)),
        (of(0, charge()), Some(AmountDiffers)),
        (usd(charge()), Some(CurrencyDiffers)),
        (upper(charge()), Some(CurrencyDiffers)),
        (other_app(charge()), Some(AppDiffers)),
        (no_app(charge()), Some(AppDiffers)),
        (live(charge()), Some(ModeDiffers)),
        // What is worse comes first.
        (of(1, usd(charge())), Some(CurrencyDiffers)),
        (usd(other_app(charge())), Some(AppDiffers)),
        (other_app(live(charge())), Some(ModeDiffers)),
    ] {
        assert_eq!(mismatch(&charge, &attempt(AttemptStatus::Open, None), &merchant), expected, "{charge:?}");
    }
}

#[test]
fn a_second_or_late_payment_goes_back_by_itself_and_an_odd_one_waits() {
    for reason in UnappliedReason::ALL {
        let by_itself = matches!(
            reason,
            UnappliedReason::PaidAlready
                | UnappliedReason::CourseOwned
                | UnappliedReason::OrderClosed
                | UnappliedReason::OrderCancelled
                | UnappliedReason::PurchaseClosed
                | UnappliedReason::PackageWithdrawn
                | UnappliedReason::PackageHeld
                | UnappliedReason::HoldingChanged
        );
        let expected = if by_itself { ReceiptStatus::RefundDue } else { ReceiptStatus::Review };
        assert_eq!(reason.follow_up(), expected, "{reason:?}");
    }
}

#[test]
fn a_paid_attempt_keeps_the_charge_that_paid_it_first() {
    for status in AttemptStatus::ALL {
        let next = paid(&attempt(status, Some("ch_first")), &charge());
        let expected = if status == AttemptStatus::Paid { "ch_first" } else { "ch_a" };
        assert_eq!((next.status, next.charge_id), (AttemptStatus::Paid, Some(charge_id(expected))), "{status:?}");
    }
}

fn due(status: ReceiptStatus, reason: Option<UnappliedReason>) -> Receipt {
    Receipt {
        next_try_at: at(50),
        ..receipt(&charge(), &attempt(AttemptStatus::Paid, Some("ch_a")), status, reason, at(10))
    }
}

#[test]
fn a_claim_is_granted_for_what_is_due_at_its_time() {
    use ReceiptStatus::{Applied, RefundDue, RefundPending, RefundRequested, Refunded, Review};
    let claim = |second| {
        let (at, until) = (at(second), at(second + 30));
        ClaimRefund { user_id: user(), charge_id: charge_id("ch_a"), at, until }
    };
    for status in ReceiptStatus::ALL {
        let before = due(status, Some(UnappliedReason::PaidAlready));
        assert_eq!(claim_refund(&claim(49), &before), RefundClaim::Denied, "{status:?} before its time");
        for second in [50, 51] {
            let claimed = |status| Receipt { status, next_try_at: at(second + 30), ..before.clone() };
            let expected = match status {
                RefundDue => RefundClaim::Ask(claimed(RefundRequested)),
                RefundRequested => RefundClaim::LookFirst(claimed(RefundRequested)),
                RefundPending => RefundClaim::LookFirst(claimed(RefundPending)),
                Applied | Refunded | Review => RefundClaim::Denied,
            };
            assert_eq!(claim_refund(&claim(second), &before), expected, "{status:?}");
        }
    }
}

fn news(status: RefundStatus, amount: u32) -> RecordRefund {
    RecordRefund {
        user_id: user(),
        refund: GatewayRefund {
            id: RefundId::parse("re_1").unwrap(),
            charge_id: charge_id("ch_a"),
            gateway_order_no: None,
            amount: Money::from_fen_u32(amount),
            status,
            failure: None,
            refund_no: None,
        },
        at: at(60),
        next_try_at: at(75),
        event_id: EventId::from_random(7),
    }
}

/// What news make of a receipt: its status, when to look again, and what is booked.
fn after(before: &Receipt, news: &RecordRefund) -> (ReceiptStatus, Timestamp, Option<EntryKind>, usize) {
    let view = ReceiptView { receipt: before.clone(), wallet: Wallet::new(user()) };
    let plan = record_refund(news, &view).unwrap();
    let booked = plan.posted.map(|posted| posted.entry.kind());
    let named = plan.receipt != *before;
    assert_eq!(plan.receipt.refund_id.is_some(), named, "news that change a receipt name the gateway's refund");
    (plan.receipt.status, plan.receipt.next_try_at, booked, plan.events.len())
}

#[test]
fn news_of_a_refund_are_booked_once_and_only_for_the_whole() {
    use ReceiptStatus::{RefundDue, RefundPending, RefundRequested, Refunded, Review};
    use RefundStatus::{Failed, Pending, Succeeded};
    let booked = Some(EntryKind::RefundUnappliedReceipt);
    for status in [RefundDue, RefundRequested, RefundPending, Review] {
        let before = due(status, Some(UnappliedReason::PaidAlready));
        for (news, expected) in [
            (news(Succeeded, 100), (Refunded, at(60), booked, 1)),
            (news(Pending, 100), (RefundPending, at(75), None, 0)),
            (news(Failed, 100), (Review, at(60), None, 0)),
            (news(Succeeded, 99), (Review, at(60), None, 0)),
            (news(Succeeded, 101), (Review, at(60), None, 0)),
            (news(Pending, 99), (Review, at(60), None, 0)),
            (news(Failed, 99), (Review, at(60), None, 0)),
        ] {
            assert_eq!(after(&before, &news), expected, "{status:?} {:?}", news.refund);
        }
    }
    for news in [news(Succeeded, 100), news(Pending, 100), news(Failed, 100), news(Succeeded, 99)] {
        let refunded = due(Refunded, Some(UnappliedReason::PaidAlready));
        assert_eq!(after(&refunded, &news), (Refunded, at(50), None, 0), "a repeat moves nothing");
        let applied = due(ReceiptStatus::Applied, None);
        assert_eq!(after(&applied, &news), (ReceiptStatus::Applied, at(50), None, 0), "it is not being refunded");
        let foreign = due(Review, Some(UnappliedReason::CurrencyDiffers));
        assert_eq!(after(&foreign, &news), (Review, at(60), None, 0), "another currency is never booked");
    }
}

#[test]
fn a_look_is_granted_when_an_unfinished_attempt_is_due() {
    use AttemptStatus::{Closed, Open, Paid, Refused, Requested};
    for (status, second, granted) in [
        (Requested, 1, true),
        (Open, 1, true),
        (Open, 0, false),
        (Refused, 1, false),
        (Closed, 1, false),
        (Paid, 1, false),
    ] {
        let before = attempt(status, None);
        let gateway_order_no = before.gateway_order_no.clone();
        let command = ClaimLook { user_id: user(), gateway_order_no, at: at(second), until: at(7) };
        let expected = granted.then(|| ChargeAttempt { look_at: at(7), ..before.clone() });
        assert_eq!(claim_look(&command, &before), expected, "{status:?} {second}");
    }
}

#[test]
fn a_stranger_of_a_charge_does_not_take_the_place_of_the_right_one() {
    use UnappliedReason::{AmountDiffers, ModeDiffers};
    let stranger = Charge { id: charge_id("ch_b"), ..charge() };
    for (own, charge, reason, paid) in [
        (Some("ch_a"), charge(), AmountDiffers, true),
        (Some("ch_a"), stranger.clone(), AmountDiffers, false),
        (None, stranger.clone(), AmountDiffers, true),
        (None, stranger, ModeDiffers, false),
    ] {
        let before = attempt(AttemptStatus::Open, own);
        let wallet = Wallet::new(user());
        let plan = keep_unapplied::<()>(&charge, &before, &wallet, reason, at(3), EventId::from_random(1)).unwrap();
        let ConfirmationPlan::Keep { attempt: after, posted, .. } = plan else { panic!("not kept") };
        assert_eq!(after.status == AttemptStatus::Paid, paid, "{own:?} {reason:?}");
        assert!(paid || after == before);
        assert_eq!(posted.is_some(), reason.is_booked(), "play money is no receivable");
    }
}

#[test]
fn only_a_refund_that_may_be_asked_for_is_held_for_a_person() {
    use ReceiptStatus::{RefundDue, RefundRequested, Review};
    let command = HoldRefund { user_id: user(), charge_id: charge_id("ch_a"), at: at(9) };
    for status in ReceiptStatus::ALL {
        let before = due(status, Some(UnappliedReason::PaidAlready));
        let expected = match status {
            RefundDue | RefundRequested => Receipt { status: Review, next_try_at: at(9), ..before.clone() },
            _ => before.clone(),
        };
        assert_eq!(hold_refund(&command, &before), expected, "{status:?}");
    }
}

#[test]
fn late_news_of_a_refund_that_failed_do_not_end_the_one_after_it() {
    use ReceiptStatus::{RefundDue, RefundPending, RefundRequested, Review};
    let id = |text: &str| Some(RefundId::parse(text).unwrap());
    let old = news(RefundStatus::Failed, 100);
    let own = Some(old.refund.id.clone());
    for (status, known, expected) in [
        // Asked for again after that one had failed.
        (RefundDue, own.clone(), RefundDue),
        (RefundRequested, own.clone(), RefundRequested),
        (RefundPending, id("re_another"), RefundPending),
        // The one that is under way.
        (RefundRequested, None, Review),
        (RefundPending, own, Review),
    ] {
        let receipt = Receipt { refund_id: known.clone(), ..due(status, Some(UnappliedReason::PaidAlready)) };
        let view = ReceiptView { receipt: receipt.clone(), wallet: Wallet::new(user()) };
        let plan = record_refund(&old, &view).unwrap();
        assert_eq!(plan.receipt.status, expected, "{status:?} {known:?}");
        assert_eq!(plan.receipt == receipt, expected == status, "{status:?} {known:?}");
    }
}

#[test]
fn news_of_a_refund_of_money_that_was_never_booked_are_not_booked() {
    let play_money = due(ReceiptStatus::Review, Some(UnappliedReason::ModeDiffers));
    let news = news(RefundStatus::Succeeded, 100);
    assert_eq!(after(&play_money, &news), (ReceiptStatus::Review, at(60), None, 0));
}

#[test]
fn only_a_gateway_that_said_no_with_a_reason_is_within_reach() {
    let postponed = [Postponement::Throttled, Postponement::Unreached].map(GatewayFault::Postponed);
    let silent = [GatewayFault::Refused { code: None }, GatewayFault::Unknown].into_iter().chain(postponed);
    for fault in silent {
        assert!(fault.is_outage(), "{fault:?}");
        let error = GatewayError::new(fault.clone(), "a reason");
        assert_eq!(error.fault(), &fault);
        assert!(ConfirmError::from(error).is_outage());
    }
    let refused = GatewayFault::Refused { code: Some("channel_error".to_owned()) };
    assert!(!refused.is_outage());
    assert!(!ConfirmError::from(GatewayError::new(refused, "a reason")).is_outage());
    assert!(!ConfirmError::Unmatched.is_outage());
}

#[test]
fn a_repeated_request_gets_the_charge_of_its_first_try_unless_that_came_to_nothing() {
    use AttemptStatus::{Closed, Open, Paid, Refused, Requested};
    for status in [Requested, Open, Refused, Closed, Paid] {
        let known = attempt(status, None);
        let expected = match status {
            Requested => Some(OpenChargePlan::AskAgain(known.clone())),
            Refused => None,
            Open | Closed | Paid => Some(OpenChargePlan::Reuse(known.clone())),
        };
        let plan = OpenChargePlan::resumed(known.clone());
        assert_eq!(plan, expected);
        assert!(plan.is_none_or(|plan| *plan.attempt() == known));
    }
}

#[test]
fn a_channel_is_known_by_the_gateways_name_and_one_asks_who_pays() {
    for channel in Channel::ALL {
        assert_eq!(Channel::parse(channel.code()), Some(channel));
        assert_eq!(channel.asks_for_open_id(), channel == Channel::WxPub, "{channel:?}");
    }
    assert_eq!((Channel::parse("balance"), Channel::parse("")), (None, None));
}

#[test]
fn only_money_that_is_as_real_as_the_service_and_in_cny_is_booked() {
    for reason in UnappliedReason::ALL {
        let is_strange = matches!(reason, UnappliedReason::CurrencyDiffers | UnappliedReason::ModeDiffers);
        assert_eq!(reason.is_booked(), !is_strange, "{reason:?}");
    }
}

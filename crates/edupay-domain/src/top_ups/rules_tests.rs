//! Tables of what a top-up may be, what is promised to it, and what a paid charge makes of it.

use super::*;
use crate::clock::Timestamp;
use crate::ids::{ChargeId, EventId, GatewayOrderNo, TopUpNo, UserId};
use crate::ledger::{EntryKind, Wallet};
use crate::money::Money;
use crate::payments::{
    AttemptStatus, Channel, Charge, ChargeAttempt, ChargeDocument, ChargeRoute, ChargeSubject, ConfirmationPlan,
    Merchant, Mode, ReceiptStatus, UnappliedReason, receipt,
};
use chrono::DateTime;

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn fen(amount: u32) -> Money {
    Money::from_fen_u32(amount)
}

fn user() -> UserId {
    UserId::try_new(1).unwrap()
}

fn number() -> TopUpNo {
    TopUpNo::parse("31").unwrap()
}

fn wish(amount: u32) -> OpenTopUp {
    OpenTopUp {
        user_id: user(),
        top_up_no: number(),
        amount: fen(amount),
        max_amount: fen(500),
        campaign: Campaign::try_new(vec![BonusTier { from: fen(100), bonus: fen(7) }]).unwrap(),
        channel: Channel::Wx,
        at: at(1),
        expires_at: at(99),
        look_at: at(2),
        claim: None,
    }
}

#[test]
fn a_top_up_is_above_zero_and_within_the_limit_and_keeps_what_it_was_promised() {
    for (amount, bonus) in [(0, None), (1, Some(0)), (99, Some(0)), (100, Some(7)), (500, Some(7)), (501, None)] {
        let plan = open_top_up(&wish(amount));
        let expected = bonus.map(|bonus| OpenTopUpPlan {
            top_up: TopUp {
                user_id: user(),
                top_up_no: number(),
                amount: fen(amount),
                bonus: fen(bonus),
                state: TopUpState::Pending,
                created_at: at(1),
            },
            attempt: attempt(amount),
        });
        assert_eq!(plan, expected.clone().ok_or(TopUpRefusal::AmountOutOfBounds), "{amount}");
        let started = expected.map(OpenTopUpPlan::started);
        let promised = bonus.map(|bonus| StartedTopUp { attempt: attempt(amount), bonus: fen(bonus) });
        assert_eq!(started, promised);
    }
}

fn attempt(amount: u32) -> ChargeAttempt {
    ChargeAttempt {
        user_id: user(),
        gateway_order_no: GatewayOrderNo::of_top_up(&number()),
        subject: ChargeSubject::TopUp(number()),
        channel: Channel::Wx,
        amount: fen(amount),
        status: AttemptStatus::Requested,
        charge_id: None,
        document: None,
        requested_at: at(1),
        expires_at: at(99),
        look_at: at(2),
    }
}

fn charge(id: &str, amount: u32) -> Charge {
    Charge {
        id: ChargeId::parse(id).unwrap(),
        gateway_order_no: GatewayOrderNo::of_top_up(&number()),
        app_id: "app_1".to_owned(),
        mode: Mode::Test,
        paid: true,
        reversed: false,
        amount: fen(amount),
        amount_refunded: Money::ZERO,
        currency: "cny".to_owned(),
        channel: "wx".to_owned(),
        paid_at: Some(at(5)),
        document: ChargeDocument("{}".to_owned()),
    }
}

fn confirm(charge: Charge) -> ConfirmTopUp {
    let (user_id, gateway_order_no) = (user(), charge.gateway_order_no.clone());
    ConfirmTopUp {
        route: ChargeRoute { user_id, gateway_order_no, subject: ChargeSubject::TopUp(number()) },
        top_up_no: number(),
        charge,
        merchant: Merchant { app_id: "app_1".to_owned(), mode: Mode::Test },
        at: at(6),
        event_id: EventId::from_random(7),
    }
}

fn view() -> TopUpView {
    let OpenTopUpPlan { top_up, attempt } = open_top_up(&wish(100)).unwrap();
    TopUpView { wallet: Wallet::new(user()), attempt, top_up: Some(top_up), receipt: None }
}

#[test]
fn the_first_right_charge_is_credited_with_its_gift_however_late_it_comes() {
    let (view, command) = (view(), confirm(charge("ch_1", 100)));
    for at in [at(6), at(1_000_000)] {
        let plan = confirm_top_up(&ConfirmTopUp { at, ..command.clone() }, &view).unwrap();
        let ConfirmationPlan::Apply { subject, attempt, receipt, posted, events } = plan else { panic!("{plan:?}") };
        let state = TopUpState::Credited { at, charge_id: command.charge.id.clone() };
        assert_eq!(subject, TopUp { state, ..view.top_up.clone().unwrap() });
        assert_eq!((attempt.status, attempt.charge_id), (AttemptStatus::Paid, Some(command.charge.id.clone())));
        assert_eq!((receipt.status, receipt.reason, receipt.amount), (ReceiptStatus::Applied, None, fen(100)));
        assert_eq!((posted.wallet.cash, posted.wallet.bonus), (fen(100), fen(7)));
        assert_eq!(events.len(), 1);
    }
}

#[test]
fn a_charge_that_nothing_can_take_is_kept_with_its_reason() {
    use UnappliedReason::{AmountDiffers, PaidAlready, SubjectMissing};
    let credited = |view: TopUpView| {
        let state = TopUpState::Credited { at: at(5), charge_id: ChargeId::parse("ch_0").unwrap() };
        TopUpView { top_up: view.top_up.map(|top_up| TopUp { state, ..top_up }), ..view }
    };
    let missing = |view: TopUpView| TopUpView { top_up: None, ..view };
    for (view, amount, reason, status) in [
        (credited(view()), 100, PaidAlready, ReceiptStatus::RefundDue),
        (missing(view()), 100, SubjectMissing, ReceiptStatus::Review),
        (view(), 99, AmountDiffers, ReceiptStatus::Review),
        (view(), 101, AmountDiffers, ReceiptStatus::Review),
        // What is wrong with the charge comes before what became of the top-up.
        (credited(view()), 99, AmountDiffers, ReceiptStatus::Review),
        (missing(view()), 99, AmountDiffers, ReceiptStatus::Review),
    ] {
        let plan = confirm_top_up(&confirm(charge("ch_1", amount)), &view).unwrap();
        let ConfirmationPlan::Keep { receipt, posted, .. } = plan else { panic!("{plan:?}") };
        assert_eq!((receipt.reason, receipt.status), (Some(reason), status), "{amount}");
        let posted = posted.unwrap();
        assert_eq!((posted.entry.kind(), posted.entry.reference()), (EntryKind::KeepUnappliedReceipt, "ch_1"));
        assert_eq!(posted.wallet, Wallet { entries: 1, ..view.wallet }, "no balance grows");
    }
}

#[test]
fn a_charge_that_was_booked_is_booked_no_more() {
    let command = confirm(charge("ch_1", 100));
    let known = receipt(&command.charge, &attempt(100), ReceiptStatus::Applied, None, at(6));
    let plan = confirm_top_up(&command, &TopUpView { receipt: Some(known.clone()), ..view() });
    assert_eq!(plan, Ok(ConfirmationPlan::AlreadyConfirmed(known)));
}

//! The full matrix of order states and events: nothing panics, no amount is lost, and only an unpaid
//! order in its time is ever paid.

mod creating;

use super::*;
use crate::clock::Timestamp;
use crate::events::EventBody;
use crate::ids::{ChargeId, CourseId, EventId, GatewayOrderNo, OrderNo, OrderPk, UserId};
use crate::ledger::{EntryKind, Split, Wallet};
use crate::money::Money;
use crate::payments::{
    AttemptStatus, Channel, Charge, ChargeAttempt, ChargeDocument, ChargeRoute, ChargeSubject, ConfirmationPlan,
    Merchant, Mode, ReceiptStatus, UnappliedReason,
};
use chrono::DateTime;

const PRICE: u32 = 9_900;
/// When orders are made; they can be paid until [`END`].
const START: i64 = 1_000;
const END: i64 = 2_000;

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn buyer() -> UserId {
    UserId::try_new(1).unwrap()
}

fn number() -> OrderNo {
    OrderNo::parse("12134676899915430002").unwrap()
}

fn course() -> CourseId {
    CourseId::try_new(1).unwrap()
}

fn by_balance() -> Payment {
    let split = Split { cash: Money::from_fen_u32(PRICE), ..Split::default() };
    Payment { at: at(START), tender: Tender::Balance(split) }
}

fn by_charge() -> Payment {
    let charge_id = ChargeId::parse("ch_first").unwrap();
    Payment { at: at(START), tender: Tender::Charge { channel: Channel::Wx, charge_id } }
}

fn order(state: OrderState) -> Order {
    let price = Money::from_fen_u32(PRICE);
    Order {
        user_id: buyer(),
        order_no: number(),
        pk: OrderPk::try_new(1).unwrap(),
        lines: vec![OrderLine { course_id: course(), name: "collection的使用".to_owned(), price }],
        amount: price,
        state,
        visibility: Visibility::Visible,
        created_at: at(START),
        expires_at: at(END),
    }
}

/// Every state there is, with both ways of having been paid.
fn states() -> Vec<OrderState> {
    vec![
        OrderState::Unpaid,
        OrderState::Paid(by_balance()),
        OrderState::Paid(by_charge()),
        OrderState::Cancelled,
        OrderState::Closed,
        OrderState::PartlyRefunded(by_balance()),
        OrderState::PartlyRefunded(by_charge()),
        OrderState::Refunded(by_balance()),
        OrderState::Refunded(by_charge()),
    ]
}

fn wallet(cash: u32) -> Wallet {
    Wallet { cash: Money::from_fen_u32(cash), ..Wallet::new(buyer()) }
}

fn attempt(status: AttemptStatus) -> ChargeAttempt {
    ChargeAttempt {
        user_id: buyer(),
        gateway_order_no: GatewayOrderNo::of_order(&number()),
        subject: ChargeSubject::Order(number()),
        channel: Channel::Wx,
        amount: Money::from_fen_u32(PRICE),
        status,
        charge_id: None,
        document: None,
        requested_at: at(START),
        expires_at: at(END),
        look_at: at(START + 30),
    }
}

fn charge(paid_at: i64) -> Charge {
    Charge {
        id: ChargeId::parse("ch_second").unwrap(),
        gateway_order_no: GatewayOrderNo::of_order(&number()),
        app_id: "app_1".to_owned(),
        mode: Mode::Test,
        paid: true,
        reversed: false,
        amount: Money::from_fen_u32(PRICE),
        amount_refunded: Money::ZERO,
        currency: "cny".to_owned(),
        channel: "wx".to_owned(),
        paid_at: Some(at(paid_at)),
        document: ChargeDocument("{}".to_owned()),
    }
}

fn pay_command(second: i64) -> PayFromBalance {
    PayFromBalance { user_id: buyer(), order_no: number(), at: at(second), event_id: EventId::from_random(7) }
}

fn open_command(second: i64) -> OpenOrderCharge {
    OpenOrderCharge {
        user_id: buyer(),
        order_no: number(),
        channel: Channel::Wx,
        candidate: GatewayOrderNo::parse("22016061511535000001").unwrap(),
        at: at(second),
        expires_at: at(second.saturating_add(10_000)),
        min_expires_at: at(second),
        look_at: at(second.saturating_add(30)),
    }
}

fn confirm_command(charge: Charge, second: i64) -> ConfirmOrderCharge {
    let (user_id, gateway_order_no) = (buyer(), charge.gateway_order_no.clone());
    ConfirmOrderCharge {
        route: ChargeRoute { user_id, gateway_order_no, subject: ChargeSubject::Order(number()) },
        order_no: number(),
        charge,
        merchant: Merchant { app_id: "app_1".to_owned(), mode: Mode::Test },
        at: at(second),
        event_id: EventId::from_random(7),
    }
}

/// Why an order in this state can't be paid, whichever way.
fn not_payable(state: &OrderState) -> Option<PayRefusal> {
    match state {
        OrderState::Unpaid => None,
        OrderState::Cancelled => Some(PayRefusal::OrderCancelled),
        OrderState::Closed => Some(PayRefusal::OrderClosed),
        OrderState::Paid(_) | OrderState::PartlyRefunded(_) | OrderState::Refunded(_) => Some(PayRefusal::OrderPaid),
    }
}

fn is_paid_from_balance(state: &OrderState) -> bool {
    matches!(state, OrderState::Paid(Payment { tender: Tender::Balance(_), .. }))
}

#[test]
fn only_an_unpaid_order_is_paid_from_the_balance() {
    for state in states() {
        let view = PayView { wallet: wallet(PRICE), order: Some(order(state.clone())), owned: Vec::new() };
        let answer = pay_from_balance(&pay_command(START), &view);
        if is_paid_from_balance(&state) {
            assert_eq!(answer, Ok(PayPlan::AlreadyPaid { order: order(state), wallet: wallet(PRICE) }));
        } else if let Some(refusal) = not_payable(&state) {
            assert_eq!(answer, Err(refusal), "{state:?}");
        } else {
            let Ok(PayPlan::Pay { order: paid, entitlements, posted, events }) = answer else { panic!("{answer:?}") };
            assert_eq!(paid, order(OrderState::Paid(by_balance())));
            assert_eq!(entitlements.iter().map(|given| given.course_id).collect::<Vec<_>>(), [course()]);
            assert_eq!((posted.entry.kind(), posted.wallet.cash), (EntryKind::PayFromBalance, Money::ZERO));
            assert_eq!(events.len(), 1);
        }
    }
}

#[test]
fn the_time_the_courses_and_the_balance_are_looked_at_in_this_order() {
    let owned = PayRefusal::CourseOwned { name: "collection的使用".to_owned() };
    for (second, owns, cash, expected) in [
        (END - 1, false, PRICE, None),
        (END - 1, false, PRICE - 1, Some(PayRefusal::InsufficientBalance)),
        (END - 1, true, PRICE, Some(owned.clone())),
        (END - 1, true, 0, Some(owned)),
        (END, false, PRICE, Some(PayRefusal::OrderClosed)),
        (END, true, 0, Some(PayRefusal::OrderClosed)),
    ] {
        let owned = if owns { vec![course()] } else { Vec::new() };
        let view = PayView { wallet: wallet(cash), order: Some(order(OrderState::Unpaid)), owned };
        assert_eq!(pay_from_balance(&pay_command(second), &view).err(), expected, "{second} {owns} {cash}");
    }
    let nothing = PayView { wallet: wallet(PRICE), order: None, owned: Vec::new() };
    assert_eq!(pay_from_balance(&pay_command(START), &nothing), Err(PayRefusal::OrderNotFound));
}

#[test]
fn only_an_unpaid_order_opens_a_charge() {
    for state in states() {
        let view = ChargeView { order: Some(order(state.clone())), owned: Vec::new(), attempts: Vec::new() };
        let answer = open_order_charge(&open_command(START), &view);
        match not_payable(&state) {
            Some(refusal) => assert_eq!(answer, Err(refusal), "{state:?}"),
            None => assert_eq!(answer, Ok(OpenChargePlan::Open(attempt(AttemptStatus::Requested)))),
        }
    }
    for (second, owns, expected) in [
        (START, true, PayRefusal::CourseOwned { name: "collection的使用".to_owned() }),
        (END, false, PayRefusal::OrderClosed),
    ] {
        let owned = if owns { vec![course()] } else { Vec::new() };
        let view = ChargeView { order: Some(order(OrderState::Unpaid)), owned, attempts: Vec::new() };
        assert_eq!(open_order_charge(&open_command(second), &view), Err(expected));
    }
    let nothing = ChargeView { order: None, owned: Vec::new(), attempts: Vec::new() };
    assert_eq!(open_order_charge(&open_command(START), &nothing), Err(PayRefusal::OrderNotFound));
}

#[test]
fn an_attempt_is_used_again_only_while_it_can_be_paid() {
    let other_channel = |attempt| ChargeAttempt { channel: Channel::Alipay, ..attempt };
    let other_amount = |attempt| ChargeAttempt { amount: Money::from_fen_u32(PRICE - 1), ..attempt };
    let ran_out = |attempt| ChargeAttempt { expires_at: at(START), ..attempt };
    let further = || {
        let gateway_order_no = open_command(START).candidate;
        OpenChargePlan::Open(ChargeAttempt { gateway_order_no, ..attempt(AttemptStatus::Requested) })
    };
    let (open, requested) = (attempt(AttemptStatus::Open), attempt(AttemptStatus::Requested));
    for (attempts, expected) in [
        (vec![open.clone()], OpenChargePlan::Reuse(open.clone())),
        (vec![requested.clone()], OpenChargePlan::AskAgain(requested.clone())),
        (vec![attempt(AttemptStatus::Refused)], further()),
        (vec![attempt(AttemptStatus::Closed)], further()),
        (vec![attempt(AttemptStatus::Paid)], further()),
        (vec![other_channel(open.clone())], further()),
        (vec![other_amount(open.clone())], further()),
        (vec![ran_out(open.clone())], further()),
        (vec![ran_out(requested.clone()), open.clone()], OpenChargePlan::Reuse(open)),
        (vec![attempt(AttemptStatus::Refused), requested.clone()], OpenChargePlan::AskAgain(requested)),
    ] {
        let view = ChargeView { order: Some(order(OrderState::Unpaid)), owned: Vec::new(), attempts };
        assert_eq!(open_order_charge(&open_command(START), &view), Ok(expected), "{:?}", view.attempts);
    }
}

#[test]
fn a_charge_never_lives_longer_than_its_order() {
    let view = ChargeView { order: Some(order(OrderState::Unpaid)), owned: Vec::new(), attempts: Vec::new() };
    for (asked, expected) in [(END + 1, END), (END, END), (END - 1, END - 1)] {
        let command = OpenOrderCharge { expires_at: at(asked), ..open_command(START) };
        let Ok(OpenChargePlan::Open(attempt)) = open_order_charge(&command, &view) else { panic!("no charge") };
        assert_eq!(attempt.expires_at, at(expected));
    }
    let command = OpenOrderCharge { min_expires_at: at(END + 5), ..open_command(START) };
    let Ok(OpenChargePlan::Open(attempt)) = open_order_charge(&command, &view) else { panic!("no charge") };
    assert_eq!(attempt.expires_at, at(END + 5), "but for the shortest life that the gateway takes");
}

/// The attempt and the plan's amount are never lost: the plan has a receipt of the whole charge.
fn confirmed(order: Option<Order>, owned: Vec<CourseId>, charge: Charge, second: i64) -> Option<UnappliedReason> {
    let amount = charge.amount;
    let before = wallet(5);
    let view = ConfirmOrderView { wallet: before, attempt: attempt(AttemptStatus::Open), order, owned, receipt: None };
    match confirm_order_charge(&confirm_command(charge, second), &view).unwrap() {
        ConfirmationPlan::Apply { subject: (paid, entitlements), attempt, receipt, posted, events } => {
            assert!(matches!(paid.state, OrderState::Paid(Payment { tender: Tender::Charge { .. }, .. })));
            assert_eq!(entitlements.len(), paid.lines.len());
            assert_eq!((receipt.amount, receipt.status, receipt.reason), (amount, ReceiptStatus::Applied, None));
            assert_eq!((posted.entry.kind(), posted.wallet.cash), (EntryKind::ConfirmOrderCharge, before.cash));
            assert_eq!(attempt.status, AttemptStatus::Paid);
            assert!(matches!(events[0].body, EventBody::OrderPaid { .. }));
            None
        }
        ConfirmationPlan::Keep { attempt, receipt, posted, events } => {
            let reason = receipt.reason.unwrap();
            assert_eq!((receipt.amount, receipt.status), (amount, reason.follow_up()));
            let kind = posted.map(|posted| posted.entry.kind());
            let booked = reason.is_booked().then_some(EntryKind::KeepUnappliedReceipt);
            assert_eq!(kind, booked);
            let strange = matches!(reason, UnappliedReason::ModeDiffers | UnappliedReason::AppDiffers);
            assert_eq!(attempt.status, if strange { AttemptStatus::Open } else { AttemptStatus::Paid });
            assert!(matches!(events[0].body, EventBody::ReceiptUnapplied { .. }));
            Some(reason)
        }
        ConfirmationPlan::AlreadyConfirmed(receipt) => panic!("{receipt:?} was not booked before"),
    }
}

#[test]
fn a_paid_charge_is_applied_to_an_unpaid_order_and_kept_in_every_other_state() {
    for state in states() {
        let expected = match &state {
            OrderState::Unpaid => None,
            OrderState::Cancelled => Some(UnappliedReason::OrderCancelled),
            OrderState::Closed => Some(UnappliedReason::OrderClosed),
            OrderState::Paid(_) | OrderState::PartlyRefunded(_) | OrderState::Refunded(_) => {
                Some(UnappliedReason::PaidAlready)
            }
        };
        assert_eq!(confirmed(Some(order(state.clone())), Vec::new(), charge(START), START), expected, "{state:?}");
    }
    assert_eq!(confirmed(None, Vec::new(), charge(START), START), Some(UnappliedReason::SubjectMissing));
    let owned = confirmed(Some(order(OrderState::Unpaid)), vec![course()], charge(START), START);
    assert_eq!(owned, Some(UnappliedReason::CourseOwned));
}

#[test]
fn a_charge_is_judged_by_the_moment_it_was_paid_and_never_by_one_to_come() {
    let unpaid = || Some(order(OrderState::Unpaid));
    for (paid_at, heard_at, expected) in [
        (Some(END - 1), END + 5_000, None),
        (Some(END), END + 5_000, Some(UnappliedReason::OrderClosed)),
        (None, END - 1, None),
        (None, END, Some(UnappliedReason::OrderClosed)),
        // A gateway's clock that runs ahead of ours does not make a payment late.
        (Some(END + 1), END - 1, None),
    ] {
        let charge = Charge { paid_at: paid_at.map(at), ..charge(START) };
        assert_eq!(confirmed(unpaid(), Vec::new(), charge, heard_at), expected, "{paid_at:?} {heard_at}");
    }
}

#[test]
fn a_charge_that_differs_is_kept_in_every_state() {
    for state in states() {
        for (change, expected) in [
            (Charge { amount: Money::from_fen_u32(PRICE - 1), ..charge(START) }, UnappliedReason::AmountDiffers),
            (Charge { amount: Money::from_fen_u32(PRICE + 1), ..charge(START) }, UnappliedReason::AmountDiffers),
            (Charge { currency: "usd".to_owned(), ..charge(START) }, UnappliedReason::CurrencyDiffers),
            (Charge { app_id: "app_2".to_owned(), ..charge(START) }, UnappliedReason::AppDiffers),
            (Charge { mode: Mode::Live, ..charge(START) }, UnappliedReason::ModeDiffers),
        ] {
            assert_eq!(confirmed(Some(order(state.clone())), Vec::new(), change, START), Some(expected), "{state:?}");
        }
    }
}

#[test]
fn a_charge_that_was_booked_before_changes_nothing_in_any_state() {
    let charge = charge(START);
    for state in states() {
        for status in ReceiptStatus::ALL {
            let receipt = crate::payments::receipt(&charge, &attempt(AttemptStatus::Paid), status, None, at(START));
            let view = ConfirmOrderView {
                wallet: wallet(0),
                attempt: attempt(AttemptStatus::Paid),
                order: Some(order(state.clone())),
                owned: vec![course()],
                receipt: Some(receipt.clone()),
            };
            let plan = confirm_order_charge(&confirm_command(charge.clone(), START), &view);
            assert_eq!(plan, Ok(ConfirmationPlan::AlreadyConfirmed(receipt)));
        }
    }
}

#[test]
fn only_an_unpaid_order_is_cancelled() {
    let (user_id, order_no, event_id) = (buyer(), number(), EventId::from_random(7));
    let command = CancelOrder { user_id, order_no, at: at(END + 1), event_id };
    for state in states() {
        let answer = cancel_order(&command, &Some(order(state.clone())));
        match &state {
            OrderState::Unpaid => {
                let Ok(EndPlan::End { order: ended, events }) = answer else { panic!("{answer:?}") };
                assert_eq!((ended, events.len()), (order(OrderState::Cancelled), 1));
            }
            OrderState::Cancelled => assert_eq!(answer, Ok(EndPlan::Keep(order(state)))),
            OrderState::Closed => assert_eq!(answer, Err(CancelRefusal::OrderClosed)),
            OrderState::Paid(_) | OrderState::PartlyRefunded(_) | OrderState::Refunded(_) => {
                assert_eq!(answer, Err(CancelRefusal::OrderPaid));
            }
        }
    }
    assert_eq!(cancel_order(&command, &None), Err(CancelRefusal::OrderNotFound));
}

#[test]
fn only_an_unpaid_order_past_its_time_is_closed() {
    for state in states() {
        for second in [END - 1, END, END + 1] {
            let (user_id, order_no, event_id) = (buyer(), number(), EventId::from_random(7));
            let command = CloseOrder { user_id, order_no, at: at(second), event_id };
            let plan = close_order(&command, &order(state.clone()));
            if state == OrderState::Unpaid && second >= END {
                let EndPlan::End { order: ended, events } = plan else { panic!("{plan:?}") };
                assert_eq!((ended, events.len()), (order(OrderState::Closed), 1));
            } else {
                assert_eq!(plan, EndPlan::Keep(order(state.clone())));
            }
        }
    }
}

//! Claims about top-ups: a balance grows once per paid charge.

use super::case::refusal_of;
use super::{Case, RecordedEvent, StoreHarness};
use crate::fixtures::{fen, owe};
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ids::GatewayOrderNo;
use edupay_domain::ledger::{Bucket, EntryKind, Wallet};
use edupay_domain::money::Money;
use edupay_domain::payments::{AttemptStatus, ChargeSubject, Confirmation, ReceiptStatus, UnappliedReason};
use edupay_domain::top_ups::{
    BonusTier, Campaign, OpenTopUp, OpenedTopUp, TopUp, TopUpRefusal, TopUpState, confirm_top_up, open_top_up,
};

/// A paid top-up is in the cash balance once, with entry, receipt, attempt and event.
pub async fn a_top_up_is_credited_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(7, 0, 0).await;
    let (number, attempt) = case.top_up(buyer, 10_000).await;
    let pending = harness.top_ups().find(buyer, &number).await.unwrap().unwrap();
    assert_eq!((pending.amount, &pending.state), (fen(10_000), &TopUpState::Pending));
    let route = harness.charges().find_route(&GatewayOrderNo::of_top_up(&number)).await.unwrap();
    assert_eq!(route, Some(case.route(&attempt)));
    assert_eq!(case.wallet(buyer).await.cash, Money::ZERO, "nothing is credited before it is paid");

    let charge = case.charge(&attempt);
    let command = case.confirm_top_up_command(&number, &attempt, &charge);
    let answer = harness.top_ups().confirm_charge(&command, confirm_top_up).await.unwrap();
    assert!(matches!(&answer, Confirmation::Applied(receipt) if receipt.status == ReceiptStatus::Applied));
    assert_eq!(case.wallet(buyer).await, Wallet { cash: fen(10_000), bonus: fen(7), entries: 2, ..Wallet::new(buyer) });
    let state = TopUpState::Credited { at: command.at, charge_id: charge.id.clone() };
    assert_eq!(harness.top_ups().find(buyer, &number).await.unwrap(), Some(TopUp { state, ..pending }));
    let stored = harness.charges().find_attempt(buyer, &charge.id).await.unwrap().unwrap();
    assert_eq!(stored.status, AttemptStatus::Paid);
    let line = case.statement(buyer).await.into_iter().next().unwrap();
    assert_eq!((line.kind, line.reference.as_str()), (EntryKind::CreditTopUp, number.as_str()));
    let body = EventBody::TopUpCredited { top_up_no: number.clone(), amount: fen(10_000), bonus: Money::ZERO };
    let event = Event { id: command.event_id, user_id: buyer, at: command.at, body };
    assert_eq!(case.events(buyer, "top_up.credited").await, [RecordedEvent::of(&event)]);

    let before = case.snapshot(buyer).await;
    let again = case.confirm_top_up(&number, &attempt, &charge).await;
    assert_eq!(again, Confirmation::AlreadyConfirmed(answer.receipt().clone()));
    assert_eq!(case.snapshot(buyer).await, before);
    case.audit().await;
}

/// A top-up's number is unique over all users, and over the numbers of orders' attempts.
pub async fn a_taken_top_up_number_is_answered_as_taken<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (buyer, other) = (case.user().await.id, case.user().await.id);
    let (number, attempt) = case.top_up(buyer, 100).await;
    let command = OpenTopUp { top_up_no: number.clone(), ..case.top_up_command(other, 200) };
    assert_eq!(harness.top_ups().open(&command, open_top_up).await.unwrap(), OpenedTopUp::NumberTaken);
    assert!(harness.top_ups().find(other, &number).await.unwrap().is_none());
    let subject = ChargeSubject::TopUp(number);
    assert_eq!(harness.charges().attempts_of(other, &subject).await.unwrap(), []);
    assert_eq!(harness.charges().attempts_of(buyer, &subject).await.unwrap(), [attempt]);
}

/// Nothing, or more than the most, starts no top-up.
pub async fn a_refused_top_up_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    for amount in [0, 5_000_001] {
        let command = case.top_up_command(buyer, amount);
        let answer = harness.top_ups().open(&command, open_top_up).await;
        assert_eq!(refusal_of(answer), TopUpRefusal::AmountOutOfBounds);
        assert!(harness.top_ups().find(buyer, &command.top_up_no).await.unwrap().is_none());
        let number = GatewayOrderNo::of_top_up(&command.top_up_no);
        assert_eq!(harness.charges().find_route(&number).await.unwrap(), None);
    }
}

/// What a user owes is paid first, the rest is cash.
pub async fn a_top_up_pays_the_debt_first<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    for (debt, amount, debt_after, cash_after) in [(30, 100, 0, 70), (100, 100, 0, 0), (130, 100, 30, 0)] {
        let buyer = case.user().await.id;
        let command = case.adjustment(buyer, Bucket::Cash, fen(debt));
        harness.wallets().adjust_balance(&command, owe).await.unwrap();
        assert_eq!(case.wallet(buyer).await.debt, fen(debt));
        let (number, attempt) = case.top_up(buyer, amount).await;
        case.confirm_top_up(&number, &attempt, &case.charge(&attempt)).await;
        let wallet = case.wallet(buyer).await;
        assert_eq!((wallet.debt, wallet.cash), (fen(debt_after), fen(cash_after)));
    }
    case.audit().await;
}

/// What a campaign promised when a top-up was started is given once, as a bonus, when it is paid.
pub async fn a_top_up_gets_the_bonus_it_was_promised<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let owing = case.adjustment(buyer, Bucket::Cash, fen(30));
    harness.wallets().adjust_balance(&owing, owe).await.unwrap();
    let campaign = Campaign::try_new(vec![BonusTier { from: fen(100), bonus: fen(7) }]).unwrap();
    for (amount, cash, bonus) in [(99, 69, 0), (100, 169, 7), (200, 369, 14)] {
        let command = OpenTopUp { campaign: campaign.clone(), ..case.top_up_command(buyer, amount) };
        let opened = harness.top_ups().open(&command, open_top_up).await.unwrap();
        let OpenedTopUp::Opened(started) = opened else { return assert_eq!("opened", "taken") };
        assert_eq!(started.bonus, campaign.bonus_of(fen(amount)));
        let charge = case.charge(&started.attempt);
        case.confirm_top_up(&command.top_up_no, &started.attempt, &charge).await;
        case.confirm_top_up(&command.top_up_no, &started.attempt, &charge).await;
        let wallet = case.wallet(buyer).await;
        assert_eq!((wallet.debt, wallet.cash, wallet.bonus), (Money::ZERO, fen(cash), fen(bonus)));
        let stored = harness.top_ups().find(buyer, &command.top_up_no).await.unwrap().unwrap();
        assert_eq!(stored.bonus, started.bonus);
        case.audit().await;
    }
}

/// A second charge of a credited top-up goes back to its payer.
pub async fn a_second_charge_of_a_top_up_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let (number, attempt) = case.top_up(buyer, 100).await;
    case.confirm_top_up(&number, &attempt, &case.charge(&attempt)).await;
    let second = case.confirm_top_up(&number, &attempt, &case.charge(&attempt)).await;
    let Confirmation::Unapplied(receipt) = second else { return assert_eq!("unapplied", "something else") };
    assert_eq!(receipt.reason, Some(UnappliedReason::PaidAlready));
    assert_eq!(receipt.status, ReceiptStatus::RefundDue);
    assert_eq!(case.wallet(buyer).await.cash, fen(100));
    case.audit().await;
}

/// While a top-up waits its attempt is due when its look has come; once credited, never.
pub async fn an_attempt_of_a_credited_top_up_is_not_due<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let (number, attempt) = case.top_up(buyer, 100).await;
    let due = async |minutes| {
        let all = case.due_attempts(case.minute(minutes)).await;
        all.iter().any(|due| due.gateway_order_no == attempt.gateway_order_no)
    };
    assert!(!due(1).await);
    assert!(due(2).await);
    case.confirm_top_up(&number, &attempt, &case.charge(&attempt)).await;
    assert!(!due(100).await);
}

/// Nobody else finds a top-up.
pub async fn someone_elses_top_up_is_none<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (number, _) = case.top_up(case.user().await.id, 100).await;
    assert!(harness.top_ups().find(case.user().await.id, &number).await.unwrap().is_none());
}

//! Whole stories of reconciliation with bill files, which know a payment by our number only.

#![expect(clippy::unwrap_used, reason = "the steps of a test fail by panicking")]

use super::reconciliation::{first_day, paid_again, paid_unheard};
use chrono::TimeDelta;
use edupay_domain::accounts::User;
use edupay_domain::clock::Clock;
use edupay_domain::orders::{Order, OrderState, OrderStore};
use edupay_domain::payments::{Channel, Charge, GatewayRefund, ReceiptStatus, RefundStatus};
use edupay_domain::reconciliation::{
    Action, Bill, BillFault, BillKind, Daily, Difference, DifferenceKind, PaymentState, Repaired, Run, Silent, Source,
    Standing, TheirPayment, TheirRefund, WantedRun,
};
use edupay_testkit::fixtures::fen;
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::platform::{PAYER_IP, Platform};

/// The first day against this bill of WeChat's.
async fn compare(platform: &Platform, bill: Bill) -> (Run, Vec<Difference>) {
    let (days, sources) = (Some(first_day()), vec![Source::WechatBill]);
    let wanted = WantedRun { days, sources, started_by: None, daily: Daily::No };
    let run = platform.reconciliation.begin(&wanted).await.unwrap().unwrap();
    let run = platform.reconciliation.carry_out(run, vec![(BillKind::Wechat, bill)], &Silent).await.unwrap();
    let kept = platform.reconciliation.differences(run.id, 0, 500).await.unwrap();
    let found = kept.into_iter().filter(|kept| kept.standing != Standing::Gone).map(|kept| kept.difference);
    (run, found.collect())
}

fn told(found: &[Difference]) -> Vec<(DifferenceKind, &str, Action)> {
    found.iter().map(|it| (it.kind, it.name.as_str(), it.action)).collect()
}

async fn paid(platform: &Platform, buyer: &User) -> (Order, Charge) {
    let (order, charge) = paid_unheard(platform, buyer).await;
    platform.payments.confirm(&charge).await.unwrap();
    (order, charge)
}

/// The charge as WeChat tells of it.
fn line(charge: &Charge, name: &str) -> TheirPayment {
    TheirPayment {
        name: name.to_owned(),
        charge_id: None,
        number: charge.gateway_order_no.to_string(),
        amount: charge.amount,
        currency: Some("cny".to_owned()),
        app_id: None,
        mode: None,
        state: PaymentState::Paid,
        paid_at: charge.paid_at,
    }
}

fn refund_line(platform: &Platform, refund: &GatewayRefund, name: &str) -> TheirRefund {
    TheirRefund {
        name: name.to_owned(),
        refund_id: None,
        charge_id: None,
        number: refund.gateway_order_no.as_ref().unwrap().to_string(),
        amount: refund.amount,
        status: RefundStatus::Succeeded,
        at: Some(platform.clock.now()),
    }
}

fn payments(lines: impl IntoIterator<Item = TheirPayment>) -> Bill {
    Bill { payments: lines.into_iter().collect(), ..Bill::default() }
}

async fn is_paid(platform: &Platform, order: &Order) -> bool {
    let order = OrderStore::find(&platform.store, order.user_id, &order.order_no).await.unwrap().unwrap();
    matches!(order.state, OrderState::Paid(_))
}

async fn repair(platform: &Platform, run: &Run) -> Repaired {
    platform.reconciliation.repair(run.id, &Silent).await.unwrap()
}

const DONE: Repaired = Repaired { done: 1, for_a_person: 0, failed: 0 };
const FOR_A_PERSON: Repaired = Repaired { done: 0, for_a_person: 1, failed: 0 };

#[tokio::test]
async fn what_only_the_bill_tells_is_booked_after_the_gateway_was_asked_for_its_number() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, heard) = paid(&platform, &buyer).await;
    let (lost, charge) = paid_unheard(&platform, &buyer).await;
    let bill = payments([line(&heard, "wx1"), line(&charge, "wx2")]);
    let (run, found) = compare(&platform, bill.clone()).await;
    assert_eq!(told(&found), [(DifferenceKind::MissingHere, "wx2", Action::Confirm)]);
    assert_eq!((run.counts.our_payments, run.counts.their_payments), (1, 2));
    assert_eq!(repair(&platform, &run).await, DONE);
    assert!(is_paid(&platform, &lost).await);
    let (run, found) = compare(&platform, bill).await;
    assert_eq!((told(&found), run.counts.gone), (vec![], 1));
    platform.audit().await;
}

#[tokio::test]
async fn a_line_whose_charge_was_not_paid_at_the_gateway_is_for_a_person() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    let unpaid = platform.gateway.charges().remove(0);
    let claimed = TheirPayment { paid_at: Some(platform.clock.now()), ..line(&unpaid, "wx1") };
    let (run, found) = compare(&platform, payments([claimed.clone()])).await;
    assert_eq!(told(&found), [(DifferenceKind::MissingHere, "wx1", Action::Confirm)]);
    assert_eq!(repair(&platform, &run).await, FOR_A_PERSON);
    assert!(!is_paid(&platform, &order).await && platform.store.receipts_of(buyer.id).is_empty());
    // A number of nobody's is asked for nowhere.
    let stranger = TheirPayment { number: "123456789".to_owned(), ..claimed };
    let (run, _) = compare(&platform, payments([stranger])).await;
    assert_eq!(repair(&platform, &run).await, FOR_A_PERSON);
    assert_eq!(platform.gateway.calls(Call::FindCharges), 1);
}

#[tokio::test]
async fn a_second_line_of_a_number_is_booked_when_the_gateway_has_a_second_charge() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, first) = paid(&platform, &buyer).await;
    let twice = payments([line(&first, "wx1"), line(&first, "wx2")]);
    let (run, found) = compare(&platform, twice.clone()).await;
    assert_eq!(
        told(&found).iter().map(|told| (told.0, told.1)).collect::<Vec<_>>(),
        [(DifferenceKind::DuplicateThere, "wx2")]
    );
    assert_eq!(repair(&platform, &run).await, FOR_A_PERSON, "the gateway knows of one only");
    paid_again(&platform).await;
    let (run, _) = compare(&platform, twice).await;
    assert_eq!(repair(&platform, &run).await, DONE);
    let kept: Vec<_> = platform.store.receipts_of(buyer.id).iter().map(|receipt| receipt.status).collect();
    assert_eq!(kept, [ReceiptStatus::Applied, ReceiptStatus::RefundDue]);
    platform.audit().await;
}

#[tokio::test]
async fn a_payment_that_the_bill_has_not_is_told_unless_it_was_paid_on_another_day() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, charge) = paid(&platform, &buyer).await;
    let missing = [(DifferenceKind::MissingThere, charge.id.as_str(), Action::Review)];
    assert_eq!(told(&compare(&platform, Bill::default()).await.1), missing);
    for fault in [Fault::LoseAnswer, Fault::Refuse] {
        platform.gateway.fail_next(Call::FindCharge, fault);
        assert_eq!(told(&compare(&platform, Bill::default()).await.1), missing, "a gateway that can't be asked");
    }
    // Alipay's payments stand in no bill of WeChat's.
    let other = platform.order(&buyer, 9_900).await;
    let other = platform.orders.pay_by_charge(&buyer, other.order_no, Channel::Alipay, PAYER_IP).await.unwrap();
    let other = platform.gateway.payer_pays(&other.charge_id.unwrap()).unwrap();
    platform.payments.confirm(&other).await.unwrap();
    assert_eq!(told(&compare(&platform, Bill::default()).await.1), missing);

    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    platform.clock.step(TimeDelta::hours(-13));
    let (_, yesterdays) = paid_unheard(&platform, &buyer).await;
    platform.clock.step(TimeDelta::hours(13));
    platform.payments.confirm(&yesterdays).await.unwrap();
    let (run, found) = compare(&platform, Bill::default()).await;
    assert_eq!((run.counts.our_payments, told(&found)), (1, vec![]), "it stands in yesterday's bill");
}

#[tokio::test]
async fn a_refund_that_the_bill_has_not_is_told_unless_it_was_made_on_another_day() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, charge) = paid(&platform, &buyer).await;
    let refund = platform.gateway.refund_by_hand(&charge.id, fen(900), None).unwrap();
    platform.payments.record_refunds_of(&charge.id).await.unwrap();
    let with = |refunds| Bill { refunds, ..payments([line(&charge, "wx1")]) };
    let agreed = with(vec![refund_line(&platform, &refund, "wxr1")]);
    let (run, found) = compare(&platform, agreed).await;
    assert_eq!((run.counts.our_refunds, run.counts.their_refunds, told(&found)), (1, 1, vec![]));
    let (_, found) = compare(&platform, with(Vec::new())).await;
    assert_eq!(found.iter().map(|it| it.kind).collect::<Vec<_>>(), [DifferenceKind::MissingThere]);
    platform.gateway.fail_next(Call::ListRefunds, Fault::LoseAnswer);
    assert_eq!(compare(&platform, with(Vec::new())).await.1, found, "a gateway that can't be asked");

    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, charge) = paid(&platform, &buyer).await;
    platform.clock.step(TimeDelta::days(-1));
    platform.gateway.refund_by_hand(&charge.id, fen(900), None).unwrap();
    platform.clock.step(TimeDelta::days(1));
    platform.payments.record_refunds_of(&charge.id).await.unwrap();
    let (run, found) = compare(&platform, payments([line(&charge, "wx1")])).await;
    assert_eq!((run.counts.our_refunds, told(&found)), (1, vec![]), "it stands in yesterday's bill");
}

#[tokio::test]
async fn refunds_that_only_the_bill_tells_are_settled_when_the_sums_agree() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, charge) = paid(&platform, &buyer).await;
    let refunds = [900, 100].map(|amount| platform.gateway.refund_by_hand(&charge.id, fen(amount), None).unwrap());
    let lines: Vec<_> =
        refunds.iter().enumerate().map(|(n, refund)| refund_line(&platform, refund, &format!("wxr{n}"))).collect();
    let bill = Bill { refunds: lines, ..payments([line(&charge, "wx1")]) };
    let (run, found) = compare(&platform, bill.clone()).await;
    let missing = |name| (DifferenceKind::MissingHere, name, Action::RecordRefund);
    let mut named = told(&found);
    named.sort_by_key(|told| told.1);
    assert_eq!(named, [missing("wxr0"), missing("wxr1")]);
    assert_eq!(repair(&platform, &run).await, Repaired { done: 2, for_a_person: 0, failed: 0 });
    assert_eq!(compare(&platform, bill.clone()).await.1, []);

    // What the gateway has not given back is no refund, whatever a bill says.
    let invented = TheirRefund { amount: fen(7), ..refund_line(&platform, &refunds[0], "wxr9") };
    let bill = Bill { refunds: [bill.refunds, vec![invented]].concat(), ..bill };
    let (run, found) = compare(&platform, bill).await;
    assert_eq!(told(&found), [missing("wxr9")]);
    platform.gateway.fail_next(Call::FindCharge, Fault::LoseAnswer);
    assert_eq!(repair(&platform, &run).await, Repaired { done: 0, for_a_person: 0, failed: 1 });
    platform.audit().await;
}

#[tokio::test]
async fn a_pending_refund_is_not_settled_by_a_bill() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, charge) = paid(&platform, &buyer).await;
    platform.gateway.refund_as(RefundStatus::Pending);
    let refund = platform.gateway.refund_by_hand(&charge.id, fen(900), None).unwrap();
    let refunds = vec![refund_line(&platform, &refund, "wxr1")];
    let (run, found) = compare(&platform, Bill { refunds, ..payments([line(&charge, "wx1")]) }).await;
    assert_eq!(told(&found), [(DifferenceKind::MissingHere, "wxr1", Action::RecordRefund)]);
    assert_eq!(repair(&platform, &run).await, FOR_A_PERSON);
}

#[tokio::test]
async fn lines_that_cannot_be_read_are_told_and_more_lines_than_one_look_takes_are_all_compared() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, charge) = paid(&platform, &buyer).await;
    let stranger = |n: u32| TheirPayment { number: format!("9{n:09}"), ..line(&charge, &format!("wx{n}")) };
    let fault = BillFault { line: 7, field: "金额".to_owned(), reason: "not_an_amount" };
    let bill = Bill { faults: vec![fault], ..payments((0..1_200).map(stranger).chain([line(&charge, "wx")])) };
    let (run, found) = compare(&platform, bill).await;
    assert_eq!((run.counts.differences, run.counts.their_payments, found.len()), (1_201, 1_201, 500));
    assert_eq!((found[0].kind, found[0].name.as_str()), (DifferenceKind::UnreadableThere, "line 7"));
}

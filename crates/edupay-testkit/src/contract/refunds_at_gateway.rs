//! Claims about refunds at the gateway: booked once, when they have succeeded, also those that nobody here
//! has asked for.

use super::refund_case::{parts, unreachable_claim};
use super::{Case, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::ledger::{Bucket, EntryKind};
use edupay_domain::orders::OrderState;
use edupay_domain::payments::{ChargeSubject, RefundHeard, RefundStatus};
use edupay_domain::refunds::{
    ClaimedRefund, RecordGatewayRefund, RefundOrigin, RefundStage, RefundTarget, RequestRefund, record_gateway_refund,
};
use edupay_domain::top_ups::{BonusTier, Campaign, OpenTopUp, OpenedTopUp, open_top_up};

/// What a charge paid is booked as given back when the gateway has done it, and not before.
pub async fn an_order_paid_by_a_charge_goes_back_through_the_gateway<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, charge_id) = case.charged(100).await;
    let refund = case.at_gateway(&case.order_refund(&order, None)).await;
    assert_eq!((refund.stage, refund.charge_id.as_ref()), (RefundStage::Requested, Some(&charge_id)));
    let entries = case.statement(order.user_id).await.len();
    let word = case.word_of_ours(&refund, RefundStatus::Pending);
    let pending = case.told(&word).await.unwrap();
    assert_eq!((pending.stage, pending.refund_id.as_ref()), (RefundStage::Pending, Some(&word.refund.id)));
    assert_eq!(case.statement(order.user_id).await.len(), entries);
    assert!(matches!(case.stored(&order).await.state, OrderState::Paid(_)));
    let mut word = word;
    word.refund.status = RefundStatus::Succeeded;
    assert_eq!(case.told(&word).await.unwrap().stage, RefundStage::Succeeded);
    assert!(matches!(case.stored(&order).await.state, OrderState::Refunded(_)));
    assert_eq!(parts(&case.wallet(order.user_id).await), [0, 0, 0, 0]);
    assert_eq!(harness.orders().owned_courses(order.user_id).await.unwrap(), []);
    case.audit().await;
}

/// A claim is stored as it is answered; the next holder knows that the gateway was asked.
pub async fn a_claim_of_refund_work_is_stored<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, _) = case.charged(100).await;
    let refund = case.asked(&case.order_refund(&order, None)).await;
    let is_due = async |minutes: i64| {
        let due = harness.refunds().due(case.minute(minutes), 100_000).await.unwrap();
        due.iter().any(|due| due.refund_no == refund.refund_no && due.user_id == refund.user_id)
    };
    assert!(!is_due(9).await && is_due(10).await);
    assert_eq!(case.claimed(&refund, 9).await, ClaimedRefund::Denied);
    let claimed = match case.claimed(&refund, 10).await {
        ClaimedRefund::Ask(claimed) => claimed,
        other => unreachable_claim(&other),
    };
    assert_eq!((claimed.asked_at, claimed.next_try_at), (Some(case.minute(10)), case.minute(11)));
    assert!(!is_due(10).await && is_due(11).await);
    assert_eq!(case.claimed(&refund, 10).await, ClaimedRefund::Denied);
    assert!(matches!(case.claimed(&refund, 11).await, ClaimedRefund::LookFirst(_)));
    case.told(&case.word_of_ours(&claimed, RefundStatus::Succeeded)).await;
    assert_eq!(case.claimed(&refund, 60).await, ClaimedRefund::Denied);
    assert!(!is_due(60).await);
}

/// However often it says so.
pub async fn the_gateways_word_is_booked_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, _) = case.charged(100).await;
    let refund = case.at_gateway(&case.order_refund(&order, Some(40))).await;
    let word = case.word_of_ours(&refund, RefundStatus::Succeeded);
    let done = case.told(&word).await.unwrap();
    let before = case.snapshot(order.user_id).await;
    for status in [RefundStatus::Succeeded, RefundStatus::Pending, RefundStatus::Failed] {
        let mut again = word.clone();
        again.refund.status = status;
        assert_eq!(case.told(&again).await.unwrap(), done);
    }
    assert_eq!(case.refused_there(&refund).await, done);
    assert_eq!(case.snapshot(order.user_id).await, before);
    case.audit().await;
}

/// Whatever number it claims: of another amount, of one that was never asked for, or of one that has an
/// answer, it is a refund of its own. One that has not succeeded is not booked.
pub async fn a_refund_made_at_the_gateway_is_booked_and_never_taken_for_ours<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, charge_id) = case.charged(100).await;
    let whose = (order.user_id, &ChargeSubject::Order(order.order_no.clone()));
    let ours = case.at_gateway(&case.order_refund(&order, Some(40))).await;
    for status in [RefundStatus::Pending, RefundStatus::Failed] {
        assert_eq!(case.told(&case.gateway_word(whose, &charge_id, (fen(10), status), None)).await, None);
    }
    let of_another_amount =
        case.gateway_word(whose, &charge_id, (fen(10), RefundStatus::Succeeded), Some(&ours.refund_no));
    // A callback that contradicts what is waited for is a reason to look, and no more.
    let callback = RecordGatewayRefund { heard: RefundHeard::Callback, ..of_another_amount.clone() };
    assert_eq!(case.told(&callback).await, None);
    let booked = case.told(&of_another_amount).await.unwrap();
    assert_eq!((booked.origin, booked.stage, booked.amount), (RefundOrigin::Gateway, RefundStage::Succeeded, fen(10)));
    assert!(booked.refund_no.is_of_gateway() && booked.recovered.is_zero());
    assert_eq!(case.told(&of_another_amount).await.unwrap(), booked, "once");
    // Ours is still unanswered, and its answer is known by its number.
    let word = case.word_of_ours(&ours, RefundStatus::Succeeded);
    assert_eq!(case.told(&word).await.unwrap().refund_no, ours.refund_no);
    // The same number and amount again, by another refund: ours has its answer.
    let copy = case.word_of_ours(&ours, RefundStatus::Succeeded);
    let copied = case.told(&copy).await.unwrap();
    assert_eq!((copied.origin, copied.amount), (RefundOrigin::Gateway, fen(40)));
    let rest = case.told(&case.made_there(&order, &charge_id, 10)).await.unwrap();
    assert_eq!((rest.amount, rest.recovered), (fen(10), fen(0)));
    assert!(matches!(case.stored(&order).await.state, OrderState::Refunded(_)));
    assert_eq!(case.refunds(&order).await.len(), 4);
    case.audit().await;
}

/// A part went into the balance, the rest is reserved; then the gateway gives everything back: what was
/// no longer there to give comes out of the balances, and what they don't have is owed.
pub async fn what_the_gateway_gives_beyond_what_is_left_is_the_users<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, charge_id) = case.charged(100).await;
    case.asked(&RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, Some(40)) }).await;
    let reserved = case.at_gateway(&case.order_refund(&order, Some(25))).await;
    let gift = case.adjustment(order.user_id, Bucket::Bonus, fen(5));
    harness.wallets().adjust_balance(&gift, edupay_domain::accounts::adjust_balance).await.unwrap();
    let booked = case.told(&case.made_there(&order, &charge_id, 100)).await.unwrap();
    assert_eq!((booked.amount, booked.recovered), (fen(100), fen(65)));
    assert_eq!(parts(&case.wallet(order.user_id).await), [0, 0, 0, 20]);
    assert!(matches!(case.stored(&order).await.state, OrderState::PartlyRefunded(_)));
    // Ours is refused, as nothing is left at the gateway; what it had reserved goes to the buyer.
    case.refused_there(&reserved).await;
    case.asked(&RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, None) }).await;
    assert_eq!(parts(&case.wallet(order.user_id).await), [0, 0, 5, 0]);
    assert!(matches!(case.stored(&order).await.state, OrderState::Refunded(_)));
    case.audit().await;
}

/// Cash first, gifts last, the rest is owed.
pub async fn a_top_up_that_the_gateway_gives_back_is_taken_from_the_balances<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(10, 20, 0).await;
    let (number, attempt) = case.top_up(buyer, 100).await;
    let charge = case.charge(&attempt);
    case.confirm_top_up(&number, &attempt, &charge).await;
    let whose = (buyer, &ChargeSubject::TopUp(number));
    let word = case.gateway_word(whose, &charge.id, (fen(70), RefundStatus::Succeeded), None);
    let booked = harness.refunds().record(&word, record_gateway_refund).await.unwrap().unwrap();
    assert_eq!((booked.amount, booked.recovered, booked.origin), (fen(70), fen(70), RefundOrigin::Gateway));
    assert_eq!(parts(&case.wallet(buyer).await), [10, 20, 30, 0]);
    let order = case.order(buyer, 55).await;
    case.pay(&order).await.unwrap();
    case.told(&case.gateway_word(whose, &charge.id, (fen(30), RefundStatus::Succeeded), None)).await.unwrap();
    assert_eq!(parts(&case.wallet(buyer).await), [0, 0, 0, 25]);
    assert_eq!(case.entry_kinds(buyer).await.last(), Some(&EntryKind::ClawBackTopUp));
    case.audit().await;
}

/// With the whole of a top-up goes what is left of the gift that came with it. No gift is ever owed.
pub async fn a_top_up_that_went_back_whole_keeps_no_gift<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campaign = Campaign::try_new(vec![BonusTier { from: fen(100), bonus: fen(9) }]).unwrap();
    for (spent, halfway, after) in
        [(0, [9, 0, 40, 0], [0, 0, 0, 0]), (5, [4, 0, 40, 0], [0, 0, 0, 0]), (69, [0, 0, 0, 20], [0, 0, 0, 60])]
    {
        let buyer = case.user().await.id;
        let command = OpenTopUp { campaign: campaign.clone(), ..case.top_up_command(buyer, 100) };
        let opened = harness.top_ups().open(&command, open_top_up).await.unwrap();
        let OpenedTopUp::Opened(started) = opened else { return assert_eq!("opened", "taken") };
        let charge = case.charge(&started.attempt);
        case.confirm_top_up(&command.top_up_no, &started.attempt, &charge).await;
        if spent > 0 {
            let order = case.order(buyer, spent).await;
            case.pay(&order).await.unwrap();
        }
        let whose = (buyer, &ChargeSubject::TopUp(command.top_up_no.clone()));
        case.told(&case.gateway_word(whose, &charge.id, (fen(60), RefundStatus::Succeeded), None)).await.unwrap();
        assert_eq!(parts(&case.wallet(buyer).await), halfway, "{spent} spent");
        case.told(&case.gateway_word(whose, &charge.id, (fen(40), RefundStatus::Succeeded), None)).await.unwrap();
        assert_eq!(parts(&case.wallet(buyer).await), after, "{spent} spent");
        case.audit().await;
    }
}

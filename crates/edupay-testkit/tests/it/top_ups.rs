//! Money comes into a balance on proof only.

use chrono::TimeDelta;
use edupay_domain::accounts::{AdjustBalance, WalletStore};
use edupay_domain::clock::Clock;
use edupay_domain::idempotency::{ClaimedKey, IdempotencyKey, KeyTurn, RecoveryPoint, RequestDigest};
use edupay_domain::ids::{GatewayOrderNo, OpenId, TopUpNo};
use edupay_domain::ledger::{Bucket, EntryKind};
use edupay_domain::payments::{
    AttemptStatus, Channel, ChargeStore, CloseAttempt, Postponement, ProofRefusal, ReceiptStatus, UnappliedReason,
    close_attempt,
};
use edupay_domain::store::EffectError;
use edupay_domain::top_ups::{Campaign, TopUpPolicy, TopUpRefusal, TopUpService, TopUpState, TopUpWish, TopUps};
use edupay_testkit::fixtures::{event_id, fen, owe};
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::ids::SeededIds;
use edupay_testkit::platform::{PAYER_IP, Platform};
use std::sync::Arc;

#[tokio::test]
async fn a_top_up_pays_the_debt_first() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let command = AdjustBalance {
        user_id: buyer.id,
        bucket: Bucket::Cash,
        amount: fen(3_000),
        reason: "a refund that the balance could not give".to_owned(),
        at: platform.clock.now(),
        event_id: event_id(1),
    };
    platform.store.adjust_balance(&command, owe).await.unwrap();
    assert!(platform.top_ups.simulates());
    platform.top_ups.simulate(&buyer, fen(10_000), PAYER_IP, None).await.unwrap();
    let wallet = platform.wallet(&buyer).await;
    assert_eq!((wallet.debt, wallet.cash), (fen(0), fen(7_000)));
    let kinds = async |limit| {
        let lines = platform.ledger.statement(buyer.id, None, limit).await.unwrap();
        lines.iter().map(|line| line.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(10).await, [EntryKind::CreditTopUp, EntryKind::AdjustBalance]);
    assert_eq!(kinds(0).await, [EntryKind::CreditTopUp]);
    platform.audit().await;
}

fn alipay(amount: u32) -> TopUpWish {
    TopUpWish { amount: fen(amount), channel: Channel::Alipay, open_id: None }
}

#[tokio::test]
async fn a_pending_top_up_that_was_paid_heals_when_its_user_looks() {
    let platform = Platform::new();
    let (buyer, other) = (platform.buyer("xiaoyu", 0).await, platform.buyer("other", 0).await);
    let attempt = platform.top_ups.start(&buyer, alipay(10_000), PAYER_IP).await.unwrap().attempt;
    let number = TopUpNo::parse(attempt.gateway_order_no.as_str()).unwrap();
    let look = async || platform.top_ups.find(buyer.id, &number).await.unwrap().unwrap().state;
    assert_eq!(look().await, TopUpState::Pending);
    platform.gateway.payer_pays(&attempt.charge_id.unwrap()).unwrap();
    platform.gateway.fail_next(Call::FindCharge, Fault::LoseAnswer);
    assert_eq!(look().await, TopUpState::Pending, "a gateway that can't be asked changes nothing");
    assert!(matches!(look().await, TopUpState::Credited { .. }));
    assert_eq!(platform.wallet(&buyer).await.cash, fen(10_000));
    assert_eq!(platform.top_ups.find(other.id, &number).await.unwrap(), None);
    platform.audit().await;
}

#[tokio::test]
async fn a_payment_inside_wechat_names_its_payer() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let wish = TopUpWish { channel: Channel::WxPub, ..alipay(10_000) };
    let refused = platform.top_ups.start(&buyer, wish.clone(), PAYER_IP).await;
    assert!(matches!(refused, Err(EffectError::Refused(TopUpRefusal::OpenIdMissing))));
    let wish = TopUpWish { open_id: Some(OpenId::parse("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()), ..wish };
    platform.top_ups.start(&buyer, wish, PAYER_IP).await.unwrap();
}

#[tokio::test]
async fn a_paid_charge_is_a_proof_for_its_own_user_only_and_credits_once() {
    let platform = Platform::new();
    let (buyer, thief) = (platform.buyer("xiaoyu", 0).await, platform.buyer("thief", 0).await);
    let attempt = platform.top_ups.start(&buyer, alipay(10_000), PAYER_IP).await.unwrap().attempt;
    let charge_id = attempt.charge_id.unwrap();
    let unpaid = platform.top_ups.redeem(buyer.id, &charge_id, None).await;
    assert!(matches!(unpaid, Err(EffectError::Refused(ProofRefusal::Unknown))), "it may be paid in a moment");
    let anothers = platform.top_ups.redeem(thief.id, &charge_id, None).await;
    assert!(matches!(anothers, Err(EffectError::Refused(ProofRefusal::Invalid))), "who knows nothing of it");
    platform.gateway.payer_pays(&charge_id).unwrap();

    let inflated = platform.top_ups.redeem(buyer.id, &charge_id, Some(fen(10_001))).await;
    assert!(matches!(inflated, Err(EffectError::Refused(ProofRefusal::Invalid))));
    assert!(platform.wallet(&buyer).await.cash.is_zero(), "a claim of another amount credits nothing");

    let stolen = platform.top_ups.redeem(thief.id, &charge_id, None).await;
    assert!(matches!(stolen, Err(EffectError::Refused(ProofRefusal::Invalid))));
    assert!(platform.wallet(&thief).await.cash.is_zero());
    assert!(platform.wallet(&buyer).await.cash.is_zero(), "another user's claim credits nobody");

    platform.gateway.fail_next(Call::FindCharge, Fault::LoseAnswer);
    let unknown = platform.top_ups.redeem(buyer.id, &charge_id, None).await;
    assert!(matches!(unknown, Err(EffectError::Refused(ProofRefusal::Unknown))));
    for _ in 0..3 {
        platform.top_ups.redeem(buyer.id, &charge_id, None).await.unwrap();
        assert_eq!(platform.wallet(&buyer).await.cash, fen(10_000));
    }
    platform.audit().await;
}

#[tokio::test]
async fn a_charge_of_an_order_is_no_proof_of_a_top_up() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no, Channel::Wx, PAYER_IP).await.unwrap();
    let charge_id = attempt.charge_id.unwrap();
    platform.gateway.payer_pays(&charge_id).unwrap();
    let refused = platform.top_ups.redeem(buyer.id, &charge_id, None).await;
    assert!(matches!(refused, Err(EffectError::Refused(ProofRefusal::Invalid))));
    assert!(platform.wallet(&buyer).await.cash.is_zero());
}

#[tokio::test]
async fn a_top_up_whose_payment_is_unknown_is_credited_when_it_turns_out_to_be_paid() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    platform.gateway.fail_next(Call::Pay, Fault::LoseAnswer);
    let unknown = platform.top_ups.simulate(&buyer, fen(10_000), PAYER_IP, None).await;
    assert!(matches!(unknown, Err(EffectError::Refused(TopUpRefusal::ChargeUnknown))));
    for event in platform.gateway.events() {
        platform.payments.receive(&event).await.unwrap();
    }
    assert_eq!(platform.wallet(&buyer).await.cash, fen(10_000));
    platform.audit().await;
}

#[tokio::test]
async fn a_paid_charge_is_a_proof_although_its_attempt_was_closed() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let attempt = platform.top_ups.start(&buyer, alipay(10_000), PAYER_IP).await.unwrap().attempt;
    let charge_id = attempt.charge_id.unwrap();
    let command = CloseAttempt { user_id: buyer.id, gateway_order_no: attempt.gateway_order_no };
    let closed = platform.store.close_attempt(&command, close_attempt).await.unwrap();
    assert_eq!(closed.status, AttemptStatus::Closed);
    let unpaid = platform.top_ups.redeem(buyer.id, &charge_id, None).await;
    assert!(matches!(unpaid, Err(EffectError::Refused(ProofRefusal::Invalid))), "nobody will pay it");
    platform.gateway.payer_pays(&charge_id).unwrap();
    for _ in 0..2 {
        platform.top_ups.redeem(buyer.id, &charge_id, None).await.unwrap();
        assert_eq!(platform.wallet(&buyer).await.cash, fen(10_000));
    }
    platform.audit().await;
}

/// The turn of a key whose first try noted this top-up.
fn resumed(number: &GatewayOrderNo, turn: &KeyTurn) -> KeyTurn {
    KeyTurn { point: Some(RecoveryPoint(number.to_string())), ..turn.clone() }
}

#[tokio::test]
async fn a_try_that_could_not_ask_the_gateway_is_followed_by_another_top_up() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    for postponement in [Postponement::Throttled, Postponement::Unreached] {
        let key = IdempotencyKey::parse(postponement.code()).unwrap();
        let request = platform.idempotency.request(buyer.id, key, RequestDigest([7; 32]));
        let ClaimedKey::Turn(first) = platform.idempotency.claim(request.clone()).await.unwrap() else { panic!() };
        platform.gateway.fail_next(Call::CreateCharge, Fault::Postpone(postponement));
        let said = platform.top_ups.start_once(&buyer, alipay(10_000), PAYER_IP, Some(&first)).await;
        let expected = TopUpRefusal::ChargePostponed(postponement);
        assert!(matches!(said, Err(EffectError::Refused(said)) if said == expected));
        platform.idempotency.give_back(first.claim).await.unwrap();

        let ClaimedKey::Turn(second) = platform.idempotency.claim(request).await.unwrap() else { panic!() };
        let noted = second.point.clone().unwrap();
        let started = platform.top_ups.start_once(&buyer, alipay(10_000), PAYER_IP, Some(&second)).await.unwrap();
        assert_eq!(started.attempt.status, AttemptStatus::Open);
        assert_ne!(started.attempt.gateway_order_no.as_str(), noted.0);
        // What the second try has made is what a third one goes on with.
        let third = resumed(&started.attempt.gateway_order_no, &second);
        let again = platform.top_ups.start_once(&buyer, alipay(10_000), PAYER_IP, Some(&third)).await.unwrap();
        assert_eq!(again.attempt, started.attempt);
    }
    assert_eq!(platform.gateway.charges().len(), 2);
    platform.audit().await;
}

#[tokio::test]
async fn a_charge_that_was_given_back_is_not_credited() {
    for given_back in [1, 10_000] {
        let platform = Platform::new();
        let buyer = platform.buyer("xiaoyu", 0).await;
        let attempt = platform.top_ups.start(&buyer, alipay(10_000), PAYER_IP).await.unwrap().attempt;
        let charge_id = attempt.charge_id.unwrap();
        platform.gateway.payer_pays(&charge_id).unwrap();
        // Somebody gives it back at the gateway before we hear that it was paid.
        platform.gateway.refund_by_hand(&charge_id, fen(given_back), None).unwrap();
        let refused = platform.top_ups.redeem(buyer.id, &charge_id, None).await;
        assert!(matches!(refused, Err(EffectError::Refused(ProofRefusal::Invalid))));
        assert!(platform.wallet(&buyer).await.cash.is_zero());
        let receipt = platform.payments.find_receipt(buyer.id, &charge_id).await.unwrap().unwrap();
        assert_eq!((receipt.status, receipt.reason), (ReceiptStatus::Review, Some(UnappliedReason::RefundedAlready)));
        assert!(platform.payments.refund_due(10).await.unwrap().failed.is_empty());
        assert_eq!(platform.gateway.refunds().len(), 1, "nothing goes back by itself");
        platform.audit().await;
    }
}

#[tokio::test]
async fn nothing_is_simulated_where_the_gateway_is_not_the_sandbox() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let top_ups = TopUpService::new(TopUps {
        store: Arc::new(platform.store.clone()),
        payments: platform.payments.clone(),
        sandbox: None,
        policy: TopUpPolicy {
            max_amount: fen(5_000_000),
            charge_lifetime: TimeDelta::hours(1),
            subject: "充值".to_owned(),
            campaign: Campaign::default(),
        },
        clock: platform.clock.clone(),
        ids: Arc::new(SeededIds::default()),
    });
    assert!(!top_ups.simulates());
    let refused = top_ups.simulate(&buyer, fen(10_000), PAYER_IP, None).await;
    assert!(matches!(refused, Err(EffectError::Refused(TopUpRefusal::ChargeRefused))));
    assert!(platform.gateway.charges().is_empty());
    assert_eq!(platform.wallet(&buyer).await.cash, fen(0));
}

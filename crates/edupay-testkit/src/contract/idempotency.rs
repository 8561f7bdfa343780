//! Claims about keys of requests that are done once.

use super::{Case, StoreHarness};
use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::{
    ClaimKey, ClaimPlan, Claimant, IdempotencyKey, KeyClaim, KeyRecord, KeyStage, KeyedOutcome, KeyedRequest, Once,
    RecoveryPoint, RequestDigest, SettleKey, StoredReply, claim_key, settle_key,
};
use edupay_domain::ids::UserId;
use edupay_domain::orders::{
    CreateOrder, CreatedOrder, OrderState, PaidOrder, PayRefusal, create_order, pay_from_balance,
};
use edupay_domain::packages::{PlacePurchase, PlacedPurchase, PurchaseKind, place_purchase};
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use edupay_domain::top_ups::{OpenTopUp, OpenedTopUp, open_top_up};
use std::sync::Arc;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// A request under a new key, two minutes after the start; the key expires a day later.
    pub(super) fn keyed(&self, user_id: UserId) -> KeyedRequest {
        let at = self.minute(2);
        KeyedRequest {
            user_id,
            key: IdempotencyKey::parse(&self.unique("key-")).unwrap(),
            digest: RequestDigest([1; 32]),
            at,
            expires_at: later(at, TimeDelta::hours(24)),
        }
    }

    /// Claims the key of a request for half a minute, as somebody new.
    pub(super) fn key_command(&self, request: &KeyedRequest) -> ClaimKey {
        ClaimKey {
            request: request.clone(),
            claimant: Claimant::drawn(self.event_id()),
            until: later(request.at, TimeDelta::seconds(30)),
        }
    }

    async fn key_claimed(&self, command: &ClaimKey) -> KeyRecord {
        match self.harness().idempotency().claim(command, claim_key).await.unwrap() {
            ClaimPlan::Grant(record) => record,
            ClaimPlan::Deny(outcome) => panicked(&outcome),
        }
    }

    async fn key_denied(&self, command: &ClaimKey) -> KeyedOutcome {
        match self.harness().idempotency().claim(command, claim_key).await.unwrap() {
            ClaimPlan::Deny(outcome) => outcome,
            ClaimPlan::Grant(record) => panicked(&record),
        }
    }

    async fn key_settled(&self, claim: KeyClaim, reply: Option<StoredReply>, at: Timestamp) -> KeyedOutcome {
        let command = SettleKey { claim, reply, at };
        self.harness().idempotency().settle(&command, settle_key).await.unwrap()
    }
}

/// The right that a granted command gives.
pub(super) fn claim_of(command: &ClaimKey) -> KeyClaim {
    let KeyedRequest { user_id, key, .. } = command.request.clone();
    KeyClaim { user_id, key, claimant: command.claimant.clone() }
}

/// A reply with a body, which has what a body may have.
pub(super) fn reply(body: &str) -> StoredReply {
    StoredReply {
        status: 201,
        head: "content-type: application/json\n".to_owned(),
        body: format!("{{\"课\":\"{body}\"}}"),
    }
}

/// Replies with the order's number or the refusal's code.
pub(super) fn once(request: KeyedRequest) -> Once<Result<PaidOrder, PayRefusal>> {
    let render = |outcome: &Result<PaidOrder, PayRefusal>| {
        Some(reply(outcome.as_ref().map_or_else(|refusal| refusal.code(), |paid| paid.parts().0.order_no.as_str())))
    };
    Once { request, render: Arc::new(render) }
}

fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap()
}

/// A claim fails by panicking.
#[expect(clippy::panic, reason = "a claim fails by panicking, as a test does")]
fn panicked(found: &dyn std::fmt::Debug) -> ! {
    panic!("not expected: {found:?}")
}

fn is_unavailable(error: &StoreError) -> bool {
    error.fault() == StoreFault::Unavailable
}

/// A key is claimed once, and its reply is given to every repeat.
pub async fn a_key_is_claimed_once_and_its_reply_replayed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let request = case.keyed(case.user().await.id);
    let command = case.key_command(&request);
    let record = case.key_claimed(&command).await;
    assert_eq!((record.request, record.point), (request.clone(), None));
    assert_eq!(case.key_denied(&case.key_command(&request)).await, KeyedOutcome::Running);
    let first = case.key_settled(claim_of(&command), Some(reply("a")), request.at).await;
    assert_eq!(first, KeyedOutcome::First(reply("a")));
    for _ in 0..2 {
        assert_eq!(case.key_denied(&case.key_command(&request)).await, KeyedOutcome::Replayed(reply("a")));
    }
    // A repeat of the same command, whose answer was lost.
    let again = case.key_settled(claim_of(&command), Some(reply("a")), request.at).await;
    assert_eq!(again, KeyedOutcome::First(reply("a")));
    let other = case.key_settled(claim_of(&command), Some(reply("b")), request.at).await;
    assert_eq!(other, KeyedOutcome::Replayed(reply("a")));
}

/// Another request under the same key is told so, whether the first runs or is answered.
pub async fn another_request_under_a_key_is_told_apart<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let request = case.keyed(case.user().await.id);
    let other = KeyedRequest { digest: RequestDigest([2; 32]), ..request.clone() };
    let command = case.key_command(&request);
    case.key_claimed(&command).await;
    assert_eq!(case.key_denied(&case.key_command(&other)).await, KeyedOutcome::OtherRequest);
    case.key_settled(claim_of(&command), Some(reply("a")), request.at).await;
    assert_eq!(case.key_denied(&case.key_command(&other)).await, KeyedOutcome::OtherRequest);
}

/// Two users may choose the same key.
pub async fn a_key_is_its_users_own<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let request = case.keyed(case.user().await.id);
    case.key_claimed(&case.key_command(&request)).await;
    let other = KeyedRequest { user_id: case.user().await.id, ..request };
    case.key_claimed(&case.key_command(&other)).await;
}

/// A key has a user.
pub async fn a_key_of_nobody_is_corrupt<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let nobody = UserId::try_new(i64::MAX).unwrap();
    let failed = harness.idempotency().claim(&case.key_command(&case.keyed(nobody)), claim_key).await;
    assert_eq!(failed.unwrap_err().fault(), StoreFault::Corrupt);
}

/// Keys differ in case and in every character that they may have, and may be long.
pub async fn keys_are_compared_by_every_character<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    let long = "k".repeat(255);
    for key in ["a", "A", "a'", "a\"", "a\\", "%", "_", &long, &long[..254]] {
        let request = KeyedRequest { key: IdempotencyKey::parse(key).unwrap(), ..case.keyed(user_id) };
        case.key_claimed(&case.key_command(&request)).await;
        assert_eq!(case.key_denied(&case.key_command(&request)).await, KeyedOutcome::Running);
    }
}

/// After the lease somebody else goes on; the one who comes back late changes nothing.
pub async fn a_lease_that_ran_out_is_taken_over<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let request = case.keyed(case.user().await.id);
    let first = case.key_command(&request);
    case.key_claimed(&first).await;
    let early = KeyedRequest { at: later(request.at, TimeDelta::seconds(29)), ..request.clone() };
    assert_eq!(case.key_denied(&case.key_command(&early)).await, KeyedOutcome::Running);
    let later = KeyedRequest { at: later(request.at, TimeDelta::seconds(30)), ..request.clone() };
    let second = case.key_command(&later);
    let record = case.key_claimed(&second).await;
    assert_eq!(record.request, request, "the key expires when the first request said");
    assert_eq!(record.stage, KeyStage::Running { claimant: second.claimant.clone(), until: second.until });
    assert_eq!(case.key_settled(claim_of(&first), Some(reply("late")), later.at).await, KeyedOutcome::Running);
    let answered = case.key_settled(claim_of(&second), Some(reply("b")), later.at).await;
    assert_eq!(answered, KeyedOutcome::First(reply("b")));
    let late = case.key_settled(claim_of(&first), Some(reply("late")), later.at).await;
    assert_eq!(late, KeyedOutcome::Replayed(reply("b")));
}

/// Whoever does not know the reply gives the claim back: the next goes on at once.
pub async fn a_claim_that_is_given_back_is_free_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let request = case.keyed(case.user().await.id);
    let command = case.key_command(&request);
    case.key_claimed(&command).await;
    case.key_settled(claim_of(&command), None, request.at).await;
    case.key_claimed(&case.key_command(&request)).await;
}

/// Keys go when they have expired, the oldest first, no more at once than is asked for.
pub async fn expired_keys_are_removed_in_rounds<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    let mut requests = Vec::new();
    // Long before what other claims keep, so that these are removed first.
    for days in [-399, -398, -397, -396] {
        let request = case.keyed(user_id);
        let expires_at = later(case.start(), TimeDelta::days(days));
        let request = KeyedRequest { expires_at, ..request };
        case.key_claimed(&case.key_command(&request)).await;
        requests.push(request);
    }
    let store = harness.idempotency();
    let before = requests.last().unwrap().expires_at;
    let first = store.remove_expired(before, 2).await.unwrap();
    assert!(first <= 2, "{first} were removed");
    while store.remove_expired(before, 2).await.unwrap() > 0 {}
    for request in requests.iter().take(3) {
        case.key_claimed(&case.key_command(request)).await;
    }
    let kept = requests.last().unwrap();
    assert_eq!(case.key_denied(&case.key_command(kept)).await, KeyedOutcome::Running, "it expires at that moment");
}

/// A payment under a key is written with its reply, and the key then answers.
pub async fn a_keyed_payment_is_written_with_its_reply<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 300).await;
    let order = case.order(buyer, 100).await;
    let once = once(case.keyed(buyer));
    let pay =
        || async { harness.orders().pay_from_balance_once(&case.pay_command(&order), pay_from_balance, &once).await };
    let expected = reply(order.order_no.as_str());
    assert_eq!(pay().await.unwrap(), KeyedOutcome::First(expected.clone()));
    assert!(matches!(case.stored(&order).await.state, OrderState::Paid(_)));
    assert_eq!(pay().await.unwrap(), KeyedOutcome::Replayed(expected.clone()));
    assert_eq!(case.wallet(buyer).await.cash.fen(), 200);
    assert_eq!(case.key_denied(&case.key_command(&once.request)).await, KeyedOutcome::Replayed(expected));
}

/// A refusal under a key is a reply as well, and wrote nothing else.
pub async fn a_refused_keyed_payment_replays_its_refusal<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 99).await;
    let order = case.order(buyer, 100).await;
    let once = once(case.keyed(buyer));
    let pay =
        || async { harness.orders().pay_from_balance_once(&case.pay_command(&order), pay_from_balance, &once).await };
    let expected = reply(PayRefusal::InsufficientBalance.code());
    assert_eq!(pay().await.unwrap(), KeyedOutcome::First(expected.clone()));
    assert_eq!(pay().await.unwrap(), KeyedOutcome::Replayed(expected));
    assert_eq!(case.stored(&order).await.state, OrderState::Unpaid);
    // Without the key, or with another, it is asked anew.
    assert!(matches!(case.pay(&order).await, Err(EffectError::Refused(PayRefusal::InsufficientBalance))));
}

/// What is known of a key keeps another payment from happening under it.
pub async fn a_keyed_payment_respects_what_the_key_is_known_for<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 300).await;
    let (one, other) = (case.order(buyer, 100).await, case.order(buyer, 100).await);
    let request = case.keyed(buyer);
    let first = once(request.clone());
    harness.orders().pay_from_balance_once(&case.pay_command(&one), pay_from_balance, &first).await.unwrap();
    let second = once(KeyedRequest { digest: RequestDigest([2; 32]), ..request });
    let said = harness.orders().pay_from_balance_once(&case.pay_command(&other), pay_from_balance, &second).await;
    assert_eq!(said.unwrap(), KeyedOutcome::OtherRequest);
    let running = case.keyed(buyer);
    case.key_claimed(&case.key_command(&running)).await;
    let said =
        harness.orders().pay_from_balance_once(&case.pay_command(&other), pay_from_balance, &once(running)).await;
    assert_eq!(said.unwrap(), KeyedOutcome::Running);
    assert_eq!(case.stored(&other).await.state, OrderState::Unpaid);
    assert_eq!(case.wallet(buyer).await.cash.fen(), 200);
}

/// A payment whose reply can't be made does not happen, and its key stays free.
pub async fn a_keyed_payment_without_a_reply_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 300).await;
    let order = case.order(buyer, 100).await;
    let mute = Once { request: case.keyed(buyer), render: Arc::new(|_: &Result<PaidOrder, PayRefusal>| None) };
    let said = harness.orders().pay_from_balance_once(&case.pay_command(&order), pay_from_balance, &mute).await;
    assert_eq!(said.unwrap_err().fault(), StoreFault::Corrupt);
    assert_eq!(case.stored(&order).await.state, OrderState::Unpaid);
    case.key_claimed(&case.key_command(&mute.request)).await;
}

/// What is made under a claim is noted with it, so that whoever takes it over finds it.
pub async fn what_is_made_under_a_claim_is_noted_with_it<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (campus, course) = (case.campus().await, case.course(100).await);
    let mut made = Vec::new();

    let command = case.key_command(&case.keyed(case.user().await.id));
    case.key_claimed(&command).await;
    let order = CreateOrder {
        claim: Some(claim_of(&command)),
        ..case.order_command(command.request.user_id, std::slice::from_ref(&course))
    };
    assert!(matches!(harness.orders().create(&order, create_order).await, Ok(CreatedOrder::Created(_))));
    made.push((command, order.order_no.to_string()));

    let command = case.key_command(&case.keyed(case.user().await.id));
    case.key_claimed(&command).await;
    let top_up = OpenTopUp { claim: Some(claim_of(&command)), ..case.top_up_command(command.request.user_id, 100) };
    assert!(matches!(harness.top_ups().open(&top_up, open_top_up).await, Ok(OpenedTopUp::Opened(_))));
    made.push((command, top_up.top_up_no.to_string()));

    // The key is the guardian's, the purchase the student's.
    let command = case.key_command(&case.keyed(campus.guardian));
    case.key_claimed(&command).await;
    let purchase =
        PlacePurchase { claim: Some(claim_of(&command)), ..case.place_command(&campus, PurchaseKind::New, &[0]) };
    assert!(matches!(harness.packages().place(&purchase, place_purchase).await, Ok(PlacedPurchase::Planned(_))));
    made.push((command, purchase.purchase_no.to_string()));
    // One that waits already is as good as one that is made.
    let command = case.key_command(&case.keyed(campus.guardian));
    case.key_claimed(&command).await;
    let again =
        PlacePurchase { claim: Some(claim_of(&command)), ..case.place_command(&campus, PurchaseKind::New, &[0]) };
    assert!(matches!(harness.packages().place(&again, place_purchase).await, Ok(PlacedPurchase::Planned(_))));
    made.push((command, purchase.purchase_no.to_string()));

    for (command, number) in made {
        let later = KeyedRequest { at: command.until, ..command.request.clone() };
        assert_eq!(case.key_claimed(&case.key_command(&later)).await.point, Some(RecoveryPoint(number)));
    }
}

/// Whoever lost the claim makes nothing.
pub async fn nothing_is_made_under_a_claim_that_is_over<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (campus, course) = (case.campus().await, case.course(100).await);
    let lost = |user_id| {
        let case = &case;
        async move {
            let first = case.key_command(&case.keyed(user_id));
            case.key_claimed(&first).await;
            let later = KeyedRequest { at: first.until, ..first.request.clone() };
            case.key_claimed(&case.key_command(&later)).await;
            claim_of(&first)
        }
    };
    let buyer = case.user().await.id;
    let order = case.order_command(buyer, std::slice::from_ref(&course));
    let order = CreateOrder { claim: Some(lost(buyer).await), ..order };
    match harness.orders().create(&order, create_order).await {
        Err(EffectError::Store(error)) => assert!(is_unavailable(&error), "{error:?}"),
        other => panicked(&other),
    }
    assert_eq!(harness.orders().find(buyer, &order.order_no).await.unwrap(), None);

    let top_up = OpenTopUp { claim: Some(lost(buyer).await), ..case.top_up_command(buyer, 100) };
    match harness.top_ups().open(&top_up, open_top_up).await {
        Err(EffectError::Store(error)) => assert!(is_unavailable(&error), "{error:?}"),
        other => panicked(&other),
    }
    assert_eq!(harness.top_ups().find(buyer, &top_up.top_up_no).await.unwrap(), None);

    let place = case.place_command(&campus, PurchaseKind::New, &[0]);
    let place = PlacePurchase { claim: Some(lost(campus.guardian).await), ..place };
    match harness.packages().place(&place, place_purchase).await {
        Err(EffectError::Store(error)) => assert!(is_unavailable(&error), "{error:?}"),
        other => panicked(&other),
    }
    let listed = harness.packages().list(campus.guardian, campus.student, None, 10).await.unwrap();
    assert_eq!(listed, Some(Vec::new()));
}

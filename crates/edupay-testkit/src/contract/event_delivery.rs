//! Claims about endpoints, and about events on their way to them.

use super::Case;
use super::event_delivery_case::{DeliveryHarness, later, status};
use chrono::TimeDelta;
use edupay_domain::event_delivery::{
    AddressPolicy, Answer, AttemptOutcome, Change, DeliveryCursor, DeliveryRefusal, DeliveryStage, DeliveryState,
    EndpointDescription, EndpointRefusal, EndpointState, EndpointUrl, QueuePing, ReplayStep, ResendEvent, SendFault,
    WantedEvents, queue_ping, register_endpoint, replay_step, resend_event,
};
use edupay_domain::ids::EventId;
use edupay_domain::store::EffectError;

/// What is registered is found and listed as it is; each change is stored with it.
pub async fn an_endpoint_is_stored_whole_and_changed<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let registration = case.registration(&["order.paid", "refund.succeeded"]);
    let endpoint = harness.endpoints().register(&registration, register_endpoint).await.unwrap();
    assert_eq!(endpoint.secrets_at(case.minute(1)), std::slice::from_ref(&registration.secret));
    assert_eq!(harness.endpoints().find(endpoint.id).await.unwrap(), Some(endpoint.clone()));
    let other = case.endpoint(&[]).await;
    assert_eq!(harness.endpoints().list().await.unwrap().len(), 2);

    let described = Change::Describe {
        url: EndpointUrl::parse("https://hooks.example.org/").unwrap(),
        description: EndpointDescription::default(),
        wants: WantedEvents::All,
        addresses: AddressPolicy::PublicOnly,
    };
    let changed = case.change(endpoint.id, described, case.minute(2)).await.unwrap();
    assert_eq!((changed.url.as_str(), &changed.wants), ("https://hooks.example.org/", &WantedEvents::All));
    let secret = case.webhook_secret();
    let rotate = Change::RotateSecret { secret: secret.clone(), older_until: case.minute(60) };
    let rotated = case.change(endpoint.id, rotate, case.minute(3)).await.unwrap();
    assert_eq!(rotated.secrets_at(case.minute(59)), [secret.clone(), registration.secret]);
    assert_eq!(rotated.secrets_at(case.minute(60)), [secret]);
    let disabled = case.change(endpoint.id, Change::Disable, case.minute(4)).await.unwrap();
    assert_eq!(disabled.state, EndpointState::Disabled);
    let replaying = case.change(endpoint.id, Change::Replay { since: case.minute(1) }, case.minute(5)).await.unwrap();
    assert_eq!(harness.endpoints().find(endpoint.id).await.unwrap(), Some(replaying));
    let refused = case.change(endpoint.id, Change::Replay { since: case.minute(1) }, case.minute(6)).await;
    assert_eq!(refused, Err(EndpointRefusal::Replaying));
    assert_eq!(harness.endpoints().find(other.id).await.unwrap(), Some(other));
}

/// A removed endpoint is seen by nobody; its deliveries and those of long ago are forgotten bit by bit.
pub async fn a_removed_endpoint_is_forgotten_with_its_deliveries<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (removed, kept) = (case.endpoint(&[]).await, case.endpoint(&[]).await);
    let user_id = case.user().await.id;
    for minutes in 1..=5 {
        case.happens(user_id, minutes).await;
    }
    case.fan_out_all(6).await;
    let (claim, _) = case.claim_at(kept.id, case.minute(7)).await.unwrap();
    case.answered(&claim, status(200), case.minute(7)).await;
    case.change(removed.id, Change::Remove, case.minute(8)).await.unwrap();
    assert_eq!(harness.endpoints().find(removed.id).await.unwrap(), None);
    assert_eq!(harness.endpoints().list().await.unwrap().len(), 1);
    assert_eq!(case.change(removed.id, Change::Enable, case.minute(9)).await, Err(EndpointRefusal::NotFound));
    assert_eq!(harness.deliveries().waiting(case.minute(9)).await.unwrap(), [kept.id]);
    assert!(case.claim_at(removed.id, case.minute(9)).await.is_none());
    let event_id = claim.delivery.event_id;
    assert_eq!(harness.deliveries().find_delivery(removed.id, event_id).await.unwrap(), None);

    let mut forgotten = 0_u32;
    for _ in 0..4 {
        let some = harness.deliveries().forget(case.minute(7), 2).await.unwrap();
        forgotten = forgotten.checked_add(some).unwrap();
    }
    assert_eq!((forgotten, case.deliveries_of(kept.id).await.len()), (5, 5));
    // Once it is long ago, what was delivered goes too; what waits stays.
    assert_eq!(harness.deliveries().forget(case.minute(8), 10).await.unwrap(), 1);
    assert_eq!(case.deliveries_of(kept.id).await.len(), 4);
    assert_eq!(harness.deliveries().find_delivery(kept.id, event_id).await.unwrap(), None);
}

/// What is written while nobody listens is not kept for anybody; while one listens all of it is.
pub async fn events_are_noted_while_an_endpoint_is_active<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    case.happens(user_id, 1).await;
    assert_eq!(case.fan_out_all(1).await, 0);
    let endpoint = case.endpoint(&[]).await;
    let heard = case.happens(user_id, 2).await;
    case.change(endpoint.id, Change::Disable, case.minute(3)).await.unwrap();
    case.happens(user_id, 4).await;
    case.change(endpoint.id, Change::Enable, case.minute(5)).await.unwrap();
    let again = case.happens(user_id, 6).await;
    assert_eq!(case.fan_out_all(7).await, 2);
    let told: Vec<_> = case.deliveries_of(endpoint.id).await.into_iter().map(|one| one.event_id).collect();
    assert!(told.len() == 2 && told.contains(&heard) && told.contains(&again), "{told:?}");
}

/// Each endpoint gets each event that it wants once, with what it says.
pub async fn an_event_goes_once_to_each_endpoint_that_wants_it<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (all, some, none) =
        (case.endpoint(&[]).await, case.endpoint(&["balance.adjusted"]).await, case.endpoint(&["order.paid"]).await);
    let user_id = case.user().await.id;
    let (second, first) = (case.happens(user_id, 2).await, case.happens(user_id, 1).await);
    assert_eq!(case.fan_out_all(5).await, 2);
    assert_eq!(case.fan_out_all(6).await, 0);
    assert_eq!(case.deliveries_of(none.id).await, []);
    let mut waiting = harness.deliveries().waiting(case.minute(5)).await.unwrap();
    waiting.sort();
    let mut expected = [all.id, some.id];
    expected.sort();
    assert_eq!(waiting, expected);
    for endpoint in [all.id, some.id] {
        assert_eq!(case.deliveries_of(endpoint).await.len(), 2);
        // The older event first.
        let (claim, payload) = case.claim_at(endpoint, case.minute(6)).await.unwrap();
        assert_eq!(claim.delivery.event_id, first);
        assert_eq!((claim.delivery.user_id, claim.delivery.kind.as_str()), (Some(user_id), "balance.adjusted"));
        assert_eq!(claim.delivery.occurred_at, case.minute(1));
        assert!(payload.contains("\"amount_fen\":5"), "{payload}");
        case.answered(&claim, status(200), case.minute(6)).await;
        let (claim, _) = case.claim_at(endpoint, case.minute(6)).await.unwrap();
        assert_eq!(claim.delivery.event_id, second);
    }
}

/// A claim is stored with its lease; an answer frees the endpoint and leaves an attempt.
pub async fn a_delivery_is_claimed_sent_and_recorded<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let endpoint = case.endpoint(&[]).await;
    let user_id = case.user().await.id;
    let event_id = case.happens(user_id, 1).await;
    assert!(case.claim_at(endpoint.id, case.minute(1)).await.is_none());
    case.fan_out_all(2).await;
    let (claim, _) = case.claim_at(endpoint.id, case.minute(2)).await.unwrap();
    assert_eq!(harness.endpoints().find(endpoint.id).await.unwrap(), Some(claim.endpoint.clone()));
    assert!(case.claim_at(endpoint.id, case.minute(2)).await.is_none());
    assert_eq!(harness.deliveries().waiting(case.minute(2)).await.unwrap(), []);
    // Whoever had it has died: it is waiting again, and the attempt counts.
    assert_eq!(harness.deliveries().waiting(case.minute(3)).await.unwrap(), [endpoint.id]);
    let (claim, _) = case.claim_at(endpoint.id, case.minute(3)).await.unwrap();
    assert_eq!((claim.delivery.tries, claim.delivery.attempts), (2, 2));

    let at = later(case.minute(3), TimeDelta::milliseconds(37));
    let delivered = case.answered(&claim, status(204), at).await;
    assert_eq!(delivered.state, DeliveryState::Delivered { at });
    let (found, attempts) = harness.deliveries().find_delivery(endpoint.id, event_id).await.unwrap().unwrap();
    assert_eq!((&found, found.last), (&delivered, Some(AttemptOutcome::Status(204))));
    assert_eq!(
        attempts.iter().map(|attempt| (attempt.number, attempt.outcome)).collect::<Vec<_>>(),
        [(2, AttemptOutcome::Status(204))]
    );
    assert_eq!(harness.endpoints().find(endpoint.id).await.unwrap().unwrap().leased_until, None);
    assert!(case.claim_at(endpoint.id, case.minute(9)).await.is_none());
}

/// What was not taken waits for its time, and an endpoint that asked for peace has it.
pub async fn an_answer_that_is_not_taken_makes_a_delivery_due_later<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let endpoint = case.endpoint(&[]).await;
    let user_id = case.user().await.id;
    let event_id = case.happens(user_id, 1).await;
    case.fan_out_all(2).await;
    let (claim, _) = case.claim_at(endpoint.id, case.minute(2)).await.unwrap();
    let failed = case.answered(&claim, Answer::None(SendFault::TimedOut), case.minute(2)).await;
    let due_at = failed.state.due_at().unwrap();
    assert!(due_at > case.minute(2) && case.claim_at(endpoint.id, case.minute(2)).await.is_none());
    let (claim, _) = case.claim_at(endpoint.id, due_at).await.unwrap();
    let busy = Answer::Status { status: 503, retry_after: Some(TimeDelta::hours(2)) };
    let failed = case.answered(&claim, busy, due_at).await;
    assert_eq!(failed.state.due_at(), Some(later(due_at, TimeDelta::hours(2))));
    assert_eq!(harness.deliveries().waiting(later(due_at, TimeDelta::minutes(119))).await.unwrap(), []);
    assert_eq!(harness.deliveries().waiting(later(due_at, TimeDelta::hours(2))).await.unwrap(), [endpoint.id]);
    let (found, attempts) = harness.deliveries().find_delivery(endpoint.id, event_id).await.unwrap().unwrap();
    assert_eq!(found, failed);
    let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Fault(SendFault::TimedOut), AttemptOutcome::Status(503)]);
}

/// 410 gives the delivery up and disables the endpoint; the other deliveries wait.
pub async fn an_endpoint_that_is_gone_is_disabled<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let endpoint = case.endpoint(&[]).await;
    let user_id = case.user().await.id;
    case.happens(user_id, 1).await;
    case.happens(user_id, 2).await;
    case.fan_out_all(3).await;
    let (claim, _) = case.claim_at(endpoint.id, case.minute(3)).await.unwrap();
    case.answered(&claim, status(410), case.minute(3)).await;
    assert_eq!(harness.endpoints().find(endpoint.id).await.unwrap().unwrap().state, EndpointState::Disabled);
    assert_eq!(harness.deliveries().waiting(case.minute(9)).await.unwrap(), []);
    let stages: Vec<_> = case.deliveries_of(endpoint.id).await.iter().map(|one| one.state.stage()).collect();
    assert_eq!(stages.iter().filter(|stage| **stage == DeliveryStage::Failed).count(), 1);
    case.change(endpoint.id, Change::Enable, case.minute(10)).await.unwrap();
    assert!(case.claim_at(endpoint.id, case.minute(10)).await.is_some());
}

/// A test is claimed like an event, says nothing and concerns nobody.
pub async fn a_test_goes_the_way_of_an_event<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let endpoint = case.endpoint(&["order.paid"]).await;
    let ping = QueuePing { endpoint_id: endpoint.id, event_id: case.event_id(), at: case.minute(1) };
    let queued = harness.deliveries().ping(&ping, queue_ping).await.unwrap();
    let (claim, payload) = case.claim_at(endpoint.id, case.minute(1)).await.unwrap();
    assert_eq!((claim.delivery.event_id, claim.delivery.user_id, payload.as_str()), (queued.event_id, None, "{}"));
    case.answered(&claim, status(200), case.minute(1)).await;
    case.change(endpoint.id, Change::Disable, case.minute(2)).await.unwrap();
    let refused = harness.deliveries().ping(&QueuePing { event_id: case.event_id(), ..ping }, queue_ping).await;
    assert!(matches!(refused, Err(EffectError::Refused(EndpointRefusal::Disabled))), "{refused:?}");
}

/// A delivered event is sent again when it is asked for; what was never queued is not known.
pub async fn a_settled_event_is_sent_again<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let endpoint = case.endpoint(&[]).await;
    let user_id = case.user().await.id;
    let event_id = case.happens(user_id, 1).await;
    case.fan_out_all(2).await;
    let (claim, _) = case.claim_at(endpoint.id, case.minute(2)).await.unwrap();
    case.answered(&claim, status(200), case.minute(2)).await;
    let again = ResendEvent { endpoint_id: endpoint.id, event_id, at: case.minute(5) };
    let due = harness.deliveries().resend(&again, resend_event).await.unwrap();
    assert_eq!(due.state, DeliveryState::Pending { due_at: case.minute(5) });
    let (claim, _) = case.claim_at(endpoint.id, case.minute(5)).await.unwrap();
    assert_eq!((claim.delivery.tries, claim.delivery.attempts), (1, 2));
    let unknown = ResendEvent { event_id: case.event_id(), ..again };
    let refused = harness.deliveries().resend(&unknown, resend_event).await;
    assert!(matches!(refused, Err(EffectError::Refused(DeliveryRefusal::NotFound))), "{refused:?}");
}

/// A page begins below its cursor; a stage leaves the others out.
pub async fn deliveries_are_listed_newest_first_in_pages<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let endpoint = case.endpoint(&[]).await;
    let user_id = case.user().await.id;
    for minutes in 1..=5 {
        case.happens(user_id, minutes).await;
        // Some are queued in one moment.
        if minutes != 2 {
            case.fan_out_all(minutes).await;
        }
    }
    let (claim, _) = case.claim_at(endpoint.id, case.minute(6)).await.unwrap();
    case.answered(&claim, status(200), case.minute(6)).await;
    let list = async |stage, below, limit| {
        harness.deliveries().list_deliveries(endpoint.id, stage, below, limit).await.unwrap()
    };
    let all = list(None, None, 100).await;
    let mut paged = Vec::new();
    let mut below = None;
    loop {
        let page = list(None, below, 2).await;
        let Some(last) = page.last() else { break };
        below = Some(DeliveryCursor { queued_at: last.queued_at, event_id: last.event_id });
        paged.extend(page);
    }
    assert_eq!((paged.len(), &paged), (5, &all));
    assert!(all.is_sorted_by(|one, next| (one.queued_at, one.event_id) > (next.queued_at, next.event_id)));
    let delivered = list(Some(DeliveryStage::Delivered), None, 100).await;
    assert_eq!(delivered.iter().map(|one| one.event_id).collect::<Vec<_>>(), [claim.delivery.event_id]);
    assert_eq!(list(Some(DeliveryStage::Pending), None, 100).await.len(), 4);
    assert_eq!(list(Some(DeliveryStage::Failed), None, 100).await, []);
}

/// A replay goes through the whole outbox in steps: what lies in its time is sent again or for the first
/// time, whoever it concerns.
pub async fn what_happened_since_a_moment_is_sent_again<H: DeliveryHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (one, other) = (case.user().await.id, case.user().await.id);
    let mut expected: Vec<EventId> = Vec::new();
    for minutes in 1..=6 {
        for user_id in [one, other] {
            let event_id = case.happens(user_id, minutes).await;
            expected.extend((minutes >= 4).then_some(event_id));
        }
    }
    let endpoint = case.endpoint(&["balance.adjusted"]).await;
    let delivered = case.happens(one, 8).await;
    expected.push(delivered);
    case.fan_out_all(9).await;
    let (claim, _) = case.claim_at(endpoint.id, case.minute(9)).await.unwrap();
    case.answered(&claim, status(200), case.minute(9)).await;
    case.change(endpoint.id, Change::Replay { since: case.minute(4) }, case.minute(10)).await.unwrap();
    assert_eq!(harness.deliveries().waiting(case.minute(10)).await.unwrap(), [endpoint.id]);
    let mut steps = 1_u32;
    let step = ReplayStep { endpoint_id: endpoint.id, at: case.minute(11), limit: 3 };
    while harness.deliveries().replay(&step, replay_step).await.unwrap() {
        steps = steps.checked_add(1).unwrap();
    }
    assert_eq!(steps, 5, "thirteen events, three at a time");
    let mut told = Vec::new();
    while let Some((claim, _)) = case.claim_at(endpoint.id, case.minute(12)).await {
        told.push(claim.delivery.event_id);
        case.answered(&claim, status(200), case.minute(12)).await;
    }
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(harness.endpoints().find(endpoint.id).await.unwrap().unwrap().replay, None);
    assert!(!harness.deliveries().replay(&step, replay_step).await.unwrap());
}

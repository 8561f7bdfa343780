//! The rules as tables.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers and near moments in test code")]

use super::*;
use crate::clock::Timestamp;
use crate::ids::{EventId, UserId};
use chrono::{DateTime, TimeDelta};

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn secret(letter: char) -> WebhookSecret {
    WebhookSecret::parse(&format!("whsec_{}", letter.to_string().repeat(32))).unwrap()
}

fn endpoint() -> Endpoint {
    let command = RegisterEndpoint {
        id: EndpointId::from_drawn(EventId::from_random(1)),
        url: EndpointUrl::parse("https://hooks.example.com/edupay").unwrap(),
        description: EndpointDescription::default(),
        wants: WantedEvents::All,
        secret: secret('A'),
        addresses: AddressPolicy::PublicOnly,
        at: at(0),
    };
    register_endpoint(&command, 0).unwrap()
}

/// A delivery of the event of this number that is due and was never tried.
pub(super) fn delivery(event: u128) -> Delivery {
    let head = head(event, "order.paid", 0);
    fan_out(&FanOut { at: at(0), limit: 1 }, &[head], &[endpoint()]).remove(0)
}

fn head(event: u128, kind: &str, occurred_at: i64) -> EventHead {
    EventHead {
        user_id: UserId::try_new(1).unwrap(),
        event_id: EventId::from_random(event),
        kind: kind.to_owned(),
        occurred_at: at(occurred_at),
    }
}

fn changed(endpoint: &Endpoint, change: Change, seconds: i64) -> Result<Endpoint, EndpointRefusal> {
    change_endpoint(&ChangeEndpoint { id: endpoint.id, change, at: at(seconds) }, endpoint)
}

fn claimed(endpoint: &Endpoint, delivery: &Delivery, seconds: i64) -> Option<DeliveryClaim> {
    claim_delivery(&ClaimDelivery { endpoint_id: endpoint.id, at: at(seconds) }, endpoint, Some(delivery))
}

/// What this answer, a second later, makes of a claim.
fn answered(claim: &DeliveryClaim, answer: Answer, seconds: i64) -> AnsweredPlan {
    record_answer(&recorded(claim, answer, seconds), &claim.endpoint, &claim.delivery)
}

fn recorded(claim: &DeliveryClaim, answer: Answer, seconds: i64) -> RecordAnswer {
    RecordAnswer {
        endpoint_id: claim.endpoint.id,
        event_id: claim.delivery.event_id,
        number: claim.delivery.attempts,
        leased_until: claim.endpoint.leased_until.unwrap(),
        started_at: at(seconds),
        answer,
        at: at(seconds + 1),
    }
}

fn status(status: u16) -> Answer {
    Answer::Status { status, retry_after: None }
}

#[test]
fn there_are_only_so_many_endpoints() {
    let command = RegisterEndpoint {
        id: EndpointId::from_drawn(EventId::from_random(2)),
        url: endpoint().url,
        description: EndpointDescription::default(),
        wants: WantedEvents::All,
        secret: secret('B'),
        addresses: AddressPolicy::PublicOnly,
        at: at(0),
    };
    assert!(register_endpoint(&command, MAX_ENDPOINTS - 1).is_ok());
    assert_eq!(register_endpoint(&command, MAX_ENDPOINTS), Err(EndpointRefusal::TooMany));
}

#[test]
fn while_secrets_rotate_both_are_good() {
    let rotate = |endpoint: &Endpoint, letter, until, seconds| {
        changed(endpoint, Change::RotateSecret { secret: secret(letter), older_until: at(until) }, seconds)
    };
    let both = rotate(&endpoint(), 'B', 100, 10).unwrap();
    assert_eq!(both.secrets_at(at(10)), [secret('B'), secret('A')]);
    assert_eq!(both.secrets_at(at(99)), [secret('B'), secret('A')]);
    assert_eq!(both.secrets_at(at(100)), [secret('B')]);
    // A repeat changes nothing, whichever of them it names.
    assert_eq!(rotate(&both, 'B', 200, 20).unwrap(), both);
    assert_eq!(rotate(&both, 'A', 200, 20).unwrap(), both);
    // The older one keeps its own, sooner end.
    let three = rotate(&both, 'C', 500, 20).unwrap();
    assert_eq!(three.secrets_at(at(99)), [secret('C'), secret('B'), secret('A')]);
    assert_eq!(three.secrets_at(at(100)), [secret('C'), secret('B')]);
    // At once: the older ones are gone.
    assert_eq!(rotate(&three, 'D', 30, 30).unwrap().secrets.len(), 1);
    let mut many = endpoint();
    for letter in 'B'..='E' {
        many = rotate(&many, letter, 1_000, 40).unwrap();
    }
    assert_eq!(many.secrets.len(), MAX_SECRETS);
    assert_eq!(rotate(&many, 'F', 1_000, 50), Err(EndpointRefusal::TooManySecrets));
    assert!(rotate(&many, 'F', 2_000, 1_000).is_ok());
}

#[test]
fn a_removed_endpoint_is_gone_with_its_secrets() {
    let removed = changed(&endpoint(), Change::Remove, 1).unwrap();
    assert_eq!((removed.state, removed.secrets.len()), (EndpointState::Removed, 0));
    for change in [Change::Remove, Change::Enable, Change::Disable, Change::Replay { since: at(0) }] {
        assert_eq!(changed(&removed, change, 2), Err(EndpointRefusal::NotFound));
    }
    let ping = QueuePing { endpoint_id: removed.id, event_id: EventId::from_random(9), at: at(2) };
    assert_eq!(queue_ping(&ping, &removed), Err(EndpointRefusal::NotFound));
}

#[test]
fn an_event_goes_to_every_active_endpoint_that_wants_it() {
    let only = WantedEvents::Only([EventKind::parse("order.paid").unwrap()].into());
    let named = |id: u128, wants: &WantedEvents, state| Endpoint {
        id: EndpointId::from_drawn(EventId::from_random(id)),
        wants: wants.clone(),
        state,
        ..endpoint()
    };
    let endpoints = [
        named(1, &WantedEvents::All, EndpointState::Active),
        named(2, &only, EndpointState::Active),
        named(3, &WantedEvents::All, EndpointState::Disabled),
        named(4, &WantedEvents::All, EndpointState::Removed),
    ];
    let events = [head(1, "order.paid", 5), head(2, "order.closed", 900), head(3, "some.day", 6)];
    let made = fan_out(&FanOut { at: at(10), limit: 9 }, &events, &endpoints);
    let told: Vec<_> = made.iter().map(|one| (one.event_id.bits(), one.endpoint_id, one.state.due_at())).collect();
    let of = |index: usize| endpoints[index].id;
    // What claims to lie in the future is due now.
    let expected =
        [(1, of(0), Some(at(5))), (1, of(1), Some(at(5))), (2, of(0), Some(at(10))), (3, of(0), Some(at(6)))];
    assert_eq!(told, expected);
}

#[test]
fn one_at_a_time_is_sent_to_an_endpoint() {
    let claim = claimed(&endpoint(), &delivery(7), 10).unwrap();
    assert_eq!((claim.delivery.tries, claim.delivery.attempts), (1, 1));
    assert_eq!(claimed(&claim.endpoint, &delivery(8), 11), None);
    assert_eq!(claimed(&claim.endpoint, &delivery(8), 39), None);
    // Whoever had it is taken for dead.
    assert!(claimed(&claim.endpoint, &delivery(8), 40).is_some());
    let disabled = changed(&endpoint(), Change::Disable, 1).unwrap();
    assert_eq!(claimed(&disabled, &delivery(7), 10), None);
    assert_eq!(claim_delivery(&ClaimDelivery { endpoint_id: disabled.id, at: at(10) }, &endpoint(), None), None);
    let not_yet = Delivery { state: DeliveryState::Pending { due_at: at(11) }, ..delivery(7) };
    assert_eq!(claimed(&endpoint(), &not_yet, 10), None);
}

#[test]
fn an_answer_decides_what_becomes_of_a_delivery() {
    let claim = claimed(&endpoint(), &delivery(7), 10).unwrap();
    for taken in [200, 201, 202, 204, 299] {
        let plan = answered(&claim, status(taken), 10);
        assert_eq!(plan.delivery.state, DeliveryState::Delivered { at: at(11) }, "{taken}");
        assert_eq!(plan.delivery.state.settled_at(), Some(at(11)));
        assert_eq!((plan.endpoint.leased_until, plan.attempt.took), (None, TimeDelta::seconds(1)));
    }
    for answer in [
        status(100),
        status(199),
        status(301),
        status(302),
        status(307),
        status(400),
        status(404),
        status(500),
        Answer::None(SendFault::TimedOut),
        Answer::None(SendFault::AddressRefused),
    ] {
        let plan = answered(&claim, answer, 10);
        let DeliveryState::Pending { due_at } = plan.delivery.state else { panic!("{answer:?}: {plan:?}") };
        assert!(at(16) <= due_at && due_at <= at(17), "{answer:?}");
        assert_eq!((plan.endpoint.leased_until, plan.endpoint.paused_until), (None, None));
    }
    let gone = answered(&claim, status(410), 10);
    assert_eq!(gone.delivery.state, DeliveryState::Failed { at: at(11) });
    assert_eq!((gone.delivery.state.settled_at(), claim.delivery.state.settled_at()), (Some(at(11)), None));
    assert_eq!(gone.endpoint.state, EndpointState::Disabled);
}

#[test]
fn what_an_old_address_answers_does_not_bind_the_new_one() {
    let claim = claimed(&endpoint(), &delivery(7), 10).unwrap();
    let moved = |url: &str, endpoint: &Endpoint| {
        let (url, description, wants) =
            (EndpointUrl::parse(url).unwrap(), endpoint.description.clone(), endpoint.wants.clone());
        let addresses = AddressPolicy::PublicOnly;
        changed(endpoint, Change::Describe { url, description, wants, addresses }, 11).unwrap()
    };
    assert_eq!(moved(claim.endpoint.url.as_str(), &claim.endpoint), claim.endpoint);
    let endpoint = moved("https://new.example.com/hooks", &claim.endpoint);
    let late = |answer| record_answer(&recorded(&claim, answer, 10), &endpoint, &claim.delivery);
    let asks = Answer::Status { status: 429, retry_after: Some(TimeDelta::hours(1)) };
    for answer in [status(410), status(500), asks] {
        let plan = late(answer);
        assert_eq!((&plan.endpoint, plan.delivery.state), (&endpoint, claim.delivery.state));
    }
    assert_eq!(late(status(204)).delivery.state, DeliveryState::Delivered { at: at(11) });
    // Nobody waits for the old one's answer, nor as long as it wished.
    let paused = Endpoint { leased_until: None, paused_until: Some(at(3_600)), ..endpoint.clone() };
    assert!(claimed(&moved("https://newer.example.com/hooks", &paused), &delivery(7), 12).is_some());
    assert!(claimed(&endpoint, &delivery(7), 12).is_some());
}

#[test]
fn an_endpoint_that_asks_for_peace_gets_it_as_a_whole() {
    let claim = claimed(&endpoint(), &delivery(7), 10).unwrap();
    let asks = |status, seconds| Answer::Status { status, retry_after: Some(TimeDelta::seconds(seconds)) };
    for status in [429, 503] {
        let plan = answered(&claim, asks(status, 600), 10);
        assert_eq!(plan.endpoint.paused_until, Some(at(611)));
        assert_eq!(plan.delivery.state.due_at(), Some(at(611)));
        assert_eq!(claimed(&plan.endpoint, &delivery(8), 610), None);
        let over = claimed(&plan.endpoint, &delivery(8), 611).unwrap();
        assert_eq!(over.endpoint.paused_until, None, "peace that is over is over");
        // Not for longer than a day, and no shorter than our own pause.
        assert_eq!(answered(&claim, asks(status, 1 << 40), 10).endpoint.paused_until, Some(at(86_411)));
        assert!(answered(&claim, asks(status, 1), 10).delivery.state.due_at() >= Some(at(16)));
        let enabled = changed(&plan.endpoint, Change::Enable, 20).unwrap();
        assert!(claimed(&enabled, &delivery(8), 20).is_some());
    }
    assert_eq!(answered(&claim, asks(500, 600), 10).endpoint.paused_until, None);
}

#[test]
fn after_the_last_pause_a_delivery_has_failed_until_it_is_sent_again() {
    let (mut endpoint, mut delivery, mut seconds) = (endpoint(), delivery(7), 0);
    let mut attempts = 0;
    while let DeliveryState::Pending { due_at } = delivery.state {
        seconds = due_at.signed_duration_since(at(0)).num_seconds() + 1;
        let claim = claimed(&endpoint, &delivery, seconds).unwrap();
        let plan = answered(&claim, status(500), seconds);
        (endpoint, delivery, attempts) = (plan.endpoint, plan.delivery, attempts + 1);
        assert_eq!(plan.attempt.number, attempts);
    }
    assert_eq!(attempts, 10);
    assert!(seconds > 72 * 3_600, "{seconds}");
    assert_eq!(delivery.state.stage(), DeliveryStage::Failed);
    let again = ResendEvent { endpoint_id: endpoint.id, event_id: delivery.event_id, at: at(seconds + 10) };
    let delivery = resend_event(&again, &delivery);
    let claim = claimed(&endpoint, &delivery, seconds + 10).unwrap();
    assert_eq!((claim.delivery.tries, claim.delivery.attempts), (1, 11));
}

#[test]
fn who_answers_after_the_lease_changes_nothing_unless_it_was_taken() {
    let first = claimed(&endpoint(), &delivery(7), 10).unwrap();
    let second = claimed(&first.endpoint, &first.delivery, 50).unwrap();
    let late = |answer| {
        let command = RecordAnswer {
            endpoint_id: first.endpoint.id,
            event_id: first.delivery.event_id,
            number: 1,
            leased_until: first.endpoint.leased_until.unwrap(),
            started_at: at(10),
            answer,
            at: at(55),
        };
        record_answer(&command, &second.endpoint, &second.delivery)
    };
    let failed = late(status(500));
    assert_eq!(failed.endpoint, second.endpoint);
    assert_eq!(failed.delivery.state, second.delivery.state);
    let taken = late(status(200));
    assert_eq!(taken.endpoint.leased_until, second.endpoint.leased_until);
    assert_eq!(taken.delivery.state, DeliveryState::Delivered { at: at(55) });
    // And what the second hears then does not take it back.
    let command = RecordAnswer {
        endpoint_id: second.endpoint.id,
        event_id: second.delivery.event_id,
        number: 2,
        leased_until: second.endpoint.leased_until.unwrap(),
        started_at: at(50),
        answer: status(500),
        at: at(56),
    };
    let after = record_answer(&command, &taken.endpoint, &taken.delivery);
    assert_eq!(after.delivery.state, DeliveryState::Delivered { at: at(55) });
    assert_eq!(after.endpoint.leased_until, None);
}

#[test]
fn a_replay_sends_again_what_happened_in_its_time() {
    let replaying = changed(&endpoint(), Change::Replay { since: at(10) }, 100).unwrap();
    assert_eq!(changed(&replaying, Change::Replay { since: at(0) }, 101), Err(EndpointRefusal::Replaying));
    assert_eq!(changed(&endpoint(), Change::Replay { since: at(101) }, 100), Err(EndpointRefusal::SinceInFuture));
    assert!(changed(&endpoint(), Change::Replay { since: at(100) }, 100).is_ok());
    let done = Delivery { state: DeliveryState::Delivered { at: at(60) }, tries: 3, attempts: 3, ..delivery(3) };
    let page = [
        (head(1, "order.paid", 9), None),
        (head(2, "order.paid", 10), None),
        (head(3, "order.paid", 50), Some(done)),
        (head(4, "order.paid", 50), Some(delivery(4))),
        (head(5, "order.paid", 101), None),
    ];
    let step = |limit| ReplayStep { endpoint_id: replaying.id, at: at(110), limit };
    let plan = replay_step(&step(5), &replaying, &page);
    let again: Vec<_> = plan.deliveries.iter().map(|one| (one.event_id.bits(), one.tries, one.attempts)).collect();
    assert_eq!(again, [(2, 0, 0), (3, 0, 3)]);
    assert!(plan.deliveries.iter().all(|one| one.state.due_at() == Some(at(110))));
    let last = page[4].0.event_id;
    assert_eq!(plan.endpoint.replay.unwrap().after, Some((UserId::try_new(1).unwrap(), last)));
    assert_eq!(replay_step(&step(6), &replaying, &page).endpoint.replay, None);
    let disabled = changed(&replaying, Change::Disable, 105).unwrap();
    assert_eq!(replay_step(&step(5), &disabled, &page).deliveries, []);
}

#[test]
fn names_are_read_as_they_are_written() {
    let id = EndpointId::from_drawn(EventId::from_random(0xabc));
    assert_eq!(id.to_string(), "ep_00000000000000000000000000000abc");
    assert_eq!(EndpointId::parse(&id.to_string()), Ok(id));
    for text in ["", "ep_", "00000000000000000000000000000abc", "ep_00000000000000000000000000000ABC", "ep_+abc"] {
        assert!(EndpointId::parse(text).is_err(), "{text}");
    }
    assert_eq!(EventKind::parse("order.paid").map(EventKind::as_str), Some("order.paid"));
    assert_eq!((EventKind::parse("ping"), EventKind::parse("order")), (None, None));
    let long = "名".repeat(255);
    assert_eq!(EndpointDescription::parse(&long).as_ref().map(EndpointDescription::as_str), Some(long.as_str()));
    assert!(EndpointDescription::parse(&"a".repeat(256)).is_none() && EndpointDescription::parse("a\nb").is_none());
}

//! Endpoints hear of what happened: registered, noted, sent, sent again, forgotten.

#![expect(clippy::unwrap_used, reason = "the steps of a test fail by panicking")]

use chrono::TimeDelta;
use edupay_domain::accounts::User;
use edupay_domain::event_delivery::{
    AddressPolicy, Answer, AttemptOutcome, DeliveryReport, DeliveryStage, DeliveryState, Endpoint, EndpointDescription,
    EndpointId, EndpointRefusal, EndpointState, EndpointUrl, EventDelivery, EventDeliveryService, EventMessage,
    MockEventSender, MockSecretSource, WantedEvents, WebhookSecret,
};
use edupay_domain::ids::EventId;
use edupay_domain::ledger::Bucket;
use edupay_domain::store::EffectError;
use edupay_testkit::fixtures::fen;
use edupay_testkit::ids::SeededIds;
use edupay_testkit::platform::Platform;
use std::slice::from_ref;
use std::sync::{Arc, Mutex};

/// A platform whose events are told, and what was sent.
struct Told {
    platform: Platform,
    events: EventDeliveryService,
    sent: Arc<Mutex<Vec<EventMessage>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Told {
    fn new() -> Self {
        let platform = Platform::new();
        let answer = Arc::new(Mutex::new(Answer::Status { status: 200, retry_after: None }));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let mut sender = MockEventSender::new();
        let (heard, said) = (sent.clone(), answer.clone());
        sender.expect_send().returning(move |message| {
            heard.lock().unwrap().push(message.clone());
            *said.lock().unwrap()
        });
        let mut secrets = MockSecretSource::new();
        let letters = Mutex::new('A'..='Z');
        secrets.expect_draw_secret().returning(move || secret(letters.lock().unwrap().next().unwrap()));
        let events = EventDeliveryService::new(EventDelivery {
            endpoints: Arc::new(platform.store.clone()),
            deliveries: Arc::new(platform.store.clone()),
            sender: Arc::new(sender),
            secrets: Arc::new(secrets),
            addresses: AddressPolicy::PublicOnly,
            clock: platform.clock.clone(),
            ids: Arc::new(SeededIds::default()),
        });
        Self { platform, events, sent, answer }
    }

    async fn register(&self) -> Endpoint {
        self.events.register(url("edupay"), EndpointDescription::default(), WantedEvents::All).await.unwrap().0
    }

    /// One event of the buyer, made known to all endpoints.
    async fn happens(&self, buyer: &User) -> u32 {
        let reason = "a gift for a test".to_owned();
        self.platform.accounts.adjust_balance(buyer.id, Bucket::Bonus, fen(5), reason).await.unwrap();
        self.events.fan_out(10).await.unwrap()
    }

    async fn deliver(&self, id: EndpointId, status: u16) -> Option<DeliveryReport> {
        *self.answer.lock().unwrap() = Answer::Status { status, retry_after: None };
        self.events.deliver_next(id).await.unwrap()
    }

    fn last_sent(&self) -> EventMessage {
        self.sent.lock().unwrap().last().unwrap().clone()
    }

    async fn stages(&self, id: EndpointId, stage: Option<DeliveryStage>) -> usize {
        self.events.list_deliveries(id, stage, None, 100).await.unwrap().len()
    }
}

fn url(path: &str) -> EndpointUrl {
    EndpointUrl::parse(&format!("https://hooks.example.com/{path}")).unwrap()
}

fn secret(letter: char) -> WebhookSecret {
    WebhookSecret::parse(&format!("whsec_{}", letter.to_string().repeat(32))).unwrap()
}

fn refusal<T>(outcome: Result<T, EffectError<EndpointRefusal>>) -> Option<EndpointRefusal> {
    match outcome.err()? {
        EffectError::Refused(refusal) => Some(refusal),
        EffectError::Store(_) => None,
    }
}

#[tokio::test]
async fn an_endpoint_is_registered_changed_and_removed() {
    let told = Told::new();
    let events = &told.events;
    let (first, its_secret) =
        events.register(url("one"), EndpointDescription::parse("对账").unwrap(), WantedEvents::All).await.unwrap();
    let later = told.platform.clock.step(TimeDelta::seconds(1));
    let second = told.register().await;
    assert_eq!(first.secrets_at(later), from_ref(&its_secret));
    assert_eq!(events.find(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(events.list().await.unwrap(), [first.clone(), second.clone()]);

    let described = events.describe(first.id, url("two"), EndpointDescription::default(), WantedEvents::All).await;
    assert_eq!(described.unwrap(), Endpoint { url: url("two"), description: EndpointDescription::default(), ..first });
    let inward = EndpointUrl::parse("https://10.0.0.1/").unwrap();
    let outcome = events.describe(first.id, inward, EndpointDescription::default(), WantedEvents::All).await;
    assert!(matches!(refusal(outcome), Some(EndpointRefusal::Url(_))));

    assert_eq!(events.disable(first.id).await.unwrap().state, EndpointState::Disabled);
    assert_eq!(refusal(events.ping(first.id).await), Some(EndpointRefusal::Disabled));
    assert_eq!(events.enable(first.id).await.unwrap().state, EndpointState::Active);

    let (rotated, newest) = events.rotate_secret(first.id, TimeDelta::hours(1)).await.unwrap();
    let now = told.platform.clock.step(TimeDelta::minutes(59));
    assert_eq!(rotated.secrets_at(now), [newest.clone(), its_secret]);
    assert_eq!(rotated.secrets_at(told.platform.clock.step(TimeDelta::minutes(1))), [newest]);

    events.remove(first.id).await.unwrap();
    assert_eq!(refusal(events.remove(first.id).await), Some(EndpointRefusal::NotFound));
    assert_eq!(events.find(first.id).await.unwrap(), None);
    assert_eq!(events.list().await.unwrap(), [second]);
}

#[tokio::test]
async fn an_event_is_sent_to_each_endpoint_until_it_is_taken() {
    let told = Told::new();
    let buyer = told.platform.buyer("xiaoyu", 0).await;
    assert_eq!(told.happens(&buyer).await, 0, "nobody listens");
    let endpoint = told.register().await;
    assert_eq!(told.happens(&buyer).await, 1);
    assert_eq!(told.events.fan_out(10).await.unwrap(), 0);
    assert_eq!(told.events.waiting().await.unwrap(), [endpoint.id]);

    let now = told.platform.clock.step(TimeDelta::zero());
    let report = told.deliver(endpoint.id, 500).await.unwrap();
    let message = told.last_sent();
    assert_eq!((message.url, message.secrets, message.user_id), (url("edupay"), vec![secret('A')], Some(buyer.id)));
    assert_eq!((message.kind.as_str(), message.at), ("balance.adjusted", now));
    assert!(message.payload.contains("\"amount_fen\":5"), "{}", message.payload);
    assert_eq!((report.attempt, report.outcome, report.disabled), (1, AttemptOutcome::Status(500), false));
    assert!(matches!(report.state, Some(DeliveryState::Pending { due_at }) if due_at > now));
    assert_eq!((report.event_id, report.kind), (message.event_id, message.kind));

    assert_eq!(told.deliver(endpoint.id, 200).await, None, "not before its time");
    assert_eq!(told.events.waiting().await.unwrap(), []);
    let later = told.platform.clock.step(TimeDelta::minutes(1));
    let report = told.deliver(endpoint.id, 200).await.unwrap();
    assert_eq!((report.attempt, report.state), (2, Some(DeliveryState::Delivered { at: later })));
    let (delivery, attempts) = told.events.find_delivery(endpoint.id, report.event_id).await.unwrap().unwrap();
    assert_eq!((delivery.attempts, attempts.len()), (2, 2));
    assert_eq!(told.stages(endpoint.id, None).await, 1);
    assert_eq!(told.stages(endpoint.id, Some(DeliveryStage::Delivered)).await, 1);
    assert_eq!(told.stages(endpoint.id, Some(DeliveryStage::Pending)).await, 0);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_says_so_once() {
    let told = Told::new();
    let endpoint = told.register().await;
    let ping = told.events.ping(endpoint.id).await.unwrap();
    let report = told.deliver(endpoint.id, 410).await.unwrap();
    assert_eq!((report.event_id, report.disabled), (ping.event_id, true));
    assert_eq!(told.last_sent().payload, "{}");
    assert_eq!(told.events.find(endpoint.id).await.unwrap().unwrap().state, EndpointState::Disabled);
    assert_eq!(told.deliver(endpoint.id, 410).await, None);
}

#[tokio::test]
async fn what_was_delivered_is_sent_again_on_demand() {
    let told = Told::new();
    let (buyer, endpoint) = (told.platform.buyer("xiaoyu", 0).await, told.register().await);
    let since = told.platform.clock.step(TimeDelta::zero());
    told.happens(&buyer).await;
    told.happens(&buyer).await;
    let event_id = told.deliver(endpoint.id, 200).await.unwrap().event_id;
    told.deliver(endpoint.id, 200).await.unwrap();
    assert_eq!(told.deliver(endpoint.id, 200).await, None);

    let again = told.events.resend(endpoint.id, event_id).await.unwrap();
    assert_eq!(again.state, DeliveryState::Pending { due_at: since });
    assert_eq!(told.deliver(endpoint.id, 200).await.unwrap().event_id, event_id);
    assert!(told.events.resend(endpoint.id, EventId::from_random(404)).await.is_err());

    assert!(!told.events.replay(endpoint.id, 1).await.unwrap(), "nobody asked for one");
    let replaying = told.events.resend_since(endpoint.id, since).await.unwrap();
    assert_eq!(replaying.replay.map(|replay| replay.since), Some(since));
    assert_eq!(told.events.waiting().await.unwrap(), [endpoint.id]);
    assert!(told.events.replay(endpoint.id, 1).await.unwrap(), "one event of two");
    assert!(told.events.replay(endpoint.id, 1).await.unwrap(), "a full page is never known to be the last");
    assert!(!told.events.replay(endpoint.id, 1).await.unwrap());
    let sent = told.sent.lock().unwrap().len();
    while told.deliver(endpoint.id, 200).await.is_some() {}
    assert_eq!(told.sent.lock().unwrap().iter().skip(sent).count(), 2);
}

#[tokio::test]
async fn what_was_delivered_is_forgotten_after_thirty_days() {
    let told = Told::new();
    let (buyer, endpoint) = (told.platform.buyer("xiaoyu", 0).await, told.register().await);
    for _ in 0..3 {
        told.happens(&buyer).await;
        told.deliver(endpoint.id, 200).await.unwrap();
    }
    told.platform.clock.step(TimeDelta::days(29));
    assert_eq!(told.events.forget(10).await.unwrap(), 0);
    told.platform.clock.step(TimeDelta::days(2));
    assert_eq!(told.events.forget(2).await.unwrap(), 2);
    assert_eq!(told.events.forget(10).await.unwrap(), 1);
    assert_eq!(told.stages(endpoint.id, None).await, 0);
}

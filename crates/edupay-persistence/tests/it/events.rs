//! What only a database has: transactions that end in another order than they began, and what events cost
//! where nobody listens.

use crate::databases::{Database, empty_postgres, sqlite};
use chrono::DateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use edupay_domain::event_delivery::{
    AddressPolicy, Delivery, DeliveryStore, Endpoint, EndpointDescription, EndpointId, EndpointStore, EndpointUrl,
    FanOut, RegisterEndpoint, WantedEvents, WebhookSecret, fan_out, register_endpoint,
};
use edupay_domain::ids::EventId;
use edupay_persistence::DatabaseUrl;

const USER: &str =
    "INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url,
    website, point, level, level_display, credit, credit_level, credit_level_display, created_at)
    VALUES (1, 'u', 'x', 'member', 'active', '', '', '', '', 0, '', '', 0, '', '', 0)";

fn event(number: u8) -> String {
    format!("INSERT INTO outbox VALUES (1, '{number:032x}', 'order.paid', '{{}}', {number})")
}

async fn endpoint(database: &Database) -> Endpoint {
    let command = RegisterEndpoint {
        id: EndpointId::from_drawn(EventId::from_random(1)),
        url: EndpointUrl::parse("https://hooks.example.com/").unwrap(),
        description: EndpointDescription::default(),
        wants: WantedEvents::All,
        secret: WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(),
        addresses: AddressPolicy::PublicOnly,
        at: DateTime::default(),
    };
    database.store.register(&command, register_endpoint).await.unwrap()
}

async fn fanned_out(database: &Database) -> u32 {
    let at = DateTime::from_timestamp(1, 0).unwrap();
    database.store.fan_out(&FanOut { at, limit: 100 }, fan_out).await.unwrap()
}

async fn told(database: &Database, endpoint: &Endpoint) -> Vec<u128> {
    let all: Vec<Delivery> = database.store.list_deliveries(endpoint.id, None, None, 100).await.unwrap();
    let mut all: Vec<_> = all.iter().map(|delivery| delivery.event_id.bits()).collect();
    all.sort_unstable();
    all
}

/// A transaction that began before another one and ends after it is not missed, as whoever reads on from
/// the last event would.
#[tokio::test]
async fn an_event_that_is_committed_late_is_delivered() {
    let Some(database) = empty_postgres() else { return };
    database.store.migrate().unwrap();
    database.execute(USER).unwrap();
    let endpoint = endpoint(&database).await;
    let DatabaseUrl::Postgres(url) = &database.url else { panic!("not a server") };
    let mut late = PgConnection::establish(url).unwrap();
    late.batch_execute(&format!("BEGIN; {}", event(1))).unwrap();
    database.execute(&event(2)).unwrap();
    assert_eq!(fanned_out(&database).await, 1);
    let read_up_to = database.count("SELECT max(occurred_at) AS count FROM outbox");
    late.batch_execute("COMMIT").unwrap();
    let newer = format!("SELECT count(*) AS count FROM outbox WHERE occurred_at > {read_up_to}");
    assert_eq!(database.count(&newer), 0, "who reads on from the last event never sees it");
    assert_eq!(fanned_out(&database).await, 1);
    assert_eq!(told(&database, &endpoint).await, [1, 2]);
}

/// An event that is taken back leaves no note.
#[tokio::test]
async fn an_event_that_is_rolled_back_is_not_delivered() {
    let Some(database) = empty_postgres() else { return };
    database.store.migrate().unwrap();
    database.execute(USER).unwrap();
    endpoint(&database).await;
    database.execute(&format!("BEGIN; {}; ROLLBACK", event(1))).unwrap();
    assert_eq!(fanned_out(&database).await, 0);
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_written() {
    let databases = [Some(sqlite()), empty_postgres()];
    for database in databases.into_iter().flatten() {
        database.store.migrate().unwrap();
        database.execute(USER).unwrap();
        database.execute(&event(1)).unwrap();
        let noted = "SELECT count(*) AS count FROM outbox_fanout";
        assert_eq!(database.count(noted), 0);
        endpoint(&database).await;
        database.execute(&event(2)).unwrap();
        assert_eq!(database.count(noted), 1);
    }
}

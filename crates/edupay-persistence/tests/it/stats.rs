//! What the store tells of itself.

use crate::databases::{Database, empty_postgres_with, sqlite};
use edupay_persistence::{Due, LaneStats, StoreOptions};

const NOTHING: Due = Due { count: 0, first_at: None };

async fn what_is_due_is_counted_with_its_first_moment(database: &Database) {
    let backlog = database.store.backlog().await.unwrap();
    let all = [
        backlog.charges,
        backlog.unanswered_charges,
        backlog.receipts,
        backlog.refunds,
        backlog.callbacks,
        backlog.notifications,
    ];
    assert_eq!(all, [NOTHING; 6]);
    for (id, due_at) in [("'evt_1'", "3000"), ("'evt_2'", "2000"), ("'evt_3'", "NULL")] {
        let event = format!("{id}, 'charge.succeeded', '{{}}', 'unmatched', 1000, {due_at}");
        let columns = "event_id, kind, body, status, received_at, due_at";
        database.execute(&format!("INSERT INTO inbound_events ({columns}) VALUES ({event})")).unwrap();
    }
    let backlog = database.store.backlog().await.unwrap();
    assert_eq!(backlog.callbacks, Due { count: 2, first_at: Some(2_000) });
    assert_eq!(backlog.charges, NOTHING);
    let turns = database.store.stats().turns;
    assert!(turns.free > 0, "nobody holds a turn any more: {turns:?}");
    assert_eq!((turns.waits, turns.in_vain), (0, 0));
}

fn idle(lanes: &[LaneStats]) {
    for lane in lanes {
        assert_eq!(lane.waiting, 0);
        assert_eq!(lane.batches.iter().sum::<u64>() == 0, lane.commands == 0);
    }
}

#[tokio::test]
async fn sqlite_tells_what_is_due() {
    let database = sqlite();
    what_is_due_is_counted_with_its_first_moment(&database).await;
    let stats = database.store.stats();
    assert_eq!(stats.lanes.len(), 1);
    idle(&stats.lanes);
    assert_eq!(stats.pools.iter().map(|pool| pool.name).collect::<Vec<_>>(), ["writer", "readers"]);
}

#[tokio::test]
async fn postgres_tells_what_is_due() {
    let options = StoreOptions { postgres_lanes: 3, ..StoreOptions::default() };
    let Some(database) = empty_postgres_with(options) else { return };
    database.store.migrate().unwrap();
    what_is_due_is_counted_with_its_first_moment(&database).await;
    let stats = database.store.stats();
    assert_eq!(stats.lanes.len(), 3);
    idle(&stats.lanes);
    assert_eq!(stats.pools.iter().map(|pool| pool.name).collect::<Vec<_>>(), ["all"]);
}

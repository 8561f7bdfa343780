//! Keys in the lanes and in the background: what they cost, and what becomes of them when the wire is cut.

use crate::databases::{Database, empty_postgres_with, empty_sqlite};
use crate::lanes::{ONE_LANE, through_a_proxy};
use crate::plans::{postgres_plan, sqlite_plan};
use crate::proxy::Cut;
use crate::watched::{Sent, Watched};
use chrono::{DateTime, TimeDelta};
use diesel::prelude::*;
use edupay_domain::idempotency::{
    IdempotencyKey, IdempotencyStore, KeyedOutcome, KeyedRequest, Once, RequestDigest, StoredReply,
};
use edupay_domain::orders::{Order, OrderStore, PaidOrder, PayFromBalance, PayRefusal, pay_from_balance};
use edupay_domain::store::StoreError;
use edupay_persistence::{DatabaseUrl, SqlStore};
use edupay_testkit::contract::Case;
use futures_util::future::join_all;
use std::sync::Arc;

/// Under a key of its own; the reply is the order's number or the refusal's code.
fn once(case: &Case<'_, Database>, order: &Order) -> Once<Result<PaidOrder, PayRefusal>> {
    let at = case.minute(2);
    let request = KeyedRequest {
        user_id: order.user_id,
        key: IdempotencyKey::parse(&case.unique("key-")).unwrap(),
        digest: RequestDigest([7; 32]),
        at,
        expires_at: at + TimeDelta::hours(24),
    };
    let render = |outcome: &Result<PaidOrder, PayRefusal>| {
        let body = outcome.as_ref().map_or_else(|refusal| refusal.code(), |paid| paid.parts().0.order_no.as_str());
        Some(StoredReply { status: 200, head: String::new(), body: body.to_owned() })
    };
    Once { request, render: Arc::new(render) }
}

async fn pay(
    store: SqlStore,
    command: PayFromBalance,
    once: Once<Result<PaidOrder, PayRefusal>>,
) -> Result<KeyedOutcome, StoreError> {
    store.pay_from_balance_once(&command, pay_from_balance, &once).await
}

/// Both databases, each watched from the first connection of its store on.
fn watched() -> impl Iterator<Item = (Database, Watched)> {
    [Some(empty_sqlite()), empty_postgres_with(ONE_LANE)].into_iter().flatten().map(|database| {
        database.store.migrate().unwrap();
        let watched = Watched::new(&database.url);
        let store = SqlStore::connect(&database.url, ONE_LANE).unwrap();
        (database.with_store(store), watched)
    })
}

fn about_keys(sent: Vec<Sent>) -> Vec<String> {
    sent.into_iter().map(|sent| sent.text).filter(|text| text.contains("idempotency_keys")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_sends_no_key_pays_for_none() {
    for (database, watched) in watched() {
        let case = Case::new(&database);
        let buyer = case.buyer(0, 0, 300).await;
        let (one, other) = (case.order(buyer, 100).await, case.order(buyer, 100).await);
        watched.sent();
        case.pay(&one).await.unwrap();
        assert_eq!(about_keys(watched.sent()), Vec::<String>::new(), "{:?}", database.url);
        pay(database.store.clone(), case.pay_command(&other), once(&case, &other)).await.unwrap();
        let sent = about_keys(watched.sent());
        assert_eq!(sent.len(), 2, "one looks for the key, one writes it: {sent:?}");
    }
}

/// A lane in doubt about its commit finds out with the key or with the payment, whichever it sees first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_keyed_payment_whose_commit_is_cut_off_happens_once() {
    for cut in [Cut::Before, Cut::After] {
        let Some(database) = empty_postgres_with(ONE_LANE) else { return };
        database.store.migrate().unwrap();
        let (database, proxy) = through_a_proxy(database);
        let case = Case::new(&database);
        let course = case.course(100).await;
        let mut payments = Vec::new();
        for cash in [100, 100, 100, 1] {
            let order = case.order_of(case.buyer(0, 0, cash).await, std::slice::from_ref(&course)).await;
            payments.push((case.pay_command(&order), once(&case, &order)));
        }
        proxy.cut(cut, 0);
        let send = |(command, once): &(PayFromBalance, Once<_>)| {
            tokio::spawn(pay(database.store.clone(), command.clone(), once.clone()))
        };
        let answers = join_all(payments.iter().map(send)).await;
        assert_eq!(proxy.cuts(), 1, "{cut:?}");
        for ((command, _), answer) in payments.iter().zip(answers) {
            let poor = command.user_id == payments[3].0.user_id;
            let expected = if poor { "balance_insufficient" } else { command.order_no.as_str() };
            match answer.unwrap().unwrap() {
                KeyedOutcome::First(reply) | KeyedOutcome::Replayed(reply) => assert_eq!(reply.body, expected),
                other => panic!("{cut:?}: {other:?}"),
            }
            let left = case.wallet(command.user_id).await.balance().unwrap().fen();
            assert_eq!(left, i64::from(poor), "{cut:?}: paid once");
        }
        let again = join_all(payments.iter().map(send)).await;
        for (answer, (command, _)) in again.into_iter().zip(&payments) {
            let answer = answer.unwrap().unwrap();
            assert!(matches!(answer, KeyedOutcome::Replayed(_)), "{cut:?}, {}: {answer:?}", command.order_no);
        }
    }
}

#[tokio::test]
async fn expired_keys_are_found_by_an_index() {
    const ROWS: &str = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000) \
        INSERT INTO idempotency_keys (user_id, key, digest, began_at, expires_at, claimant, claimed_until) \
        SELECT (SELECT min(user_id) FROM users), 'k' || n, DIGEST, 0, n, 'c', 0 FROM n";
    for (database, watched) in watched() {
        let case = Case::new(&database);
        case.user().await;
        let blob = match &database.url {
            DatabaseUrl::Sqlite(_) => "zeroblob(32)",
            DatabaseUrl::Postgres(_) => "decode(repeat('00', 32), 'hex')",
        };
        let rows = ROWS.replace("DIGEST", blob);
        database.execute(&rows).unwrap();
        database.execute("ANALYZE").unwrap();
        watched.sent();
        let before = DateTime::from_timestamp_micros(10_000).unwrap();
        let removed = IdempotencyStore::remove_expired(&database.store, before, 100).await;
        assert_eq!(removed.unwrap(), 100);
        let sent = watched.sent();
        let removal = sent.iter().find(|sent| sent.text.contains("idempotency_keys")).unwrap();
        let plan = match &database.url {
            DatabaseUrl::Sqlite(path) => {
                sqlite_plan(&mut SqliteConnection::establish(path.to_str().unwrap()).unwrap(), removal)
            }
            DatabaseUrl::Postgres(url) => {
                postgres_plan(&mut PgConnection::establish(url).unwrap(), removal, "force_custom_plan")
            }
        };
        for step in &plan {
            assert!(!step.contains("TEMP B-TREE") && !step.contains("Sort"), "it sorts: {plan:#?}");
            assert!(!step.starts_with("SCAN") && !step.contains("Seq Scan"), "it reads the whole table: {plan:#?}");
        }
    }
}

//! Prepared statements behind a real pooler: found out at the start, and harmless afterwards.

use crate::databases::{Database, empty_postgres};
use crate::pgbouncer::{Pgbouncer, knows_prepared_statements};
use diesel::connection::{CacheSize, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use edupay_domain::accounts::{UserStore, WalletStore, adjust_balance};
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{Bucket, LedgerStore};
use edupay_domain::orders::{OrderState, OrderStore, PaidOrder, create_order, pay_from_balance};
use edupay_domain::products::Course;
use edupay_persistence::{CacheReason, DatabaseUrl, PreparedStatements, SqlStore, StatementCache, StoreOptions};
use edupay_testkit::contract::Case;
use edupay_testkit::fixtures::{fen, new_user};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

/// How many pay at once, over a quarter as many server connections, and how often each.
const CLIENTS: usize = 16;
const PAYMENTS: usize = 6;

fn connect(url: &DatabaseUrl, prepared_statements: PreparedStatements) -> SqlStore {
    let options = StoreOptions { postgres_connections: 16, prepared_statements, ..StoreOptions::default() };
    SqlStore::connect(url, options).unwrap()
}

fn raw(url: &DatabaseUrl) -> PgConnection {
    let DatabaseUrl::Postgres(url) = url else { panic!("not PostgreSQL") };
    PgConnection::establish(url).unwrap()
}

/// Runs the work while eight others keep the server connections behind this URL busy.
fn while_others_are_busy<T>(url: &DatabaseUrl, work: impl FnOnce() -> T) -> T {
    /// Ends them also when the work panics: the scope waits for them.
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let over = AtomicBool::new(false);
    let busy = || {
        let mut connection = raw(url);
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        while !over.load(Ordering::Relaxed) {
            connection.batch_execute("BEGIN; SELECT pg_sleep(0.001); COMMIT").unwrap();
        }
    };
    std::thread::scope(|scope| {
        let _over = Over(&over);
        for _ in 0..8 {
            scope.spawn(busy);
        }
        work()
    })
}

/// A new database with the schema, and a pooler before it.
fn behind_a_pooler(servers: u32, prepared: u32) -> Option<(Database, Pgbouncer, DatabaseUrl)> {
    let database = empty_postgres()?;
    let pooler = Pgbouncer::start(&database.url, servers, prepared)?;
    database.store.migrate().unwrap();
    let url = pooler.url(&database.url);
    Some((database, pooler, url))
}

#[test]
fn a_direct_connection_is_known_as_one_however_busy_the_server_is() {
    let Some(database) = empty_postgres() else { return };
    assert_eq!(database.store.statements().reason, CacheReason::Direct);
    while_others_are_busy(&database.url, || {
        for _ in 0..10 {
            let statements = connect(&database.url, PreparedStatements::Auto).statements();
            assert_eq!((statements.cache, statements.reason), (StatementCache::On, CacheReason::Direct));
        }
    });
}

#[test]
fn a_pooler_that_mixes_up_statements_is_found_and_none_are_prepared() {
    // One server connection, as many as our own, and more than anybody uses.
    for servers in [1, 4, 40] {
        let Some((_database, _pooler, url)) = behind_a_pooler(servers, 0) else { return };
        for _ in 0..2 {
            let statements = connect(&url, PreparedStatements::Auto).statements();
            assert_eq!((statements.cache, statements.reason), (StatementCache::Off, CacheReason::Pooler), "{servers}");
        }
    }
}

#[test]
fn a_pooler_is_found_while_others_keep_its_connections_busy() {
    for servers in [2, 3, 4, 6, 20] {
        let Some((_database, _pooler, url)) = behind_a_pooler(servers, 0) else { return };
        while_others_are_busy(&url, || {
            for _ in 0..5 {
                let statements = connect(&url, PreparedStatements::Auto).statements();
                let found = (statements.cache, statements.reason);
                assert_eq!(found, (StatementCache::Off, CacheReason::Pooler), "{servers} server connections");
            }
        });
    }
}

#[test]
fn a_pooler_that_keeps_statements_apart_is_trusted_with_them() {
    if knows_prepared_statements() != Some(true) {
        return;
    }
    for servers in [2, 4, 20] {
        let Some((_database, _pooler, url)) = behind_a_pooler(servers, 200) else { return };
        let expected = (StatementCache::On, CacheReason::PoolerKeepsThemApart);
        let statements = connect(&url, PreparedStatements::Auto).statements();
        assert_eq!((statements.cache, statements.reason), expected, "{servers} server connections");
        while_others_are_busy(&url, || {
            // Who waits for its turn behind others may be sent back to where it was, and then has
            // shown nothing: it is not trusted, but that is safe.
            let statements = connect(&url, PreparedStatements::Auto).statements();
            assert!(matches!(statements.reason, CacheReason::PoolerKeepsThemApart | CacheReason::Pooler));
        });
    }
}

#[test]
fn what_the_operator_says_is_done_without_a_look() {
    let Some((_database, _pooler, url)) = behind_a_pooler(4, 0) else { return };
    for (setting, cache) in
        [(PreparedStatements::On, StatementCache::On), (PreparedStatements::Off, StatementCache::Off)]
    {
        let statements = connect(&url, setting).statements();
        assert_eq!((statements.cache, statements.reason), (cache, CacheReason::Setting));
    }
}

/// One client's day: it buys, pays and looks, and says what was not as it must be.
async fn buys(database: Database, courses: Vec<Course>) -> Vec<String> {
    let case = Case::new(&database);
    let mut troubles = Vec::new();
    let user = match database.store.create_user(&new_user(&case.unique("pooled"))).await {
        Ok(user) => user.id,
        Err(error) => return vec![format!("create_user: {error:?}")],
    };
    if let Err(trouble) = fills(&database, &case, user).await {
        return vec![trouble];
    }
    for (paid, course) in courses.iter().enumerate().take(PAYMENTS) {
        if let Err(trouble) = buys_one(&database, &case, user, course, paid).await {
            troubles.push(trouble);
        }
    }
    troubles
}

async fn fills(database: &Database, case: &Case<'_, Database>, user: UserId) -> Result<(), String> {
    let command = case.adjustment(user, Bucket::Cash, fen(10_000));
    let wallet = database.store.adjust_balance(&command, adjust_balance).await;
    let wallet = wallet.map_err(|error| format!("adjust_balance: {error:?}"))?;
    holds(wallet.user_id == user && wallet.cash == fen(10_000), || format!("the wallet is {wallet:?}"))
}

async fn buys_one(
    database: &Database,
    case: &Case<'_, Database>,
    user: UserId,
    course: &Course,
    paid: usize,
) -> Result<(), String> {
    let said = |what: &'static str| move |error: &dyn std::fmt::Debug| format!("{what}: {error:?}");
    let store = &database.store;
    let command = case.order_command(user, std::slice::from_ref(course));
    store.create(&command, create_order).await.map_err(|error| said("create")(&error))?;
    let order = OrderStore::find(store, user, &command.order_no).await.map_err(|error| said("find")(&error))?;
    let order = order.ok_or("the order is not found")?;
    holds(order.user_id == user && order.lines.len() == 1, || format!("the order is {order:?}"))?;
    let answer = store.pay_from_balance(&case.pay_command(&order), pay_from_balance).await;
    let answer = answer.map_err(|error| said("pay")(&error))?;
    holds(matches!(&answer, PaidOrder::Paid { .. }), || format!("the payment is {answer:?}"))?;

    let orders = store.list(user, None, 100).await.map_err(|error| said("list")(&error))?;
    let newest = orders.first().ok_or("no order is listed")?;
    holds(newest.order_no == order.order_no, || format!("the newest order is {newest:?}"))?;
    holds(matches!(newest.state, OrderState::Paid(_)), || format!("the newest order is {newest:?}"))?;
    holds(orders.iter().all(|order| order.user_id == user), || format!("the orders are {orders:?}"))?;
    let lines = store.statement(user, None, 100).await.map_err(|error| said("statement")(&error))?;
    // The first line is the adjustment.
    holds(lines.len() == paid + 2, || format!("{} lines after {} payments", lines.len(), paid + 1))?;
    let user_now = store.find_user(user).await.map_err(|error| said("find_user")(&error))?;
    let left = user_now.map(|found| (found.id, found.wallet.cash));
    holds(left == Some((user, fen(10_000 - 100 * u32::try_from(paid + 1).unwrap()))), || format!("{left:?} is left"))
}

fn holds(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}

/// Many clients at once through this store; what went wrong.
async fn a_day_of_payments(database: &Database, through: SqlStore) -> Vec<String> {
    let mut courses = Vec::new();
    for _ in 0..PAYMENTS {
        courses.push(Case::new(database).course(100).await);
    }
    let pooled = database.clone().with_store(through);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(buys(pooled.clone(), courses.clone()));
    }
    clients.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn payments_behind_a_pooler_are_right_and_none_fails() {
    for prepared in [0, 200] {
        let Some((database, _pooler, url)) = behind_a_pooler(4, prepared) else { return };
        let store = connect(&url, PreparedStatements::Auto);
        assert_eq!(a_day_of_payments(&database, store).await, Vec::<String>::new(), "{prepared} remembered");
        let report = database.store.audit().await.unwrap();
        assert!(report.breaches.is_empty() && report.total_fen == 0, "{report:?}");
    }
}

/// That the test above can fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn statements_prepared_behind_such_a_pooler_break_payments() {
    let Some((database, _pooler, url)) = behind_a_pooler(4, 0) else { return };
    let troubles = a_day_of_payments(&database, connect(&url, PreparedStatements::On)).await;
    assert!(!troubles.is_empty(), "nothing went wrong, so there is nothing to guard against");
}

#[test]
fn another_clients_statement_runs_behind_such_a_pooler_and_nobody_is_told() {
    let Some((_database, _pooler, url)) = behind_a_pooler(2, 0) else { return };
    let (mut ours, mut theirs) = (raw(&url), raw(&url));
    let tripled = |connection: &mut PgConnection| -> QueryResult<i64> {
        diesel::select(14_i64.into_sql::<BigInt>() * 3).get_result(connection)
    };
    let halved = |connection: &mut PgConnection| -> QueryResult<i64> {
        diesel::select(14_i64.into_sql::<BigInt>() / 2).get_result(connection)
    };
    // Each prepares its first statement on a server connection of its own.
    ours.batch_execute("BEGIN").unwrap();
    theirs.batch_execute("BEGIN").unwrap();
    assert_eq!((tripled(&mut ours), halved(&mut theirs)), (Ok(42), Ok(7)));
    ours.batch_execute("COMMIT").unwrap();
    theirs.batch_execute("COMMIT").unwrap();
    // The server connection that was given back last is the next one's.
    assert_eq!(tripled(&mut ours), Ok(14 / 3), "our values, their text");
}

#[test]
fn programs_that_start_at_once_behind_a_pooler_migrate_once_and_leave_no_lock() {
    let Some(database) = empty_postgres() else { return };
    let Some(pooler) = Pgbouncer::start(&database.url, 6, 0) else { return };
    let url = pooler.url(&database.url);
    for _ in 0..2 {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| connect(&url, PreparedStatements::Off).migrate().unwrap());
            }
        });
    }
    database.store.check_schema().unwrap();
    let locks = "SELECT 1 / (CASE WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) THEN 0 ELSE 1 END)";
    database.execute(locks).unwrap();
}

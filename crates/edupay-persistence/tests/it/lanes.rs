//! What a lane promises: what waits is committed together, one bad command fails alone, a full lane
//! turns others away, and whoever asks hears the truth, also when the wire is cut at the commit.

use crate::databases::{Database, empty_postgres_with, sqlite_with};
use crate::proxy::{Cut, Proxy};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use edupay_domain::orders::{
    Order, PaidOrder, PayFromBalance, PayFromBalanceRule, PayPlan, PayRefusal, PayView, pay_from_balance,
};
use edupay_domain::store::{EffectError, StoreFault};
use edupay_persistence::{DatabaseUrl, PreparedStatements, SqlStore, StoreOptions};
use edupay_testkit::contract::{Case, StoreHarness};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::task::JoinHandle;

pub(crate) const ONE_LANE: StoreOptions = StoreOptions {
    postgres_connections: 4,
    postgres_lanes: 1,
    lane_bound: 64,
    sqlite_readers: 2,
    principal_cache: Duration::ZERO,
    prepared_statements: PreparedStatements::Auto,
};

type Paid = Result<PaidOrder, EffectError<PayRefusal>>;

/// Both databases with one lane, each with a store of its own.
fn both(options: StoreOptions) -> impl Iterator<Item = Database> {
    let postgres = empty_postgres_with(options).inspect(|database| {
        database.store.migrate().unwrap();
    });
    [Some(sqlite_with(options)), postgres].into_iter().flatten()
}

/// Orders of one fen's course, each of a buyer of its own who has enough.
async fn orders(case: &Case<'_, Database>, count: usize) -> Vec<Order> {
    let course = case.course(100).await;
    let mut orders = Vec::new();
    for _ in 0..count {
        let buyer = case.buyer(0, 0, 100).await;
        orders.push(case.order_of(buyer, std::slice::from_ref(&course)).await);
    }
    orders
}

fn pay(store: &SqlStore, command: PayFromBalance, rule: PayFromBalanceRule) -> JoinHandle<Paid> {
    use edupay_domain::orders::OrderStore;
    let store = store.clone();
    tokio::spawn(async move { store.pay_from_balance(&command, rule).await })
}

/// Somebody else's transaction that keeps a database's lane waiting until it is dropped.
enum Obstacle {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Obstacle {
    /// Takes the lock that the next command of this order's buyer needs.
    fn before(database: &Database, order: &Order) -> Self {
        match &database.url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                connection.batch_execute("BEGIN IMMEDIATE").unwrap();
                Self::Sqlite(connection)
            }
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::establish(url).unwrap();
                let lock = format!("BEGIN; SELECT 1 FROM wallets WHERE user_id = {} FOR UPDATE", order.user_id);
                connection.batch_execute(&lock).unwrap();
                Self::Postgres(connection)
            }
        }
    }

    fn remove(self) {
        match self {
            Self::Sqlite(mut connection) => connection.batch_execute("ROLLBACK").unwrap(),
            Self::Postgres(mut connection) => connection.batch_execute("ROLLBACK").unwrap(),
        }
    }
}

/// Sends all of these while the lane waits for the first, so that the others are one batch.
async fn in_one_batch(
    database: &Database,
    case: &Case<'_, Database>,
    first: &Order,
    others: impl IntoIterator<Item = (&Order, PayFromBalanceRule)>,
) -> Vec<Paid> {
    let obstacle = Obstacle::before(database, first);
    let mut sent = vec![pay(&database.store, case.pay_command(first), pay_from_balance)];
    // The lane takes the first alone: nothing else was there.
    sent_and_taken(database).await;
    sent.extend(others.into_iter().map(|(order, rule)| pay(&database.store, case.pay_command(order), rule)));
    sent_and_taken(database).await;
    obstacle.remove();
    join_all(sent).await.into_iter().map(Result::unwrap).collect()
}

/// Lets what was spawned run up to its wait, and the lane up to its lock.
async fn sent_and_taken(database: &Database) {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let pause = std::time::Duration::from_millis(match &database.url {
        DatabaseUrl::Sqlite(_) => 50,
        DatabaseUrl::Postgres(_) => 100,
    });
    tokio::time::sleep(pause).await;
}

/// In how many transactions the outbox was written, where the database tells.
fn transactions(database: &Database) -> Option<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let DatabaseUrl::Postgres(url) = &database.url else { return None };
    let query = "SELECT count(DISTINCT xmin::text) FROM outbox WHERE kind = 'order.paid'";
    let count: Count = diesel::sql_query(query).get_result(&mut PgConnection::establish(url).unwrap()).unwrap();
    Some(count.count)
}

async fn audited(database: &Database) {
    let report = database.ledger().audit().await.unwrap();
    assert_eq!((report.total_fen, report.breaches), (0, Vec::new()), "{:?}", database.url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_waits_is_committed_together() {
    for database in both(ONE_LANE) {
        let case = Case::new(&database);
        let orders = orders(&case, 31).await;
        let (first, others) = orders.split_first().unwrap();
        let others = others.iter().map(|order| (order, pay_from_balance as PayFromBalanceRule));
        for paid in in_one_batch(&database, &case, first, others).await {
            assert!(matches!(paid, Ok(PaidOrder::Paid { .. })), "{paid:?}");
        }
        assert!(transactions(&database).is_none_or(|count| count <= 3), "{:?}", transactions(&database));
        audited(&database).await;
    }
}

/// Grants a course twice, which no table takes.
fn grant_twice(command: &PayFromBalance, view: &PayView) -> Result<PayPlan, PayRefusal> {
    let mut plan = pay_from_balance(command, view)?;
    if let PayPlan::Pay { entitlements, .. } = &mut plan {
        entitlements.extend(entitlements.clone());
    }
    Ok(plan)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_that_breaks_a_constraint_fails_alone() {
    for database in both(ONE_LANE) {
        let case = Case::new(&database);
        let orders = orders(&case, 20).await;
        let (first, others) = orders.split_first().unwrap();
        let poisoned = [4, 11];
        let batch = others.iter().enumerate().map(|(index, order)| {
            let rule = if poisoned.contains(&index) { grant_twice } else { pay_from_balance };
            (order, rule as PayFromBalanceRule)
        });
        let answers = in_one_batch(&database, &case, first, batch).await;
        for (index, answer) in answers.iter().skip(1).enumerate() {
            match answer {
                Err(EffectError::Store(error)) if poisoned.contains(&index) => {
                    assert_eq!(error.fault(), StoreFault::Corrupt, "{error:?}");
                }
                Ok(PaidOrder::Paid { .. }) if !poisoned.contains(&index) => {}
                other => panic!("command {index} on {:?}: {other:?}", database.url),
            }
        }
        for index in poisoned {
            let order = database.orders().find(others[index].user_id, &others[index].order_no).await.unwrap().unwrap();
            assert_eq!(order.state.code(), "unpaid", "the poisoned one left nothing");
        }
        audited(&database).await;
    }
}

fn panic_on_purpose(_: &PayFromBalance, _: &PayView) -> Result<PayPlan, PayRefusal> {
    panic!("a panic on purpose")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rule_that_panics_does_not_end_the_lane() {
    for database in both(ONE_LANE) {
        let case = Case::new(&database);
        let orders = orders(&case, 2).await;
        let lost = pay(&database.store, case.pay_command(&orders[0]), panic_on_purpose).await.unwrap();
        assert!(matches!(&lost, Err(EffectError::Store(error)) if error.fault() == StoreFault::Unknown), "{lost:?}");
        for order in &orders {
            let paid = pay(&database.store, case.pay_command(order), pay_from_balance).await.unwrap();
            assert!(matches!(paid, Ok(PaidOrder::Paid { .. })), "nothing of the panic was kept: {paid:?}");
        }
        audited(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn payments_of_one_account_in_one_batch_see_each_other() {
    for database in both(ONE_LANE) {
        let case = Case::new(&database);
        let courses = join_all((0..10).map(|_| case.course(30))).await;
        // Enough for three of ten, and the first is sent twice.
        let buyer = case.buyer(0, 0, 100).await;
        let mut orders = Vec::new();
        for course in &courses {
            orders.push(case.order_of(buyer, std::slice::from_ref(course)).await);
        }
        let (first, others) = orders.split_first().unwrap();
        let again = std::iter::once(first).chain(others);
        let answers =
            in_one_batch(&database, &case, first, again.map(|order| (order, pay_from_balance as PayFromBalanceRule)))
                .await;
        let count = |is: fn(&Paid) -> bool| answers.iter().filter(|answer| is(answer)).count();
        assert_eq!(count(|answer| matches!(answer, Ok(PaidOrder::Paid { .. }))), 3, "{answers:?}");
        assert_eq!(count(|answer| matches!(answer, Ok(PaidOrder::AlreadyPaid { .. }))), 1, "{answers:?}");
        assert_eq!(
            count(|answer| matches!(answer, Err(EffectError::Refused(PayRefusal::InsufficientBalance)))),
            7,
            "{answers:?}"
        );
        let balance = case.wallet(buyer).await.balance().unwrap();
        assert_eq!(balance.fen(), 10);
        audited(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_lane_turns_others_away_before_any_work() {
    for database in both(StoreOptions { lane_bound: 2, ..ONE_LANE }) {
        let case = Case::new(&database);
        let orders = orders(&case, 6).await;
        let (first, others) = orders.split_first().unwrap();
        let others = others.iter().map(|order| (order, pay_from_balance as PayFromBalanceRule));
        let answers = in_one_batch(&database, &case, first, others).await;
        let turned_away = answers.iter().filter(
            |answer| matches!(answer, Err(EffectError::Store(error)) if error.fault() == StoreFault::Unavailable),
        );
        assert_eq!(turned_away.count(), 3, "one at work, two waiting: {answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
        audited(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_who_waited_too_long_for_a_turn_is_told_so_and_nothing_is_written() {
    // On SQLite a writer may wait for another for longer than a caller waits for a turn.
    let database = sqlite_with(ONE_LANE);
    let case = Case::new(&database);
    let orders = orders(&case, 2).await;
    let obstacle = Obstacle::before(&database, &orders[0]);
    let at_work = pay(&database.store, case.pay_command(&orders[0]), pay_from_balance);
    sent_and_taken(&database).await;
    let waiting = pay(&database.store, case.pay_command(&orders[1]), pay_from_balance).await.unwrap();
    assert!(
        matches!(&waiting, Err(EffectError::Store(error)) if error.fault() == StoreFault::Unavailable),
        "{waiting:?}"
    );
    obstacle.remove();
    assert!(matches!(at_work.await.unwrap(), Ok(PaidOrder::Paid { .. })));
    let left = database.orders().find(orders[1].user_id, &orders[1].order_no).await.unwrap().unwrap();
    assert_eq!(left.state.code(), "unpaid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_the_wire_is_cut_at_the_commit_each_caller_hears_the_truth() {
    for cut in [Cut::Before, Cut::After, Cut::Late] {
        let Some(database) = empty_postgres_with(ONE_LANE) else { return };
        database.store.migrate().unwrap();
        let (database, proxy) = through_a_proxy(database);
        let case = Case::new(&database);
        let gate = orders(&case, 1).await.remove(0);
        let orders = orders(&case, 12).await;
        let poor = case.order_of(case.buyer(0, 0, 1).await, &[case.course(100).await]).await;
        let obstacle = Obstacle::before(&database, &gate);
        let at_work = pay(&database.store, case.pay_command(&gate), pay_from_balance);
        sent_and_taken(&database).await;
        // One is sent twice, and one has not the money.
        let batch = orders.iter().chain([&orders[1], &poor]);
        let sent: Vec<_> = batch.map(|order| pay(&database.store, case.pay_command(order), pay_from_balance)).collect();
        sent_and_taken(&database).await;
        proxy.cut(cut, 1);
        obstacle.remove();
        assert!(matches!(at_work.await.unwrap(), Ok(PaidOrder::Paid { .. })), "the commit before is spared");
        if cut == Cut::Late {
            while proxy.cuts() == 0 {
                tokio::task::yield_now().await;
            }
            // By now the lane has come back and waits for the locks of its own lost commit.
            sent_and_taken(&database).await;
            assert!(sent.iter().all(|answer| !answer.is_finished()), "nobody is answered while nobody knows");
            proxy.release();
        }
        let answers: Vec<Paid> = join_all(sent).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(proxy.cuts(), 1, "{cut:?}");
        let (poor_answer, paid) = answers.split_last().unwrap();
        let refused = matches!(poor_answer, Err(EffectError::Refused(PayRefusal::InsufficientBalance)));
        assert!(refused, "{cut:?}: {poor_answer:?}");
        let newly = paid.iter().filter(|answer| matches!(answer, Ok(PaidOrder::Paid { .. }))).count();
        let before = paid.iter().filter(|answer| matches!(answer, Ok(PaidOrder::AlreadyPaid { .. }))).count();
        assert_eq!((newly, before), (12, 1), "{cut:?}: {paid:?}");
        for order in &orders {
            assert_eq!(case.wallet(order.user_id).await.balance().unwrap().fen(), 0, "{cut:?}: paid once");
        }
        audited(&database).await;
    }
}

/// The same database, reached by a wire that can be cut.
pub(crate) fn through_a_proxy(database: Database) -> (Database, Proxy) {
    let DatabaseUrl::Postgres(url) = &database.url else { panic!("a file has no wire") };
    let (before, rest) = url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let proxy = Proxy::to(server.to_owned());
    let wired = DatabaseUrl::Postgres(format!("{before}@{}/{name}", proxy.address));
    let store = SqlStore::connect(&wired, ONE_LANE).unwrap();
    (Database { store, ..database }, proxy)
}

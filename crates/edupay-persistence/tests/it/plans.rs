//! Each read is one statement that goes by an index in its order: it costs what it returns, however
//! much there is.

use crate::databases::{Database, empty_postgres, empty_sqlite};
use crate::watched::{Sent, Watched};
use chrono::DateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use edupay_domain::accounts::{TokenDigest, UserStore};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, OrderNo, OrderPk, ProductId, RefundNo, UserId, Username};
use edupay_domain::ledger::LedgerStore;
use edupay_domain::orders::OrderStore;
use edupay_domain::payments::{ChargeStore, ChargeSubject, InboxStore, LookWay, ReceiptStore};
use edupay_domain::products::{CourseStore, ProductStore};
use edupay_domain::refunds::{RefundCursor, RefundStage, RefundStore};
use edupay_persistence::{DatabaseUrl, PreparedStatements, SqlStore, StoreOptions};

/// Who has 200 orders and entries, and who has 50,000; everybody else has two.
const SOME: i64 = 1;
const MANY: i64 = 2;

/// Both databases read this. Of the due lists one row in fifty waits.
const ROWS: &str = "
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4000)
INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, website, point,
    level, level_display, credit, credit_level, credit_level_display, created_at)
SELECT n, 'user' || n, 'x', 'member', 'active', '', '', '', '', 0, '', '', 0, '', '', 0 FROM n;

INSERT INTO wallets SELECT user_id, 100, 0, 0, 0, 1 FROM users;

WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4000)
INSERT INTO products (pk, product_id, price_fen, created_at) SELECT n, 'com.example.' || n, 100, 0 FROM n;

WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4000)
INSERT INTO courses (course_id, name, price_fen, status, created_at) SELECT n, 'course ' || n, 100, 'offered', 0 FROM n;

CREATE TEMPORARY TABLE numbered AS
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000)
SELECT 2 AS user_id, n FROM n UNION ALL SELECT 1, n FROM n WHERE n <= 200
UNION ALL SELECT user_id, 1 FROM users WHERE user_id > 2 UNION ALL SELECT user_id, 2 FROM users WHERE user_id > 2;

INSERT INTO orders SELECT user_id, '10000000000000' || (100000 + n), n, 100,
    CASE WHEN n % 50 = 0 THEN 'unpaid' ELSE 'paid' END, CASE WHEN n % 10 = 9 THEN 'hidden' ELSE 'visible' END,
    n, n, CASE WHEN n % 50 = 0 THEN NULL ELSE n END, CASE WHEN n % 50 = 0 THEN NULL ELSE 'balance' END, NULL, 0, 0, 0
FROM numbered;

INSERT INTO order_lines SELECT user_id, order_no, 0, 1, 'course', 60 FROM orders;
INSERT INTO order_lines SELECT user_id, order_no, 1, 2, 'course', 40 FROM orders;
INSERT INTO entitlements SELECT user_id, pk, order_no, 0 FROM orders WHERE status = 'paid';

INSERT INTO journal_entries SELECT user_id, n, 'adjust_balance', 'r', 0, 0, n FROM numbered;

WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 8000)
INSERT INTO charge_attempts SELECT 1 + n % 4000, '20000000000000' || (100000 + n), 'order',
    '10000000000000' || (100000 + n), 'wx', 100, CASE WHEN n % 50 = 0 THEN 'open' ELSE 'paid' END,
    'ch_' || n, '{}', n, n, n, CASE WHEN n % 50 = 0 THEN n ELSE NULL END FROM n;
INSERT INTO charge_routes SELECT gateway_order_no, user_id, subject, subject_no FROM charge_attempts;
INSERT INTO charge_claims SELECT charge_id, user_id, gateway_order_no FROM charge_attempts;
INSERT INTO receipts SELECT user_id, charge_id, gateway_order_no, 100,
    CASE WHEN due_at IS NULL THEN 'applied' ELSE 'refund_due' END,
    CASE WHEN due_at IS NULL THEN NULL ELSE 'order_closed' END, NULL, 0, 0, due_at FROM charge_attempts;
INSERT INTO order_routes SELECT order_no, MIN(user_id) FROM orders GROUP BY order_no;
INSERT INTO refunds SELECT user_id, 'R-' || n, 'order', '10000000000000' || (100000 + n % 20), 1, 0, 'source', 'r', 9,
    'ch_' || n, NULL, CASE WHEN n % 50 = 0 THEN 'requested' ELSE 'succeeded' END, NULL, NULL, n, NULL, n,
    CASE WHEN n % 50 = 0 THEN NULL ELSE n END, CASE WHEN n % 50 = 0 THEN n ELSE NULL END FROM numbered;
INSERT INTO refund_claims SELECT 're_' || charge_id, user_id, 'R-1' FROM charge_attempts;
INSERT INTO inbound_events SELECT 'evt_' || charge_id, 'charge.succeeded', '{}',
    CASE WHEN due_at IS NULL THEN 'processed' ELSE 'unmatched' END, 0, due_at FROM charge_attempts;
";

/// 32 digits instead of a digest: any 32 bytes will do.
const POSTGRES_TOKENS: &str =
    "INSERT INTO tokens SELECT convert_to(lpad(CAST(user_id AS TEXT), 32, '0'), 'UTF8'), user_id, 0 FROM users";
const SQLITE_TOKENS: &str = "INSERT INTO tokens SELECT CAST(printf('%032d', user_id) AS BLOB), user_id, 0 FROM users";

fn filled(database: Database) -> (Database, Watched) {
    database.store.migrate().unwrap();
    let watched = Watched::new(&database.url);
    let options = StoreOptions { prepared_statements: PreparedStatements::On, ..StoreOptions::default() };
    let store = SqlStore::connect(&database.url, options).unwrap();
    database.execute(ROWS).unwrap();
    database
        .execute(match &database.url {
            DatabaseUrl::Sqlite(_) => SQLITE_TOKENS,
            DatabaseUrl::Postgres(_) => POSTGRES_TOKENS,
        })
        .unwrap();
    (database.with_store(store), watched)
}

pub(crate) fn user(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

pub(crate) fn far_future() -> Timestamp {
    DateTime::from_timestamp(4_000_000_000, 0).unwrap()
}

/// Calls every read once, and gives what each has sent; each must find something.
async fn reads(store: &SqlStore, watched: &Watched) -> Vec<(&'static str, Vec<Sent>)> {
    let mut reads = Vec::new();
    let mut read = |name, found: bool| {
        assert!(found, "{name} finds nothing");
        reads.push((name, watched.sent()));
    };
    let digest = TokenDigest(*b"00000000000000000000000000000007");
    let order = OrderNo::parse("10000000000000100001").unwrap();
    let attempt = GatewayOrderNo::parse("20000000000000100007").unwrap();
    let charge = ChargeId::parse("ch_7").unwrap();
    watched.sent();

    read("find_token", store.find_token(digest).await.unwrap().is_some());
    read("find_user", store.find_user(user(7)).await.unwrap().is_some());
    read("find_credential", store.find_credential(&Username::parse("user7").unwrap()).await.unwrap().is_some());
    read("list_users", store.list_users(1_000, 20).await.unwrap().len() == 20);
    read("list_products", store.list_products().await.unwrap().len() == 4_000);
    read("list_courses", store.list_courses().await.unwrap().len() == 4_000);
    read("find_product", store.find_product(&ProductId::parse("com.example.7").unwrap()).await.unwrap().is_some());
    read("find an order", OrderStore::find(store, user(7), &order).await.unwrap().is_some());
    read("list orders of some", OrderStore::list(store, user(SOME), None, 20).await.unwrap().len() == 20);
    read("list orders of many", OrderStore::list(store, user(MANY), None, 20).await.unwrap().len() == 20);
    let middle = OrderPk::try_new(25_000).unwrap();
    read("list orders in the middle", OrderStore::list(store, user(MANY), Some(middle), 20).await.unwrap().len() == 20);
    read("owned_courses", store.owned_courses(user(7)).await.unwrap().len() == 2);
    read("expired orders", store.expired(far_future(), 20).await.unwrap().len() == 20);
    read("statement of some", store.statement(user(SOME), None, 20).await.unwrap().len() == 20);
    read("statement of many", store.statement(user(MANY), None, 20).await.unwrap().len() == 20);
    read("statement in the middle", store.statement(user(MANY), Some(25_000), 20).await.unwrap().len() == 20);
    read("find_route", store.find_route(&attempt).await.unwrap().is_some());
    read("find_attempt", store.find_attempt(user(8), &charge).await.unwrap().is_some());
    read("due_attempts", store.due_attempts(LookWay::ByCharge, far_future(), 20).await.unwrap().len() == 20);
    read("find_receipt", store.find_receipt(user(8), &charge).await.unwrap().is_some());
    read("find_owner", store.find_owner(&charge).await.unwrap().is_some());
    read("due_refunds", store.due_refunds(far_future(), 20).await.unwrap().len() == 20);
    let of_order = ChargeSubject::Order(OrderNo::parse("10000000000000100007").unwrap());
    let below = RefundCursor {
        requested_at: DateTime::from_timestamp_micros(25_000).unwrap(),
        user_id: user(MANY),
        refund_no: RefundNo::parse("R-25000").unwrap(),
    };
    let requested = Some(RefundStage::Requested);
    read("find a refund", RefundStore::find(store, user(SOME), &below.refund_no).await.unwrap().is_none());
    read("refunds of an order", store.of_subject(user(SOME), &of_order).await.unwrap().len() == 10);
    read("find_refundable", store.find_refundable(&ChargeSubject::Order(order.clone())).await.unwrap().is_some());
    read("list refunds", RefundStore::list(store, None, None, 20).await.unwrap().len() == 20);
    read("list refunds in the middle", RefundStore::list(store, None, Some(below), 20).await.unwrap().len() == 20);
    read("list refunds of a stage", RefundStore::list(store, requested, None, 20).await.unwrap().len() == 20);
    read("due work on refunds", store.due(far_future(), 20).await.unwrap().len() == 20);
    read("pending callbacks", store.pending(far_future(), 20).await.unwrap().len() == 20);
    reads
}

#[derive(QueryableByName)]
struct PostgresLine {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

#[derive(QueryableByName)]
struct SqliteLine {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The plan with which PostgreSQL runs it, and what it touched.
pub(crate) fn postgres_plan(connection: &mut PgConnection, sent: &Sent, mode: &str) -> Vec<String> {
    let values = match sent.literals() {
        none if none.is_empty() => String::new(),
        values => format!("({})", values.join(", ")),
    };
    let prepare = format!("DEALLOCATE ALL; SET plan_cache_mode = {mode}; PREPARE it AS {}", sent.text);
    connection.batch_execute(&prepare).unwrap();
    let explain = diesel::sql_query(format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE it{values}"));
    explain.load::<PostgresLine>(connection).unwrap().into_iter().map(|row| row.line).collect()
}

pub(crate) fn sqlite_plan(connection: &mut SqliteConnection, sent: &Sent) -> Vec<String> {
    let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {}", sent.text));
    explain.load::<SqliteLine>(connection).unwrap().into_iter().map(|row| row.detail).collect()
}

/// The blocks that the whole statement touched: the first line about buffers is that of the root.
fn blocks(plan: &[String]) -> u64 {
    let line = plan.iter().find(|line| line.contains("Buffers: shared")).unwrap();
    let numbers = line.split([' ', '=']).filter_map(|word| word.parse::<u64>().ok());
    numbers.sum()
}

/// The whole of what staff keeps is listed by the table's own order.
fn is_a_whole_list(name: &str) -> bool {
    matches!(name, "list_products" | "list_courses")
}

#[tokio::test]
async fn each_read_is_one_statement_in_the_order_of_an_index_on_sqlite() {
    let (database, watched) = filled(empty_sqlite());
    let DatabaseUrl::Sqlite(path) = &database.url else { panic!("not a file") };
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    // Nobody has to run ANALYZE on a file, and somebody may.
    for analyze in ["", "ANALYZE"] {
        connection.batch_execute(analyze).unwrap();
        for (name, sent) in reads(&database.store, &watched).await {
            assert_eq!(sent.len(), 1, "{name}: {sent:?}");
            let plan = sqlite_plan(&mut connection, &sent[0]);
            assert!(!plan.is_empty(), "{name} has no plan");
            for step in &plan {
                assert!(!step.contains("TEMP B-TREE"), "{name} sorts: {plan:?}");
                assert!(!step.starts_with("SCAN") || is_a_whole_list(name), "{name} reads a whole table: {plan:?}");
                // Which SQLite makes for one statement, by reading the whole table.
                assert!(!step.contains("AUTOMATIC"), "{name} lacks an index: {plan:?}");
            }
        }
    }
}

#[tokio::test]
async fn each_read_is_one_statement_in_the_order_of_an_index_on_postgres() {
    let Some(database) = empty_postgres() else { return };
    let (database, watched) = filled(database);
    database.execute("ANALYZE").unwrap();
    let DatabaseUrl::Postgres(url) = &database.url else { panic!("not a server") };
    let mut connection = PgConnection::establish(url).unwrap();
    // A statement that is run often gets one plan for all values; until then, one for its own.
    for mode in ["force_custom_plan", "force_generic_plan"] {
        for (name, sent) in reads(&database.store, &watched).await {
            assert_eq!(sent.len(), 1, "{name}: {sent:?}");
            let plan = postgres_plan(&mut connection, &sent[0], mode);
            for step in &plan {
                let whole = "reads a whole table";
                assert!(!step.contains("Seq Scan"), "{name} {whole} with {mode}: {plan:#?}");
                assert!(!step.contains("Sort"), "{name} sorts with {mode}: {plan:#?}");
            }
        }
    }
}

#[tokio::test]
async fn a_first_page_touches_as_little_of_many_rows_as_of_some() {
    let Some(database) = empty_postgres() else { return };
    let (database, watched) = filled(database);
    // So that no first reader finishes what the writers left to do.
    database.execute("VACUUM ANALYZE").unwrap();
    let DatabaseUrl::Postgres(url) = &database.url else { panic!("not a server") };
    let mut connection = PgConnection::establish(url).unwrap();
    let reads = reads(&database.store, &watched).await;
    for mode in ["force_custom_plan", "force_generic_plan"] {
        let mut touched = |name: &str| {
            let (_, sent) = reads.iter().find(|(read, _)| *read == name).unwrap();
            let plan = postgres_plan(&mut connection, &sent[0], mode);
            (blocks(&plan), plan)
        };
        for what in ["list orders", "statement"] {
            let (of_some, _) = touched(&format!("{what} of some"));
            for more in ["of many", "in the middle"] {
                let (of_many, plan) = touched(&format!("{what} {more}"));
                assert!(of_many <= of_some * 2, "{what} {more}: {of_many} after {of_some} with {mode}: {plan:#?}");
            }
        }
    }
}

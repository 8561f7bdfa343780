//! What is read of packages goes by indexes, however many students, guardians and purchases there are;
//! and who pays an order pays nothing for packages.

use crate::databases::{Database, empty_postgres, empty_sqlite};
use crate::plans::{far_future, postgres_plan, sqlite_plan, user};
use crate::watched::{Sent, Watched};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use edupay_domain::accounts::TokenDigest;
use edupay_domain::cashier::CashierLinkStore;
use edupay_domain::ids::{GatewayOrderNo, ProjectId, PurchaseNo, PurchaseRecordId, SchoolId};
use edupay_domain::orders::OrderStore;
use edupay_domain::packages::{CampusStore, CatalogueStore, PackageStore, ProjectKind, PurchaseQuery};
use edupay_persistence::{DatabaseUrl, PreparedStatements, SqlStore, StoreOptions};
use edupay_testkit::contract::Case;

/// Who has 20,000 purchases; each other student has two. Students are 1 to 8,000, each the guardian of
/// the next one; of 4,000 schools, each with a project of three packages, but for a large one with a quarter
/// of all students and packages.
const MANY: i64 = 2;
/// The large school and its project.
const LARGE: i64 = 9;

const ROWS: &str = "
CREATE TEMPORARY TABLE n AS
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000) SELECT n FROM n;
INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, website, point,
    level, level_display, credit, credit_level, credit_level_display, created_at)
SELECT n, 'user' || n, 'x', 'member', 'active', '', '', '', '', 0, '', '', 0, '', '', 0 FROM n WHERE n <= 8000;
INSERT INTO wallets SELECT user_id, 0, 0, 0, 0, 0 FROM users;
INSERT INTO schools SELECT n, 'school ' || n FROM n WHERE n <= 4000;
INSERT INTO students SELECT n, CASE WHEN n % 4 = 0 THEN 9 ELSE 1 + n % 4000 END, 'student', '', '', '', '', '', '' FROM n WHERE n <= 8000;
INSERT INTO cards SELECT user_id, 0, 'old' || user_id, '2025-01-01', '2026-01-01' FROM students;
INSERT INTO cards SELECT user_id, 1, 'card' || user_id, '2026-01-01', NULL FROM students;
INSERT INTO guardians SELECT user_id, user_id - 1, 0 FROM students WHERE user_id > 1;
INSERT INTO projects SELECT n, CASE WHEN n = 4000 THEN NULL ELSE n END, 'project', 'card', 'single', 'wx', '', '', '', '', '', 'difference', NULL
FROM n WHERE n <= 4000;
INSERT INTO packages SELECT n, CASE WHEN n % 4 = 0 THEN 9 ELSE 1 + n % 4000 END, 'package', '', 100, 12, 0, '', '[]', NULL FROM n WHERE n <= 12000;

CREATE TEMPORARY TABLE numbered AS
SELECT 2 AS user_id, '40000000000000' || (100000 + n) AS no, n FROM n
UNION ALL SELECT user_id, '41000000000000' || (100000 + user_id), 1 FROM students WHERE user_id <> 2
UNION ALL SELECT user_id, '42000000000000' || (100000 + user_id), 50 FROM students WHERE user_id <> 2;
INSERT INTO purchases SELECT user_id, no, user_id, 'new', 1 + user_id % 4000, 'project', 'student', NULL, '', '', '', '', '', 100,
    CASE WHEN n % 50 = 0 THEN 'unpaid' ELSE 'paid' END, n, n, CASE WHEN n % 50 = 0 THEN NULL ELSE n END,
    CASE WHEN n % 50 = 0 THEN NULL ELSE 'wx' END, CASE WHEN n % 50 = 0 THEN NULL ELSE 'ch_' || no END, 0 FROM numbered;
INSERT INTO purchase_routes SELECT no, user_id FROM numbered;
INSERT INTO purchase_records SELECT user_id, no, 1, 1, 'package', 100, 100, 12, 'new', NULL, NULL FROM numbered;
INSERT INTO service_periods SELECT user_id, no, 1, 1 + user_id % 4000, n, '2026-01-01', '2026-12-31', '2026-01-01', 100, NULL, NULL, NULL, NULL
FROM numbered WHERE n % 50 <> 0;
INSERT INTO charge_routes SELECT no, user_id, 'purchase', no FROM numbered;
";

fn filled(database: Database) -> (Database, Watched) {
    database.store.migrate().unwrap();
    let watched = Watched::new(&database.url);
    let options = StoreOptions { prepared_statements: PreparedStatements::On, ..StoreOptions::default() };
    let store = SqlStore::connect(&database.url, options).unwrap();
    database.execute(ROWS).unwrap();
    let digest = match &database.url {
        DatabaseUrl::Sqlite(_) => "CAST(printf('%032d', user_id) AS BLOB)",
        DatabaseUrl::Postgres(_) => "convert_to(lpad(CAST(user_id AS TEXT), 32, '0'), 'UTF8')",
    };
    let links = format!(
        "INSERT INTO cashier_links SELECT {digest}, 'packages', user_id, NULL, 'card', 1, 0, user_id FROM users"
    );
    database.execute(&links).unwrap();
    (database.with_store(store), watched)
}

/// Calls every read once, and gives what each has sent besides the ends of its snapshot.
async fn reads(store: &SqlStore, watched: &Watched) -> Vec<(&'static str, Vec<Sent>)> {
    let mut reads = Vec::new();
    let mut read = |name, found: bool| {
        assert!(found, "{name} finds nothing");
        let mut sent = watched.sent();
        sent.retain(|sent| !sent.text.starts_with("BEGIN") && !sent.text.starts_with("ROLLBACK"));
        reads.push((name, sent));
    };
    let (caller, student, many) = (user(6), user(7), user(MANY));
    let number = |text: &str| PurchaseNo::parse(text).unwrap();
    let record = |text: &str, line| PurchaseRecordId::of(&number(text), line).unwrap();
    let records = PurchaseQuery::Records(vec![record("41000000000000100007", 1), record("42000000000000100007", 1)]);
    let routed = PurchaseQuery::Number(GatewayOrderNo::parse("41000000000000100007").unwrap());
    let middle = Some(number("40000000000000110000"));
    let (school, project) = (SchoolId::try_new(LARGE).unwrap(), ProjectId::try_new(LARGE).unwrap());
    let some = |found: Option<Vec<_>>, expected: usize| found.is_some_and(|found| found.len() == expected);
    let digest = TokenDigest(*b"00000000000000000000000000000007");
    watched.sent();

    read("may_act_for", store.may_act_for(caller, student).await.unwrap());
    read("wards", store.wards(caller).await.unwrap().len() == 2);
    let offer = store.offer(caller, student, ProjectKind::Card).await.unwrap().unwrap();
    read("offer", (offer.projects.len(), offer.packages.len(), offer.periods.len()) == (2, 6, 1));
    read("find by records", some(PackageStore::find(store, caller, student, &records).await.unwrap(), 2));
    read("find by number", some(PackageStore::find(store, caller, student, &routed).await.unwrap(), 1));
    read("list of some", some(PackageStore::list(store, caller, student, None, 20).await.unwrap(), 2));
    read("list of many", some(PackageStore::list(store, many, many, None, 20).await.unwrap(), 20));
    read("list in the middle", some(PackageStore::list(store, many, many, middle, 20).await.unwrap(), 20));
    read("expired", PackageStore::expired(store, far_future(), 20).await.unwrap().len() == 20);
    read("list_schools", store.list_schools(1_000, 20).await.unwrap().len() == 20);
    read("find_student", store.find_student(student).await.unwrap().is_some());
    read("list_students", store.list_students(None, 1_000, 20).await.unwrap().len() == 20);
    read("list_students of a school", store.list_students(Some(school), 1_000, 20).await.unwrap().len() == 20);
    read("guardians", store.guardians(student).await.unwrap().len() == 1);
    read("list_projects", store.list_projects(1_000, 20).await.unwrap().len() == 20);
    read("list_packages", store.list_packages(None, 1_000, 20).await.unwrap().len() == 20);
    read("list_packages of a project", store.list_packages(Some(project), 1_000, 20).await.unwrap().len() == 20);
    read("find a link", CashierLinkStore::find(store, digest).await.unwrap().is_some());
    reads
}

#[tokio::test]
async fn each_read_of_packages_goes_by_indexes_on_sqlite() {
    let (database, watched) = filled(empty_sqlite());
    let DatabaseUrl::Sqlite(path) = &database.url else { panic!("not a file") };
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    for analyze in ["", "ANALYZE"] {
        connection.batch_execute(analyze).unwrap();
        for (name, sent) in reads(&database.store, &watched).await {
            assert!(!sent.is_empty() && sent.len() <= 7, "{name}: {sent:?}");
            for sent in sent {
                let plan = sqlite_plan(&mut connection, &sent);
                assert!(!plan.is_empty(), "{name} has no plan");
                for step in &plan {
                    assert!(!step.contains("TEMP B-TREE"), "{name} sorts: {plan:?}");
                    assert!(!step.starts_with("SCAN") || step == "SCAN CONSTANT ROW", "{name} reads a table: {plan:?}");
                    assert!(!step.contains("AUTOMATIC"), "{name} lacks an index: {plan:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn each_read_of_packages_goes_by_indexes_on_postgres() {
    let Some(database) = empty_postgres() else { return };
    let (database, watched) = filled(database);
    database.execute("ANALYZE").unwrap();
    let DatabaseUrl::Postgres(url) = &database.url else { panic!("not a server") };
    let mut connection = PgConnection::establish(url).unwrap();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        for (name, sent) in reads(&database.store, &watched).await {
            assert!(!sent.is_empty() && sent.len() <= 7, "{name}: {sent:?}");
            for sent in sent {
                let plan = postgres_plan(&mut connection, &sent, mode);
                for step in &plan {
                    assert!(!step.contains("Seq Scan"), "{name} reads a whole table with {mode}: {sent:?} {plan:#?}");
                    assert!(!step.contains("Sort"), "{name} sorts with {mode}: {sent:?} {plan:#?}");
                }
            }
        }
    }
}

fn both() -> impl Iterator<Item = (Database, Watched)> {
    [Some(empty_sqlite()), empty_postgres()].into_iter().flatten().map(|database| {
        database.store.migrate().unwrap();
        let watched = Watched::new(&database.url);
        let store = SqlStore::connect(&database.url, StoreOptions::default()).unwrap();
        (database.with_store(store), watched)
    })
}

#[tokio::test]
async fn who_pays_an_order_pays_nothing_for_packages() {
    for (database, watched) in both() {
        let case = Case::new(&database);
        let buyer = case.buyer(0, 0, 100).await;
        let (by_balance, by_charge) = (case.order(buyer, 10).await, case.order(buyer, 10).await);
        let attempt = case.attempt(&by_charge).await;
        let charge = case.charge(&attempt);
        watched.sent();
        case.pay(&by_balance).await.unwrap();
        case.confirm(&by_charge, &attempt, &charge).await;
        assert!(OrderStore::find(&database.store, buyer, &by_charge.order_no).await.unwrap().is_some());
        let sent = watched.sent();
        assert!(!sent.is_empty());
        for sent in sent {
            for table in ["purchase", "service_periods", "projects", "packages"] {
                assert!(!sent.text.contains(table), "{}", sent.text);
            }
        }
    }
}

#[tokio::test]
async fn a_purchase_is_paid_by_three_statements_more_than_an_order_on_postgres() {
    let Some((database, watched)) = both().nth(1) else { return };
    let case = Case::new(&database);
    let order = case.order(case.buyer(0, 0, 100).await, 10).await;
    let attempt = case.attempt(&order).await;
    let placed = case.place(&case.campus().await, edupay_domain::packages::PurchaseKind::New, &[0]).await;
    // The lane's connection is made by the first that comes.
    case.pay(&case.order(case.buyer(0, 0, 100).await, 10).await).await.unwrap();
    watched.sent();
    case.confirm(&order, &attempt, &case.charge(&attempt)).await;
    // A lane that has waited for a while begins its transaction anew.
    let is_work = |sent: &Sent| !["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|word| sent.text.starts_with(word));
    let of_an_order = watched.sent().iter().filter(|sent| is_work(sent)).count();
    case.pay_purchase(&placed).await;
    let sent = watched.sent();
    assert_eq!(sent.iter().filter(|sent| is_work(sent)).count(), of_an_order + 3, "{sent:#?}");
}

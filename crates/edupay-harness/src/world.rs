//! Who and what there is before the first fault: people with tokens, courses, packages. It is written
//! by SQL, since it is not what is tested.

use crate::database::Database;
use crate::error::Failure;
use crate::random::Random;
use sha2::{Digest, Sha256};

/// Ordinary users are 1 to this.
pub(crate) const USERS: i64 = 24;
/// The first of them are also students.
pub(crate) const STUDENTS: i64 = 8;
/// Who refunds.
pub(crate) const STAFF: i64 = 901;
/// Courses are 1 to this.
pub(crate) const COURSES: i64 = 4_000;
/// Every token and every personal text begins with this, and no line of a log may hold it.
pub(crate) const CANARY: &str = "5ec2e75ec2e7";
/// The packages: id, project, price in fen.
pub(crate) const PACKAGES: [(i64, i64, i64); 4] =
    [(7_001, 71, 15_800), (7_002, 71, 18_800), (7_003, 72, 2_400), (7_004, 72, 3_600)];

/// The app in the App Store, what it sells, and for how much.
pub(crate) const BUNDLE: &str = "com.example.harness";
pub(crate) const PRODUCT: &str = "com.example.harness.coins";
pub(crate) const PRODUCT_FEN: i64 = 6_000;
/// What each user has of real money from the App Store before anything begins. Nobody but Apple can sign
/// such a purchase, so none is made in a run: it is spent, and comes back by refunds.
const IAP_FEN: i64 = 100_000;
/// When all that is there was made, in microseconds.
const THEN: i64 = 1_700_000_000_000_000;

/// The token of a user.
pub(crate) fn token(user: i64) -> String {
    format!("{CANARY}{user:028x}")
}

/// What binds a user's purchases in the App Store to the user.
pub(crate) fn account_token(user: i64) -> String {
    format!("7e3fb20b-4cdb-47cc-936d-{user:012}")
}

/// The price of a course, in fen. Round ones, so that balances can be exactly enough.
pub(crate) fn price(course: i64) -> i64 {
    course.wrapping_mul(7_919).rem_euclid(90).saturating_add(10).saturating_mul(100)
}

/// A few courses, each once. One order in five is of the courses that everybody wants, so that several
/// orders are for what can be owned once.
pub(crate) fn some_courses(random: &mut Random) -> Vec<i64> {
    let count = random.between(1, 3);
    let courses = if random.chance(20) { 40 } else { u64::try_from(COURSES).unwrap_or(1) };
    let mut chosen: Vec<i64> = Vec::new();
    for _ in 0..count {
        let course = i64::try_from(random.between(1, courses)).unwrap_or(1);
        if !chosen.contains(&course) {
            chosen.push(course);
        }
    }
    chosen
}

/// Fills an empty database that has the service's schema.
pub(crate) fn fill(database: &Database) -> Result<(), Failure> {
    let mut sql = String::from("BEGIN;");
    for user in (1..=USERS).chain([STAFF]) {
        add_user(&mut sql, database, user);
    }
    for course in 1..=COURSES {
        sql.push_str(&format!(
            "INSERT INTO courses (course_id, name, price_fen, status, created_at) \
             VALUES ({course}, 'Course {course}', {}, 'offered', {THEN});",
            price(course)
        ));
    }
    add_campus(&mut sql);
    add_app_store(&mut sql);
    sql.push_str("COMMIT;");
    database.open()?.execute(&sql)
}

fn add_user(sql: &mut String, database: &Database, user: i64) {
    let role = if user == STAFF { "staff" } else { "member" };
    let account = account_token(user);
    let digest = database.bytes(&Sha256::digest(token(user)));
    sql.push_str(&format!(
        "INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, website, \
             point, birthday, level, level_display, credit, credit_level, credit_level_display, created_at, app_account_token) \
         VALUES ({user}, 'user{user}', '', '{role}', 'active', '{CANARY} nickname', '', '', '', 0, NULL, 'fresh', \
             'fresh', 0, 'pupil', 'pupil', {THEN}, '{account}');\
         INSERT INTO tokens (token_digest, user_id, created_at) VALUES ({digest}, {user}, {THEN});\
         INSERT INTO wallets (user_id, cash_fen, iap_fen, bonus_fen, debt_fen, entries) \
         VALUES ({user}, 0, {IAP_FEN}, 0, 0, 1);\
         INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at) \
         VALUES ({user}, 1, 'credit_app_store_purchase', 'production/1{user:012}', 0, {IAP_FEN}, {THEN});\
         INSERT INTO journal_lines (user_id, number, line, debit, credit, amount_fen) \
         VALUES ({user}, 1, 1, 'app_store_receivable', 'user_iap', {IAP_FEN});\
         INSERT INTO app_store_claims (environment, transaction_id, user_id, signed_at, refunded_milli_percent) \
         VALUES ('production', '1{user:012}', {user}, {THEN}, 0);\
         INSERT INTO app_store_purchases (user_id, environment, transaction_id, product_id, quantity, unit_price_fen, \
             credited_fen, clawed_back_fen, purchased_at, credited_at, signed) \
         VALUES ({user}, 'production', '1{user:012}', '{PRODUCT}', 1, {IAP_FEN}, {IAP_FEN}, 0, {THEN}, {THEN}, '-');\
         INSERT INTO outbox (user_id, event_id, kind, payload, occurred_at) VALUES ({user}, '{user:032x}', \
             'app_store.credited', \
             '{{\"transaction_id\":\"1{user:012}\",\"amount_fen\":{IAP_FEN},\"debt_fen\":0}}', {THEN});"
    ));
}

fn add_app_store(sql: &mut String) {
    sql.push_str(&format!(
        "INSERT INTO products (product_id, price_fen, created_at) VALUES ('{PRODUCT}', {PRODUCT_FEN}, {THEN});\
         INSERT INTO product_prices (product_id, effective_from, price_fen) VALUES ('{PRODUCT}', {THEN}, {PRODUCT_FEN});"
    ));
}

fn add_campus(sql: &mut String) {
    sql.push_str("INSERT INTO schools (school_id, name) VALUES (7, 'School');");
    for (project, kind, selection) in [(71, "card", "single"), (72, "sms", "multi")] {
        sql.push_str(&format!(
            "INSERT INTO projects (project_id, school_id, name, kind, selection, channels, wx_account, alipay_account, \
                 union_pay_account, description, protocol_url, upgrade_pricing) \
             VALUES ({project}, 7, 'Project {project}', '{kind}', '{selection}', 'wx,alipay', '', '', '', '', '', 'difference');"
        ));
    }
    for (package, project, fen) in PACKAGES {
        sql.push_str(&format!(
            "INSERT INTO packages (package_id, project_id, name, price_text, list_price_fen, term_months, rank, \
                 description, details) \
             VALUES ({package}, {project}, 'Package {package}', 'by the month', {fen}, 1, 0, '', '[]');"
        ));
    }
    for student in 1..=STUDENTS {
        sql.push_str(&format!(
            "INSERT INTO students (user_id, school_id, name, photo, grade_name, class_name, mobile, imei, sim) \
             VALUES ({student}, 7, '{CANARY} name', '', 'First', 'One', '139{CANARY}', '', '');"
        ));
    }
}

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

/// The token of a user.
pub(crate) fn token(user: i64) -> String {
    format!("{CANARY}{user:028x}")
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
             VALUES ({course}, 'Course {course}', {}, 'offered', 1700000000000000);",
            price(course)
        ));
    }
    add_campus(&mut sql);
    sql.push_str("COMMIT;");
    database.open()?.execute(&sql)
}

fn add_user(sql: &mut String, database: &Database, user: i64) {
    let role = if user == STAFF { "staff" } else { "member" };
    let digest = database.bytes(&Sha256::digest(token(user)));
    sql.push_str(&format!(
        "INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, website, \
             point, birthday, level, level_display, credit, credit_level, credit_level_display, created_at) \
         VALUES ({user}, 'user{user}', '', '{role}', 'active', '{CANARY} nickname', '', '', '', 0, NULL, 'fresh', \
             'fresh', 0, 'pupil', 'pupil', 1700000000000000);\
         INSERT INTO wallets (user_id, cash_fen, iap_fen, bonus_fen, debt_fen, entries) VALUES ({user}, 0, 0, 0, 0, 0);\
         INSERT INTO tokens (token_digest, user_id, created_at) VALUES ({digest}, {user}, 1700000000000000);"
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

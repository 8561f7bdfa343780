//! The people, courses and orders of the demo: what the documented curl lines speak of.

use crate::demo_campus;
use crate::error::{Context, Failure};
use crate::settings::Settings;
use chrono::{NaiveDate, TimeDelta};
use edupay_domain::accounts::{Profile, Role, Token, User};
use edupay_domain::clock::Clock;
use edupay_domain::ids::{CourseId, OrderNo, Username};
use edupay_domain::ledger::Bucket;
use edupay_domain::money::Money;
use edupay_domain::store::EffectError;
use edupay_http::Services;

/// The tokens of the demo's two users: public, so a service with real money refuses their database.
pub(crate) const TOKENS: [&str; 2] =
    ["706a87288233ea2427cddb8a1bbce29369ac5073", "7309fabd207c22e0a00eada158989b89ffe839ef"];

/// Their names.
const USERNAMES: [&str; 2] = ["15201052252", "15201052253"];

/// The password of both.
pub(crate) const PASSWORD: &str = "demo-pass";

const BALANCE_FEN: u32 = 10_050;
const COURSES: [(&str, u32); 5] = [
    ("collection的使用", 9_900),
    ("多线程编程", 6_600),
    ("数据库入门", 12_800),
    ("网络编程", 8_850),
    ("算法基础", 19_900),
];
const ORDERS: [(&str, usize); 2] = [("12134676899915430002", 0), ("12134676899915430003", 1)];
/// Long enough that a demo left running for a while still shows unpaid orders.
const ORDER_LIFETIME: TimeDelta = TimeDelta::days(30);

fn profile(nickname: &str) -> Profile {
    Profile {
        nickname: nickname.to_owned(),
        location: "河南新乡".to_owned(),
        avatar_url: "http://123.jpg".to_owned(),
        website: "http://123.html".to_owned(),
        point: 41,
        birthday: NaiveDate::from_ymd_opt(1993, 9, 22),
        level: "fresh".to_owned(),
        level_display: "益安新人".to_owned(),
        credit: 28,
        credit_level: "pupil".to_owned(),
        credit_level_display: "益安小学生".to_owned(),
    }
}

/// Fills an empty database.
pub(crate) async fn fill(services: &Services, clock: &dyn Clock) -> Result<(), Failure> {
    let ([first_name, second_name], [first_token, second_token]) = (USERNAMES, TOKENS);
    let first = user(services, first_name, "晓辰", Role::Staff, first_token).await?;
    let second = user(services, second_name, "小雨", Role::Member, second_token).await?;
    demo_campus::fill(services, first.id, second.id).await?;
    let balance = Money::from_fen_u32(BALANCE_FEN);
    let adjusted = services.accounts.adjust_balance(first.id, Bucket::Cash, balance, "demo balance".to_owned());
    adjusted.await.context("demo data")?;
    let mut courses = Vec::new();
    for (name, price) in COURSES {
        let course = services.products.create_course(name.to_owned(), Money::from_fen_u32(price));
        courses.push(course.await.context("demo data")?.id);
    }
    let expires_at = clock.now().checked_add_signed(ORDER_LIFETIME).unwrap_or_default();
    for (number, index) in ORDERS {
        let order_no = OrderNo::parse(number).context("demo data")?;
        let course: Vec<CourseId> = courses.get(index).copied().into_iter().collect();
        services.orders.adopt(first.id, order_no, course, expires_at).await.context("demo data")?;
    }
    Ok(())
}

async fn user(services: &Services, username: &str, nickname: &str, role: Role, token: &str) -> Result<User, Failure> {
    let username = Username::parse(username).context("demo data")?;
    let created = services.accounts.create(username, PASSWORD.to_owned(), profile(nickname), role);
    let user = created.await.context("demo data")?;
    if let Some(token) = Token::parse(token) {
        services.accounts.keep_token(user.id, &token).await.context("demo data")?;
    }
    Ok(user)
}

/// With a live key nothing of a demo may be paid for or looked after.
///
/// # Errors
/// One that names the database, when it is a demo's and the key is live.
pub(crate) async fn refuse_with_a_live_key(settings: &Settings, services: &Services) -> Result<(), Failure> {
    if settings.is_live() && is_there(services).await? {
        return Err(Failure::setting("database_url", "this is demo data; it can't be used with a live key"));
    }
    Ok(())
}

/// Whether a database is a demo's: a public token or the public password opens it.
async fn is_there(services: &Services) -> Result<bool, Failure> {
    for username in USERNAMES {
        match services.accounts.log_in(username, PASSWORD.to_owned()).await {
            Ok(token) => {
                services.accounts.log_out(&token).await.context("database_url")?;
                return Ok(true);
            }
            Err(EffectError::Refused(_)) => {}
            Err(EffectError::Store(error)) => return Err(Failure::caused("database_url", error)),
        }
    }
    for token in TOKENS.iter().filter_map(|token| Token::parse(token)) {
        match services.accounts.authenticate(&token).await {
            Ok(_) => return Ok(true),
            Err(EffectError::Refused(_)) => {}
            Err(EffectError::Store(error)) => return Err(Failure::caused("database_url", error)),
        }
    }
    Ok(false)
}

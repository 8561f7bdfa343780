//! The users, orders and charges of the documents.

use chrono::{TimeZone, Utc};
use edupay_domain::accounts::{Activity, Principal, Profile, Role, User};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{
    AppAccountToken, ChargeId, CourseId, GatewayOrderNo, OrderNo, OrderPk, TopUpNo, UserId, Username,
};
use edupay_domain::ledger::Wallet;
use edupay_domain::money::Money;
use edupay_domain::orders::{Order, OrderLine, OrderState, Visibility};
use edupay_domain::payments::{
    AttemptStatus, Channel, ChargeAttempt, ChargeDocument, ChargeSubject, Receipt, ReceiptStatus,
};

/// 晓辰: user 1, staff.
pub(crate) const XIAOCHEN: &str = "706a87288233ea2427cddb8a1bbce29369ac5073";
/// 小雨: user 2, no rights.
pub(crate) const XIAOYU: &str = "7309fabd207c22e0a00eada158989b89ffe839ef";
/// A user who was deactivated.
pub(crate) const GONE: &str = "0000000000000000000000000000000000000003";

pub(crate) const ORDER_NO: &str = "12134676899915430002";
pub(crate) const TOP_UP_NO: &str = "32016061511535000000";
pub(crate) const CHARGE_ID: &str = "ch_WrHW58Ki5unLCSuf54OuHKCS";
/// Odd on purpose: it must come out as it went in.
pub(crate) const DOCUMENT: &str = r#"{ "id":"ch_WrHW58Ki5unLCSuf54OuHKCS","amount": 9900,"rate":1.50,"a":1,"a":2 }"#;

pub(crate) fn at() -> Timestamp {
    Utc.with_ymd_and_hms(2016, 6, 15, 3, 53, 50).unwrap() + chrono::TimeDelta::microseconds(598_744)
}

pub(crate) fn user_id(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

pub(crate) fn fen(fen: u32) -> Money {
    Money::from_fen_u32(fen)
}

pub(crate) fn user(id: i64) -> User {
    let staff = id == 1;
    let principal = Principal {
        id: user_id(id),
        username: Username::parse(if staff { "15201052252" } else { "15201052253" }).unwrap(),
        profile: Profile {
            nickname: if staff { "晓辰" } else { "小雨" }.to_owned(),
            location: "河南新乡".to_owned(),
            avatar_url: "http://123.jpg".to_owned(),
            website: "http://123.html".to_owned(),
            point: 41,
            birthday: "1993-09-22".parse().ok(),
            level: "fresh".to_owned(),
            level_display: "益安新人".to_owned(),
            credit: 28,
            credit_level: "pupil".to_owned(),
            credit_level_display: "益安小学生".to_owned(),
        },
        role: if staff { Role::Staff } else { Role::Member },
        activity: if id == 3 { Activity::Inactive } else { Activity::Active },
        app_account_token: AppAccountToken::from_random(u128::try_from(id).unwrap()),
        created_at: at(),
    };
    // Three balances, so that it shows when one is forgotten.
    User {
        principal,
        wallet: Wallet { bonus: fen(1_000), iap: fen(9_000), cash: fen(10_050), ..Wallet::new(user_id(id)) },
    }
}

pub(crate) fn order() -> Order {
    Order {
        user_id: user_id(1),
        order_no: OrderNo::parse(ORDER_NO).unwrap(),
        pk: OrderPk::try_new(1).unwrap(),
        lines: vec![OrderLine {
            course_id: CourseId::try_new(1).unwrap(),
            name: "collection的使用".to_owned(),
            price: fen(9_900),
        }],
        amount: fen(9_900),
        state: OrderState::Unpaid,
        visibility: Visibility::Visible,
        created_at: at(),
        expires_at: at() + chrono::TimeDelta::days(1),
    }
}

pub(crate) fn attempt(subject: ChargeSubject, status: AttemptStatus) -> ChargeAttempt {
    ChargeAttempt {
        user_id: user_id(1),
        gateway_order_no: GatewayOrderNo::parse(ORDER_NO).unwrap(),
        subject,
        channel: Channel::Alipay,
        amount: fen(9_900),
        status,
        charge_id: ChargeId::parse(CHARGE_ID).ok(),
        document: Some(ChargeDocument(DOCUMENT.to_owned())),
        requested_at: at(),
        expires_at: at() + chrono::TimeDelta::days(1),
        look_at: at() + chrono::TimeDelta::days(1),
    }
}

pub(crate) fn top_up_subject() -> ChargeSubject {
    ChargeSubject::TopUp(TopUpNo::parse(TOP_UP_NO).unwrap())
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        user_id: user_id(1),
        charge_id: ChargeId::parse(CHARGE_ID).unwrap(),
        gateway_order_no: GatewayOrderNo::parse(ORDER_NO).unwrap(),
        amount: fen(9_900),
        status: ReceiptStatus::Applied,
        reason: None,
        refund_id: None,
        received_at: at(),
        next_try_at: at(),
    }
}

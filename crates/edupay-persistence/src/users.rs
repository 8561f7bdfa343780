//! The row of a user: how it is read and written.

use crate::codes::{Corrupt, moment, name, user_id};
use crate::schema::users;
use crate::wallets::WalletRow;
use chrono::NaiveDate;
use diesel::prelude::*;
use edupay_domain::accounts::{Activity, NewUser, Principal, Profile, Role, User};
use edupay_domain::ids::{AppAccountToken, Username};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    user_id: i64,
    username: String,
    role: String,
    activity: String,
    nickname: String,
    location: String,
    avatar_url: String,
    website: String,
    point: i64,
    birthday: Option<String>,
    level: String,
    level_display: String,
    credit: i64,
    credit_level: String,
    credit_level_display: String,
    created_at: i64,
    app_account_token: String,
}

#[derive(Insertable)]
#[diesel(table_name = users)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct NewUserRow {
    username: String,
    password_hash: String,
    role: &'static str,
    activity: &'static str,
    nickname: String,
    location: String,
    avatar_url: String,
    website: String,
    point: i64,
    birthday: Option<String>,
    level: String,
    level_display: String,
    credit: i64,
    credit_level: String,
    credit_level_display: String,
    created_at: i64,
    app_account_token: String,
}

pub(crate) fn user((row, wallet): (UserRow, WalletRow)) -> Result<User, Corrupt> {
    Ok(User { principal: principal(row)?, wallet: wallet.wallet()? })
}

pub(crate) fn principal(row: UserRow) -> Result<Principal, Corrupt> {
    Ok(Principal {
        id: user_id(row.user_id)?,
        username: name("users.username", &row.username, Username::parse)?,
        profile: Profile {
            nickname: row.nickname,
            location: row.location,
            avatar_url: row.avatar_url,
            website: row.website,
            point: row.point,
            birthday: row.birthday.as_deref().map(birthday).transpose()?,
            level: row.level,
            level_display: row.level_display,
            credit: row.credit,
            credit_level: row.credit_level,
            credit_level_display: row.credit_level_display,
        },
        role: match row.role.as_str() {
            "member" => Role::Member,
            "staff" => Role::Staff,
            other => return Err(Corrupt::new("users.role", other)),
        },
        activity: activity(&row.activity)?,
        app_account_token: name("users.app_account_token", &row.app_account_token, AppAccountToken::parse)?,
        created_at: moment("users.created_at", row.created_at)?,
    })
}

fn birthday(text: &str) -> Result<NaiveDate, Corrupt> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Corrupt::new("users.birthday", "not a date"))
}

pub(crate) fn activity(code: &str) -> Result<Activity, Corrupt> {
    match code {
        "active" => Ok(Activity::Active),
        "inactive" => Ok(Activity::Inactive),
        other => Err(Corrupt::new("users.activity", other)),
    }
}

pub(crate) fn activity_code(activity: Activity) -> &'static str {
    match activity {
        Activity::Active => "active",
        Activity::Inactive => "inactive",
    }
}

pub(crate) fn new_row(user: &NewUser) -> NewUserRow {
    let profile = user.profile.clone();
    NewUserRow {
        username: user.username.as_str().to_owned(),
        password_hash: user.password.0.clone(),
        role: match user.role {
            Role::Member => "member",
            Role::Staff => "staff",
        },
        activity: activity_code(Activity::Active),
        nickname: profile.nickname,
        location: profile.location,
        avatar_url: profile.avatar_url,
        website: profile.website,
        point: profile.point,
        birthday: profile.birthday.map(|day| day.format("%Y-%m-%d").to_string()),
        level: profile.level,
        level_display: profile.level_display,
        credit: profile.credit,
        credit_level: profile.credit_level,
        credit_level_display: profile.credit_level_display,
        created_at: user.at.timestamp_micros(),
        app_account_token: user.app_account_token.to_string(),
    }
}

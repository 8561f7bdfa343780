//! Users, tokens and balances.

use crate::codes::{Corrupt, moment, name, user_id};
use crate::conn::on;
use crate::database::SqlStore;
use crate::rows::Keys;
use crate::schema::{tokens, users, wallets};
use crate::tx::TxError;
use crate::wallets::WalletRow;
use async_trait::async_trait;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use edupay_domain::accounts::{
    Activity, AdjustBalance, AdjustBalanceRule, AdjustRefusal, CreateUserRefusal, Credential, NewUser, PasswordHash,
    Profile, Role, TokenDigest, User, UserStore, WalletStore,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{UserId, Username};
use edupay_domain::ledger::Wallet;
use edupay_domain::store::{EffectError, StoreError};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct UserRow {
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
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUserRow {
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
}

fn user((row, wallet): (UserRow, WalletRow)) -> Result<User, Corrupt> {
    Ok(User {
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
        wallet: wallet.wallet()?,
        created_at: moment("users.created_at", row.created_at)?,
    })
}

fn birthday(text: &str) -> Result<NaiveDate, Corrupt> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Corrupt::new("users.birthday", "not a date"))
}

fn activity(code: &str) -> Result<Activity, Corrupt> {
    match code {
        "active" => Ok(Activity::Active),
        "inactive" => Ok(Activity::Inactive),
        other => Err(Corrupt::new("users.activity", other)),
    }
}

fn activity_code(activity: Activity) -> &'static str {
    match activity {
        Activity::Active => "active",
        Activity::Inactive => "inactive",
    }
}

fn new_row(user: &NewUser) -> NewUserRow {
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
    }
}

#[async_trait]
impl UserStore for SqlStore {
    async fn create_user(&self, user: &NewUser) -> Result<User, EffectError<CreateUserRefusal>> {
        let new = user.clone();
        let id = self
            .effect(move |conn| {
                let insert = diesel::insert_into(users::table).values(new_row(&new)).returning(users::user_id);
                let id: i64 = match on!(conn, c => insert.get_result(c)) {
                    Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                        return Err(TxError::Refused(CreateUserRefusal::UsernameTaken));
                    }
                    id => id?,
                };
                let id = user_id(id)?;
                let wallet = WalletRow::of(&Wallet::new(id));
                on!(conn, c => diesel::insert_into(wallets::table).values(&wallet).execute(c))?;
                Ok(id)
            })
            .await?;
        let user = self.find_user(id).await?;
        user.ok_or_else(|| EffectError::Store(Corrupt::new("users.user_id", "vanished").into()))
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |conn| {
            let row = on!(conn, c => users::table
                .inner_join(wallets::table)
                .filter(users::user_id.eq(id.get()))
                .select((UserRow::as_select(), WalletRow::as_select())).first::<(UserRow, WalletRow)>(c))
            .optional()?;
            Ok(row.map(user).transpose()?)
        })
        .await
    }

    async fn find_credential(&self, username: &Username) -> Result<Option<Credential>, StoreError> {
        let username = username.as_str().to_owned();
        self.read(move |conn| {
            let query = users::table.filter(users::username.eq(username)).select((
                users::user_id,
                users::password_hash,
                users::activity,
            ));
            let row: Option<(i64, String, String)> = on!(conn, c => query.first(c)).optional()?;
            row.map(|(id, hash, state)| {
                Ok(Credential { user_id: user_id(id)?, password: PasswordHash(hash), activity: activity(&state)? })
            })
            .transpose()
        })
        .await
    }

    async fn list_users(&self, above: i64, limit: u32) -> Result<Vec<User>, StoreError> {
        self.read(move |conn| {
            let rows: Vec<(UserRow, WalletRow)> = on!(conn, c => users::table
                .inner_join(wallets::table)
                .filter(users::user_id.gt(above))
                .order(users::user_id.asc())
                .limit(i64::from(limit))
                .select((UserRow::as_select(), WalletRow::as_select())).load::<(UserRow, WalletRow)>(c))?;
            Ok(rows.into_iter().map(user).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn set_activity(&self, id: UserId, activity: Activity) -> Result<bool, StoreError> {
        self.write(move |conn| {
            let update = diesel::update(users::table.find(id.get())).set(users::activity.eq(activity_code(activity)));
            Ok(on!(conn, c => update.execute(c))? == 1)
        })
        .await
    }

    async fn add_token(&self, digest: TokenDigest, user_id: UserId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            let values = (
                tokens::token_digest.eq(digest.0.to_vec()),
                tokens::user_id.eq(user_id.get()),
                tokens::created_at.eq(at.timestamp_micros()),
            );
            on!(conn, c => diesel::insert_into(tokens::table).values(values).on_conflict_do_nothing().execute(c))?;
            Ok(())
        })
        .await
    }

    async fn find_token(&self, digest: TokenDigest) -> Result<Option<User>, StoreError> {
        self.read(move |conn| {
            let row = on!(conn, c => tokens::table
                .inner_join(users::table.inner_join(wallets::table))
                .filter(tokens::token_digest.eq(digest.0.to_vec()))
                .select((UserRow::as_select(), WalletRow::as_select())).first::<(UserRow, WalletRow)>(c))
            .optional()?;
            Ok(row.map(user).transpose()?)
        })
        .await
    }

    async fn remove_token(&self, digest: TokenDigest) -> Result<(), StoreError> {
        self.write(move |conn| {
            let delete = diesel::delete(tokens::table.find(digest.0.to_vec()));
            on!(conn, c => delete.execute(c))?;
            Ok(())
        })
        .await
    }

    async fn remove_tokens(&self, user_id: UserId) -> Result<u32, StoreError> {
        self.write(move |conn| {
            let delete = diesel::delete(tokens::table.filter(tokens::user_id.eq(user_id.get())));
            let count = on!(conn, c => delete.execute(c))?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        })
        .await
    }
}

#[async_trait]
impl WalletStore for SqlStore {
    async fn adjust_balance(
        &self,
        command: &AdjustBalance,
        rule: AdjustBalanceRule,
    ) -> Result<Wallet, EffectError<AdjustRefusal>> {
        let command = command.clone();
        self.decide(Keys::wallet(command.user_id), move |rows| {
            let plan = rule(&command, &rows.wallet(command.user_id)?).map_err(TxError::Refused)?;
            let wallet = plan.posted.wallet;
            rows.post(plan.posted, command.at);
            rows.record(plan.events);
            Ok(wallet)
        })
        .await
    }
}

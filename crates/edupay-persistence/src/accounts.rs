//! Users, tokens and balances.

use crate::codes::{Corrupt, user_id};
use crate::conn::on;
use crate::database::SqlStore;
use crate::principals::{Known, Stale, renewal};
use crate::rows::Keys;
use crate::schema::{tokens, users, wallets};
use crate::tx::TxError;
use crate::users::{UserRow, activity, activity_code, new_row, principal, user};
use crate::wallets::WalletRow;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use edupay_domain::accounts::{
    Activity, AdjustBalance, AdjustBalanceRule, AdjustRefusal, CreateUserRefusal, Credential, NewUser, PasswordHash,
    Principal, TokenDigest, User, UserStore, WalletStore,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{AppAccountToken, UserId, Username};
use edupay_domain::ledger::Wallet;
use edupay_domain::store::{EffectError, StoreError};
use std::sync::Arc;
use std::time::Instant;

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

    async fn find_by_app_account_token(&self, token: AppAccountToken) -> Result<Option<Principal>, StoreError> {
        self.read(move |conn| {
            let query = users::table.filter(users::app_account_token.eq(token.to_string()));
            let row: Option<UserRow> = on!(conn, c => query.select(UserRow::as_select()).first(c)).optional()?;
            Ok(row.map(principal).transpose()?)
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
        let principals = Arc::clone(self.principals());
        self.write_then(
            move |conn| {
                let code = activity_code(activity);
                let update = diesel::update(users::table.find(id.get())).set(users::activity.eq(code));
                Ok(on!(conn, c => update.execute(c))? == 1)
            },
            move || principals.forget(Stale::User(id)),
        )
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

    async fn find_principal(&self, digest: TokenDigest) -> Result<Option<Arc<Principal>>, StoreError> {
        let ticket = match self.principals().look_up(digest, Instant::now()) {
            Known::Principal(principal) => return Ok(Some(principal)),
            Known::Ageing(principal) => {
                renewal::begin(self.principals(), self.look_ups());
                return Ok(Some(principal));
            }
            Known::Nothing(ticket) => ticket,
        };
        let found = self.look_ups().ask(vec![digest]).await?.pop().transpose()?.flatten();
        if let Some(principal) = &found {
            self.principals().keep(ticket, principal, Instant::now());
        }
        Ok(found)
    }

    async fn remove_token(&self, digest: TokenDigest) -> Result<(), StoreError> {
        let principals = Arc::clone(self.principals());
        self.write_then(
            move |conn| {
                let delete = diesel::delete(tokens::table.find(digest.0.to_vec()));
                on!(conn, c => delete.execute(c))?;
                Ok(())
            },
            move || principals.forget(Stale::Token(digest)),
        )
        .await
    }

    async fn remove_tokens(&self, user_id: UserId) -> Result<u32, StoreError> {
        let principals = Arc::clone(self.principals());
        self.write_then(
            move |conn| {
                let delete = diesel::delete(tokens::table.filter(tokens::user_id.eq(user_id.get())));
                let count = on!(conn, c => delete.execute(c))?;
                Ok(u32::try_from(count).unwrap_or(u32::MAX))
            },
            move || principals.forget(Stale::User(user_id)),
        )
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

//! Users, tokens and balances in memory.

use super::{MemoryStore, State, UserRow, at_most, corrupt};
use async_trait::async_trait;
use edupay_domain::accounts::{
    Activity, AdjustBalance, AdjustBalanceRule, AdjustRefusal, CreateUserRefusal, Credential, NewUser, Principal,
    TokenDigest, User, UserStore, WalletStore,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{AppAccountToken, UserId, Username};
use edupay_domain::ledger::Wallet;
use edupay_domain::store::{EffectError, StoreError};
use std::sync::Arc;

impl State {
    pub(super) fn wallet(&self, user_id: UserId) -> Option<Wallet> {
        self.users.get(&user_id).map(|row| row.user.wallet)
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn create_user(&self, user: &NewUser) -> Result<User, EffectError<CreateUserRefusal>> {
        self.transaction(|state| {
            if state.usernames.contains_key(&user.username) {
                return Err(EffectError::Refused(CreateUserRefusal::UsernameTaken));
            }
            let last = state.users.last_key_value().map_or(0, |(id, _)| id.get());
            let id = UserId::try_new(last.saturating_add(1)).map_err(corrupt)?;
            let principal = Principal {
                id,
                username: user.username.clone(),
                profile: user.profile.clone(),
                role: user.role,
                activity: Activity::Active,
                app_account_token: user.app_account_token,
                created_at: user.at,
            };
            let created = User { principal, wallet: Wallet::new(id) };
            state.usernames.insert(user.username.clone(), id);
            state.users.insert(id, UserRow { user: created.clone(), password: user.password.clone() });
            Ok(created)
        })
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.transaction(|state| Ok(state.users.get(&id).map(|row| row.user.clone())))
    }

    async fn find_by_app_account_token(&self, token: AppAccountToken) -> Result<Option<Principal>, StoreError> {
        self.transaction(|state| {
            let mut users = state.users.values().map(|row| &row.user.principal);
            Ok(users.find(|principal| principal.app_account_token == token).cloned())
        })
    }

    async fn find_credential(&self, username: &Username) -> Result<Option<Credential>, StoreError> {
        self.transaction(|state| {
            let row = state.usernames.get(username).and_then(|id| state.users.get(id));
            Ok(row.map(|row| Credential {
                user_id: row.user.id,
                password: row.password.clone(),
                activity: row.user.activity,
            }))
        })
    }

    async fn list_users(&self, above: i64, limit: u32) -> Result<Vec<User>, StoreError> {
        self.transaction(|state| {
            let users = state.users.values().map(|row| &row.user).filter(|user| user.id.get() > above);
            Ok(at_most(users.cloned(), limit))
        })
    }

    async fn set_activity(&self, id: UserId, activity: Activity) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let row = state.users.get_mut(&id);
            Ok(row.map(|row| row.user.principal.activity = activity).is_some())
        })
    }

    async fn add_token(&self, digest: TokenDigest, user_id: UserId, _at: Timestamp) -> Result<(), StoreError> {
        self.transaction(|state| {
            if !state.users.contains_key(&user_id) {
                return Err(corrupt("the token has no user"));
            }
            state.tokens.insert(digest, user_id);
            Ok(())
        })
    }

    async fn find_token(&self, digest: TokenDigest) -> Result<Option<User>, StoreError> {
        self.transaction(|state| {
            let row = state.tokens.get(&digest).and_then(|id| state.users.get(id));
            Ok(row.map(|row| row.user.clone()))
        })
    }

    async fn find_principal(&self, digest: TokenDigest) -> Result<Option<Arc<Principal>>, StoreError> {
        self.transaction(|state| {
            let row = state.tokens.get(&digest).and_then(|id| state.users.get(id));
            Ok(row.map(|row| Arc::new(row.user.principal.clone())))
        })
    }

    async fn remove_token(&self, digest: TokenDigest) -> Result<(), StoreError> {
        self.transaction(|state| {
            state.tokens.remove(&digest);
            Ok(())
        })
    }

    async fn remove_tokens(&self, user_id: UserId) -> Result<u32, StoreError> {
        self.transaction(|state| {
            let before = state.tokens.len();
            state.tokens.retain(|_, owner| *owner != user_id);
            Ok(u32::try_from(before.saturating_sub(state.tokens.len())).unwrap_or(u32::MAX))
        })
    }
}

#[async_trait]
impl WalletStore for MemoryStore {
    async fn adjust_balance(
        &self,
        command: &AdjustBalance,
        rule: AdjustBalanceRule,
    ) -> Result<Wallet, EffectError<AdjustRefusal>> {
        self.transaction(|state| {
            let plan = rule(command, &state.wallet(command.user_id)).map_err(EffectError::Refused)?;
            state.check_booking(&plan.posted)?;
            state.book(&plan.posted, command.at);
            state.outbox.extend(plan.events);
            Ok(plan.posted.wallet)
        })
    }
}

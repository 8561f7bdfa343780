//! Where users and balances are kept, and what knows about secrets.

use super::error::{AdjustRefusal, CreateUserRefusal};
use super::model::{Activity, AdjustBalance, Credential, NewUser, PasswordHash, Principal, Token, TokenDigest, User};
use super::rules::AdjustPlan;
use crate::clock::Timestamp;
use crate::ids::{AppAccountToken, UserId, Username};
use crate::ledger::Wallet;
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;
use std::sync::Arc;

/// Users and their tokens.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user with an empty wallet. MUST refuse a taken name, also when two come at once.
    async fn create_user(&self, user: &NewUser) -> Result<User, EffectError<CreateUserRefusal>>;

    /// One user with the wallet.
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user whose purchases in the App Store have this token.
    async fn find_by_app_account_token(&self, token: AppAccountToken) -> Result<Option<Principal>, StoreError>;

    /// What a log-in by this name is checked against.
    async fn find_credential(&self, username: &Username) -> Result<Option<Credential>, StoreError>;

    /// The users from this id up, by id.
    async fn list_users(&self, above: i64, limit: u32) -> Result<Vec<User>, StoreError>;

    /// Lets a user in or keeps a user out; `false` when there is none.
    async fn set_activity(&self, id: UserId, activity: Activity) -> Result<bool, StoreError>;

    /// Stores a token of a user. MUST fail as unavailable or corrupt when there is no such user.
    async fn add_token(&self, digest: TokenDigest, user_id: UserId, at: Timestamp) -> Result<(), StoreError>;

    /// The user of a token, with the wallet, in one round trip.
    async fn find_token(&self, digest: TokenDigest) -> Result<Option<User>, StoreError>;

    /// The user of a token without the wallet: cheap enough for every request, since an answer may
    /// be used again.
    ///
    /// What this store did itself (and whoever shares it: its clones) MUST be known at once: when
    /// [`UserStore::remove_token`], [`UserStore::remove_tokens`] or [`UserStore::set_activity`] has
    /// answered, also with [`StoreFault::Unknown`](crate::store::StoreFault::Unknown), no look-up
    /// that begins later is answered by what was read before. What others did to the same rows MUST
    /// be known within five seconds; the profile may be as old. A token that was not found MUST be
    /// looked for anew, so that a new one works at once, and so MUST the token of an inactive user.
    ///
    /// An inactive user is found: whoever asks decides.
    async fn find_principal(&self, digest: TokenDigest) -> Result<Option<Arc<Principal>>, StoreError>;

    /// Forgets a token; from then on neither [`UserStore::find_token`] nor
    /// [`UserStore::find_principal`] finds it.
    async fn remove_token(&self, digest: TokenDigest) -> Result<(), StoreError>;

    /// Forgets all tokens of a user; answers how many.
    async fn remove_tokens(&self, user_id: UserId) -> Result<u32, StoreError>;
}

/// The pure rule of an adjustment; `None` when there is no such user.
pub type AdjustBalanceRule = fn(&AdjustBalance, &Option<Wallet>) -> Result<AdjustPlan, AdjustRefusal>;

/// Balances. They change only by entries.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WalletStore: Send + Sync {
    /// Locks the wallet, applies the rule, writes the plan; answers the wallet after it.
    async fn adjust_balance(
        &self,
        command: &AdjustBalance,
        rule: AdjustBalanceRule,
    ) -> Result<Wallet, EffectError<AdjustRefusal>>;
}

/// What knows how to hash and draw secrets. MUST NOT block the caller's thread.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Hashes a password with a salt of its own.
    async fn hash_password(&self, password: String) -> Result<PasswordHash, StoreError>;

    /// Whether the password is that of the hash. MUST take as long for `None` as for a hash, so
    /// that nobody learns which names exist.
    async fn verify_password(&self, password: String, hash: Option<PasswordHash>) -> Result<bool, StoreError>;

    /// Draws a new token.
    fn draw_token(&self) -> Token;

    /// What is stored of a token.
    fn digest(&self, token: &Token) -> TokenDigest;
}

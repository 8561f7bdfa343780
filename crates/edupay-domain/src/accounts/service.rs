//! Logging in and out, and the profile.

use super::error::{AdjustRefusal, CreateUserRefusal, LoginRefusal, TokenRefusal};
use super::model::{Activity, AdjustBalance, NewUser, Principal, Profile, Role, Token, User};
use super::ports::{Credentials, UserStore, WalletStore};
use super::rules::adjust_balance;
use crate::clock::Clock;
use crate::ids::{IdSource, UserId, Username};
use crate::ledger::{Bucket, Wallet};
use crate::money::Money;
use crate::store::{EffectError, StoreError};
use std::sync::Arc;

/// The parts of [`AccountService`].
pub struct Accounts {
    /// Users and tokens.
    pub users: Arc<dyn UserStore>,
    /// Balances.
    pub wallets: Arc<dyn WalletStore>,
    /// Secrets.
    pub credentials: Arc<dyn Credentials>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// Knows who is asking.
///
/// ```
/// # use edupay_domain::{accounts::*, clock::*, ids::*, store::EffectError}; use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut users = MockUserStore::new();
/// users.expect_find_token().returning(|_| Ok(None));
/// let mut credentials = MockCredentials::new();
/// credentials.expect_digest().returning(|_| TokenDigest([0; 32]));
/// let accounts = AccountService::new(Accounts {
///     users: Arc::new(users),
///     wallets: Arc::new(MockWalletStore::new()),
///     credentials: Arc::new(credentials),
///     clock: Arc::new(MockClock::new()),
///     ids: Arc::new(MockIdSource::new()),
/// });
/// let token = Token::parse("706a87288233ea2427cddb8a1bbce29369ac5073").unwrap();
/// assert!(matches!(accounts.authenticate(&token).await, Err(EffectError::Refused(TokenRefusal::Unknown))));
/// # }
/// ```
#[derive(Clone)]
pub struct AccountService {
    parts: Arc<Accounts>,
}

impl AccountService {
    /// The shortest password, in characters.
    pub const MIN_PASSWORD: usize = 8;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Accounts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Gives a new token for a name and a password. A repeat gives another token; older ones stay.
    ///
    /// # Errors
    /// [`LoginRefusal`], after the same time whether or not the name exists.
    pub async fn log_in(&self, username: &str, password: String) -> Result<Token, EffectError<LoginRefusal>> {
        let refused = || EffectError::Refused(LoginRefusal::WrongCredentials);
        let credential = match Username::parse(username) {
            Ok(username) => self.parts.users.find_credential(&username).await?,
            Err(_) => None,
        };
        let hash = credential.as_ref().map(|credential| credential.password.clone());
        let right = self.parts.credentials.verify_password(password, hash).await?;
        let credential = credential.filter(|found| right && found.activity == Activity::Active).ok_or_else(refused)?;
        Ok(self.issue_token(credential.user_id).await?)
    }

    /// Gives a user a new token.
    ///
    /// # Errors
    /// [`StoreError`], also when there is no such user.
    pub async fn issue_token(&self, user_id: UserId) -> Result<Token, StoreError> {
        let token = self.parts.credentials.draw_token();
        self.keep_token(user_id, &token).await?;
        Ok(token)
    }

    /// Stores a token that was drawn elsewhere (demo data, a move from another service).
    ///
    /// # Errors
    /// [`StoreError`], also when there is no such user.
    pub async fn keep_token(&self, user_id: UserId, token: &Token) -> Result<(), StoreError> {
        let digest = self.parts.credentials.digest(token);
        self.parts.users.add_token(digest, user_id, self.parts.clock.now()).await
    }

    /// Makes a token dead. A repeat changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_out(&self, token: &Token) -> Result<(), StoreError> {
        self.parts.users.remove_token(self.parts.credentials.digest(token)).await
    }

    /// Makes all tokens of a user dead; answers how many there were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_out_everywhere(&self, user_id: UserId) -> Result<u32, StoreError> {
        self.parts.users.remove_tokens(user_id).await
    }

    /// Whose token it is, with the wallet of this moment. For whoever shows the wallet; everybody
    /// else is served faster by [`AccountService::admit`].
    ///
    /// # Errors
    /// [`TokenRefusal`].
    pub async fn authenticate(&self, token: &Token) -> Result<User, EffectError<TokenRefusal>> {
        let user = self.parts.users.find_token(self.parts.credentials.digest(token)).await?;
        let user = user.ok_or(EffectError::Refused(TokenRefusal::Unknown))?;
        let_in(&user)?;
        Ok(user)
    }

    /// Whose token it is, without the wallet. Logging out and deactivating through the same store
    /// count at once; through another one, within five seconds. The profile may be as old.
    ///
    /// # Errors
    /// [`TokenRefusal`].
    pub async fn admit(&self, token: &Token) -> Result<Arc<Principal>, EffectError<TokenRefusal>> {
        let principal = self.parts.users.find_principal(self.parts.credentials.digest(token)).await?;
        let principal = principal.ok_or(EffectError::Refused(TokenRefusal::Unknown))?;
        let_in(&principal)?;
        Ok(principal)
    }

    /// A user with the wallet of this moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.parts.users.find_user(id).await
    }

    /// The user of a name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_by_name(&self, username: &Username) -> Result<Option<User>, StoreError> {
        match self.parts.users.find_credential(username).await? {
            Some(credential) => self.parts.users.find_user(credential.user_id).await,
            None => Ok(None),
        }
    }

    /// The users above an id, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, above: i64, limit: u32) -> Result<Vec<User>, StoreError> {
        self.parts.users.list_users(above, limit).await
    }

    /// Lets a user in or keeps a user out; `false` when there is none. A repeat changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_activity(&self, id: UserId, activity: Activity) -> Result<bool, StoreError> {
        self.parts.users.set_activity(id, activity).await
    }

    /// Adds a user with an empty wallet.
    ///
    /// # Errors
    /// [`CreateUserRefusal`] for a taken name (also on a repeat) or a short password.
    pub async fn create(
        &self,
        username: Username,
        password: String,
        profile: Profile,
        role: Role,
    ) -> Result<User, EffectError<CreateUserRefusal>> {
        if password.chars().count() < Self::MIN_PASSWORD {
            return Err(EffectError::Refused(CreateUserRefusal::PasswordTooShort));
        }
        let password = self.parts.credentials.hash_password(password).await?;
        let (app_account_token, at) = (self.parts.ids.app_account_token(), self.parts.clock.now());
        self.parts.users.create_user(&NewUser { username, password, profile, role, app_account_token, at }).await
    }

    /// Adds to a balance by an entry with a reason. A repeat adds again.
    ///
    /// # Errors
    /// [`AdjustRefusal`].
    pub async fn adjust_balance(
        &self,
        user_id: UserId,
        bucket: Bucket,
        amount: Money,
        reason: String,
    ) -> Result<Wallet, EffectError<AdjustRefusal>> {
        let (at, event_id) = (self.parts.clock.now(), self.parts.ids.event_id());
        let command = AdjustBalance { user_id, bucket, amount, reason, at, event_id };
        self.parts.wallets.adjust_balance(&command, adjust_balance).await
    }
}

fn let_in(principal: &Principal) -> Result<(), EffectError<TokenRefusal>> {
    match principal.activity {
        Activity::Active => Ok(()),
        Activity::Inactive => Err(EffectError::Refused(TokenRefusal::Inactive)),
    }
}

//! Redeeming purchases, and listening to the App Store.

mod history;
mod notifications;
mod staff;

pub use history::CatchUpError;
pub use notifications::{NotificationOutcome, ReceivedNotification};

use super::commands::{CreditPolicy, CreditPurchase, MissingToken, SandboxCredit};
use super::error::RedeemRefusal;
use super::kept::TextSource;
use super::model::{AppStoreTransaction, StoreEnvironment};
use super::ports::{AppStoreServer, AppStoreSignatures};
use super::purchase::AppStorePurchase;
use super::rules::{CreditVerdict, credit_purchase};
use super::store_ports::{AppStoreInbox, AppStorePurchaseStore};
use crate::accounts::{Principal, UserStore};
use crate::clock::Clock;
use crate::ids::{IdSource, UserId, Username};
use crate::money::Money;
use crate::store::{EffectError, StoreError};
use std::sync::Arc;

/// What staff decides about purchases in the App Store.
#[derive(Debug, Clone)]
pub struct AppStorePolicy {
    /// What becomes of a purchase without a user's token.
    pub missing_token: MissingToken,
    /// Whose play money is credited: an app's reviewers and testers.
    pub sandbox_users: Vec<SandboxUser>,
}

/// A user whose play money is credited, as staff names users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxUser {
    /// By the id.
    Id(UserId),
    /// By the log-in name.
    Name(Username),
}

impl SandboxUser {
    fn is(&self, user: &Principal) -> bool {
        match self {
            Self::Id(id) => *id == user.id,
            Self::Name(name) => *name == user.username,
        }
    }
}

/// The parts of [`AppStoreService`].
pub struct AppStore {
    /// Tells whether the App Store signed something.
    pub signatures: Arc<dyn AppStoreSignatures>,
    /// The App Store's server, where there is a key for it.
    pub server: Option<Arc<dyn AppStoreServer>>,
    /// Whose history is gone through by itself.
    pub environment: StoreEnvironment,
    /// Purchases.
    pub purchases: Arc<dyn AppStorePurchaseStore>,
    /// Notifications.
    pub inbox: Arc<dyn AppStoreInbox>,
    /// Whose token it is.
    pub users: Arc<dyn UserStore>,
    /// What staff decided.
    pub policy: AppStorePolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// A purchase that the user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It was credited now.
    Credited(AppStorePurchase),
    /// It was credited before; nothing moved.
    AlreadyCredited(AppStorePurchase),
}

/// Credits purchases in the App Store on proof, and follows what becomes of them.
///
/// Where no app is configured nothing is believed:
///
/// ```
/// # use edupay_domain::{app_store::*, accounts::*, clock::*, ids::*, store::EffectError}; use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// let service = AppStoreService::new(AppStore {
///     signatures: Arc::new(NoAppStore),
///     server: None,
///     environment: StoreEnvironment::Production,
///     purchases: Arc::new(MockAppStorePurchaseStore::new()), // nothing is expected: nothing may be written
///     inbox: Arc::new(MockAppStoreInbox::new()),
///     users: Arc::new(MockUserStore::new()),
///     policy: AppStorePolicy { missing_token: MissingToken::Refused, sandbox_users: Vec::new() },
///     clock: Arc::new(clock),
///     ids: Arc::new(MockIdSource::new()),
/// });
/// let answer = service.receive("a signed text").await;
/// assert!(matches!(answer, Err(EffectError::Refused(SignatureRefusal::NotConfigured))));
/// # }
/// ```
#[derive(Clone)]
pub struct AppStoreService {
    parts: Arc<AppStore>,
}

impl AppStoreService {
    /// The most pieces of one purchase: what the App Store sells at once.
    pub const MAX_QUANTITY: i64 = 10;
    /// The most rows of one page.
    pub const MAX_PAGE: u32 = 100;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: AppStore) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Credits the purchase of a signed transaction, that a user's device brings; the amount is a
    /// cross-check. The same purchase of the same user again is the same success and credits nothing.
    ///
    /// Source of the rule: contract section 4.
    ///
    /// # Errors
    /// [`RedeemRefusal`]; nothing is credited.
    pub async fn redeem(
        &self,
        user: &Principal,
        signed: &str,
        claimed: Option<Money>,
    ) -> Result<Redeemed, EffectError<RedeemRefusal>> {
        let verified = self.parts.signatures.transaction(signed, self.parts.clock.now());
        let transaction = verified.map_err(|refusal| EffectError::Refused(RedeemRefusal::Signature(refusal)))?;
        match self.credit(user, transaction, claimed, TextSource::Client).await? {
            CreditVerdict::Credited(purchase) => Ok(Redeemed::Credited(purchase)),
            CreditVerdict::AlreadyCredited(purchase) => Ok(Redeemed::AlreadyCredited(purchase)),
            CreditVerdict::Refused(refusal) => Err(EffectError::Refused(refusal)),
        }
    }

    async fn credit(
        &self,
        user: &Principal,
        transaction: AppStoreTransaction,
        claimed: Option<Money>,
        source: TextSource,
    ) -> Result<CreditVerdict, EffectError<RedeemRefusal>> {
        let policy = &self.parts.policy;
        let command = CreditPurchase {
            user_id: user.id,
            token: user.app_account_token,
            transaction,
            claimed,
            source,
            policy: CreditPolicy {
                max_quantity: Self::MAX_QUANTITY,
                missing_token: policy.missing_token,
                sandbox: match policy.sandbox_users.iter().any(|listed| listed.is(user)) {
                    true => SandboxCredit::Granted,
                    false => SandboxCredit::Withheld,
                },
            },
            at: self.parts.clock.now(),
            event_id: self.parts.ids.event_id(),
        };
        self.parts.purchases.credit(&command, credit_purchase).await
    }

    /// Credits a transaction to the user whose token it has: for whose device it never came back from the
    /// App Store. Without such a user, and where it is refused, nothing is credited.
    async fn credit_by_token(&self, transaction: AppStoreTransaction, source: TextSource) -> Result<(), StoreError> {
        let Some(token) = transaction.app_account_token else { return Ok(()) };
        let Some(user) = self.parts.users.find_by_app_account_token(token).await? else { return Ok(()) };
        match self.credit(&user, transaction, None, source).await {
            Ok(_) | Err(EffectError::Refused(_)) => Ok(()),
            Err(EffectError::Store(error)) => Err(error),
        }
    }
}

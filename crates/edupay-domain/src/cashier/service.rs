//! Making and opening links.

use super::error::CashierRefusal;
use super::model::{CashierLink, CashierTarget};
use super::ports::CashierLinkStore;
use crate::accounts::{Activity, Credentials, Token, UserStore};
use crate::clock::Clock;
use crate::ids::UserId;
use crate::orders::OrderStore;
use crate::packages::PackageStore;
use crate::store::{EffectError, StoreError};
use chrono::TimeDelta;
use std::sync::Arc;

/// For how long an expired link is still told from one that never was.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// The parts of [`CashierService`].
pub struct Cashier {
    /// Where links are kept.
    pub links: Arc<dyn CashierLinkStore>,
    /// Whose orders are whose.
    pub orders: Arc<dyn OrderStore>,
    /// Who is let in.
    pub users: Arc<dyn UserStore>,
    /// Who may act for whom.
    pub packages: Arc<dyn PackageStore>,
    /// Secrets.
    pub credentials: Arc<dyn Credentials>,
    /// For how long a link opens anything.
    pub link_lifetime: TimeDelta,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Makes and opens links to a cashier page.
///
/// ```
/// # use edupay_domain::{accounts::*, cashier::*, clock::*, orders::*, packages::*, store::EffectError};
/// # use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut links = MockCashierLinkStore::new();
/// links.expect_find().returning(|_| Ok(None));
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// # let mut credentials = MockCredentials::new();
/// # credentials.expect_digest().returning(|_| TokenDigest([0; 32]));
/// let cashier = CashierService::new(Cashier {
///     links: Arc::new(links),
///     orders: Arc::new(MockOrderStore::new()),
///     users: Arc::new(MockUserStore::new()),
///     packages: Arc::new(MockPackageStore::new()),
///     credentials: Arc::new(credentials),
///     link_lifetime: chrono::TimeDelta::days(1),
///     clock: Arc::new(clock),
/// });
/// let token = Token::parse("706a87288233ea2427cddb8a1bbce29369ac5073").unwrap();
/// assert!(matches!(cashier.open(&token).await, Err(EffectError::Refused(CashierRefusal::Unknown))));
/// # }
/// ```
#[derive(Clone)]
pub struct CashierService {
    parts: Arc<Cashier>,
}

impl CashierService {
    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Cashier) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Makes a link to what the caller can pay. The token is told here and nowhere else; a repeat makes
    /// another link.
    ///
    /// # Errors
    /// [`CashierRefusal::NotYours`].
    pub async fn create(
        &self,
        caller: UserId,
        target: CashierTarget,
    ) -> Result<(Token, CashierLink), EffectError<CashierRefusal>> {
        if !self.may_pay(caller, &target).await? {
            return Err(EffectError::Refused(CashierRefusal::NotYours));
        }
        let token = self.parts.credentials.draw_token();
        let created_at = self.parts.clock.now();
        let link = CashierLink {
            digest: self.parts.credentials.digest(&token),
            target,
            created_by: caller,
            created_at,
            expires_at: created_at.checked_add_signed(self.parts.link_lifetime).unwrap_or(created_at),
        };
        self.parts.links.create(&link).await?;
        Ok((token, link))
    }

    /// The link of a token, for as long as it opens anything and its maker is let in and still has the
    /// right to what it leads to. A repeat opens it again.
    ///
    /// # Errors
    /// [`CashierRefusal`].
    pub async fn open(&self, token: &Token) -> Result<CashierLink, EffectError<CashierRefusal>> {
        let link = self.parts.links.find(self.parts.credentials.digest(token)).await?;
        let link = link.ok_or(EffectError::Refused(CashierRefusal::Unknown))?;
        if link.expires_at <= self.parts.clock.now() {
            return Err(EffectError::Refused(CashierRefusal::Expired));
        }
        let maker = self.parts.users.find_user(link.created_by).await?;
        let let_in = maker.is_some_and(|maker| maker.activity == Activity::Active);
        if !let_in || !self.may_pay(link.created_by, &link.target).await? {
            return Err(EffectError::Refused(CashierRefusal::NotYours));
        }
        Ok(link)
    }

    async fn may_pay(&self, caller: UserId, target: &CashierTarget) -> Result<bool, StoreError> {
        match target {
            CashierTarget::Order { user_id, order_no } => {
                Ok(*user_id == caller && self.parts.orders.find(caller, order_no).await?.is_some())
            }
            CashierTarget::Packages { user_id, .. } => self.parts.packages.may_act_for(caller, *user_id).await,
        }
    }

    /// Forgets links that expired long ago; answers how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_expired(&self, limit: u32) -> Result<u32, StoreError> {
        let now = self.parts.clock.now();
        self.parts.links.remove_expired(now.checked_sub_signed(REMEMBERED).unwrap_or(now), limit).await
    }
}

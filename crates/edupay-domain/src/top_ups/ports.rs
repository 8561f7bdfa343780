//! Where top-ups are kept.

use super::error::TopUpRefusal;
use super::model::{ConfirmTopUp, OpenTopUp, StartedTopUp, TopUp};
use super::rules::{OpenTopUpPlan, TopUpView};
use crate::ids::{TopUpNo, UserId};
use crate::ledger::LedgerError;
use crate::payments::{Confirmation, ConfirmationPlan};
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of starting.
pub type OpenTopUpRule = fn(&OpenTopUp) -> Result<OpenTopUpPlan, TopUpRefusal>;

/// The pure rule of confirming.
pub type ConfirmTopUpRule = fn(&ConfirmTopUp, &TopUpView) -> Result<ConfirmationPlan<TopUp>, LedgerError>;

/// Whether a top-up was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedTopUp {
    /// It was.
    Opened(StartedTopUp),
    /// Its number is taken; nothing was written. Draw another.
    NumberTaken,
}

/// Top-ups. Each effect is one transaction.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TopUpStore: Send + Sync {
    /// Stores the top-up, its attempt and its route. MUST be seen by a callback that comes at once.
    /// Under a claim its number is noted with it.
    async fn open(&self, command: &OpenTopUp, rule: OpenTopUpRule) -> Result<OpenedTopUp, EffectError<TopUpRefusal>>;

    /// Locks the wallet, loads the view, applies the rule, writes the plan. MUST claim the charge id
    /// over all users in the same transaction, so that one charge is booked once for ever.
    async fn confirm_charge(
        &self,
        command: &ConfirmTopUp,
        rule: ConfirmTopUpRule,
    ) -> Result<Confirmation, EffectError<LedgerError>>;

    /// One top-up of the user.
    async fn find(&self, user_id: UserId, top_up_no: &TopUpNo) -> Result<Option<TopUp>, StoreError>;
}

//! Where purchases and periods are kept. Each effect is one transaction; the rule decides inside it.

use super::error::PlaceRefusal;
use super::model::{
    ClosePurchase, ConfirmPurchaseCharge, PlacePurchase, ProjectKind, Purchase, PurchaseQuery, Student,
};
use super::rules::{ClosePurchasePlan, ConfirmPurchaseView, OfferView, PaidPurchase, PlacePlan, PlaceView};
use crate::clock::Timestamp;
use crate::ids::{PurchaseNo, UserId};
use crate::ledger::LedgerError;
use crate::payments::{Confirmation, ConfirmationPlan};
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of making a purchase.
pub type PlacePurchaseRule = fn(&PlacePurchase, &PlaceView) -> Result<PlacePlan, PlaceRefusal>;
/// The pure rule of confirming a charge.
pub type ConfirmPurchaseRule =
    fn(&ConfirmPurchaseCharge, &ConfirmPurchaseView) -> Result<ConfirmationPlan<PaidPurchase>, LedgerError>;
/// The pure rule of closing.
pub type ClosePurchaseRule = fn(&ClosePurchase, &Purchase) -> ClosePurchasePlan;

/// What is known of a purchase and its charge after the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart once per call, never stored")]
pub enum PlacedPurchase {
    /// The plan of the rule, stored as far as it needs storing.
    Planned(PlacePlan),
    /// The purchase's number or the candidate is taken; nothing was written. Draw others.
    NumberTaken,
}

/// Purchases of packages and the periods they give.
///
/// What every implementation MUST hold, whoever else writes at the same time: a purchase is paid at most
/// once; a record gives at most one period; a plan is written whole or not at all, with its entry and
/// its events. All rows of a purchase are the student's, so that effects of one student are in line.
///
/// Where a caller is named, who may act for whom MUST be answered in the same snapshot as the data: the
/// student, and users who are bound to the student. `None` MUST be the answer alike for a student that
/// the caller may not act for and for one that is not there.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PackageStore: Send + Sync {
    /// Whether the caller may act for the student; `false` when there is no such student.
    async fn may_act_for(&self, caller: UserId, user_id: UserId) -> Result<bool, StoreError>;

    /// The students that the caller may act for, by id: those that the caller is bound to, and the caller
    /// if a student.
    async fn wards(&self, caller: UserId) -> Result<Vec<Student>, StoreError>;

    /// What can be offered to the student: the projects of this kind that are open to the school,
    /// offered or not, all their packages, and the student's periods in them.
    async fn offer(&self, caller: UserId, user_id: UserId, kind: ProjectKind) -> Result<Option<OfferView>, StoreError>;

    /// Locks the student's wallet; loads the view, applies the rule, stores a new purchase and a new
    /// attempt with its route. MUST be seen by a callback that comes at once. Under a claim the number of the
    /// attempt that pays is noted with it.
    async fn place(
        &self,
        command: &PlacePurchase,
        rule: PlacePurchaseRule,
    ) -> Result<PlacedPurchase, EffectError<PlaceRefusal>>;

    /// Locks the student's wallet, then the purchase; loads the view, applies the rule, writes the
    /// plan. MUST claim the charge id over all users in the same transaction, and make the purchase's
    /// unfinished attempts due.
    async fn confirm_charge(
        &self,
        command: &ConfirmPurchaseCharge,
        rule: ConfirmPurchaseRule,
    ) -> Result<Confirmation, EffectError<LedgerError>>;

    /// Unpaid purchases whose time has passed at `now`, oldest first, with the end of their time.
    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, PurchaseNo, Timestamp)>, StoreError>;

    /// Locks the purchase, applies the rule, writes the plan and makes its unfinished attempts due;
    /// answers the purchase after it, `None` when there is none.
    async fn close(&self, command: &ClosePurchase, rule: ClosePurchaseRule) -> Result<Option<Purchase>, StoreError>;

    /// Those of the purchases that the student has, by number. Someone else's are left out.
    async fn find(
        &self,
        caller: UserId,
        user_id: UserId,
        query: &PurchaseQuery,
    ) -> Result<Option<Vec<Purchase>>, StoreError>;

    /// The student's purchases below a number, the highest number first: newest first, since numbers
    /// begin with their time.
    async fn list(
        &self,
        caller: UserId,
        user_id: UserId,
        below: Option<PurchaseNo>,
        limit: u32,
    ) -> Result<Option<Vec<Purchase>>, StoreError>;
}

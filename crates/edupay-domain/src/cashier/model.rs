//! A link and what it leads to.

use crate::accounts::TokenDigest;
use crate::clock::Timestamp;
use crate::ids::{OrderNo, UserId};
use crate::packages::ProjectKind;

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CashierTarget {
    /// An order of courses.
    Order {
        /// Whose.
        user_id: UserId,
        /// Which.
        order_no: OrderNo,
    },
    /// The packages of one kind that a student can buy.
    Packages {
        /// The student.
        user_id: UserId,
        /// Of which kind.
        kind: ProjectKind,
    },
}

/// A link to a cashier page. Its token is shown once and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashierLink {
    /// What is stored of its token.
    pub digest: TokenDigest,
    /// What it leads to.
    pub target: CashierTarget,
    /// Who made it, and as whom whoever opens it acts.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Until when it opens anything.
    pub expires_at: Timestamp,
}

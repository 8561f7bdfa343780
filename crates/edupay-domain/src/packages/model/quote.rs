//! What the server would ask, and what it would give, if it were paid today.

use super::catalogue::{Package, Project};
use super::day::Period;
use super::people::Student;
use super::purchase::PurchaseKind;
use crate::money::Money;

/// What is looked for: the `payType` of SearchPayPackages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchKind {
    /// 0: what can be bought.
    Buying,
    /// 1: what the package that is held can be upgraded to.
    Upgrade,
}

/// One package with the price that the server will ask and the days it will give, if it is paid today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// How it would be bought.
    pub kind: PurchaseKind,
    /// Which.
    pub package: Package,
    /// What is asked.
    pub price: Money,
    /// What is given.
    pub period: Period,
}

/// What one project has for one student.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteSheet {
    /// For whom.
    pub student: Student,
    /// Of which project.
    pub project: Project,
    /// By kind, then in the order of lists.
    pub quotes: Vec<Quote>,
}

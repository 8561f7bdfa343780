//! Between columns and the domain's types. A value that is none of the domain's is corrupt.

use crate::tx::TxError;
use chrono::DateTime;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{CardNo, CourseId, IdError, PackageId, ProjectId, SchoolId, UserId};
use edupay_domain::money::Money;
use edupay_domain::packages::{Day, Term};
use edupay_domain::store::{StoreError, StoreFault};

/// What is stored is none of the domain's values.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{column} holds {value:?}, which is not a value of it")]
pub(crate) struct Corrupt {
    pub(crate) column: &'static str,
    pub(crate) value: String,
}

impl Corrupt {
    pub(crate) fn new(column: &'static str, value: impl ToString) -> Self {
        Self { column, value: value.to_string() }
    }
}

impl From<Corrupt> for StoreError {
    fn from(corrupt: Corrupt) -> Self {
        StoreError::new(StoreFault::Corrupt, corrupt)
    }
}

impl<R> From<Corrupt> for TxError<R> {
    fn from(corrupt: Corrupt) -> Self {
        Self::Store(corrupt.into())
    }
}

pub(crate) fn money(column: &'static str, fen: i64) -> Result<Money, Corrupt> {
    Money::try_from_fen(fen).map_err(|_| Corrupt::new(column, fen))
}

pub(crate) fn user_id(id: i64) -> Result<UserId, Corrupt> {
    UserId::try_new(id).map_err(|_| Corrupt::new("user_id", id))
}

pub(crate) fn moment(column: &'static str, micros: i64) -> Result<Timestamp, Corrupt> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| Corrupt::new(column, micros))
}

/// A name that was parsed before it was stored.
pub(crate) fn name<T>(
    column: &'static str,
    text: &str,
    parse: impl Fn(&str) -> Result<T, IdError>,
) -> Result<T, Corrupt> {
    parse(text).map_err(|_| Corrupt::new(column, text))
}

/// The value of a closed set whose code this is.
pub(crate) fn coded<T: Copy>(
    column: &'static str,
    text: &str,
    all: &[T],
    code: impl Fn(T) -> &'static str,
) -> Result<T, Corrupt> {
    all.iter().copied().find(|value| code(*value) == text).ok_or_else(|| Corrupt::new(column, text))
}

pub(crate) fn course_id(id: i64) -> Result<CourseId, Corrupt> {
    CourseId::try_new(id).map_err(|_| Corrupt::new("course_id", id))
}

pub(crate) fn school_id(id: i64) -> Result<SchoolId, Corrupt> {
    SchoolId::try_new(id).map_err(|_| Corrupt::new("school_id", id))
}

pub(crate) fn project_id(id: i64) -> Result<ProjectId, Corrupt> {
    ProjectId::try_new(id).map_err(|_| Corrupt::new("project_id", id))
}

pub(crate) fn package_id(id: i64) -> Result<PackageId, Corrupt> {
    PackageId::try_new(id).map_err(|_| Corrupt::new("package_id", id))
}

/// The id after the highest one that is there.
pub(crate) fn next_id(column: &'static str, highest: Option<i64>) -> Result<i64, Corrupt> {
    let highest = highest.unwrap_or_default();
    highest.checked_add(1).ok_or_else(|| Corrupt::new(column, highest))
}

/// The number on a card. It is personal, so a failure does not repeat it.
pub(crate) fn card_no(column: &'static str, text: &str) -> Result<CardNo, Corrupt> {
    CardNo::parse(text).map_err(|_| Corrupt::new(column, "no card number"))
}

/// A day as it is written: `yyyy-MM-dd`.
pub(crate) fn day(column: &'static str, text: &str) -> Result<Day, Corrupt> {
    Day::parse(text).ok_or_else(|| Corrupt::new(column, text))
}

pub(crate) fn term(column: &'static str, months: i16) -> Result<Term, Corrupt> {
    let term = u32::try_from(months).ok().and_then(|months| Term::try_new(months).ok());
    term.ok_or_else(|| Corrupt::new(column, months))
}

/// The months of a term, which are few.
pub(crate) fn months(term: Term) -> i16 {
    i16::try_from(term.months()).unwrap_or(i16::MAX)
}

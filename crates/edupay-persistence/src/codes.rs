//! Between columns and the domain's types. A value that is none of the domain's is corrupt.

use crate::tx::TxError;
use chrono::DateTime;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{CourseId, IdError, UserId};
use edupay_domain::money::Money;
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

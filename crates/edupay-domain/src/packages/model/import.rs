//! Rows that come in many: what is wrong with one is told, and the others go on.

use std::fmt;

/// Whether an import writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// It does.
    Write,
    /// It only tells what it would refuse.
    DryRun,
}

/// What is wrong with a field of a row, before any store was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowFault {
    /// The row has no such field, or an empty one.
    Missing,
    /// The file has a field that nobody knows.
    Unknown,
    /// The field is there twice.
    Repeated,
    /// Not a number of this kind, or out of bounds.
    BadNumber,
    /// Not an amount in yuan above zero, or above the limit.
    BadAmount,
    /// Too long, or with a character that does not belong.
    BadText,
    /// Not a word of the list.
    BadWord,
}

impl RowFault {
    /// The stable code of this fault.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "field_missing",
            Self::Unknown => "field_unknown",
            Self::Repeated => "field_repeated",
            Self::BadNumber => "number_invalid",
            Self::BadAmount => "amount_invalid",
            Self::BadText => "text_invalid",
            Self::BadWord => "word_invalid",
        }
    }
}

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The field, as the file names it.
    pub field: String,
    /// What is wrong with it.
    pub fault: RowFault,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.fault.code())
    }
}

/// A row of a chunk that the rule refused; the others were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow<R> {
    /// Which, from 0, in the chunk.
    pub row: usize,
    /// Why.
    pub refusal: R,
}

//! Why a product or a course was not stored.

use thiserror::Error;

/// Why a product was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProductRefusal {
    /// Another product has this id.
    #[error("a product with this id exists")]
    IdTaken,
    /// Zero, or above the limit.
    #[error("the price is out of bounds")]
    PriceOutOfBounds,
    /// No such product.
    #[error("there is no such product")]
    NotFound,
}

impl ProductRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::IdTaken => "product_id_taken",
            Self::PriceOutOfBounds => "price_out_of_bounds",
            Self::NotFound => "product_not_found",
        }
    }
}

/// Why a course was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CourseRefusal {
    /// Zero, or above the limit.
    #[error("the price is out of bounds")]
    PriceOutOfBounds,
    /// Empty, longer than [`super::Course::MAX_NAME`] characters, or with a control character or a comma.
    #[error("the name is not usable")]
    BadName,
    /// No such course.
    #[error("there is no such course")]
    NotFound,
}

impl CourseRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PriceOutOfBounds => "price_out_of_bounds",
            Self::BadName => "course_name_invalid",
            Self::NotFound => "course_not_found",
        }
    }
}

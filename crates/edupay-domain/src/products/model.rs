//! Products and courses.

use crate::clock::Timestamp;
use crate::ids::{CourseId, ProductId, ProductPk};
use crate::money::Money;

/// A product of the App Store, with what its purchase credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its row: the `pk` of the wire.
    pub pk: ProductPk,
    /// The App Store's id of it, unique.
    pub product_id: ProductId,
    /// What its purchase credits now; what it credited before is kept.
    pub price: Money,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A product to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// The App Store's id of it.
    pub product_id: ProductId,
    /// What its purchase credits.
    pub price: Money,
    /// When.
    pub at: Timestamp,
}

/// Gives a product another price, from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetProductPrice {
    /// The App Store's id of the product.
    pub product_id: ProductId,
    /// What its purchase credits from then on.
    pub price: Money,
    /// When.
    pub at: Timestamp,
}

/// Whether a course can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CourseStatus {
    /// It can.
    Offered,
    /// It can't any more; orders made before can still be paid.
    Withdrawn,
}

/// A course of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Its id.
    pub id: CourseId,
    /// Its name, as orders copy it.
    pub name: String,
    /// Its price, as orders copy it.
    pub price: Money,
    /// Whether it can be ordered.
    pub status: CourseStatus,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Course {
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 100;
}

/// A course to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCourse {
    /// Its name.
    pub name: String,
    /// Its price.
    pub price: Money,
    /// When.
    pub at: Timestamp,
}

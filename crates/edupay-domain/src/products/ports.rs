//! Where products and courses are kept. Neither is on the path of a payment.

use super::error::{CourseRefusal, ProductRefusal};
use super::model::{Course, CourseStatus, NewCourse, NewProduct, Product, SetProductPrice};
use crate::clock::Timestamp;
use crate::ids::{CourseId, ProductId};
use crate::money::Money;
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The App Store's products.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ProductStore: Send + Sync {
    /// Adds a product with its first price. MUST refuse a second one of the same id, also when two come at
    /// once.
    async fn create_product(&self, product: &NewProduct) -> Result<Product, EffectError<ProductRefusal>>;

    /// All, by pk.
    async fn list_products(&self) -> Result<Vec<Product>, StoreError>;

    /// One by its App Store id.
    async fn find_product(&self, id: &ProductId) -> Result<Option<Product>, StoreError>;

    /// Gives a product another price. MUST keep the prices before it with their times; the price that the
    /// product has is no other.
    async fn set_price(&self, command: &SetProductPrice) -> Result<Product, EffectError<ProductRefusal>>;

    /// What a purchase of that moment credits: the price that the product had then, or its first one if it
    /// had none yet; `None` when there is no such product.
    async fn find_price(&self, id: &ProductId, at: Timestamp) -> Result<Option<Money>, StoreError>;
}

/// The course catalogue.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CourseStore: Send + Sync {
    /// Adds a course.
    async fn create_course(&self, course: &NewCourse) -> Result<Course, StoreError>;

    /// All, by id.
    async fn list_courses(&self) -> Result<Vec<Course>, StoreError>;

    /// Offers or withdraws a course.
    async fn set_course_status(&self, id: CourseId, status: CourseStatus)
    -> Result<Course, EffectError<CourseRefusal>>;
}

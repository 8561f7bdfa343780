//! Products and courses, kept by staff.

use super::error::{CourseRefusal, ProductRefusal};
use super::model::{Course, CourseStatus, NewCourse, NewProduct, Product, SetProductPrice};
use super::ports::{CourseStore, ProductStore};
use super::rules::{check_course, check_price, check_product};
use crate::clock::Clock;
use crate::ids::{CourseId, ProductId};
use crate::money::Money;
use crate::store::{EffectError, StoreError};
use std::sync::Arc;

/// Adds and lists what has a price.
///
/// ```
/// # use edupay_domain::{products::*, clock::*, ids::*, money::Money, store::EffectError}; use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// let service = ProductService::new(
///     Arc::new(MockProductStore::new()),
///     Arc::new(MockCourseStore::new()),
///     Arc::new(clock),
///     Money::from_fen_u32(5_000_000),
/// );
/// let refused = service.create_product(ProductId::parse("com.example.coins6").unwrap(), Money::ZERO).await;
/// assert!(matches!(refused, Err(EffectError::Refused(ProductRefusal::PriceOutOfBounds))));
/// # }
/// ```
#[derive(Clone)]
pub struct ProductService {
    products: Arc<dyn ProductStore>,
    courses: Arc<dyn CourseStore>,
    clock: Arc<dyn Clock>,
    max_price: Money,
}

impl ProductService {
    /// A service of these parts; no price is above `max_price`.
    pub fn new(
        products: Arc<dyn ProductStore>,
        courses: Arc<dyn CourseStore>,
        clock: Arc<dyn Clock>,
        max_price: Money,
    ) -> Self {
        Self { products, courses, clock, max_price }
    }

    /// Adds an App Store product.
    ///
    /// # Errors
    /// [`ProductRefusal`] for a taken id (also on a repeat) or a bad price.
    pub async fn create_product(
        &self,
        product_id: ProductId,
        price: Money,
    ) -> Result<Product, EffectError<ProductRefusal>> {
        let product = NewProduct { product_id, price, at: self.clock.now() };
        check_product(&product, self.max_price).map_err(EffectError::Refused)?;
        self.products.create_product(&product).await
    }

    /// Gives an App Store product another price from now on; a purchase made before keeps the price of its
    /// time. A repeat changes nothing.
    ///
    /// # Errors
    /// [`ProductRefusal`] for an unknown product or a bad price.
    pub async fn set_price(&self, product_id: ProductId, price: Money) -> Result<Product, EffectError<ProductRefusal>> {
        let command = SetProductPrice { product_id, price, at: self.clock.now() };
        check_price(price, self.max_price).map_err(EffectError::Refused)?;
        self.products.set_price(&command).await
    }

    /// All products, by pk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_products(&self) -> Result<Vec<Product>, StoreError> {
        self.products.list_products().await
    }

    /// Adds a course. A repeat adds another one.
    ///
    /// # Errors
    /// [`CourseRefusal`] for a bad name or price.
    pub async fn create_course(&self, name: String, price: Money) -> Result<Course, EffectError<CourseRefusal>> {
        let course = NewCourse { name, price, at: self.clock.now() };
        check_course(&course, self.max_price).map_err(EffectError::Refused)?;
        Ok(self.courses.create_course(&course).await?)
    }

    /// All courses, by id, withdrawn ones too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_courses(&self) -> Result<Vec<Course>, StoreError> {
        self.courses.list_courses().await
    }

    /// Offers or withdraws a course. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CourseRefusal::NotFound`].
    pub async fn set_course_status(
        &self,
        id: CourseId,
        status: CourseStatus,
    ) -> Result<Course, EffectError<CourseRefusal>> {
        self.courses.set_course_status(id, status).await
    }
}

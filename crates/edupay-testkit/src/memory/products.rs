//! Products and courses in memory.

use super::{MemoryStore, State, corrupt};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{CourseId, ProductId, ProductPk};
use edupay_domain::money::Money;
use edupay_domain::products::{
    Course, CourseRefusal, CourseStatus, CourseStore, NewCourse, NewProduct, Product, ProductRefusal, ProductStore,
    SetProductPrice,
};
use edupay_domain::store::{EffectError, StoreError};

impl State {
    /// The price that a product had at a moment, or its first one.
    pub(super) fn price_at(&self, id: &ProductId, at: Timestamp) -> Option<Money> {
        let prices = self.prices.get(id)?;
        let then = prices.range(..=at).next_back().or_else(|| prices.first_key_value());
        then.map(|(_, price)| *price)
    }
}

#[async_trait]
impl ProductStore for MemoryStore {
    async fn create_product(&self, product: &NewProduct) -> Result<Product, EffectError<ProductRefusal>> {
        self.transaction(|state| {
            if state.products.iter().any(|other| other.product_id == product.product_id) {
                return Err(EffectError::Refused(ProductRefusal::IdTaken));
            }
            let last = state.products.last().map_or(0, |product| product.pk.get());
            let created = Product {
                pk: ProductPk::try_new(last.saturating_add(1)).map_err(corrupt)?,
                product_id: product.product_id.clone(),
                price: product.price,
                created_at: product.at,
            };
            state.products.push(created.clone());
            let prices = state.prices.entry(product.product_id.clone()).or_default();
            prices.insert(product.at, product.price);
            Ok(created)
        })
    }

    async fn set_price(&self, command: &SetProductPrice) -> Result<Product, EffectError<ProductRefusal>> {
        self.transaction(|state| {
            let product = state.products.iter_mut().find(|product| product.product_id == command.product_id);
            let product = product.ok_or(EffectError::Refused(ProductRefusal::NotFound))?;
            if product.price != command.price {
                product.price = command.price;
                state.prices.entry(command.product_id.clone()).or_default().insert(command.at, command.price);
            }
            Ok(product.clone())
        })
    }

    async fn find_price(&self, id: &ProductId, at: Timestamp) -> Result<Option<Money>, StoreError> {
        self.transaction(|state| Ok(state.price_at(id, at)))
    }

    async fn list_products(&self) -> Result<Vec<Product>, StoreError> {
        self.transaction(|state| Ok(state.products.clone()))
    }

    async fn find_product(&self, id: &ProductId) -> Result<Option<Product>, StoreError> {
        self.transaction(|state| Ok(state.products.iter().find(|product| product.product_id == *id).cloned()))
    }
}

#[async_trait]
impl CourseStore for MemoryStore {
    async fn create_course(&self, course: &NewCourse) -> Result<Course, StoreError> {
        self.transaction(|state| {
            let last = state.courses.last_key_value().map_or(0, |(id, _)| id.get());
            let id = CourseId::try_new(last.saturating_add(1)).map_err(corrupt)?;
            let created = Course {
                id,
                name: course.name.clone(),
                price: course.price,
                status: CourseStatus::Offered,
                created_at: course.at,
            };
            state.courses.insert(id, created.clone());
            Ok(created)
        })
    }

    async fn list_courses(&self) -> Result<Vec<Course>, StoreError> {
        self.transaction(|state| Ok(state.courses.values().cloned().collect()))
    }

    async fn set_course_status(
        &self,
        id: CourseId,
        status: CourseStatus,
    ) -> Result<Course, EffectError<CourseRefusal>> {
        self.transaction(|state| {
            let course = state.courses.get_mut(&id).ok_or(EffectError::Refused(CourseRefusal::NotFound))?;
            course.status = status;
            Ok(course.clone())
        })
    }
}

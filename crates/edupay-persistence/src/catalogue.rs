//! Products and courses.

use crate::codes::{Corrupt, course_id, moment, money, name};
use crate::conn::on;
use crate::database::SqlStore;
use crate::schema::{courses, products};
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use edupay_domain::ids::{CourseId, ProductId, ProductPk};
use edupay_domain::products::{
    Course, CourseRefusal, CourseStatus, CourseStore, NewCourse, NewProduct, Product, ProductRefusal, ProductStore,
};
use edupay_domain::store::{EffectError, StoreError};

type ProductRow = (i64, String, i64, i64);
/// A course as it lies in its row.
pub(crate) type CourseRow = (i64, String, i64, String, i64);

fn product((pk, product_id, price, created_at): ProductRow) -> Result<Product, Corrupt> {
    Ok(Product {
        pk: ProductPk::try_new(pk).map_err(|_| Corrupt::new("products.pk", pk))?,
        product_id: name("products.product_id", &product_id, ProductId::parse)?,
        price: money("products.price_fen", price)?,
        created_at: moment("products.created_at", created_at)?,
    })
}

pub(crate) fn course((id, course_name, price, status, created_at): CourseRow) -> Result<Course, Corrupt> {
    Ok(Course {
        id: course_id(id)?,
        name: course_name,
        price: money("courses.price_fen", price)?,
        status: match status.as_str() {
            "offered" => CourseStatus::Offered,
            "withdrawn" => CourseStatus::Withdrawn,
            other => return Err(Corrupt::new("courses.status", other)),
        },
        created_at: moment("courses.created_at", created_at)?,
    })
}

fn status_code(status: CourseStatus) -> &'static str {
    match status {
        CourseStatus::Offered => "offered",
        CourseStatus::Withdrawn => "withdrawn",
    }
}

#[async_trait]
impl ProductStore for SqlStore {
    async fn create_product(&self, new: &NewProduct) -> Result<Product, EffectError<ProductRefusal>> {
        let new = new.clone();
        self.effect(move |conn| {
            let values = (
                products::product_id.eq(new.product_id.as_str()),
                products::price_fen.eq(new.price.fen()),
                products::created_at.eq(new.at.timestamp_micros()),
            );
            let insert = diesel::insert_into(products::table).values(values).returning(products::all_columns);
            match on!(conn, c => insert.get_result::<ProductRow>(c)) {
                Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                    Err(TxError::Refused(ProductRefusal::IdTaken))
                }
                row => Ok(product(row?)?),
            }
        })
        .await
    }

    async fn list_products(&self) -> Result<Vec<Product>, StoreError> {
        self.read(|conn| {
            let query = products::table.order(products::pk.asc());
            let rows: Vec<ProductRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(product).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn find_product(&self, id: &ProductId) -> Result<Option<Product>, StoreError> {
        let id = id.as_str().to_owned();
        self.read(move |conn| {
            let query = products::table.filter(products::product_id.eq(id));
            let row: Option<ProductRow> = on!(conn, c => query.first(c)).optional()?;
            Ok(row.map(product).transpose()?)
        })
        .await
    }
}

#[async_trait]
impl CourseStore for SqlStore {
    async fn create_course(&self, new: &NewCourse) -> Result<Course, StoreError> {
        let new = new.clone();
        self.write(move |conn| {
            let values = (
                courses::name.eq(new.name.as_str()),
                courses::price_fen.eq(new.price.fen()),
                courses::status.eq(status_code(CourseStatus::Offered)),
                courses::created_at.eq(new.at.timestamp_micros()),
            );
            let insert = diesel::insert_into(courses::table).values(values).returning(courses::all_columns);
            let row: CourseRow = on!(conn, c => insert.get_result(c))?;
            Ok(course(row)?)
        })
        .await
    }

    async fn list_courses(&self) -> Result<Vec<Course>, StoreError> {
        self.read(|conn| {
            let query = courses::table.order(courses::course_id.asc());
            let rows: Vec<CourseRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(course).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn set_course_status(
        &self,
        id: CourseId,
        status: CourseStatus,
    ) -> Result<Course, EffectError<CourseRefusal>> {
        self.effect(move |conn| {
            let update = diesel::update(courses::table.find(id.get()))
                .set(courses::status.eq(status_code(status)))
                .returning(courses::all_columns);
            let row: Option<CourseRow> = on!(conn, c => update.get_result(c)).optional()?;
            match row {
                Some(row) => Ok(course(row)?),
                None => Err(TxError::Refused(CourseRefusal::NotFound)),
            }
        })
        .await
    }
}

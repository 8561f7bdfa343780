//! Products and courses.

use crate::codes::{Corrupt, course_id, moment, money, name};
use crate::conn::{Conn, lock, on};
use crate::database::SqlStore;
use crate::schema::{courses, product_prices, products};
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{CourseId, ProductId, ProductPk};
use edupay_domain::money::Money;
use edupay_domain::products::{
    Course, CourseRefusal, CourseStatus, CourseStore, NewCourse, NewProduct, Product, ProductRefusal, ProductStore,
    SetProductPrice,
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

/// Writes a price from a moment on; another one of the same moment is replaced.
fn write_price(conn: &mut Conn<'_>, id: &str, at: Timestamp, price: Money) -> Result<(), Error> {
    let key = (id, at.timestamp_micros());
    let update = diesel::update(product_prices::table.find(key)).set(product_prices::price_fen.eq(price.fen()));
    if on!(conn, c => update.execute(c))? == 0 {
        let values = (
            product_prices::product_id.eq(key.0),
            product_prices::effective_from.eq(key.1),
            product_prices::price_fen.eq(price.fen()),
        );
        on!(conn, c => diesel::insert_into(product_prices::table).values(values).execute(c))?;
    }
    Ok(())
}

/// The price that a product had at a moment, or its first one.
pub(crate) fn price_at<R>(conn: &mut Conn<'_>, id: &ProductId, at: Timestamp) -> Result<Option<Money>, TxError<R>> {
    let prices = || {
        let of_product = product_prices::table.filter(product_prices::product_id.eq(id.as_str()));
        of_product.select(product_prices::price_fen)
    };
    let then = prices()
        .filter(product_prices::effective_from.le(at.timestamp_micros()))
        .order(product_prices::effective_from.desc());
    let mut found: Option<i64> = on!(conn, c => then.first(c)).optional()?;
    if found.is_none() {
        let first = prices().order(product_prices::effective_from.asc());
        found = on!(conn, c => first.first(c)).optional()?;
    }
    Ok(found.map(|fen| money("product_prices.price_fen", fen)).transpose()?)
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
            let row = match on!(conn, c => insert.get_result::<ProductRow>(c)) {
                Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                    return Err(TxError::Refused(ProductRefusal::IdTaken));
                }
                row => row?,
            };
            write_price(conn, new.product_id.as_str(), new.at, new.price)?;
            Ok(product(row)?)
        })
        .await
    }

    async fn set_price(&self, command: &SetProductPrice) -> Result<Product, EffectError<ProductRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            let id = command.product_id.as_str();
            let query = products::table.filter(products::product_id.eq(id));
            let row: Option<ProductRow> = lock!(conn, query, first).optional()?;
            let before = product(row.ok_or(TxError::Refused(ProductRefusal::NotFound))?)?;
            if before.price == command.price {
                return Ok(before);
            }
            let update = diesel::update(products::table.filter(products::product_id.eq(id)))
                .set(products::price_fen.eq(command.price.fen()));
            on!(conn, c => update.execute(c))?;
            write_price(conn, id, command.at, command.price)?;
            Ok(Product { price: command.price, ..before })
        })
        .await
    }

    async fn find_price(&self, id: &ProductId, at: Timestamp) -> Result<Option<Money>, StoreError> {
        let id = id.clone();
        self.read_snapshot(move |conn| price_at(conn, &id, at)).await
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

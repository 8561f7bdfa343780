//! `edupay course …` and `edupay product …`.

use super::accounts::tool;
use super::say;
use crate::error::{Context, Failure};
use crate::prices;
use crate::settings::Overrides;
use clap::Subcommand;
use edupay_domain::ids::{CourseId, ProductId};
use edupay_domain::products::{Course, CourseStatus, Product};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum CourseCommand {
    /// Adds a course; the price is yuan, such as 99.00
    Create { name: String, price: String },
    /// Lists courses, one JSON object a line
    List,
    /// Takes a course out of the offer; its unpaid orders stay
    Withdraw { course_id: i64 },
    /// Offers a course again
    Offer { course_id: i64 },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProductCommand {
    /// Adds an App Store product; the price is yuan, such as 6
    Create { product_id: String, price: String },
    /// Gives a product another price from now on; a purchase made before keeps the price of its time
    Price { product_id: String, price: String },
    /// Lists products, one JSON object a line
    List,
}

pub(super) async fn course(overrides: &Overrides, command: CourseCommand) -> Result<(), Failure> {
    let (settings, services) = tool(overrides).await?;
    let set_status = async |id: i64, status| {
        let id = CourseId::try_new(id).context("course_id")?;
        services.products.set_course_status(id, status).await.context("course")
    };
    match command {
        CourseCommand::Create { name, price } => {
            let price = prices::amount(&price, settings.max_amount()?)?;
            say(course_view(&services.products.create_course(name, price).await.context("course create")?));
        }
        CourseCommand::List => {
            let courses = services.products.list_courses().await.context("course list")?;
            courses.iter().for_each(|course| say(course_view(course)));
        }
        CourseCommand::Withdraw { course_id } => {
            say(course_view(&set_status(course_id, CourseStatus::Withdrawn).await?));
        }
        CourseCommand::Offer { course_id } => say(course_view(&set_status(course_id, CourseStatus::Offered).await?)),
    }
    Ok(())
}

pub(super) async fn product(overrides: &Overrides, command: ProductCommand) -> Result<(), Failure> {
    let (settings, services) = tool(overrides).await?;
    match command {
        ProductCommand::Create { product_id, price } => {
            let product_id = ProductId::parse(&product_id).context("product_id")?;
            let price = prices::amount(&price, settings.max_amount()?)?;
            let product = services.products.create_product(product_id, price).await.context("product create")?;
            say(product_view(&product));
        }
        ProductCommand::Price { product_id, price } => {
            let product_id = ProductId::parse(&product_id).context("product_id")?;
            let price = prices::amount(&price, settings.max_amount()?)?;
            say(product_view(&services.products.set_price(product_id, price).await.context("product price")?));
        }
        ProductCommand::List => {
            let products = services.products.list_products().await.context("product list")?;
            products.iter().for_each(|product| say(product_view(product)));
        }
    }
    Ok(())
}

fn course_view(course: &Course) -> Value {
    json!({
        "course_id": course.id.get(),
        "name": course.name,
        "price_fen": course.price.fen(),
        "offered": course.status == CourseStatus::Offered,
    })
}

fn product_view(product: &Product) -> Value {
    json!({ "pk": product.pk.get(), "product_id": product.product_id.as_str(), "price_fen": product.price.fen() })
}

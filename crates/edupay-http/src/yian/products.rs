//! Products of the App Store.

use crate::config::HttpConfig;
use crate::extract::{Body, Caller, Decode, InOrder, Reader, Staff, amount_yuan, product_id};
use crate::failure::Failure;
use crate::openapi::yuan_in;
use crate::services::State;
use crate::wire::{YuanNumber, time};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use edupay_domain::ids::ProductId;
use edupay_domain::money::Money;
use edupay_domain::products::Product;
use serde::Serialize;
use utoipa::ToSchema;

/// A product to be added.
#[derive(ToSchema)]
pub(crate) struct ProductBody {
    /// The App Store's id of it.
    #[schema(example = "com.51ean.test.product1", value_type = String, max_length = 255)]
    product_id: ProductId,
    /// Yuan, as number or text.
    #[schema(schema_with = yuan_in)]
    price: Money,
}

impl Decode for ProductBody {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let product_id = reader.required("product_id", product_id);
        let price = reader.required("price", amount_yuan(config.max_amount));
        Some(Self { product_id: product_id?, price: price? })
    }
}

/// A product.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductView {
    /// Its row.
    pk: i64,
    /// The App Store's id of it.
    #[schema(example = "com.51ean.test.product1")]
    product_id: String,
    /// Yuan, without decimals when whole.
    #[schema(example = 6, value_type = f64)]
    price: YuanNumber,
    /// When it was added.
    #[schema(example = "2016-06-15T06:26:36.422585Z")]
    create_time: String,
}

impl From<Product> for ProductView {
    fn from(product: Product) -> Self {
        Self {
            pk: product.pk.get(),
            product_id: product.product_id.to_string(),
            price: YuanNumber(product.price),
            create_time: time(product.created_at),
        }
    }
}

/// Lists all products, by pk.
#[utoipa::path(
    get, path = "/pay/products/", operation_id = "list_products", tag = "益安", security(("token" = [])),
    responses((status = 200, body = Vec<ProductView>, description = "All products"))
)]
pub(crate) async fn list_products(state: Data<State>, _: Caller) -> Result<Json<Vec<ProductView>>, Failure> {
    let products = state.services.products.list_products().await?;
    Ok(Json(products.into_iter().map(ProductView::from).collect()))
}

/// Adds a product. Staff only.
#[utoipa::path(
    post, path = "/pay/products/", operation_id = "create_product", tag = "益安", security(("token" = [])),
    request_body(content((ProductBody = "application/json"), (ProductBody = "application/x-www-form-urlencoded"))),
    responses((status = 201, body = ProductView, description = "The product"))
)]
pub(crate) async fn create_product(
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Staff, Body<ProductBody>>,
) -> Result<HttpResponse, Failure> {
    let product = state.services.products.create_product(body.product_id, body.price).await?;
    Ok(HttpResponse::Created().json(ProductView::from(product)))
}

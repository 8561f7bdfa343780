//! Products of the App Store, kept by staff. They are added and listed by the 益安 API.

use crate::config::HttpConfig;
use crate::extract::{Body, Decode, InOrder, Reader, Staff, amount_fen};
use crate::failure::Failure;
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::ProductId;
use edupay_domain::money::Money;
use edupay_domain::products::Product;
use serde::Serialize;
use utoipa::ToSchema;

/// A product with its price of now.
#[derive(Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct PricedProductView {
    /// The App Store's id of it.
    #[schema(example = "com.51ean.test.product1")]
    product_id: String,
    /// What its purchase credits.
    #[schema(example = 600)]
    price_fen: i64,
    /// When it was added.
    created_at: String,
}

impl From<Product> for PricedProductView {
    fn from(product: Product) -> Self {
        Self {
            product_id: product.product_id.to_string(),
            price_fen: product.price.fen(),
            created_at: time(product.created_at),
        }
    }
}

/// Another price.
#[derive(ToSchema)]
pub(crate) struct PriceBody {
    /// What a purchase credits from now on.
    #[schema(value_type = i64, minimum = 1, example = 600)]
    price_fen: Money,
}

impl Decode for PriceBody {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        Some(Self { price_fen: reader.required("price_fen", amount_fen(config.max_amount))? })
    }
}

/// Gives a product another price; a purchase made before keeps the price of its time. A repeat changes
/// nothing. Staff only.
#[utoipa::path(
    put, path = "/v1/products/{product_id}/price", operation_id = "set_product_price", tag = "staff",
    security(("token" = [])), params(("product_id" = String, Path, description = "The App Store's id of the product")),
    request_body = PriceBody,
    responses((status = 200, body = PricedProductView, description = "The product"))
)]
pub(crate) async fn set_product_price(
    state: Data<State>,
    InOrder(_, InOrder(id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<PriceBody>>>,
) -> Result<Json<PricedProductView>, Failure> {
    let product_id = ProductId::parse(&id).map_err(|_| Failure::NotFound)?;
    let products = state.services.products.clone();
    Ok(Json(products.set_price(product_id, body.price_fen).await?.into()))
}

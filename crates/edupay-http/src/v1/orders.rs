//! Orders: made, listed, looked at, cancelled. Paying them is the 益安 API's.

use super::page::{PageQuery, PageView};
use crate::config::HttpConfig;
use crate::dialects::ProblemView;
use crate::extract::{Body, Caller, Decode, InOrder, Params, Reader, course_ids};
use crate::failure::{Failure, Refusal};
use crate::once::by_steps;
use crate::services::State;
use crate::wire::time;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use edupay_domain::ids::{CourseId, OrderNo, OrderPk};
use edupay_domain::orders::Order;
use serde::Serialize;
use utoipa::ToSchema;

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    /// Its number.
    #[schema(example = "12134676899915430002")]
    order_no: String,
    /// `unpaid`, `paid`, `cancelled`, `closed`, `partly_refunded` or `refunded`.
    #[schema(example = "unpaid")]
    status: &'static str,
    /// The sum of the prices.
    #[schema(example = 9900)]
    amount_fen: i64,
    /// Its courses, as they were when it was made.
    courses: Vec<OrderLineView>,
    /// What it was paid with: `balance`, or the gateway's channel.
    channel: Option<&'static str>,
    /// When it was made.
    created_at: String,
    /// Until when it can be paid.
    expires_at: String,
    /// When it was paid.
    paid_at: Option<String>,
}

/// A course of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct OrderLineView {
    /// Which course.
    course_id: i64,
    /// Its name then.
    name: String,
    /// Its price then.
    price_fen: i64,
}

impl From<&Order> for OrderView {
    fn from(order: &Order) -> Self {
        let payment = order.state.payment();
        let lines = order.lines.iter().map(|line| OrderLineView {
            course_id: line.course_id.get(),
            name: line.name.clone(),
            price_fen: line.price.fen(),
        });
        Self {
            order_no: order.order_no.to_string(),
            status: order.state.code(),
            amount_fen: order.amount.fen(),
            courses: lines.collect(),
            channel: payment.map(|payment| payment.tender.channel_code()),
            created_at: time(order.created_at),
            expires_at: time(order.expires_at),
            paid_at: payment.map(|payment| time(payment.at)),
        }
    }
}

/// What is ordered.
#[derive(ToSchema)]
pub(crate) struct NewOrderBody {
    /// Each course once. In a form: comma-joined.
    #[schema(value_type = Vec<i64>, min_items = 1, max_items = 20, example = json!([1]))]
    course_ids: Vec<CourseId>,
}

impl Decode for NewOrderBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        Some(Self { course_ids: reader.required("course_ids", course_ids)? })
    }
}

/// Makes an order. A repeat without the same key makes another one.
#[utoipa::path(
    post, path = "/v1/orders", operation_id = "create_order", tag = "orders", security(("token" = [])),
    request_body = NewOrderBody,
    responses(
        (
            status = 201, body = OrderView, description = "The order",
            links(
                ("self" = (operation_id = "find_order", parameters(("order_no" = "$response.body#/order_no")))),
                ("cancel" = (operation_id = "cancel_order", parameters(("order_no" = "$response.body#/order_no"))))
            )
        ),
        (status = 409, body = ProblemView, content_type = "application/problem+json", description = "`course_owned`"),
        (status = 422, body = ProblemView, content_type = "application/problem+json", description = "`course_not_offered`"),
    )
)]
pub(crate) async fn create_order(
    request: HttpRequest,
    state: Data<State>,
    InOrder(caller, Body(body)): InOrder<Caller, Body<NewOrderBody>>,
) -> Result<HttpResponse, Failure> {
    by_steps(&request, &state, caller.user.id, async |turn| {
        let order = state.services.orders.create_once(caller.user.id, body.course_ids, turn).await?;
        let location = format!("/v1/orders/{}", order.order_no);
        Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(OrderView::from(&order)))
    })
    .await
}

/// Lists the caller's orders, newest first.
#[utoipa::path(
    get, path = "/v1/orders", operation_id = "list_orders", tag = "orders", security(("token" = [])),
    params(PageQuery),
    responses((status = 200, body = PageView<OrderView>, description = "A page of orders"))
)]
pub(crate) async fn list_orders(
    state: Data<State>,
    InOrder(caller, Params(page)): InOrder<Caller, Params<PageQuery>>,
) -> Result<Json<PageView<OrderView>>, Failure> {
    let below = page.cursor.and_then(|cursor| OrderPk::try_new(cursor).ok());
    let orders = state.services.orders.list(caller.user.id, below, page.limit).await?;
    Ok(Json(PageView::of(orders, page.limit, |order| order.pk.get(), |order| OrderView::from(&order))))
}

/// Shows one of the caller's orders. While it is unpaid the gateway is asked whether it was paid.
#[utoipa::path(
    get, path = "/v1/orders/{order_no}", operation_id = "find_order", tag = "orders", security(("token" = [])),
    params(("order_no" = String, Path, description = "The order's number", pattern = "^[0-9]{1,20}$")),
    responses((status = 200, body = OrderView, description = "The order"))
)]
pub(crate) async fn find_order(
    state: Data<State>,
    InOrder(caller, order_no): InOrder<Caller, Path<String>>,
) -> Result<Json<OrderView>, Failure> {
    let (orders, order_no) = (state.services.orders.clone(), parse(&order_no)?);
    let order = orders.find(caller.user.id, &order_no).await?;
    Ok(Json(OrderView::from(&order.ok_or(Refusal::OrderNotFound)?)))
}

/// Cancels an unpaid order. A repeat is the same success.
#[utoipa::path(
    post, path = "/v1/orders/{order_no}/cancel", operation_id = "cancel_order", tag = "orders",
    security(("token" = [])),
    params(("order_no" = String, Path, description = "The order's number", pattern = "^[0-9]{1,20}$")),
    responses(
        (status = 200, body = OrderView, description = "The order, cancelled"),
        (status = 409, body = ProblemView, content_type = "application/problem+json", description = "`order_paid`, `order_closed`"),
    )
)]
pub(crate) async fn cancel_order(
    state: Data<State>,
    InOrder(caller, order_no): InOrder<Caller, Path<String>>,
) -> Result<Json<OrderView>, Failure> {
    let (orders, order_no) = (state.services.orders.clone(), parse(&order_no)?);
    let order = orders.cancel(caller.user.id, order_no).await?;
    Ok(Json(OrderView::from(&order)))
}

/// What is no order number names no order.
pub(super) fn parse(order_no: &str) -> Result<OrderNo, Refusal> {
    OrderNo::parse(order_no).map_err(|_| Refusal::OrderNotFound)
}

//! Paying an order: from the balance, or by a charge.

use super::profile::ProfileView;
use crate::config::HttpConfig;
use crate::extract::{Body, Caller, Decode, InOrder, Reader, order_no, text_or_number};
use crate::failure::{Failure, Refusal};
use crate::once::{Keyed, by_steps, said};
use crate::openapi::{OrRefusal, order_no_in};
use crate::services::State;
use crate::wire::time;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use edupay_domain::accounts::Principal;
use edupay_domain::ids::OrderNo;
use edupay_domain::ledger::Wallet;
use edupay_domain::orders::{Order, PaidOrder, PayRefusal, Visibility};
use edupay_domain::payments::{Channel, ChargeAttempt};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The longest name of a channel that is looked at.
const MAX_CHANNEL: usize = 32;

/// Which order, and how it is paid.
#[derive(ToSchema)]
pub(crate) struct PayBody {
    /// The order's number, as text or as a number.
    #[schema(schema_with = order_no_in)]
    order_no: OrderNo,
    /// `balance` for the balance; `wx` or `alipay` for a charge.
    #[schema(example = "balance")]
    channel: String,
}

impl Decode for PayBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let order_no = reader.required("order_no", order_no);
        let channel = reader.required("channel", text_or_number(MAX_CHANNEL));
        Some(Self { order_no: order_no?, channel: channel? })
    }
}

/// A paid order.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaidOrderView {
    /// The order's ordinal among its buyer's.
    pk: i64,
    /// The buyer's log-in name.
    #[schema(example = "15201052252")]
    buyer: String,
    /// Its number.
    #[schema(example = "12134676899915430002")]
    order_no: String,
    /// The ids of its courses, comma-joined.
    #[schema(example = "1")]
    courses: String,
    /// Their names, comma-joined.
    #[schema(example = "collection的使用")]
    names: String,
    /// How many.
    count: usize,
    /// Yuan, with two decimals.
    #[schema(example = "99.00")]
    amount: String,
    /// 0 unpaid, 1 paid, 2 cancelled, 3 closed, 4 partly refunded, 5 refunded.
    #[schema(example = 1)]
    status: u8,
    /// 1 visible, 0 hidden by the buyer.
    #[schema(example = 1)]
    flag: u8,
    /// What it was paid with; empty until then.
    #[schema(example = "balance")]
    channel: &'static str,
    /// When it was made.
    #[schema(example = "2016-06-15T03:53:50.598744Z")]
    create_time: String,
    /// The buyer's profile, with the balance after the payment.
    profile: ProfileView,
}

impl PaidOrderView {
    fn new(order: &Order, buyer: &Principal, wallet: &Wallet) -> Result<Self, Failure> {
        Ok(Self {
            pk: order.pk.get(),
            buyer: buyer.username.to_string(),
            order_no: order.order_no.to_string(),
            courses: order.courses(),
            names: order.names(),
            count: order.lines.len(),
            amount: order.amount.to_string(),
            status: order.state.number(),
            flag: match order.visibility {
                Visibility::Visible => 1,
                Visibility::Hidden => 0,
            },
            channel: order.state.payment().map_or("", |payment| payment.tender.channel_code()),
            create_time: time(order.created_at),
            profile: ProfileView::new(buyer, wallet)?,
        })
    }
}

/// A charge to pay an order with.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderChargeView {
    /// 0.
    status: i32,
    /// Empty.
    message: &'static str,
    /// The gateway's charge, exactly as the gateway wrote it.
    #[schema(value_type = Object)]
    ch: Box<RawValue>,
}

/// Pays an order from the balance. A repeat is the same success and moves nothing.
#[utoipa::path(
    put, path = "/pay/pay_in_balance/", operation_id = "pay_in_balance", tag = "益安", security(("token" = [])),
    request_body(content((PayBody = "application/json"), (PayBody = "application/x-www-form-urlencoded"))),
    responses((
        status = 200, body = OrRefusal<PaidOrderView>, description = "The paid order, or a refusal",
        links(("order" = (operation_id = "find_order", parameters(("order_no" = "$response.body#/order_no")))))
    ))
)]
pub(crate) async fn pay_in_balance(
    request: HttpRequest,
    state: Data<State>,
    InOrder(caller, Body(body)): InOrder<Caller, Body<PayBody>>,
) -> Result<HttpResponse, Failure> {
    if body.channel != "balance" {
        return Err(Refusal::InvalidChannel.into());
    }
    let (orders, id) = (state.services.orders.clone(), caller.user.id);
    let Some(keyed) = Keyed::of(&request, &state, id)? else {
        return paid_reply(&orders.pay_from_balance(id, body.order_no).await?, &caller.user);
    };
    let once = keyed.once(move |outcome: &Result<PaidOrder, PayRefusal>| match outcome {
        Ok(paid) => paid_reply(paid, &caller.user),
        Err(refusal) => Err(refusal.clone().into()),
    });
    said(orders.pay_from_balance_once(id, body.order_no, &once).await?)
}

fn paid_reply(paid: &PaidOrder, buyer: &Principal) -> Result<HttpResponse, Failure> {
    let (order, wallet) = paid.parts();
    Ok(HttpResponse::Ok().json(PaidOrderView::new(order, buyer, wallet)?))
}

/// Gives a charge to pay an order with: the open one of this channel, or a new one.
#[utoipa::path(
    put, path = "/pay/pay_for_order/", operation_id = "pay_for_order", tag = "益安", security(("token" = [])),
    request_body(content((PayBody = "application/json"), (PayBody = "application/x-www-form-urlencoded"))),
    responses((
        status = 200, body = OrRefusal<OrderChargeView>, description = "The charge, or a refusal",
        links(("order" = (operation_id = "find_order", parameters(("order_no" = "$response.body#/ch/body")))))
    ))
)]
pub(crate) async fn pay_for_order(
    request: HttpRequest,
    state: Data<State>,
    InOrder(caller, Body(body)): InOrder<Caller, Body<PayBody>>,
) -> Result<HttpResponse, Failure> {
    let channel = Channel::parse(&body.channel).filter(|channel| matches!(channel, Channel::Wx | Channel::Alipay));
    let channel = channel.ok_or(Refusal::InvalidChannel)?;
    by_steps(&request, &state, caller.user.id, async |_| {
        let orders = &state.services.orders;
        let attempt = orders.pay_by_charge(&caller.user, body.order_no, channel, caller.address).await?;
        Ok(HttpResponse::Ok().json(OrderChargeView { status: 0, message: "", ch: document(attempt)? }))
    })
    .await
}

/// The document of an attempt. While the gateway's answer is not recorded there is none.
pub(crate) fn document(attempt: ChargeAttempt) -> Result<Box<RawValue>, Failure> {
    let document = attempt.document.ok_or(Refusal::ChargeUnknown)?;
    RawValue::from_string(document.0).map_err(|_| Failure::Internal("a charge document is not JSON"))
}

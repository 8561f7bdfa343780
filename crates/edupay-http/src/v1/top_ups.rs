//! Top-ups through the gateway: the charge is paid by the client, the balance grows when it was.

use crate::config::HttpConfig;
use crate::dialects::ProblemView;
use crate::extract::{Body, Caller, Decode, InOrder, Reader, amount_fen, text};
use crate::failure::{Failure, FieldError};
use crate::services::State;
use crate::wire::time;
use crate::yian::document;
use actix_web::HttpResponse;
use actix_web::web::Data;
use edupay_domain::money::Money;
use edupay_domain::payments::{Channel, ChargeAttempt};
use edupay_domain::store::EffectError;
use edupay_domain::top_ups::TopUpRefusal;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The longest name of a channel that is looked at.
const MAX_CHANNEL: usize = 32;

/// How much, and how it will be paid.
#[derive(ToSchema)]
pub(crate) struct TopUpBody {
    /// How much.
    #[schema(value_type = i64, minimum = 1, example = 10000)]
    amount_fen: Money,
    /// A channel of the gateway.
    #[schema(value_type = String, example = "alipay")]
    channel: Channel,
}

impl Decode for TopUpBody {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let amount_fen = reader.required("amount_fen", amount_fen(config.max_amount));
        let channel = reader
            .required("channel", |value| Channel::parse(&text(MAX_CHANNEL)(value)?).ok_or(FieldError::UnknownChoice));
        Some(Self { amount_fen: amount_fen?, channel: channel? })
    }
}

/// A top-up that waits for its payment.
#[derive(Serialize, ToSchema)]
#[schema(as = TopUp)]
pub(crate) struct TopUpView {
    /// Its number.
    #[schema(example = "32016061601000100007")]
    top_up_no: String,
    /// How much.
    amount_fen: i64,
    /// How it will be paid.
    channel: &'static str,
    /// The charge's id: once it is paid, the proof that `fill_in_balance` takes.
    charge_id: Option<String>,
    /// Until when it can be paid.
    expires_at: String,
    /// The gateway's charge, exactly as the gateway wrote it.
    #[schema(value_type = Object)]
    charge: Box<RawValue>,
}

impl TopUpView {
    fn new(attempt: ChargeAttempt) -> Result<Self, Failure> {
        Ok(Self {
            top_up_no: attempt.gateway_order_no.to_string(),
            amount_fen: attempt.amount.fen(),
            channel: attempt.channel.code(),
            charge_id: attempt.charge_id.as_ref().map(ToString::to_string),
            expires_at: time(attempt.expires_at),
            charge: document(attempt)?,
        })
    }
}

/// Starts a top-up. A repeat starts another one; nothing is credited before a charge is paid.
#[utoipa::path(
    post, path = "/v1/top-ups", operation_id = "start_top_up", tag = "top-ups", security(("token" = [])),
    request_body = TopUpBody,
    responses(
        (status = 201, body = TopUpView, description = "The top-up with its charge"),
        (status = 409, body = ProblemView, content_type = "application/problem+json", description = "`charge_refused`"),
        (status = 504, body = ProblemView, content_type = "application/problem+json", description = "`charge_unknown`"),
    )
)]
pub(crate) async fn start_top_up(
    state: Data<State>,
    InOrder(caller, Body(body)): InOrder<Caller, Body<TopUpBody>>,
) -> Result<HttpResponse, Failure> {
    let top_ups = state.services.top_ups.clone();
    let started = top_ups.start(&caller.user, body.amount_fen, body.channel, caller.address).await;
    Ok(HttpResponse::Created().json(TopUpView::new(started.map_err(said_in_fen)?)?))
}

/// The field of this API is `amount_fen`.
fn said_in_fen(error: EffectError<TopUpRefusal>) -> Failure {
    match error {
        EffectError::Refused(TopUpRefusal::AmountOutOfBounds) => Failure::field("amount_fen", FieldError::Invalid),
        other => other.into(),
    }
}

//! Top-ups through the gateway: the charge is paid by the client, the balance grows when it was.

use crate::config::HttpConfig;
use crate::dialects::ProblemView;
use crate::extract::{Body, Caller, Decode, InOrder, Reader, amount_fen, text};
use crate::failure::{Failure, FieldError};
use crate::once::by_steps;
use crate::services::State;
use crate::wire::time;
use crate::yian::document;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use edupay_domain::ids::{OpenId, TopUpNo};
use edupay_domain::money::Money;
use edupay_domain::payments::Channel;
use edupay_domain::store::EffectError;
use edupay_domain::top_ups::{StartedTopUp, TopUp, TopUpRefusal, TopUpState, TopUpWish};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The longest name of a channel that is looked at.
const MAX_CHANNEL: usize = 32;
/// The longest open id.
const MAX_OPEN_ID: usize = 128;

/// How much, and how it will be paid.
#[derive(ToSchema)]
pub(crate) struct TopUpBody {
    /// How much.
    #[schema(value_type = i64, minimum = 1, example = 10000)]
    amount_fen: Money,
    /// A channel of the gateway.
    #[schema(value_type = String, example = "alipay")]
    channel: Channel,
    /// The payer's open id inside WeChat: `wx_pub` needs it, no other channel looks at it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    open_id: Option<OpenId>,
}

impl Decode for TopUpBody {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let amount_fen = reader.required("amount_fen", amount_fen(config.max_amount));
        let channel = reader
            .required("channel", |value| Channel::parse(&text(MAX_CHANNEL)(value)?).ok_or(FieldError::UnknownChoice));
        let open_id = reader
            .optional("open_id", |value| OpenId::parse(&text(MAX_OPEN_ID)(value)?).map_err(|_| FieldError::Invalid));
        let (amount_fen, channel, open_id) = (amount_fen?, channel?, open_id?);
        if channel.asks_for_open_id() && open_id.is_none() {
            return reader.missing("open_id");
        }
        Some(Self { amount_fen, channel, open_id })
    }
}

/// A top-up that waits for its payment.
#[derive(Serialize, ToSchema)]
#[schema(as = StartedTopUp)]
pub(crate) struct StartedTopUpView {
    /// Its number.
    #[schema(example = "32016061601000100007")]
    top_up_no: String,
    /// How much.
    amount_fen: i64,
    /// What is given to it once it is paid: spent first, and never paid out.
    bonus_fen: i64,
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

impl StartedTopUpView {
    fn new(StartedTopUp { attempt, bonus }: StartedTopUp) -> Result<Self, Failure> {
        Ok(Self {
            top_up_no: attempt.gateway_order_no.to_string(),
            amount_fen: attempt.amount.fen(),
            bonus_fen: bonus.fen(),
            channel: attempt.channel.code(),
            charge_id: attempt.charge_id.as_ref().map(ToString::to_string),
            expires_at: time(attempt.expires_at),
            charge: document(attempt)?,
        })
    }
}

/// Starts a top-up. A repeat without the same key starts another one; nothing is credited before a charge is paid.
#[utoipa::path(
    post, path = "/v1/top-ups", operation_id = "start_top_up", tag = "top-ups", security(("token" = [])),
    request_body = TopUpBody,
    responses(
        (status = 201, body = StartedTopUpView, description = "The top-up with its charge"),
        (status = 409, body = ProblemView, content_type = "application/problem+json", description = "`charge_refused`"),
        (status = 504, body = ProblemView, content_type = "application/problem+json", description = "`charge_unknown`"),
    )
)]
pub(crate) async fn start_top_up(
    request: HttpRequest,
    state: Data<State>,
    InOrder(caller, Body(body)): InOrder<Caller, Body<TopUpBody>>,
) -> Result<HttpResponse, Failure> {
    let wish = TopUpWish { amount: body.amount_fen, channel: body.channel, open_id: body.open_id };
    by_steps(&request, &state, caller.user.id, async |turn| {
        let started = state.services.top_ups.start_once(&caller.user, wish, caller.address, turn).await;
        let started = started.map_err(said_in_fen)?;
        let location = format!("/v1/top-ups/{}", started.attempt.gateway_order_no);
        Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(StartedTopUpView::new(started)?))
    })
    .await
}

/// A top-up of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = TopUp)]
pub(crate) struct TopUpView {
    /// Its number.
    #[schema(example = "32016061601000100007")]
    top_up_no: String,
    /// `pending`, or `credited`: then it is in the balance, as far as it did not pay a debt.
    #[schema(example = "credited")]
    status: &'static str,
    /// How much.
    amount_fen: i64,
    /// What is given to it once it is paid.
    bonus_fen: i64,
    /// When it was started.
    created_at: String,
    /// When it was credited.
    credited_at: Option<String>,
}

impl From<&TopUp> for TopUpView {
    fn from(top_up: &TopUp) -> Self {
        let (status, credited_at) = match &top_up.state {
            TopUpState::Pending => ("pending", None),
            TopUpState::Credited { at, .. } => ("credited", Some(time(*at))),
        };
        Self {
            top_up_no: top_up.top_up_no.to_string(),
            status,
            amount_fen: top_up.amount.fen(),
            bonus_fen: top_up.bonus.fen(),
            created_at: time(top_up.created_at),
            credited_at,
        }
    }
}

/// Shows one of the caller's top-ups. While it is pending the gateway is asked whether it was paid.
#[utoipa::path(
    get, path = "/v1/top-ups/{top_up_no}", operation_id = "find_top_up", tag = "top-ups", security(("token" = [])),
    params(("top_up_no" = String, Path, description = "The top-up's number", pattern = "^[0-9]{1,20}$")),
    responses((status = 200, body = TopUpView, description = "The top-up"))
)]
pub(crate) async fn find_top_up(
    state: Data<State>,
    InOrder(caller, top_up_no): InOrder<Caller, Path<String>>,
) -> Result<Json<TopUpView>, Failure> {
    let top_ups = state.services.top_ups.clone();
    // What is no number of a top-up names none.
    let top_up_no = TopUpNo::parse(&top_up_no).map_err(|_| Failure::NotFound)?;
    let top_up = top_ups.find(caller.user.id, &top_up_no).await?;
    Ok(Json(TopUpView::from(&top_up.ok_or(Failure::NotFound)?)))
}

/// The field of this API is `amount_fen`.
fn said_in_fen(error: EffectError<TopUpRefusal>) -> Failure {
    match error {
        EffectError::Refused(TopUpRefusal::AmountOutOfBounds) => Failure::field("amount_fen", FieldError::Invalid),
        other => other.into(),
    }
}

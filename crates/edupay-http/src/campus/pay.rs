//! PayMoney: the charge that pays for packages.

use super::values::{ForUser, choice, claimed, filled, package_ids, user_id};
use super::{AnsweredView, answered};
use crate::config::HttpConfig;
use crate::extract::{Caller, Decode, InOrder, LenientBody, Reader, text_or_number};
use crate::failure::{Failure, Refusal};
use crate::once::by_steps;
use crate::openapi::{OrCampusRefusal, yuan_in};
use crate::services::State;
use crate::yian::document;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use edupay_domain::ids::PackageId;
use edupay_domain::packages::{ClaimedAmount, PayForPackages, PlacedCharge, PurchaseKind};
use edupay_domain::payments::Channel;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The longest name of a channel that is looked at.
const MAX_CHANNEL: usize = 32;
/// The longest texts that the gateway shows; they are checked and not used.
const MAX_SUBJECT: usize = 32;
const MAX_BODY: usize = 128;
/// The longest name of a person.
const MAX_NAME: usize = 100;

/// What is bought, for whom, and how it will be paid.
pub(crate) struct Payment {
    channel: String,
    claimed: ClaimedAmount,
    user_id: ForUser,
    package_ids: Vec<PackageId>,
    kind: PurchaseKind,
}

/// What is bought, for whom, and how it will be paid.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the document is made from it; what is decoded is the payment")]
pub(crate) struct PayMoneyBody {
    /// A channel of the project.
    #[schema(example = "wx", max_length = 32)]
    channel: String,
    /// A title. The payer reads the project's name instead.
    #[schema(max_length = 32)]
    subject: Option<String>,
    /// A description. The payer reads the packages' names instead.
    #[schema(max_length = 128)]
    body: Option<String>,
    /// What the client believes the total to be, in fen or in yuan: a cross-check.
    #[schema(schema_with = yuan_in)]
    amount: String,
    /// The student.
    #[schema(rename = "userID", example = "10129580")]
    user_id: String,
    /// The student's name. Not used.
    #[schema(max_length = 100)]
    emp_name: Option<String>,
    /// The ids of the packages, comma-joined.
    #[schema(rename = "itemIDs", example = "10000002")]
    item_ids: String,
    /// 0 to buy, 1 to upgrade, 2 to renew.
    #[schema(rename = "type", example = 0)]
    kind: u8,
}

impl Decode for Payment {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let channel = reader.required("channel", text_or_number(MAX_CHANNEL));
        let subject = reader.optional("subject", filled(text_or_number(MAX_SUBJECT)));
        let body = reader.optional("body", filled(text_or_number(MAX_BODY)));
        let claimed = reader.required("amount", claimed);
        let user_id = reader.required("userID", user_id);
        let emp_name = reader.optional("empName", filled(text_or_number(MAX_NAME)));
        let package_ids = reader.required("itemIDs", package_ids);
        let kind = reader.required("type", choice(PurchaseKind::from_number));
        // The payer reads what the catalogue says; these only must be readable.
        let _ = (subject?, body?, emp_name?);
        Some(Self { channel: channel?, claimed: claimed?, user_id: user_id?, package_ids: package_ids?, kind: kind? })
    }
}

/// The records of the purchase, and what pays for them.
#[derive(Serialize, ToSchema)]
#[schema(as = CampusPayment)]
pub(crate) struct PaymentView {
    /// The ids of the records, comma-joined: what SearchSuccessData takes.
    #[serde(rename = "recordIDs")]
    #[schema(example = "4201707191200000000701")]
    record_ids: String,
    /// The charge.
    #[serde(rename = "chargeData")]
    charge_data: ChargeDataView,
}

/// A charge to pay with.
#[derive(Serialize, ToSchema)]
#[schema(as = CampusCharge)]
pub(crate) struct ChargeDataView {
    /// 0.
    #[schema(example = 0)]
    error: u8,
    /// The gateway's charge, exactly as the gateway wrote it. Its amount is in fen.
    #[schema(value_type = Object)]
    charge: Box<RawValue>,
}

impl PaymentView {
    fn new(placed: PlacedCharge) -> Result<Self, Failure> {
        let record_ids = placed.purchase.record_ids();
        Ok(Self { record_ids, charge_data: ChargeDataView { error: 0, charge: document(placed.attempt)? } })
    }
}

/// Gives a charge to pay for packages with: the open one of the same purchase, or a new one. The price
/// is the catalogue's.
#[utoipa::path(
    post, path = "/api/Pay/PayMoney", operation_id = "pay_money", tag = "campus", security(("token" = [])),
    request_body(content((PayMoneyBody = "application/json"), (PayMoneyBody = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = OrCampusRefusal<AnsweredView<PaymentView>>, description = "The charge, or a refusal"))
)]
pub(crate) async fn pay_money(
    request: HttpRequest,
    state: Data<State>,
    InOrder(caller, LenientBody(payment)): InOrder<Caller, LenientBody<Payment>>,
) -> Result<HttpResponse, Failure> {
    let wanted = PayForPackages {
        user_id: payment.user_id.id()?,
        kind: payment.kind,
        package_ids: payment.package_ids,
        channel: Channel::parse(&payment.channel).ok_or(Refusal::InvalidChannel)?,
        claimed: Some(payment.claimed),
        client_ip: caller.address,
    };
    by_steps(&request, &state, caller.user.id, async |turn| {
        let placed = state.services.packages.pay_once(caller.user.id, &wanted, turn).await?;
        Ok(HttpResponse::Ok().json(answered(PaymentView::new(placed)?)))
    })
    .await
}

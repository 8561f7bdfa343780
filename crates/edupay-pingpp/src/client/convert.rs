//! Between Ping++'s documents and the domain's own types.

use chrono::DateTime;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, IdError, RefundId, RefundNo};
use edupay_domain::money::{Money, MoneyError};
use edupay_domain::payments::{
    Channel, Charge, ChargeDocument, ChargeRequest, GatewayRefund, MetadataValue, Mode, RefundRequest, RefundStatus,
};
use serde_json::Value;

use crate::wire;

/// Why a document of the gateway is none that we could have caused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// An id or a number is not of our kind.
    #[error("an id of the gateway cannot be kept")]
    Id(#[from] IdError),
    /// The amount is negative.
    #[error("an amount of the gateway cannot be kept")]
    Amount(#[from] MoneyError),
}

/// A charge for the rules, with its text as it came.
pub(crate) fn charge(document: wire::ChargeDocument) -> Result<Charge, ConvertError> {
    let wire::ChargeDocument { charge, text } = document;
    Ok(Charge {
        id: ChargeId::parse(&charge.id)?,
        gateway_order_no: GatewayOrderNo::parse(&charge.order_no)?,
        app_id: kept(charge.app),
        mode: if charge.livemode { Mode::Live } else { Mode::Test },
        paid: charge.paid,
        reversed: charge.reversed,
        amount: Money::try_from_fen(charge.amount)?,
        amount_refunded: Money::try_from_fen(charge.amount_refunded)?,
        currency: kept(charge.currency),
        channel: kept(charge.channel),
        paid_at: charge.time_paid.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        document: ChargeDocument(text),
    })
}

/// A text as every database keeps it: none takes a NUL, which JSON can say.
pub(crate) fn kept(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

pub(crate) fn refund(refund: &wire::Refund) -> Result<GatewayRefund, ConvertError> {
    Ok(GatewayRefund {
        id: RefundId::parse(&refund.id)?,
        charge_id: ChargeId::parse(&refund.charge)?,
        // A charge that is not ours may have a number of another kind.
        gateway_order_no: refund.charge_order_no.as_deref().and_then(|number| GatewayOrderNo::parse(number).ok()),
        amount: Money::try_from_fen(refund.amount)?,
        status: match refund.status {
            wire::RefundStatus::Pending => RefundStatus::Pending,
            wire::RefundStatus::Succeeded => RefundStatus::Succeeded,
            wire::RefundStatus::Failed => RefundStatus::Failed,
        },
        failure: refund.failure_code.clone().map(kept),
        // What anybody may have written; what is no number of ours names none.
        refund_no: refund
            .metadata
            .get(RefundRequest::REFUND_NO)
            .and_then(Value::as_str)
            .and_then(|number| RefundNo::parse(number).ok()),
    })
}

pub(super) fn metadata(pairs: &[(&'static str, MetadataValue)]) -> wire::Hash {
    let value = |value: &MetadataValue| match value {
        MetadataValue::Text(text) => Value::from(text.as_str()),
        MetadataValue::Number(number) => Value::from(*number),
    };
    pairs.iter().map(|(key, pair)| ((*key).to_owned(), value(pair))).collect()
}

/// What a channel cannot do without and the request itself can give.
pub(super) fn required_extra(request: &ChargeRequest) -> wire::Hash {
    let mut extra = wire::Hash::new();
    if request.channel == Channel::WxPubQr {
        extra.insert("product_id".to_owned(), request.gateway_order_no.as_str().into());
    }
    if let Some(open_id) = request.open_id.as_ref().filter(|_| request.channel.asks_for_open_id()) {
        extra.insert("open_id".to_owned(), open_id.as_str().into());
    }
    extra
}

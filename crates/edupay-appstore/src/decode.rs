//! From the library's model of a payload to the domain's. What the domain can't do without must be there;
//! words that nobody knows yet are kept as they came.
//!
//! The library reads strictly: a token that is no UUID, or a price with a decimal point, makes the whole
//! text unreadable. The App Store signs neither, so such a text is refused and not read half.

use app_store_server_library::models::in_app_ownership_type::InAppOwnershipType;
use app_store_server_library::models::jws_transaction_decoded_payload::JWSTransactionDecodedPayload;
use app_store_server_library::models::product_type::ProductType as SignedProductType;
use app_store_server_library::models::response_body_v2_decoded_payload::ResponseBodyV2DecodedPayload;
use app_store_server_library::models::revocation_type::RevocationType;
use edupay_domain::app_store::{
    AppStoreNotification, AppStorePrice, AppStoreTransaction, NotificationKind, Ownership, ProductType, RefundedShare,
    SignatureRefusal, StoreEnvironment,
};
use edupay_domain::ids::{AppAccountToken, NotificationId, ProductId, TransactionId};
use serde::Serialize;

/// A verified transaction.
pub(crate) fn transaction(
    payload: &JWSTransactionDecodedPayload,
    environment: StoreEnvironment,
    signed: &str,
) -> Result<AppStoreTransaction, SignatureRefusal> {
    let app_account_token = match &payload.app_account_token {
        Some(uuid) => Some(AppAccountToken::parse(&uuid.to_string()).map_err(|_| SignatureRefusal::Malformed)?),
        None => None,
    };
    let price = payload.price.zip(payload.currency.clone());
    Ok(AppStoreTransaction {
        id: TransactionId::parse(required(payload.transaction_id.as_deref())?)
            .map_err(|_| SignatureRefusal::Malformed)?,
        environment,
        product_id: ProductId::parse(required(payload.product_id.as_deref())?)
            .map_err(|_| SignatureRefusal::Malformed)?,
        product_type: match &payload.r#type {
            Some(SignedProductType::Consumable) => ProductType::Consumable,
            other => ProductType::Other(word(other)),
        },
        quantity: payload.quantity.map_or(1, i64::from),
        ownership: match &payload.in_app_ownership_type {
            Some(InAppOwnershipType::Purchased) => Ownership::Purchased,
            other => Ownership::Other(word(other)),
        },
        app_account_token,
        purchased_at: required(payload.purchase_date)?,
        signed_at: payload.signed_date.ok_or(SignatureRefusal::NoSignedDate)?,
        refunded: refunded(payload)?,
        price: price.map(|(milli_units, currency)| AppStorePrice { milli_units, currency: kept(&currency) }),
        signed: signed.to_owned(),
    })
}

/// A verified notification with its verified transaction.
pub(crate) fn notification(
    payload: &ResponseBodyV2DecodedPayload,
    transaction: Option<AppStoreTransaction>,
    signed: &str,
) -> Result<AppStoreNotification, SignatureRefusal> {
    let reason = payload.data.as_ref().and_then(|data| data.consumption_request_reason.as_ref());
    Ok(AppStoreNotification {
        id: NotificationId::parse(required(payload.notification_uuid.as_deref())?)
            .map_err(|_| SignatureRefusal::Malformed)?,
        kind: NotificationKind::parse(&kept(required(payload.notification_type.as_ref())?.raw_value())),
        subtype: word(&payload.subtype),
        signed_at: payload.signed_date.ok_or(SignatureRefusal::NoSignedDate)?,
        transaction,
        consumption_reason: word(&reason),
        signed: signed.to_owned(),
    })
}

/// Only a date makes a revocation. It is of everything, but for a part that is said to be one.
fn refunded(payload: &JWSTransactionDecodedPayload) -> Result<RefundedShare, SignatureRefusal> {
    if payload.revocation_date.is_none() {
        return Ok(RefundedShare::NONE);
    }
    match (&payload.revocation_type, payload.revocation_percentage) {
        (Some(RevocationType::RefundProrated), Some(percentage)) => {
            let share = u32::try_from(percentage).map_err(|_| SignatureRefusal::Malformed)?;
            Ok(RefundedShare::from_milli_percent(share))
        }
        _ => Ok(RefundedShare::FULL),
    }
}

fn required<T>(value: Option<T>) -> Result<T, SignatureRefusal> {
    value.ok_or(SignatureRefusal::Malformed)
}

/// The App Store's word for a value that is serialized as one; empty where there is none.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => kept(&word),
        _ => String::new(),
    }
}

/// A text as every database keeps it: none takes a NUL, which JSON can say.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

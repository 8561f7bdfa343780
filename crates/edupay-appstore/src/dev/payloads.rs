//! What the App Store writes into what it signs. The texts are plain, so that they can also be wrong.

use edupay_domain::clock::Timestamp;
use serde_json::{Map, Value, json};

/// A transaction to be signed. [`TransactionPlan::new`] is the purchase of a consumable in the sandbox.
#[derive(Debug, Clone)]
pub struct TransactionPlan {
    /// Its name.
    pub transaction_id: String,
    /// The app's.
    pub bundle_id: String,
    /// What was bought.
    pub product_id: String,
    /// `Sandbox` or `Production`; others are signed by nobody.
    pub environment: String,
    /// `Consumable`, `Non-Consumable`, …
    pub product_type: String,
    /// `PURCHASED` or `FAMILY_SHARED`.
    pub ownership: String,
    /// Left out where there is none.
    pub quantity: Option<i64>,
    /// The user's, a UUID.
    pub app_account_token: Option<String>,
    /// When it was bought.
    pub purchased_at: Timestamp,
    /// When it is signed; left out where there is none.
    pub signed_at: Option<Timestamp>,
    /// How it was given back.
    pub revocation: Option<Revocation>,
    /// In thousandths, with the currency.
    pub price: Option<(i64, String)>,
}

/// How a purchase was given back.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// `REFUND_FULL`, `REFUND_PRORATED` or `FAMILY_REVOKE`.
    pub kind: Option<String>,
    /// Thousandths of a per cent, for a part.
    pub milli_percent: Option<i64>,
}

/// A notification to be signed.
#[derive(Debug, Clone)]
pub struct NotificationPlan {
    /// Its name, a UUID.
    pub id: String,
    /// `REFUND`, `TEST`, …
    pub kind: String,
    /// Left out where there is none.
    pub subtype: Option<String>,
    /// The app's.
    pub bundle_id: String,
    /// The app's number, which production compares.
    pub app_apple_id: Option<i64>,
    /// `Sandbox` or `Production`.
    pub environment: String,
    /// When it is signed; left out where there is none.
    pub signed_at: Option<Timestamp>,
    /// The transaction that it is about, signed for itself.
    pub signed_transaction: Option<String>,
    /// Why the payer wants the money back, such as `UNINTENDED_PURCHASE`.
    pub consumption_reason: Option<String>,
}

impl TransactionPlan {
    /// One consumable of this product, bought and signed at this moment.
    #[must_use]
    pub fn new(transaction_id: &str, bundle_id: &str, product_id: &str, at: Timestamp) -> Self {
        Self {
            transaction_id: transaction_id.to_owned(),
            bundle_id: bundle_id.to_owned(),
            product_id: product_id.to_owned(),
            environment: "Sandbox".to_owned(),
            product_type: "Consumable".to_owned(),
            ownership: "PURCHASED".to_owned(),
            quantity: Some(1),
            app_account_token: None,
            purchased_at: at,
            signed_at: Some(at),
            revocation: None,
            price: None,
        }
    }

    /// What is signed.
    #[must_use]
    pub fn payload(&self) -> Value {
        let mut payload = json!({
            "transactionId": self.transaction_id,
            "originalTransactionId": self.transaction_id,
            "bundleId": self.bundle_id,
            "productId": self.product_id,
            "purchaseDate": self.purchased_at.timestamp_millis(),
            "originalPurchaseDate": self.purchased_at.timestamp_millis(),
            "type": self.product_type,
            "inAppOwnershipType": self.ownership,
            "environment": self.environment,
            "transactionReason": "PURCHASE",
            "storefront": "CHN",
            "storefrontId": "143465",
        });
        let Some(map) = payload.as_object_mut() else { return payload };
        put(map, "quantity", self.quantity);
        put(map, "appAccountToken", self.app_account_token.as_deref());
        put(map, "signedDate", self.signed_at.map(|at| at.timestamp_millis()));
        if let Some(Revocation { at, kind, milli_percent }) = &self.revocation {
            put(map, "revocationDate", Some(at.timestamp_millis()));
            put(map, "revocationReason", Some(0));
            put(map, "revocationType", kind.as_deref());
            put(map, "revocationPercentage", *milli_percent);
        }
        if let Some((milli_units, currency)) = &self.price {
            put(map, "price", Some(*milli_units));
            put(map, "currency", Some(currency.as_str()));
        }
        payload
    }
}

impl NotificationPlan {
    /// A notification of this kind, signed at this moment, about nothing yet.
    #[must_use]
    pub fn new(id: &str, kind: &str, bundle_id: &str, at: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            kind: kind.to_owned(),
            subtype: None,
            bundle_id: bundle_id.to_owned(),
            app_apple_id: None,
            environment: "Sandbox".to_owned(),
            signed_at: Some(at),
            signed_transaction: None,
            consumption_reason: None,
        }
    }

    /// What is signed.
    #[must_use]
    pub fn payload(&self) -> Value {
        let mut data = Map::new();
        put(&mut data, "bundleId", Some(self.bundle_id.as_str()));
        put(&mut data, "environment", Some(self.environment.as_str()));
        put(&mut data, "appAppleId", self.app_apple_id);
        put(&mut data, "signedTransactionInfo", self.signed_transaction.as_deref());
        put(&mut data, "consumptionRequestReason", self.consumption_reason.as_deref());
        let mut payload = Map::new();
        put(&mut payload, "notificationType", Some(self.kind.as_str()));
        put(&mut payload, "subtype", self.subtype.as_deref());
        put(&mut payload, "notificationUUID", Some(self.id.as_str()));
        put(&mut payload, "version", Some("2.0"));
        put(&mut payload, "signedDate", self.signed_at.map(|at| at.timestamp_millis()));
        put(&mut payload, "data", Some(Value::Object(data)));
        Value::Object(payload)
    }
}

fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

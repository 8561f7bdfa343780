//! An App Store of our own: it signs with the keys of a development root that the service trusts, by
//! nothing of the service's own code.

use crate::error::{Doing, Failure};
use crate::world::{BUNDLE, PRODUCT, account_token};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use openssl::x509::X509;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Longer than any clock here is moved: nothing is signed in anybody's future.
const AGO_MILLISECONDS: i64 = 3 * 24 * 60 * 60 * 1_000;
/// Half the length of a signature.
const HALF: i32 = 32;

/// The signer.
pub(crate) struct AppStore {
    key: PKey<Private>,
    /// Leaf, intermediate, root.
    chain: Vec<String>,
    /// Each text is signed later than the one before.
    clock: AtomicI64,
    numbers: AtomicI64,
}

/// A purchase that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purchase {
    pub(crate) user: i64,
    pub(crate) transaction: String,
    pub(crate) quantity: i64,
    /// What the buyer's device has of it, and brings again and again, whatever becomes of it.
    pub(crate) signed: String,
    purchased_at: i64,
}

/// What the App Store tells of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Somebody bought it.
    Bought,
    /// It was given back.
    Refunded,
    /// It was not, after all.
    Reversed,
}

impl AppStore {
    /// Where the service's tool puts its development root in this folder.
    pub(crate) fn folder(folder: &Path) -> PathBuf {
        folder.join("app-store")
    }

    /// Opens the store whose keys lie there.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let read = |name: &str| std::fs::read(Self::folder(folder).join(name)).doing(name);
        let chain = X509::stack_from_pem(&read("chain.pem")?).doing("chain.pem")?;
        let chain = chain.iter().map(|one| Ok(STANDARD.encode(one.to_der()?)));
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        Ok(Self {
            key: PKey::private_key_from_pem(&read("leaf-key.pem")?).doing("leaf-key.pem")?,
            chain: chain.collect::<Result<_, openssl::error::ErrorStack>>().doing("chain.pem")?,
            clock: AtomicI64::new(i64::try_from(now)?.saturating_sub(AGO_MILLISECONDS)),
            numbers: AtomicI64::new(1),
        })
    }

    /// Sells something.
    pub(crate) fn sell(&self, user: i64, quantity: i64) -> Result<Purchase, Failure> {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let transaction = format!("2000{number:012}");
        let mut purchase = Purchase { user, transaction, quantity, signed: String::new(), purchased_at: self.now() };
        purchase.signed = self.transaction(&purchase, false)?;
        Ok(purchase)
    }

    /// The purchase as the store knows it now, signed.
    pub(crate) fn transaction(&self, purchase: &Purchase, is_refunded: bool) -> Result<String, Failure> {
        let now = self.now();
        let mut payload = json!({
            "transactionId": purchase.transaction,
            "originalTransactionId": purchase.transaction,
            "bundleId": BUNDLE,
            "productId": PRODUCT,
            "purchaseDate": purchase.purchased_at,
            "originalPurchaseDate": purchase.purchased_at,
            "signedDate": now,
            "quantity": purchase.quantity,
            "type": "Consumable",
            "inAppOwnershipType": "PURCHASED",
            "appAccountToken": account_token(purchase.user),
            "environment": "Sandbox",
        });
        if is_refunded && let Some(fields) = payload.as_object_mut() {
            fields.insert("revocationDate".to_owned(), now.into());
            fields.insert("revocationReason".to_owned(), 0.into());
            fields.insert("revocationType".to_owned(), "REFUND_FULL".into());
        }
        self.sign(&payload)
    }

    /// A notification as the store posts it; the same text may be posted again.
    pub(crate) fn notification(&self, purchase: &Purchase, news: News) -> Result<Value, Failure> {
        let transaction = self.transaction(purchase, news == News::Refunded)?;
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let payload = json!({
            "notificationType": match news {
                News::Bought => "ONE_TIME_CHARGE",
                News::Refunded => "REFUND",
                News::Reversed => "REFUND_REVERSED",
            },
            "notificationUUID": format!("7e3fb20b-4cdb-47cc-936d-{number:012}"),
            "version": "2.0",
            "signedDate": self.now(),
            "data": { "bundleId": BUNDLE, "environment": "Sandbox", "signedTransactionInfo": transaction },
        });
        Ok(json!({ "signedPayload": self.sign(&payload)? }))
    }

    fn now(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// A JWS of the three certificates, by ES256.
    fn sign(&self, payload: &Value) -> Result<String, Failure> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "x5c": self.chain })), part(payload));
        let signature = EcdsaSig::sign(&sha256(signed.as_bytes()), &*self.key.ec_key()?)?;
        let halves = [signature.r().to_vec_padded(HALF)?, signature.s().to_vec_padded(HALF)?].concat();
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(halves)))
    }
}

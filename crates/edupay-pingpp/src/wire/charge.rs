//! A charge: one attempt of a payer to pay one amount through one channel.

use serde::{Deserialize, Serialize};

use super::list::List;
use super::refund::Refund;
use super::{Hash, tolerant};

/// The charge object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Charge {
    /// `ch_` and 24 characters.
    pub id: String,
    /// Always `charge`.
    pub object: String,
    /// Unix seconds.
    pub created: i64,
    /// Whether real money moves.
    pub livemode: bool,
    /// Whether the payer has paid.
    pub paid: bool,
    /// Whether any refund exists, a failed one included.
    #[serde(default)]
    pub refunded: bool,
    /// Whether the charge was closed before it was paid; absent in documents before 2018.
    #[serde(default)]
    pub reversed: bool,
    /// The app's id, also when the document holds the expanded app.
    #[serde(deserialize_with = "tolerant::app")]
    pub app: String,
    /// `wx`, `alipay` and so on.
    pub channel: String,
    /// The merchant's number; several charges may share one.
    #[serde(deserialize_with = "tolerant::text")]
    pub order_no: String,
    /// The payer's address.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub client_ip: Option<String>,
    /// In fen.
    pub amount: i64,
    /// In fen, after the channel's fee.
    #[serde(default)]
    pub amount_settle: Option<i64>,
    /// Lower-case ISO code.
    pub currency: String,
    /// What is sold.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub subject: Option<String>,
    /// What is sold, in more words.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub body: Option<String>,
    /// Channel-specific members.
    #[serde(default, deserialize_with = "tolerant::hash")]
    pub extra: Hash,
    /// Unix seconds of payment.
    #[serde(default)]
    pub time_paid: Option<i64>,
    /// Unix seconds after which it can no longer be paid.
    #[serde(default)]
    pub time_expire: Option<i64>,
    /// Unix seconds of settlement with the merchant.
    #[serde(default)]
    pub time_settle: Option<i64>,
    /// The channel's own number, once paid.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub transaction_no: Option<String>,
    /// The refunds, newest first.
    #[serde(default, deserialize_with = "tolerant::list")]
    pub refunds: List<Refund>,
    /// In fen, refunds that succeeded.
    #[serde(default)]
    pub amount_refunded: i64,
    /// Why it failed, as a code.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub failure_code: Option<String>,
    /// Why it failed, as a sentence.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub failure_msg: Option<String>,
    /// The merchant's own pairs.
    #[serde(default, deserialize_with = "tolerant::hash")]
    pub metadata: Hash,
    /// What the payer's app needs to pay; empty once paid.
    #[serde(default, deserialize_with = "tolerant::hash")]
    pub credential: Hash,
    /// The merchant's note.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub description: Option<String>,
}

/// A charge together with its text exactly as Ping++ sent it, which is what the payer's app gets.
#[derive(Debug, Clone, PartialEq)]
pub struct ChargeDocument {
    /// The members this crate reads.
    pub charge: Charge,
    /// The text as it came, byte for byte.
    pub text: String,
}

impl ChargeDocument {
    /// Reads a charge and keeps its text.
    ///
    /// # Errors
    /// When the text is not a charge object.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let charge: Charge = serde_json::from_str(text)?;
        if charge.object != "charge" {
            return Err(serde::de::Error::custom("the object is not a charge"));
        }
        Ok(Self { charge, text: text.to_owned() })
    }
}

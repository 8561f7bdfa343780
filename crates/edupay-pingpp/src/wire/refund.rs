//! A refund of a charge, back to the payer.

use serde::{Deserialize, Serialize};

use super::{Hash, tolerant};

/// How far a refund has come; a created one is not a done one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Accepted, the channel has not answered yet.
    Pending,
    /// The money is on its way back.
    Succeeded,
    /// The channel refused; the amount can be refunded again.
    Failed,
}

/// The refund object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// `re_` and 24 characters.
    pub id: String,
    /// Always `refund`.
    pub object: String,
    /// The refund's own number at the channel.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub order_no: Option<String>,
    /// In fen.
    pub amount: i64,
    /// Lower-case ISO code; absent in older documents.
    #[serde(default)]
    pub currency: Option<String>,
    /// Unix seconds.
    #[serde(default)]
    pub created: i64,
    /// Whether `status` is succeeded.
    #[serde(default)]
    pub succeed: bool,
    /// How far it has come.
    pub status: RefundStatus,
    /// Unix seconds of success.
    #[serde(default)]
    pub time_succeed: Option<i64>,
    /// The merchant's reason.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub description: Option<String>,
    /// Why it failed, as a code.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub failure_code: Option<String>,
    /// Why it failed, as a sentence.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub failure_msg: Option<String>,
    /// The merchant's own pairs.
    #[serde(default, deserialize_with = "tolerant::hash")]
    pub metadata: Hash,
    /// The id of the charge that is paid back.
    pub charge: String,
    /// The order number of that charge.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub charge_order_no: Option<String>,
    /// The channel's own number.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub transaction_no: Option<String>,
    /// Which of the merchant's money is used (old WeChat accounts).
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub funding_source: Option<String>,
    /// Channel-specific members.
    #[serde(default, deserialize_with = "tolerant::hash")]
    pub extra: Hash,
}

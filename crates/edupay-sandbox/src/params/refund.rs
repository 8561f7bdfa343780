//! The parameters of `POST /v1/charges/{id}/refunds`.

use edupay_pingpp::wire::Hash;

use super::{hash, metadata, object, optional_integer, optional_text, required_text};
use crate::errors::ApiError;

/// A refund that may be tried; whether the amount is there is the charge's matter.
#[derive(Debug, Clone)]
pub(crate) struct CreateRefund {
    /// The whole rest when absent.
    pub(crate) amount: Option<i64>,
    pub(crate) description: String,
    pub(crate) metadata: Hash,
    pub(crate) extra: Hash,
    pub(crate) funding_source: Option<String>,
}

impl CreateRefund {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let members = object(body)?;
        let amount = optional_integer(&members, "amount")?;
        if amount.is_some_and(|amount| amount <= 0) {
            return Err(ApiError::param("amount", "参数 amount 必须大于 0。"));
        }
        let funding_source = optional_text(&members, "funding_source", 32)?;
        if let Some(source) = &funding_source
            && !["unsettled_funds", "recharge_funds"].contains(&source.as_str())
        {
            return Err(ApiError::param("funding_source", "无效的退款资金来源。"));
        }
        Ok(Self {
            amount,
            description: required_text(&members, "description", 255)?,
            metadata: metadata(&members)?,
            extra: hash(&members, "extra")?,
            funding_source,
        })
    }
}

//! Parameters as Ping++ checks them: one refusal per wrong parameter, named.

mod channels;
mod charge;
mod query;
mod refund;

pub(crate) use channels::{Channel, is_wechat};
pub(crate) use charge::CreateCharge;
pub(crate) use query::{Direction, ListCharges, ListRefunds, Page, Query};
pub(crate) use refund::CreateRefund;

use edupay_pingpp::wire::Hash;
use serde_json::Value;

use crate::errors::ApiError;

/// The members of a JSON body.
fn object(body: &[u8]) -> Result<Hash, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(ApiError::request("请求参数不是合法的 JSON 对象。")),
    }
}

fn required_text(members: &Hash, param: &str, limit: usize) -> Result<String, ApiError> {
    optional_text(members, param, limit)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| ApiError::param(param, format!("缺少参数 {param}。")))
}

/// A text of at most `limit` characters; numbers count as their digits, as with Ping++.
fn optional_text(members: &Hash, param: &str, limit: usize) -> Result<Option<String>, ApiError> {
    let text = match members.get(param) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(ApiError::param(param, format!("参数 {param} 必须是字符串。"))),
    };
    if text.chars().count() > limit {
        return Err(ApiError::param(param, format!("参数 {param} 不能超过 {limit} 个字符。")));
    }
    Ok(Some(text))
}

fn optional_integer(members: &Hash, param: &str) -> Result<Option<i64>, ApiError> {
    match members.get(param) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(ApiError::param(param, format!("参数 {param} 必须是整数。"))),
        },
    }
}

fn hash(members: &Hash, param: &str) -> Result<Hash, ApiError> {
    match members.get(param) {
        None | Some(Value::Null) => Ok(Hash::new()),
        Some(Value::Object(hash)) => Ok(hash.clone()),
        // PHP writes an empty hash as an empty list.
        Some(Value::Array(items)) if items.is_empty() => Ok(Hash::new()),
        Some(_) => Err(ApiError::param(param, format!("参数 {param} 必须是键值对。"))),
    }
}

/// At most 20 flat pairs of at most 1000 characters together.
fn metadata(members: &Hash) -> Result<Hash, ApiError> {
    let metadata = hash(members, "metadata")?;
    if metadata.len() > 20 {
        return Err(ApiError::param("metadata", "metadata 最多 20 个键值对。"));
    }
    if metadata.values().any(|value| value.is_object() || value.is_array()) {
        return Err(ApiError::param("metadata", "metadata 不支持嵌套。"));
    }
    let length = metadata.iter().fold(0_usize, |sum, (key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        sum.saturating_add(key.chars().count()).saturating_add(value.chars().count())
    });
    if length > 1000 {
        return Err(ApiError::param("metadata", "metadata 总长度不能超过 1000 个字符。"));
    }
    Ok(metadata)
}

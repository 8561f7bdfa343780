//! The parameters of `POST /v1/charges`.

use std::net::IpAddr;

use edupay_pingpp::wire::Hash;
use serde_json::Value;

use super::{Channel, hash, metadata, object, optional_integer, optional_text, required_text};
use crate::APP_ID;
use crate::errors::ApiError;

/// A charge that may be created.
#[derive(Debug, Clone)]
pub(crate) struct CreateCharge {
    pub(crate) order_no: String,
    pub(crate) channel: &'static Channel,
    pub(crate) amount: i64,
    pub(crate) client_ip: String,
    pub(crate) currency: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) extra: Hash,
    pub(crate) time_expire: i64,
    pub(crate) metadata: Hash,
    pub(crate) description: Option<String>,
}

impl CreateCharge {
    /// Reads and checks a body at the time `now`.
    pub(crate) fn parse(body: &[u8], now: i64) -> Result<Self, ApiError> {
        let members = object(body)?;
        check_app(&members)?;
        let channel = read_channel(&members)?;
        let amount =
            optional_integer(&members, "amount")?.ok_or_else(|| ApiError::param("amount", "缺少参数 amount。"))?;
        if amount <= 0 {
            return Err(ApiError::param("amount", "参数 amount 必须大于 0。"));
        }
        let currency = required_text(&members, "currency", 3)?;
        if currency != "cny" {
            return Err(ApiError::param("currency", "不支持的币种。"));
        }
        Ok(Self {
            order_no: read_order_no(&members, channel)?,
            channel,
            amount,
            client_ip: read_client_ip(&members)?,
            currency,
            subject: read_subject(&members, channel)?,
            body: required_text(&members, "body", 128)?,
            extra: read_extra(&members, channel)?,
            time_expire: read_time_expire(&members, channel, now)?,
            metadata: metadata(&members)?,
            description: optional_text(&members, "description", 255)?,
        })
    }

    /// The six values by which Ping++ knows a repeat.
    pub(crate) fn content(&self) -> [String; 6] {
        [
            self.order_no.clone(),
            self.channel.name.to_owned(),
            self.amount.to_string(),
            self.subject.clone(),
            self.body.clone(),
            APP_ID.to_owned(),
        ]
    }
}

fn check_app(members: &Hash) -> Result<(), ApiError> {
    let id = match members.get("app") {
        Some(Value::Object(app)) => app.get("id").and_then(Value::as_str),
        _ => None,
    };
    match id {
        None => Err(ApiError::param("app[id]", "缺少参数 app[id]。")),
        Some(APP_ID) => Ok(()),
        Some(other) => Err(ApiError::param("app[id]", format!("No such app: {other}"))),
    }
}

fn read_channel(members: &Hash) -> Result<&'static Channel, ApiError> {
    let name = required_text(members, "channel", 64)?;
    Channel::find(&name).ok_or_else(|| ApiError::param("channel", format!("无效的渠道: {name}")))
}

fn read_order_no(members: &Hash, channel: &Channel) -> Result<String, ApiError> {
    let order_no = required_text(members, "order_no", 64)?;
    let (min, max) = (channel.order_no_min, channel.order_no_max);
    let fits = (min..=max).contains(&order_no.len());
    if fits && order_no.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(order_no);
    }
    let rule = format!("参数 order_no 必须是 {min} 到 {max} 位的字母或数字。");
    Err(ApiError::param("order_no", rule))
}

fn read_client_ip(members: &Hash) -> Result<String, ApiError> {
    let text = required_text(members, "client_ip", 64)?;
    match text.parse::<IpAddr>() {
        Ok(_) => Ok(text),
        Err(_) => Err(ApiError::param("client_ip", "参数 client_ip 不是合法的 IP 地址。")),
    }
}

fn read_subject(members: &Hash, channel: &Channel) -> Result<String, ApiError> {
    let subject = required_text(members, "subject", 32)?;
    if channel.is_union_pay() && subject.len() > 32 {
        return Err(ApiError::param("subject", "银联渠道的 subject 不能超过 32 个字节。"));
    }
    Ok(subject)
}

fn read_extra(members: &Hash, channel: &Channel) -> Result<Hash, ApiError> {
    let extra = hash(members, "extra")?;
    let filled = |key: &str| match extra.get(key) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(value) => !value.is_null(),
        None => false,
    };
    match channel.required_extra.iter().find(|key| !filled(key)) {
        None => Ok(extra),
        Some(key) => {
            let param = format!("extra[{key}]");
            let message = format!("渠道 {} 缺少参数 {param}。", channel.name);
            Err(ApiError::param(&param, message))
        }
    }
}

fn read_time_expire(members: &Hash, channel: &Channel, now: i64) -> Result<i64, ApiError> {
    let (longest, usual) = channel.lifetimes();
    let Some(time) = optional_integer(members, "time_expire")? else {
        return Ok(now.saturating_add(usual));
    };
    // One minute at least; a few seconds go by on the way, and at most as many the other way.
    let life = time.saturating_sub(now);
    if (50..=longest.saturating_add(60)).contains(&life) {
        Ok(time)
    } else {
        Err(ApiError::param("time_expire", "参数 time_expire 超出渠道允许的范围。"))
    }
}

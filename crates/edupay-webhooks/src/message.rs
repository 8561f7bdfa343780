//! The body of a message: type, time and data.

use chrono::SecondsFormat;
use edupay_domain::event_delivery::EventMessage;
use serde_json::{Map, Value, json};

/// `{"data":{…},"timestamp":"…","type":"…"}`: the same text on every attempt. The data are what the event
/// says, and whom it concerns as `user_id`.
///
/// # Errors
/// When what the event says is no JSON object.
pub fn body(message: &EventMessage) -> Result<String, serde_json::Error> {
    let mut data: Map<String, Value> = serde_json::from_str(&message.payload)?;
    if let Some(user_id) = message.user_id {
        data.insert("user_id".to_owned(), user_id.get().into());
    }
    let timestamp = message.occurred_at.to_rfc3339_opts(SecondsFormat::Micros, true);
    Ok(json!({ "type": message.kind, "timestamp": timestamp, "data": data }).to_string())
}

//! Events: what a webhook carries and `GET /v1/events/{id}` answers.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::charge::ChargeDocument;
use super::refund::Refund;
use super::tolerant;

/// The event object; the object it is about keeps its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// `evt_` and 24 characters; one published sample has none.
    #[serde(default)]
    pub id: Option<String>,
    /// Always `event`.
    pub object: String,
    /// Whether real money moved.
    pub livemode: bool,
    /// Unix seconds.
    #[serde(default)]
    pub created: i64,
    /// `charge.succeeded`, `refund.succeeded` and so on; new ones appear without notice.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about.
    pub data: EventData,
    /// How many webhooks are still to be delivered.
    #[serde(default)]
    pub pending_webhooks: i64,
    /// The request that caused it.
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    pub request: Option<String>,
}

/// The member `data` of an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventData {
    /// The object's text as it came.
    pub object: Box<RawValue>,
}

/// The object of an event, read by its own member `object` and not by the event's type.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventObject {
    /// A charge with its text.
    Charge(Box<ChargeDocument>),
    /// A refund.
    Refund(Box<Refund>),
    /// Anything else; it is to be acknowledged and left alone.
    Other,
}

impl Event {
    /// Reads the object the event is about.
    ///
    /// # Errors
    /// When the object calls itself a charge or a refund and is not one.
    pub fn read_object(&self) -> Result<EventObject, serde_json::Error> {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(default)]
            object: Option<String>,
        }
        let text = self.data.object.get();
        // An object of an unknown shape is not an error: a new event type must be acknowledged.
        let kind = serde_json::from_str::<Kind>(text).ok().and_then(|kind| kind.object);
        match kind.as_deref() {
            Some("charge") => Ok(EventObject::Charge(Box::new(ChargeDocument::parse(text)?))),
            Some("refund") => Ok(EventObject::Refund(Box::new(serde_json::from_str(text)?))),
            _ => Ok(EventObject::Other),
        }
    }
}

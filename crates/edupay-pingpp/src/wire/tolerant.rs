//! Readers for the places where real documents differ from the documentation.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;

use super::Hash;
use super::list::List;

/// A hash that may come as null or as an empty list.
pub(super) fn hash<'de, D: Deserializer<'de>>(from: D) -> Result<Hash, D::Error> {
    match Value::deserialize(from)? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Hash::new()),
        Value::Array(items) if items.is_empty() => Ok(Hash::new()),
        _ => Err(D::Error::custom("expected a hash")),
    }
}

/// A text that may come as a number, kept as its digits.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    optional_text(from)?.ok_or_else(|| D::Error::custom("expected a text"))
}

/// A text, a number or null.
pub(crate) fn optional_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Null => Ok(None),
        _ => Err(D::Error::custom("expected a text")),
    }
}

/// An app: its id, or the expanded object that holds the id.
pub(super) fn app<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Value::deserialize(from)? {
        Value::String(id) => Ok(id),
        Value::Object(map) => match map.get("id") {
            Some(Value::String(id)) => Ok(id.clone()),
            _ => Err(D::Error::custom("an app without its id")),
        },
        _ => Err(D::Error::custom("expected an app")),
    }
}

/// A list that may come as null.
pub(super) fn list<'de, D, T>(from: D) -> Result<List<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<List<T>>::deserialize(from)?.unwrap_or_default())
}

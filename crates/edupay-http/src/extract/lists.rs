//! Values that staff gives: words, ids, lists of them, and what a package has.

use super::fields::Value;
use super::values::{integer, text};
use crate::failure::FieldError;
use chrono::{DateTime, Datelike};
use edupay_domain::clock::{Timestamp, whole_micros};
use edupay_domain::event_delivery::EventKind;
use edupay_domain::ids::{CardNo, IdError, UserId};
use edupay_domain::packages::Detail;
use edupay_domain::payments::Channel;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The longest word that is looked at.
const MAX_WORD: usize = 64;
/// The longest of the numbers on cards.
const MAX_CARD_NO: usize = 32;
/// The most items of a list that is looked at.
const MAX_ITEMS: usize = 100;

/// An id: a JSON number or a form field.
pub(crate) fn id<T>(try_new: fn(i64) -> Result<T, IdError>) -> impl Fn(&Value) -> Result<T, FieldError> {
    move |value| try_new(integer(value)?.ok_or(FieldError::Invalid)?).map_err(|_| FieldError::Invalid)
}

/// A whole number that may be below zero.
pub(crate) fn whole_number<N: TryFrom<i64>>(value: &Value) -> Result<N, FieldError> {
    integer(value)?.and_then(|number| number.try_into().ok()).ok_or(FieldError::Invalid)
}

/// Text that may be empty; `null` is empty too.
pub(crate) fn text_or_empty(max: usize) -> impl Fn(&Value) -> Result<String, FieldError> {
    move |value| match text(max)(value) {
        Err(FieldError::Blank | FieldError::Null) => Ok(String::new()),
        read => read,
    }
}

/// One of a few words.
pub(crate) fn word<T: Copy>(
    all: &'static [T],
    code: fn(T) -> &'static str,
) -> impl Fn(&Value) -> Result<T, FieldError> {
    move |value| {
        let word = text(MAX_WORD)(value)?;
        all.iter().copied().find(|each| code(*each) == word).ok_or(FieldError::UnknownChoice)
    }
}

/// The number on a card.
pub(crate) fn card_no(value: &Value) -> Result<CardNo, FieldError> {
    CardNo::parse(&text(MAX_CARD_NO)(value)?).map_err(|_| FieldError::Invalid)
}

/// Users' ids: a JSON list of numbers, or a form field of comma-joined ones.
pub(crate) fn user_ids(value: &Value) -> Result<Vec<UserId>, FieldError> {
    items(value)?.iter().map(id(UserId::try_new)).collect()
}

/// Channels of the gateway: a JSON list of texts, or a form field of comma-joined ones.
pub(crate) fn channels(value: &Value) -> Result<Vec<Channel>, FieldError> {
    let channel = |item: &Value| Channel::parse(&text(MAX_WORD)(item)?).ok_or(FieldError::UnknownChoice);
    items(value)?.iter().map(channel).collect()
}

/// Types of events: a JSON list of texts, or a form field of comma-joined ones.
pub(crate) fn event_kinds(value: &Value) -> Result<Vec<EventKind>, FieldError> {
    let kind = |item: &Value| EventKind::parse(&text(MAX_WORD)(item)?).ok_or(FieldError::UnknownChoice);
    items(value)?.iter().map(kind).collect()
}

/// A moment, as RFC 3339 writes it, in UTC of the years 1 to 9999: every database keeps those.
pub(crate) fn moment(value: &Value) -> Result<Timestamp, FieldError> {
    let read = DateTime::parse_from_rfc3339(&text(MAX_WORD)(value)?);
    read.ok().and_then(|at| storable(whole_micros(at.into()))).ok_or(FieldError::Invalid)
}

/// A moment of a cursor, in microseconds since 1970 UTC.
pub(crate) fn cursor_moment(micros: &str) -> Option<Timestamp> {
    DateTime::from_timestamp_micros(micros.parse().ok()?).and_then(storable)
}

fn storable(at: Timestamp) -> Option<Timestamp> {
    (1..=9_999).contains(&at.year()).then_some(at)
}

/// What a package has: a JSON list of objects. A form has no way to say it.
pub(crate) fn details(value: &Value) -> Result<Vec<Detail>, FieldError> {
    #[derive(Deserialize)]
    struct DetailBody {
        #[serde(default)]
        icon: String,
        title: String,
        #[serde(default)]
        content: String,
    }
    let list = match value {
        Value::List(list) => list,
        Value::Null => return Err(FieldError::Null),
        _ => return Err(FieldError::NotAList),
    };
    let details: Vec<DetailBody> = serde_json::from_str(list).map_err(|_| FieldError::Invalid)?;
    let detail = |body: DetailBody| Detail { icon: body.icon, title: body.title, content: body.content };
    Ok(details.into_iter().map(detail).collect())
}

/// The items of a list, at most [`MAX_ITEMS`].
fn items(value: &Value) -> Result<Vec<Value>, FieldError> {
    let items: Vec<Value> = match value {
        Value::List(list) => {
            let items: Vec<&RawValue> = serde_json::from_str(list).map_err(|_| FieldError::NotAList)?;
            items.into_iter().map(Value::of).collect()
        }
        Value::Form(text) if text.is_empty() => Vec::new(),
        Value::Form(text) => text.split(',').map(|item| Value::Form(item.to_owned())).collect(),
        Value::Null => return Err(FieldError::Null),
        _ => return Err(FieldError::NotAList),
    };
    if items.len() > MAX_ITEMS { Err(FieldError::BadSelection { max: MAX_ITEMS }) } else { Ok(items) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_domain::packages::ProjectKind;

    fn list(text: &str) -> Value {
        Value::List(text.to_owned())
    }

    fn form(text: &str) -> Value {
        Value::Form(text.to_owned())
    }

    #[test]
    fn lists_come_as_json_or_as_a_form() {
        for value in [list("[1,2]"), form("1,2")] {
            assert_eq!(user_ids(&value).unwrap().len(), 2, "{value:?}");
        }
        for value in [list("[\"wx\",\"alipay\"]"), form("wx,alipay")] {
            assert_eq!(channels(&value), Ok(vec![Channel::Wx, Channel::Alipay]), "{value:?}");
        }
        assert_eq!(user_ids(&form("")), Ok(Vec::new()));
        for (value, expected) in [
            (list("[0]"), FieldError::Invalid),
            (list("[\"1\"]"), FieldError::NotAnInteger),
            (list("[1.5]"), FieldError::NotAnInteger),
            (form("1,,2"), FieldError::NotAnInteger),
            (list(&format!("[{}]", ["1"; 101].join(","))), FieldError::BadSelection { max: 100 }),
            (Value::Null, FieldError::Null),
            (Value::Object, FieldError::NotAList),
        ] {
            assert_eq!(user_ids(&value), Err(expected), "{value:?}");
        }
        assert_eq!(channels(&list("[\"cash\"]")), Err(FieldError::UnknownChoice));
    }

    #[test]
    fn a_moment_is_one_that_every_database_keeps() {
        let read = |text: &str| moment(&Value::Text(text.to_owned())).map(|at| at.timestamp());
        assert_eq!(read("2016-06-15T11:53:50+08:00"), Ok(1_465_962_830));
        for odd in ["0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2016-06-15"] {
            assert_eq!(read(odd), Err(FieldError::Invalid), "{odd}");
        }
        assert!(cursor_moment("1465962830000000").is_some());
        for odd in ["9223372036854775807", "-99999999999999999", "", "x"] {
            assert!(cursor_moment(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn details_are_a_list_of_objects_with_titles() {
        let read = details(&list(r#"[{"icon":"http://a","title":"b","content":"c"},{"title":"d"}]"#)).unwrap();
        assert_eq!((read[0].content.as_str(), read[1].icon.as_str()), ("c", ""));
        for odd in ["[1]", "[{}]", r#"[{"title":1}]"#, r#"[{"title":"a","title":"b"}]"#] {
            assert_eq!(details(&list(odd)), Err(FieldError::Invalid), "{odd}");
        }
        assert_eq!(details(&form("a")), Err(FieldError::NotAList));
    }

    #[test]
    fn words_and_numbers_are_those_of_their_kind() {
        let kind = word(&ProjectKind::ALL, ProjectKind::code);
        assert_eq!(kind(&form("card")), Ok(ProjectKind::Card));
        assert_eq!(kind(&form("Card")), Err(FieldError::UnknownChoice));
        assert_eq!(whole_number::<i32>(&form("-3")), Ok(-3));
        assert_eq!(whole_number::<u32>(&form("-3")), Err(FieldError::Invalid));
        assert_eq!(text_or_empty(5)(&Value::Null), Ok(String::new()));
        assert_eq!(card_no(&form("335731330")).unwrap().as_str(), "335731330");
        assert_eq!(card_no(&form("33-5")), Err(FieldError::Invalid));
    }
}

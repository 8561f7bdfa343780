//! What must hold of fields and values, for `crate::fuzzing`.

use super::body::media_type;
use super::caller::token;
use super::fields::{Fields, Value};
use super::headers::check_accept;
use super::lists::moment;
use super::reader::{Decode, Reader};
use super::values::{
    amount_fen, amount_yuan, course_ids, order_no, page_cursor, page_limit, password, product_id, secret, text,
    text_or_number, username,
};
use super::{card_no, channels, details, event_kinds, id, text_or_empty, user_ids, whole_number};
use crate::config::HttpConfig;
use crate::failure::{Failure, FieldError};
use actix_web::HttpRequest;
use edupay_domain::ids::{OrderNo, UserId};
use edupay_domain::money::Money;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A body as handlers get it, in each way that it can be carried.
pub(crate) struct Sent {
    strict: Result<Fields, Failure>,
    lenient: Result<Fields, Failure>,
    form: Fields,
    /// The form with a field that comes twice, which nobody knows.
    repeated: Fields,
}

impl Sent {
    pub(crate) fn new(body: &[u8]) -> Self {
        Self {
            strict: Fields::from_json(body),
            lenient: Fields::from_lenient_json(body),
            form: Fields::from_form(body),
            repeated: Fields::from_form(&[body, b"&nobody_knows_it=1&nobody_knows_it=2"].concat()),
        }
    }

    /// The body is read or refused, the same way each time, strictly and leniently alike, and never when a
    /// field comes twice.
    pub(crate) fn is_read<T: Decode>(&self, config: &HttpConfig) {
        if !matches!(self.strict, Err(Failure::Syntax(_))) {
            assert_eq!(said::<T>(&self.strict, config), said::<T>(&self.lenient, config));
        }
        if self.lenient.is_ok() {
            assert_eq!(said::<T>(&self.lenient, config), said::<T>(&self.lenient, config));
        }
        let form = Reader::decode::<T>(self.form.clone(), config);
        assert_eq!(form.is_ok(), Reader::decode::<T>(self.form.clone(), config).is_ok());
        assert!(Reader::decode::<T>(self.repeated.clone(), config).is_err());
    }
}

/// Whether it was taken, and else why not.
fn said<T: Decode>(fields: &Result<Fields, Failure>, config: &HttpConfig) -> String {
    match fields {
        Ok(fields) => {
            Reader::decode::<T>(fields.clone(), config).map_or_else(|failure| format!("{failure:?}"), |_| String::new())
        }
        Err(failure) => format!("{failure:?}"),
    }
}

/// Strict JSON against serde's own values, lenient JSON against strict.
pub(crate) fn same_as_json(body: &[u8]) {
    let (strict, lenient) = (Fields::from_json(body), Fields::from_lenient_json(body));
    match (&strict, &lenient) {
        (Ok(strict), lenient) => assert_eq!(Some(strict), lenient.as_ref().ok()),
        (Err(Failure::Syntax(_)), _) => {}
        (Err(_), lenient) => assert!(lenient.is_err()),
    }
    let Ok(Pairs(pairs)) = serde_json::from_slice(body) else { return };
    assert!(strict.is_ok(), "{strict:?}");
    let mut fields = strict.unwrap_or_default();
    for (name, values) in pairs {
        let read = fields.take(&name);
        match values.as_slice() {
            [value] => assert!(read.is_some_and(|read| says(&read, value)), "{name}: {value}"),
            _ => assert_eq!(read, Some(Value::Repeated)),
        }
    }
    assert_eq!(fields, Fields::default());
}

fn says(read: &Value, value: &serde_json::Value) -> bool {
    let again = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok_and(|again| again == *value);
    match read {
        Value::Null => value.is_null(),
        Value::Bool => value.is_boolean(),
        Value::Number(text) => value.is_number() && again(text),
        Value::Text(text) => value.as_str() == Some(text.as_str()),
        Value::List(text) => value.is_array() && again(text),
        Value::Object => value.is_object(),
        Value::BrokenText | Value::Form(_) | Value::Repeated => false,
    }
}

/// The members of an object, by name.
struct Pairs(BTreeMap<String, Vec<serde_json::Value>>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut members: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    members.entry(name).or_default().push(value);
                }
                Ok(Pairs(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A form against a reader of its own.
pub(crate) fn same_as_form(body: &[u8]) {
    let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut sides = pair.splitn(2, |byte| *byte == b'=');
        let (name, value) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
        expected.entry(unescaped(name)).or_default().push(unescaped(value));
    }
    let mut fields = Fields::from_form(body);
    for (name, values) in expected {
        let value = match values.as_slice() {
            [value] => Value::Form(value.clone()),
            _ => Value::Repeated,
        };
        assert_eq!(fields.take(&name), Some(value), "{name}");
    }
    assert_eq!(fields, Fields::default());
}

fn unescaped(text: &[u8]) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let [first, behind @ ..] = rest {
        let escaped = match behind {
            [high, low, ..] if *first == b'%' => char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16)),
            _ => None,
        };
        let (byte, read) = match escaped {
            Some((high, low)) => (u8::try_from(high.wrapping_shl(4) | low).unwrap_or_default(), 3),
            None if *first == b'+' => (b' ', 1),
            None => (*first, 1),
        };
        bytes.push(byte);
        rest = rest.get(read..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One text, carried in each way.
pub(crate) fn values(text: &str) {
    let carried = [Value::Number(text.to_owned()), Value::Text(text.to_owned()), Value::Form(text.to_owned())];
    for value in &carried {
        amounts(value, text);
        texts(value, text);
    }
    let [number, _, form] = &carried;
    assert_eq!(amount_fen(Money::MAX)(number), amount_fen(Money::MAX)(form));
    lists(text);
    let _ = details(&Value::List(text.to_owned()));
}

fn amounts(value: &Value, text: &str) {
    for max in [Money::from_fen_u32(1), Money::from_fen_u32(5_000_000), Money::MAX] {
        assert_eq!(amount_yuan(max)(value).ok(), Money::parse_amount(text, max).ok());
        if let Ok(amount) = amount_fen(max)(value) {
            assert!(!matches!(value, Value::Text(_)) && amount <= max && !amount.is_zero());
            assert_eq!(amount.fen().to_string(), text.trim_start_matches('0'));
        }
    }
    assert!(page_cursor(value).is_ok_and(|cursor| cursor > 0) || page_cursor(value).is_err());
    assert!(page_limit(value).is_ok_and(|limit| limit > 0) || page_limit(value).is_err());
    if let Ok(id) = id(UserId::try_new)(value) {
        assert!(id.get() > 0);
    }
    if let Ok(number) = whole_number::<i32>(value) {
        assert_eq!(text.parse(), Ok(number));
    }
}

fn texts(value: &Value, sent: &str) {
    for max in [1, 20, 255] {
        if let Ok(read) = text_or_number(max)(value) {
            assert!(read == sent && (1..=max).contains(&read.chars().count()) && !read.chars().any(char::is_control));
            let plain = text(max)(value);
            assert_eq!(plain, if matches!(value, Value::Number(_)) { Err(FieldError::NotText) } else { Ok(read) });
        }
        if let Ok(read) = text_or_empty(max)(value) {
            assert!(read == sent && read.chars().count() <= max);
        }
    }
    if let Ok(number) = order_no(value) {
        assert!(OrderNo::parse(sent).is_ok_and(|same| same == number));
    }
    if let Ok(card) = card_no(value) {
        assert_eq!(card.as_str(), sent);
    }
    if let Ok(product) = product_id(value) {
        assert_eq!(product.as_str(), sent);
    }
    if let Ok(username) = username(value) {
        assert_eq!(username.as_str(), sent);
    }
    for read in [secret(value), password(value)].into_iter().flatten() {
        assert_eq!(read, sent);
    }
    if let Ok(at) = moment(value) {
        let written = at.to_rfc3339();
        assert_eq!(moment(&Value::Text(written.clone())), Ok(at), "{written}");
    }
}

/// A list in a form and the same in JSON.
fn lists(text: &str) {
    let (form, list) = (Value::Form(text.to_owned()), Value::List(format!("[{text}]")));
    // JSON writes no number with a zero before it.
    let plain = text.split(',').all(|part| part == "0" || !part.trim_start_matches('-').starts_with('0'));
    match (course_ids(&form), course_ids(&list)) {
        (Ok(ids), other) => {
            assert!(!ids.is_empty() && (!plain || other == Ok(ids)));
        }
        (Err(_), Ok(_)) => assert!(text.contains(char::is_whitespace)),
        (Err(_), Err(_)) => {}
    }
    if let Ok(ids) = user_ids(&form) {
        assert!(ids.len() <= 100 && (!plain || user_ids(&list) == Ok(ids)));
    }
    if let Ok(named) = channels(&form) {
        let codes: Vec<&str> = named.iter().map(|channel| channel.code()).collect();
        assert_eq!(codes.join(","), text);
    }
    if let Ok(named) = event_kinds(&form) {
        let codes: Vec<&str> = named.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(codes.join(","), text);
    }
    let _ = (channels(&list), event_kinds(&list));
}

/// Whether the credentials hold a token.
pub(crate) fn token_is_taken(request: &HttpRequest) -> bool {
    token(request.headers()).is_ok()
}

/// Whether the client takes what is answered.
pub(crate) fn head_is_taken(request: &HttpRequest) -> bool {
    check_accept(request).is_ok()
}

/// Whether the body is of a kind that is read.
pub(crate) fn media_type_is_taken(request: &HttpRequest) -> bool {
    media_type(request.headers()).is_ok()
}

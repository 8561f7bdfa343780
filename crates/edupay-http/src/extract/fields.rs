//! The fields of a body, before anybody knows what they should be. JSON numbers stay the text they
//! were, so that no amount and no order number ever is a float.

use crate::failure::Failure;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// The value of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool,
    /// A JSON number, as it was written.
    Number(String),
    /// A JSON text.
    Text(String),
    /// A JSON text that is no Unicode: half of a surrogate pair.
    BrokenText,
    /// A JSON list, as it was written.
    List(String),
    Object,
    /// The text of a form or a query: it may stand for anything.
    Form(String),
    /// The field came more than once.
    Repeated,
}

/// All fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// `Syntax` and `NotAnObject`.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, Failure> {
        let text = std::str::from_utf8(bytes).map_err(|error| Failure::Syntax(error.to_string()))?;
        let whole: &RawValue = serde_json::from_str(text).map_err(|error| Failure::Syntax(error.to_string()))?;
        match Value::of(whole) {
            Value::Object => serde_json::from_str(text).map_err(|error| Failure::Syntax(error.to_string())),
            Value::List(_) => Err(Failure::NotAnObject("list")),
            Value::Null => Err(Failure::NotAnObject("NoneType")),
            Value::Bool => Err(Failure::NotAnObject("bool")),
            Value::Number(number) if number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => {
                Err(Failure::NotAnObject("float"))
            }
            Value::Number(_) => Err(Failure::NotAnObject("int")),
            _ => Err(Failure::NotAnObject("str")),
        }
    }

    /// Reads a form or a query. Bytes that are no UTF-8 become replacement characters, which no
    /// field takes.
    pub(crate) fn from_form(bytes: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            fields.add(name.into_owned(), Value::Form(value.into_owned()));
        }
        fields
    }

    /// Takes a field out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// The names of those left that came more than once.
    pub(crate) fn repeated(self) -> impl Iterator<Item = String> {
        self.0.into_iter().filter(|(_, value)| *value == Value::Repeated).map(|(name, _)| name)
    }

    /// Adds a field; one that is there already came more than once.
    pub(super) fn add(&mut self, name: String, value: Value) {
        match self.0.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => {
                entry.insert(Value::Repeated);
            }
        }
    }
}

impl Value {
    /// The kind of a JSON value, told by its first character: the parser has seen that it is one.
    pub(crate) fn of(raw: &RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'[') => Self::List(text.to_owned()),
            Some(b'{') => Self::Object,
            Some(b'"') => serde_json::from_str(text).map_or(Self::BrokenText, Self::Text),
            _ => Self::Number(text.to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
            fields.add(name, Value::of(raw));
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> Result<BTreeMap<String, Value>, Failure> {
        Fields::from_json(text.as_bytes()).map(|fields| fields.0)
    }

    #[test]
    fn json_values_keep_their_kind_and_numbers_their_text() {
        let read =
            json(r#"{"a":12134676899915430002,"b":1e2,"c":"x\u4e2d","d":null,"e":[1],"f":{},"g":true,"h":"\ud800"}"#);
        let read = read.unwrap();
        assert_eq!(read["a"], Value::Number("12134676899915430002".to_owned()));
        assert_eq!(read["b"], Value::Number("1e2".to_owned()));
        assert_eq!(read["c"], Value::Text("x中".to_owned()));
        assert_eq!(read["d"], Value::Null);
        assert_eq!(read["e"], Value::List("[1]".to_owned()));
        assert_eq!(read["f"], Value::Object);
        assert_eq!(read["g"], Value::Bool);
        assert_eq!(read["h"], Value::BrokenText);
    }

    #[test]
    fn what_is_no_object_is_named_by_its_kind() {
        for (text, kind) in
            [("[1]", "list"), ("null", "NoneType"), ("true", "bool"), ("1", "int"), ("1.5", "float"), ("\"a\"", "str")]
        {
            assert!(matches!(json(text), Err(Failure::NotAnObject(found)) if found == kind), "{text}");
        }
        let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
        assert!(matches!(json(&nested), Err(Failure::NotAnObject("list"))));
        assert!(matches!(json(&format!("{{\"a\":{nested}}}")).unwrap()["a"], Value::List(_)));
    }

    #[test]
    fn broken_json_is_a_syntax_failure() {
        for text in
            ["{", "{\"a\":1,}", "{a:1}", "{}{}", "amount", "", " ", "{\"a\":01}", "{\"\\ud800\":1}", "\u{feff}{}"]
        {
            assert!(matches!(json(text), Err(Failure::Syntax(_))), "{text:?}");
        }
        assert!(matches!(Fields::from_json(b"{\"a\":\"\xff\"}"), Err(Failure::Syntax(_))));
    }

    #[test]
    fn a_field_that_comes_twice_is_known_as_such() {
        assert_eq!(json(r#"{"a":1,"a":1}"#).unwrap()["a"], Value::Repeated);
        assert_eq!(json(r#"{"a":1,"\u0061":2,"a":3}"#).unwrap()["a"], Value::Repeated);
        assert_eq!(Fields::from_form(b"a=1&%61=2").0["a"], Value::Repeated);
    }

    #[test]
    fn forms_are_decoded() {
        let fields = Fields::from_form("a=1%2B1&b=x+y&c&d=%FF&e=\u{4e2d}".as_bytes()).0;
        for (name, value) in [("a", "1+1"), ("b", "x y"), ("c", ""), ("d", "\u{fffd}"), ("e", "中")] {
            assert_eq!(fields[name], Value::Form(value.to_owned()), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoders_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = Fields::from_json(&bytes);
            let _ = Fields::from_form(&bytes);
        }

        #[test]
        fn json_and_form_say_the_same(value in "\\PC{0,40}") {
            let form = form_urlencoded::Serializer::new(String::new()).append_pair("a", &value).finish();
            let written = serde_json::to_string(&std::collections::BTreeMap::from([("a", &value)])).unwrap();
            let form = Fields::from_form(form.as_bytes()).take("a");
            let json = Fields::from_json(written.as_bytes()).unwrap().take("a");
            prop_assert_eq!(form, Some(Value::Form(value.clone())));
            prop_assert_eq!(json, Some(Value::Text(value)));
        }
    }
}

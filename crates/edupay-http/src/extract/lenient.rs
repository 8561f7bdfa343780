//! JSON as the campus document writes it: names without quotes, single quotes, trailing commas, comments
//! (JSON5). Numbers keep their text here too, whatever they are; their readers decide.

use super::fields::{Fields, Value};
use crate::failure::Failure;
use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

impl Fields {
    /// Reads a JSON5 object.
    ///
    /// # Errors
    /// `Syntax` and `NotAnObject`.
    pub(crate) fn from_lenient_json(bytes: &[u8]) -> Result<Self, Failure> {
        // What is JSON is read as such; only the rest goes through the lenient reader.
        let failure = match Self::from_json(bytes) {
            Ok(fields) => return Ok(fields),
            Err(failure) => failure,
        };
        let (Failure::Syntax(_), Ok(text)) = (&failure, std::str::from_utf8(bytes)) else { return Err(failure) };
        let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
        let parsed = parse_to_ast(text, &CollectOptions::default(), &options);
        let parsed = parsed.map_err(|error| Failure::Syntax(error.kind().to_string()))?;
        match parsed.value {
            Some(ast::Value::Object(object)) => Ok(fields(object, text)),
            Some(ast::Value::Array(_)) => Err(Failure::NotAnObject("list")),
            Some(_) => Err(Failure::NotAnObject("value")),
            None => Err(failure),
        }
    }
}

fn fields(object: ast::Object<'_>, text: &str) -> Fields {
    let mut fields = Fields::default();
    for property in object.properties {
        let name = match property.name {
            ObjectPropName::String(name) => name.value.into_owned(),
            ObjectPropName::Word(name) => name.value.to_owned(),
        };
        fields.add(name, value(property.value, text));
    }
    fields
}

fn value(value: ast::Value<'_>, text: &str) -> Value {
    match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(_) => Value::Bool,
        ast::Value::NumberLit(number) => Value::Number(number.value.to_owned()),
        ast::Value::StringLit(string) => Value::Text(string.value.into_owned()),
        ast::Value::Array(list) => Value::List(text.get(list.start()..list.end()).unwrap_or_default().to_owned()),
        ast::Value::Object(_) => Value::Object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Fields, Failure> {
        Fields::from_lenient_json(text.as_bytes())
    }

    fn number(text: &str) -> Option<Value> {
        Some(Value::Number(text.to_owned()))
    }

    fn string(text: &str) -> Option<Value> {
        Some(Value::Text(text.to_owned()))
    }

    #[test]
    fn the_bodies_of_the_document_are_read() {
        let mut fields = read("{ userID:\"10129580\", type:0, payType:0 }").unwrap();
        assert_eq!(fields.take("userID"), string("10129580"));
        assert_eq!(fields.take("type"), number("0"));
        let mut fields = read("{ channel: \"wx\", amount: 0.01, itemIDs: '10000002', type:0, }").unwrap();
        assert_eq!(fields.take("amount"), number("0.01"));
        assert_eq!(fields.take("itemIDs"), string("10000002"));
    }

    #[test]
    fn numbers_keep_their_text_whatever_they_are() {
        for text in ["0.01", "1580000000", "12134676899915430002", "1e2", "0.10", "100.00"] {
            for body in [format!("{{amount:{text}}}"), format!("{{\"amount\":{text}}}")] {
                assert_eq!(read(&body).unwrap().take("amount"), number(text), "{body}");
            }
        }
        for text in [".5", "5.", "+1", "-1", "0x1F", "Infinity", "NaN"] {
            assert_eq!(read(&format!("{{amount:{text}}}")).unwrap().take("amount"), number(text), "{text}");
        }
    }

    #[test]
    fn kinds_are_kept_and_what_comes_twice_is_known_as_such() {
        let mut fields = read("// a comment\n{a:null,b:true,c:[1,'x'],d:{e:1},'f':'a\\x41\\'',g:1,\"g\":2,}").unwrap();
        assert_eq!(fields.take("a"), Some(Value::Null));
        assert_eq!(fields.take("b"), Some(Value::Bool));
        assert_eq!(fields.take("c"), Some(Value::List("[1,'x']".to_owned())));
        assert_eq!(fields.take("d"), Some(Value::Object));
        assert_eq!(fields.take("f"), string("aA'"));
        assert_eq!(fields.take("g"), Some(Value::Repeated));
    }

    #[test]
    fn what_is_no_json5_either_is_a_syntax_failure() {
        for text in ["{", "{a:1", "{a}", "{a:}", "{a:1 b:2}", "{a:1}{}", "{,}", "", " ", "a", "{a:'x}", "{a:'\\ud800'}"]
        {
            assert!(matches!(read(text), Err(Failure::Syntax(_))), "{text:?}");
        }
        assert!(matches!(Fields::from_lenient_json(b"{a:'\xff'}"), Err(Failure::Syntax(_))));
        assert!(matches!(read("[1,]"), Err(Failure::NotAnObject("list"))));
        assert!(matches!(read("'a'"), Err(Failure::NotAnObject("value"))));
        assert!(matches!(read("1"), Err(Failure::NotAnObject("int"))));
        for (open, close) in [("[", "]"), ("{a:", "}")] {
            let nested = format!("{{a:{}1{}}}", open.repeat(20_000), close.repeat(20_000));
            assert!(matches!(read(&nested), Err(Failure::Syntax(_))));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = Fields::from_lenient_json(&bytes);
        }

        #[test]
        fn no_near_miss_makes_the_reader_panic(text in "[\\{\\}\\[\\]:,'\"\\\\ux0-9a-fn\u{e9}\u{4e2d}\u{1f600}/*+.\n-]{0,60}") {
            let _ = read(&format!("{{a:{text}"));
            let _ = read(&text);
        }

        #[test]
        fn lenient_and_strict_read_json_alike(name in "[a-z]{1,8}", value in "\\PC{0,40}") {
            let written = serde_json::to_string(&value).unwrap();
            let mut strict = Fields::from_json(format!("{{\"{name}\":{written}}}").as_bytes()).unwrap();
            let mut lenient = read(&format!("{{{name}:{written},}}")).unwrap();
            prop_assert_eq!(strict.take(&name), lenient.take(&name));
        }
    }
}

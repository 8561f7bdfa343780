//! Golden files: the seeds' replies word for word, with a placeholder wherever every run differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::ordered::Ordered;

/// Whether the keys of an object must also come in the file's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    /// Our own replies: the order is part of the contract.
    AsWritten,
    /// The gateway's documents, which travel through us: any order.
    Any,
}

/// A file of `tests/golden`.
pub(crate) fn golden_text(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails with every difference between the reply and the golden file `name`.
#[track_caller]
pub(crate) fn assert_golden(name: &str, order: KeyOrder, reply: &Ordered) {
    let golden: Ordered =
        serde_json::from_str(&golden_text(name)).unwrap_or_else(|error| panic!("{name} is not JSON: {error}"));
    let differences = differences(&golden, reply, order);
    assert!(differences.is_empty(), "the reply differs from {name}:\n{}\nreply: {reply:?}", differences.join("\n"));
}

/// Each place where the reply is not what the golden value says.
pub(crate) fn differences(golden: &Ordered, reply: &Ordered, order: KeyOrder) -> Vec<String> {
    let mut found = Vec::new();
    compare("$", golden, reply, order, &mut found);
    found
}

fn compare(at: &str, golden: &Ordered, reply: &Ordered, order: KeyOrder, found: &mut Vec<String>) {
    match (golden, reply) {
        (Ordered::Text(placeholder), _) if placeholder.starts_with('<') => {
            if !stands_for(placeholder, reply) {
                found.push(format!("{at}: {reply:?} is no {placeholder}"));
            }
        }
        (Ordered::Object(_), Ordered::Object(pairs)) => {
            if order == KeyOrder::AsWritten && golden.keys() != reply.keys() {
                found.push(format!("{at}: keys {:?}, not {:?}", reply.keys(), golden.keys()));
            }
            let replied: BTreeMap<&str, &Ordered> = pairs.iter().map(|(key, value)| (key.as_str(), value)).collect();
            if replied.len() != pairs.len() {
                found.push(format!("{at}: a key comes twice"));
            }
            for key in replied.keys().filter(|key| golden.get(key).is_none()) {
                found.push(format!("{at}.{key}: not in the golden file"));
            }
            for key in golden.keys() {
                let here = format!("{at}.{key}");
                match (golden.get(key), replied.get(key)) {
                    (Some(golden), Some(reply)) => compare(&here, golden, reply, order, found),
                    _ => found.push(format!("{here}: missing")),
                }
            }
        }
        (Ordered::List(golden), Ordered::List(reply)) if golden.len() == reply.len() => {
            for (index, (golden, reply)) in golden.iter().zip(reply).enumerate() {
                compare(&format!("{at}[{index}]"), golden, reply, order, found);
            }
        }
        _ if golden == reply => {}
        _ => found.push(format!("{at}: {reply:?}, not {golden:?}")),
    }
}

/// Whether a value is of the kind that a placeholder names.
fn stands_for(placeholder: &str, value: &Ordered) -> bool {
    match (placeholder, value) {
        // UTC, microseconds, Z: 2016-06-15T03:53:50.598744Z
        ("<time>", Ordered::Text(text)) => same_shape("0000-00-00T00:00:00.000000Z", text),
        ("<unix time>", Ordered::Number(number)) => {
            number.as_u64().is_some_and(|seconds| (1_400_000_000..10_000_000_000).contains(&seconds))
        }
        ("<charge id>", Ordered::Text(text)) => is_charge_id(text),
        ("<refunds url>", Ordered::Text(text)) => {
            text.strip_prefix("/v1/charges/").and_then(|rest| rest.strip_suffix("/refunds")).is_some_and(is_charge_id)
        }
        // Contract section 4: text of at most 32 characters.
        ("<subject>", Ordered::Text(text)) => (1..=32).contains(&text.chars().count()),
        ("<text>", Ordered::Text(text)) => !text.is_empty(),
        ("<day>", Ordered::Text(text)) => same_shape("0000-00-00", text),
        ("<purchase number>", Ordered::Text(text)) => same_shape("40000000000000000000", text),
        ("<record id>", Ordered::Text(text)) => same_shape("4000000000000000000001", text),
        ("<link>", Ordered::Text(text)) => text.strip_prefix("http://").is_some_and(|rest| {
            let token = rest.split_once("/cashier/").map(|(_, token)| token);
            token.is_some_and(|token| token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()))
        }),
        ("<token>", Ordered::Text(text)) => {
            text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        _ => false,
    }
}

fn is_charge_id(text: &str) -> bool {
    text.len() == 27
        && text.strip_prefix("ch_").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Digits where the shape has zeros, the same character everywhere else.
fn same_shape(shape: &str, text: &str) -> bool {
    shape.len() == text.len()
        && shape.bytes().zip(text.bytes()).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => shape == byte,
        })
}

#[test]
fn a_reply_that_differs_from_its_golden_file_is_noticed() {
    let golden: Ordered = serde_json::from_str(r#"{"a":1,"b":"<time>","c":[{"d":"x"}]}"#).unwrap();
    let check = |reply: &str, order| {
        let reply: Ordered = serde_json::from_str(reply).unwrap();
        differences(&golden, &reply, order)
    };
    let same = r#"{"a":1,"b":"2026-01-02T03:04:05.678901Z","c":[{"d":"x"}]}"#;
    assert!(check(same, KeyOrder::AsWritten).is_empty());
    let turned = r#"{"b":"2026-01-02T03:04:05.678901Z","a":1,"c":[{"d":"x"}]}"#;
    assert!(check(turned, KeyOrder::Any).is_empty());
    assert_eq!(check(turned, KeyOrder::AsWritten).len(), 1);
    for other in [
        r#"{"a":1.0,"b":"2026-01-02T03:04:05.678901Z","c":[{"d":"x"}]}"#,
        r#"{"a":1,"b":"2026-01-02 03:04:05","c":[{"d":"x"}]}"#,
        r#"{"a":1,"b":"2026-01-02T03:04:05.678901Z","c":[{"d":"y"}]}"#,
        r#"{"a":1,"b":"2026-01-02T03:04:05.678901Z","c":[]}"#,
        r#"{"a":1,"b":"2026-01-02T03:04:05.678901Z"}"#,
        r#"{"a":1,"b":"2026-01-02T03:04:05.678901Z","c":[{"d":"x"}],"e":0}"#,
        r#"{"a":1,"a":1,"b":"2026-01-02T03:04:05.678901Z","c":[{"d":"x"}]}"#,
    ] {
        assert_eq!(check(other, KeyOrder::Any).len(), 1, "{other}");
    }
}

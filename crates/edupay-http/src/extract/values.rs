//! How each kind of value is read: the tables of what is taken and what is refused.

use super::fields::Value;
use crate::failure::FieldError;
use edupay_domain::ids::{CourseId, OrderNo, ProductId, Username};
use edupay_domain::money::{Money, MoneyError};
use edupay_domain::orders::Order;
use serde_json::value::RawValue;

/// The longest order number.
const MAX_ORDER_NO: usize = 20;
/// The longest product id.
const MAX_PRODUCT_ID: usize = 255;
/// The longest log-in name.
const MAX_USERNAME: usize = 150;
/// The longest password.
const MAX_SECRET: usize = 256;

/// An amount in yuan: number, text or form field, above zero, at most `max`.
pub(crate) fn amount_yuan(max: Money) -> impl Fn(&Value) -> Result<Money, FieldError> {
    move |value| {
        let text = match value {
            Value::Number(text) | Value::Text(text) | Value::Form(text) => text,
            Value::Null => return Err(FieldError::Null),
            _ => return Err(FieldError::NotANumber),
        };
        match Money::parse_amount(text, max) {
            Ok(amount) => Ok(amount),
            Err(MoneyError::NotPositive) => Err(FieldError::NotPositive),
            Err(MoneyError::TooManyDecimals) => Err(FieldError::TooManyDecimals),
            Err(MoneyError::TooLarge) => Err(FieldError::AboveMax(max)),
            Err(_) if is_negative(text) => Err(FieldError::NotPositive),
            Err(_) => Err(FieldError::NotANumber),
        }
    }
}

/// An amount in whole fen: a JSON number or a form field, in plain digits, above zero, at most `max`.
pub(crate) fn amount_fen(max: Money) -> impl Fn(&Value) -> Result<Money, FieldError> {
    move |value| match integer(value)? {
        Some(fen) => Money::try_from_fen(fen).and_then(|amount| amount.positive_within(max)).map_err(|error| {
            if error == MoneyError::TooLarge { FieldError::AboveMax(max) } else { FieldError::NotPositive }
        }),
        None => Err(FieldError::AboveMax(max)),
    }
}

/// An order number, as text or as a number of any size.
pub(crate) fn order_no(value: &Value) -> Result<OrderNo, FieldError> {
    let text = text_or_number(MAX_ORDER_NO)(value)?;
    OrderNo::parse(&text).map_err(|_| FieldError::Invalid)
}

/// A product's id.
pub(crate) fn product_id(value: &Value) -> Result<ProductId, FieldError> {
    let text = text_or_number(MAX_PRODUCT_ID)(value)?;
    ProductId::parse(&text).map_err(|_| FieldError::Invalid)
}

/// A log-in name for a new user.
pub(crate) fn username(value: &Value) -> Result<Username, FieldError> {
    let text = text(MAX_USERNAME)(value)?;
    Username::parse(&text).map_err(|_| FieldError::Invalid)
}

/// A new password.
pub(crate) fn secret(value: &Value) -> Result<String, FieldError> {
    text(MAX_SECRET)(value)
}

/// A password at the log-in.
pub(crate) fn password(value: &Value) -> Result<String, FieldError> {
    text_or_number(MAX_SECRET)(value)
}

/// Readable text of 1 to `max` characters.
pub(crate) fn text(max: usize) -> impl Fn(&Value) -> Result<String, FieldError> {
    move |value| match value {
        Value::Number(_) => Err(FieldError::NotText),
        value => text_or_number(max)(value),
    }
}

/// Readable text of 1 to `max` characters; a number is its own text, as clients of the 益安 and campus
/// APIs are used to.
pub(crate) fn text_or_number(max: usize) -> impl Fn(&Value) -> Result<String, FieldError> {
    move |value| {
        let text = match value {
            Value::Number(text) | Value::Text(text) | Value::Form(text) => text,
            Value::Null => return Err(FieldError::Null),
            _ => return Err(FieldError::NotText),
        };
        if text.is_empty() {
            Err(FieldError::Blank)
        } else if text.contains(char::REPLACEMENT_CHARACTER) {
            Err(FieldError::NotText)
        } else if text.chars().any(is_invisible) {
            Err(FieldError::ControlCharacter)
        } else if text.chars().count() > max {
            Err(FieldError::TooLong { max })
        } else {
            Ok(text.clone())
        }
    }
}

/// Course ids: a JSON list of numbers, or a form field of comma-joined ones.
pub(crate) fn course_ids(value: &Value) -> Result<Vec<CourseId>, FieldError> {
    let items: Vec<Value> = match value {
        Value::List(text) => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| FieldError::NotAList)?;
            items.into_iter().map(Value::of).collect()
        }
        Value::Form(text) => text.split(',').map(|item| Value::Form(item.to_owned())).collect(),
        Value::Null => return Err(FieldError::Null),
        _ => return Err(FieldError::NotAList),
    };
    if items.is_empty() || items.len() > Order::MAX_LINES {
        return Err(FieldError::BadSelection { max: Order::MAX_LINES });
    }
    let course_id =
        |item: &Value| CourseId::try_new(integer(item)?.ok_or(FieldError::Invalid)?).map_err(|_| FieldError::Invalid);
    items.iter().map(course_id).collect()
}

/// The cursor of a page: a number above zero.
pub(crate) fn page_cursor(value: &Value) -> Result<i64, FieldError> {
    integer(value)?.filter(|number| *number > 0).ok_or(FieldError::Invalid)
}

/// The length of a page: a number above zero. A page is never longer than the service allows.
pub(crate) fn page_limit(value: &Value) -> Result<u32, FieldError> {
    let number = integer(value)?.filter(|number| *number > 0).ok_or(FieldError::Invalid)?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A whole number in plain digits; `None` when it does not fit.
pub(super) fn integer(value: &Value) -> Result<Option<i64>, FieldError> {
    let text = match value {
        Value::Number(text) | Value::Form(text) => text,
        Value::Null => return Err(FieldError::Null),
        _ => return Err(FieldError::NotAnInteger),
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FieldError::NotAnInteger);
    }
    Ok(text.parse().ok())
}

/// Control characters, and the marks that turn the direction of writing: they hide what is said.
fn is_invisible(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text is an amount but for its minus.
fn is_negative(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| Money::parse_yuan(rest).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Money = Money::from_fen_u32(5_000_000);

    fn number(text: &str) -> Value {
        Value::Number(text.to_owned())
    }

    fn json_text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn form(text: &str) -> Value {
        Value::Form(text.to_owned())
    }

    #[test]
    fn an_amount_is_read_from_its_text_whatever_carries_it() {
        let read = amount_yuan(MAX);
        for (text, expected) in [
            ("100", Ok(10_000)),
            ("0.5", Ok(50)),
            ("100.00", Ok(10_000)),
            ("50000", Ok(5_000_000)),
            ("50000.01", Err(FieldError::AboveMax(MAX))),
            ("123456789012345678901234567890", Err(FieldError::AboveMax(MAX))),
            ("0", Err(FieldError::NotPositive)),
            ("0.00", Err(FieldError::NotPositive)),
            ("-1", Err(FieldError::NotPositive)),
            ("-0.01", Err(FieldError::NotPositive)),
            ("0.001", Err(FieldError::TooManyDecimals)),
            ("1e2", Err(FieldError::NotANumber)),
            ("1.0e1", Err(FieldError::NotANumber)),
            ("", Err(FieldError::NotANumber)),
            (" 100", Err(FieldError::NotANumber)),
            ("１００", Err(FieldError::NotANumber)),
            ("NaN", Err(FieldError::NotANumber)),
            ("100\u{0}", Err(FieldError::NotANumber)),
        ] {
            for value in [number(text), json_text(text), form(text)] {
                assert_eq!(read(&value).map(Money::fen), expected, "{value:?}");
            }
        }
        for value in [Value::Bool, Value::List("[1]".to_owned()), Value::Object, Value::BrokenText] {
            assert_eq!(read(&value), Err(FieldError::NotANumber), "{value:?}");
        }
        assert_eq!(read(&Value::Null), Err(FieldError::Null));
    }

    #[test]
    fn fen_are_plain_digits_and_no_text() {
        let read = amount_fen(MAX);
        for (value, expected) in [
            (number("100"), Ok(100)),
            (form("100"), Ok(100)),
            (json_text("100"), Err(FieldError::NotAnInteger)),
            (number("1.5"), Err(FieldError::NotAnInteger)),
            (number("1e2"), Err(FieldError::NotAnInteger)),
            (number("0"), Err(FieldError::NotPositive)),
            (number("-1"), Err(FieldError::NotPositive)),
            (number("5000001"), Err(FieldError::AboveMax(MAX))),
            (number("123456789012345678901234567890"), Err(FieldError::AboveMax(MAX))),
            (Value::Null, Err(FieldError::Null)),
            (Value::Bool, Err(FieldError::NotAnInteger)),
        ] {
            assert_eq!(read(&value).map(Money::fen), expected, "{value:?}");
        }
    }

    #[test]
    fn an_order_number_is_kept_digit_by_digit() {
        for value in [number("12134676899915430002"), json_text("12134676899915430002"), form("12134676899915430002")] {
            assert_eq!(order_no(&value).unwrap().as_str(), "12134676899915430002");
        }
        for (value, expected) in [
            (json_text(""), FieldError::Blank),
            (json_text(" "), FieldError::Invalid),
            (number("-12134676899915430002"), FieldError::TooLong { max: 20 }),
            (number("1.5"), FieldError::Invalid),
            (number("1e19"), FieldError::Invalid),
            (json_text("1\u{0}"), FieldError::ControlCharacter),
            (json_text("1\u{202e}"), FieldError::ControlCharacter),
            (form("\u{fffd}"), FieldError::NotText),
            (form("１２"), FieldError::Invalid),
            (Value::Bool, FieldError::NotText),
            (Value::List("[]".to_owned()), FieldError::NotText),
            (Value::Object, FieldError::NotText),
            (Value::BrokenText, FieldError::NotText),
            (Value::Null, FieldError::Null),
        ] {
            assert_eq!(order_no(&value), Err(expected), "{value:?}");
        }
    }

    #[test]
    fn text_is_counted_in_characters() {
        assert_eq!(text(2)(&json_text("中文")), Ok("中文".to_owned()));
        assert_eq!(text(2)(&json_text("中文字")), Err(FieldError::TooLong { max: 2 }));
        assert_eq!(text(2)(&number("12")), Err(FieldError::NotText));
        assert_eq!(text_or_number(2)(&number("12")), Ok("12".to_owned()));
    }

    #[test]
    fn courses_are_a_list_of_numbers() {
        let ids = |value: &Value| course_ids(value).map(|ids| ids.into_iter().map(CourseId::get).collect::<Vec<_>>());
        assert_eq!(ids(&Value::List("[1, 2]".to_owned())), Ok(vec![1, 2]));
        assert_eq!(ids(&form("1,2")), Ok(vec![1, 2]));
        for (list, expected) in [
            ("[]", FieldError::BadSelection { max: 20 }),
            ("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", FieldError::BadSelection { max: 20 }),
            ("[-1]", FieldError::Invalid),
            ("[0]", FieldError::Invalid),
            ("[1.5]", FieldError::NotAnInteger),
            ("[\"1\"]", FieldError::NotAnInteger),
            ("[[1]]", FieldError::NotAnInteger),
            ("[null]", FieldError::Null),
            ("[123456789012345678901234567890]", FieldError::Invalid),
        ] {
            assert_eq!(ids(&Value::List(list.to_owned())), Err(expected), "{list}");
        }
        assert_eq!(ids(&json_text("1")), Err(FieldError::NotAList));
        assert_eq!(ids(&form("")), Err(FieldError::NotAnInteger));
    }

    #[test]
    fn pages_have_a_cursor_and_a_limit_above_zero() {
        assert_eq!(page_cursor(&form("7")), Ok(7));
        assert_eq!(page_limit(&form("99999999999")), Ok(u32::MAX));
        for text in ["", "x", "-1", "0", "1.5", "\u{fffd}"] {
            assert!(page_cursor(&form(text)).is_err(), "{text:?}");
            assert!(page_limit(&form(text)).is_err(), "{text:?}");
        }
    }
}

//! How the fields of the campus API are read: ids and small numbers as text or as numbers, several of
//! them joined by commas.

use crate::extract::{Value, text_or_number};
use crate::failure::{FieldError, Refusal};
use edupay_domain::ids::{GatewayOrderNo, IdError, PackageId, PurchaseRecordId, UserId};
use edupay_domain::money::MoneyError;
use edupay_domain::packages::{ClaimedAmount, Purchase};

/// The most digits of a user's or a package's id.
const MAX_ID: usize = 19;
/// The longest number of the gateway.
const MAX_NUMBER: usize = 32;
/// The longest list of ids: as many as a purchase has, of the longest, with space around them.
const MAX_LIST: usize = 600;
/// More record ids than this are refused.
const MAX_RECORDS: usize = 99;

/// Whom a request is for. A number that can be nobody's is kept, so that it gets the same answer as an
/// unknown or foreign one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ForUser(Option<UserId>);

impl ForUser {
    /// The user that the number may be.
    ///
    /// # Errors
    /// `StudentNotYours` when it is nobody's.
    pub(super) fn id(self) -> Result<UserId, Refusal> {
        self.0.ok_or(Refusal::StudentNotYours)
    }
}

/// A user's id.
pub(super) fn user_id(value: &Value) -> Result<ForUser, FieldError> {
    let text = text_or_number(MAX_ID)(value)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let id = text.parse().ok().and_then(|id| UserId::try_new(id).ok());
    if digits { Ok(ForUser(id)) } else { Err(FieldError::Invalid) }
}

/// The ids of packages. How many, and whether each comes once, is the rule's matter.
pub(super) fn package_ids(value: &Value) -> Result<Vec<PackageId>, FieldError> {
    list(value, |part| part.parse().ok().and_then(|id| PackageId::try_new(id).ok()))
}

/// The ids of records.
pub(super) fn record_ids(value: &Value) -> Result<Vec<PurchaseRecordId>, FieldError> {
    let ids = list(value, |part| PurchaseRecordId::parse(part).ok())?;
    if ids.len() > MAX_RECORDS { Err(FieldError::BadSelection { max: MAX_RECORDS }) } else { Ok(ids) }
}

/// A number by which the gateway knows a charge.
pub(super) fn order_number(value: &Value) -> Result<GatewayOrderNo, FieldError> {
    let text = text_or_number(MAX_NUMBER)(value)?;
    GatewayOrderNo::parse(&text).map_err(|_: IdError| FieldError::Invalid)
}

/// What the client believes to pay: in fen or in yuan, the document says both.
pub(super) fn claimed(value: &Value) -> Result<ClaimedAmount, FieldError> {
    let text = match value {
        Value::Number(text) | Value::Text(text) | Value::Form(text) => text,
        Value::Null => return Err(FieldError::Null),
        _ => return Err(FieldError::NotANumber),
    };
    ClaimedAmount::parse(text).map_err(|error| match error {
        MoneyError::NotPositive => FieldError::NotPositive,
        MoneyError::TooManyDecimals => FieldError::TooManyDecimals,
        _ => FieldError::NotANumber,
    })
}

/// One of a few numbers.
pub(super) fn choice<T>(of: impl Fn(i64) -> Option<T>) -> impl Fn(&Value) -> Result<T, FieldError> {
    move |value| {
        let text = text_or_number(MAX_ID)(value)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).and_then(&of).ok_or(FieldError::UnknownChoice)
    }
}

/// A field of which an empty one says as little as none.
pub(super) fn filled<T>(
    read: impl Fn(&Value) -> Result<T, FieldError>,
) -> impl Fn(&Value) -> Result<Option<T>, FieldError> {
    move |value| match read(value) {
        Err(FieldError::Blank | FieldError::Null) => Ok(None),
        read => read.map(Some),
    }
}

fn list<T>(value: &Value, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, FieldError> {
    let max = MAX_LIST.max(Purchase::MAX_RECORDS.saturating_mul(MAX_ID));
    let text = text_or_number(max)(value)?;
    let part = |part: &str| {
        let part = part.trim();
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        read(part).filter(|_| digits).ok_or(FieldError::Invalid)
    };
    text.split(',').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn number(text: &str) -> Value {
        Value::Number(text.to_owned())
    }

    #[test]
    fn a_user_is_named_by_text_or_by_a_number() {
        for value in [json_text("10129580"), number("10129580"), Value::Form("10129580".to_owned())] {
            assert_eq!(user_id(&value).unwrap().id().unwrap().get(), 10_129_580);
        }
        for nobody in ["0", "9999999999999999999"] {
            assert_eq!(user_id(&json_text(nobody)).unwrap().id(), Err(Refusal::StudentNotYours), "{nobody}");
        }
        for (value, expected) in [
            (json_text("abc"), FieldError::Invalid),
            (number("-1"), FieldError::Invalid),
            (number("1.5"), FieldError::Invalid),
            (number("1e7"), FieldError::Invalid),
            (json_text("１２"), FieldError::Invalid),
            (json_text("1\u{0}"), FieldError::ControlCharacter),
            (json_text(""), FieldError::Blank),
            (json_text(&"1".repeat(20)), FieldError::TooLong { max: 19 }),
            (Value::Null, FieldError::Null),
            (Value::Bool, FieldError::NotText),
            (Value::Object, FieldError::NotText),
        ] {
            assert_eq!(user_id(&value), Err(expected), "{value:?}");
        }
    }

    #[test]
    fn lists_are_joined_by_commas() {
        let ids = |text: &str| package_ids(&json_text(text)).map(|ids| ids.into_iter().map(PackageId::get).collect());
        assert_eq!(ids("10000001"), Ok(vec![10_000_001]));
        assert_eq!(ids("1, 1,2"), Ok(vec![1, 1, 2]));
        for odd in ["1,,2", ",", "a", "-1", "0", "1.5", "1;2", "99999999999999999999"] {
            assert_eq!(ids(odd), Err(FieldError::Invalid), "{odd}");
        }
        assert_eq!(ids(""), Err(FieldError::Blank));
        assert_eq!(package_ids(&number("10000001")).unwrap().len(), 1);
        assert!(record_ids(&json_text(&["1"; 100].join(","))).is_err());
    }

    #[test]
    fn a_claimed_amount_is_read_from_its_text() {
        for (text, expected) in [
            ("-158", Some(FieldError::NotANumber)),
            ("0", Some(FieldError::NotPositive)),
            ("1.234", Some(FieldError::TooManyDecimals)),
            (".5", Some(FieldError::NotANumber)),
            ("+1", Some(FieldError::NotANumber)),
            ("0x10", Some(FieldError::NotANumber)),
            ("Infinity", Some(FieldError::NotANumber)),
            ("1e2", Some(FieldError::NotANumber)),
            ("0.01", None),
            ("1580000000", None),
        ] {
            assert_eq!(claimed(&number(text)).err(), expected, "{text}");
            assert_eq!(claimed(&json_text(text)).err(), expected, "{text}");
        }
        assert_eq!(claimed(&Value::Null), Err(FieldError::Null));
        assert_eq!(claimed(&Value::Bool), Err(FieldError::NotANumber));
    }

    #[test]
    fn a_choice_is_one_of_its_numbers() {
        let read = choice(|number| (number < 2).then_some(number));
        assert_eq!(read(&number("1")), Ok(1));
        assert_eq!(read(&json_text("0")), Ok(0));
        for odd in ["2", "-1", "1.0", "x", "+1"] {
            assert_eq!(read(&json_text(odd)), Err(FieldError::UnknownChoice), "{odd}");
        }
        assert_eq!(filled(order_number)(&json_text("")), Ok(None));
        assert_eq!(filled(order_number)(&Value::Null), Ok(None));
        assert_eq!(filled(order_number)(&json_text("1-2")), Err(FieldError::Invalid));
    }
}

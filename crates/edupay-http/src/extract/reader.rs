//! From fields to a command's values: every wrong field is found before the request is refused.

use super::fields::{Fields, Value};
use crate::config::HttpConfig;
use crate::failure::{Failure, FieldError, FieldErrors};
use std::borrow::Cow;

/// The longest name of an unknown field that is repeated in an answer.
const MAX_ECHO: usize = 64;

/// Something that can be read from fields.
pub(crate) trait Decode: Sized {
    /// Reads all its fields; `None` when one of them is wrong, which the reader then knows.
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self>;
}

/// Takes fields out one by one and remembers what is wrong with them.
pub(crate) struct Reader {
    fields: Fields,
    errors: FieldErrors,
}

impl Reader {
    /// Reads a `T` from all fields.
    ///
    /// # Errors
    /// `Fields`, naming each wrong field. A field that came twice is wrong even when nobody knows it.
    pub(crate) fn decode<T: Decode>(fields: Fields, config: &HttpConfig) -> Result<T, Failure> {
        let mut reader = Self { fields, errors: FieldErrors::default() };
        let decoded = T::decode(&mut reader, config);
        let Self { fields, mut errors } = reader;
        for name in fields.repeated() {
            let plain = name.len() <= MAX_ECHO && !name.is_empty() && !name.chars().any(char::is_control);
            let name = if plain { Cow::Owned(name) } else { Cow::Borrowed("non_field_errors") };
            errors.push(name, FieldError::Repeated);
        }
        match decoded {
            Some(decoded) if errors.0.is_empty() => Ok(decoded),
            _ => Err(Failure::Fields(errors)),
        }
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, FieldError>,
    ) -> Option<T> {
        let value = self.fields.take(name);
        self.read(name, value.as_ref().map_or(Err(FieldError::Required), |value| once(value, read)))
    }

    /// A field that may be absent: `Some(None)` when it is, `None` when it is wrong.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, FieldError>,
    ) -> Option<Option<T>> {
        match self.fields.take(name) {
            None => Some(None),
            Some(value) => self.read(name, once(&value, read)).map(Some),
        }
    }

    /// Says that a field is missing, where only the others tell whether it is needed.
    pub(crate) fn missing<T>(&mut self, name: &'static str) -> Option<T> {
        self.read(name, Err(FieldError::Required))
    }

    fn read<T>(&mut self, name: &'static str, outcome: Result<T, FieldError>) -> Option<T> {
        outcome.map_err(|error| self.errors.push(name, error)).ok()
    }
}

fn once<T>(value: &Value, read: impl FnOnce(&Value) -> Result<T, FieldError>) -> Result<T, FieldError> {
    match value {
        Value::Repeated => Err(FieldError::Repeated),
        value => read(value),
    }
}

//! Bodies: fields, and everything that is read from fields.

use super::each::EachBody;
use crate::config::HttpConfig;
use crate::extract::Decode;
use crate::extract::fuzzing::{Sent, same_as_form, same_as_json};
use std::sync::LazyLock;

static CONFIG: LazyLock<HttpConfig> = LazyLock::new(HttpConfig::default);

/// What is JSON by a second reader is read with the same names and values, numbers by their own text; what
/// is read strictly is read leniently alike.
pub fn json_body(data: &[u8]) {
    same_as_json(data);
}

/// A form is read as a second reader reads it.
pub fn form_body(data: &[u8]) {
    same_as_form(data);
}

/// Every body and query of every API is read or refused, the same way each time, strictly and leniently
/// alike, and never when a field comes twice. The input is a body, as JSON and as a form.
pub fn requests(data: &[u8]) {
    let mut sent = Sent::new(data);
    crate::v1::fuzzing::each_body(&mut sent);
    crate::campus::fuzzing::each_body(&mut sent);
    crate::yian::fuzzing::each_body(&mut sent);
}

impl EachBody for Sent {
    fn body<T: Decode>(&mut self) {
        self.is_read::<T>(&CONFIG);
    }
}

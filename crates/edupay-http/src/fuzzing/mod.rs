//! What must hold of what reads requests, whatever they say. Each claim is a function of bytes that panics
//! when it is broken; the fuzz targets call it, and so does a test, over the seeds of the target.
//!
//! It is there for tests and for cargo-fuzz alone, which sets `cfg(fuzzing)`.

mod bodies;
pub(crate) mod each;
mod headers;

pub use bodies::{form_body, json_body, requests};
pub use headers::headers;

/// A text is the same value whatever carries it, and what is taken is within its limits. The input is the
/// value's text.
pub fn values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    crate::extract::fuzzing::values(text);
    crate::campus::fuzzing::values(text);
    crate::v1::fuzzing::cursors(text);
}

/// What a person's browser sends to the cashier page, and what a gateway's document says of how to pay: a
/// page leads to the web and nowhere else, and no more is chosen than a purchase may have.
pub fn cashier(data: &[u8]) {
    crate::cashier::fuzzing::forms(data);
    if let Ok(document) = std::str::from_utf8(data) {
        crate::cashier::fuzzing::ways_to_pay(document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_a_request_says_it_is_read_or_refused() {
        hold("json_body", json_body);
        hold("form_body", form_body);
        hold("requests", requests);
        hold("values", values);
        hold("headers", headers);
        hold("cashier", cashier);
    }
}

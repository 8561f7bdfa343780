//! How an audit says what it found.

use edupay_domain::ledger::Breach;

pub(super) fn breach(breaches: &mut Vec<Breach>, invariant: &'static str, row: String, found: String) {
    breaches.push(Breach { invariant, row, found });
}

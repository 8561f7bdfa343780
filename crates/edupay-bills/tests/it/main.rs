//! Bill files as they are given out, and wrong in one way each.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking otherwise"
)]

mod alipay;
mod anything;
mod packing;
mod wechat;

use edupay_bills::read;
use edupay_domain::reconciliation::{Bill, BillError, BillKind};

/// What can't be used of a file: line, column, why.
fn faults(bill: &Bill) -> Vec<(u64, &str, &str)> {
    bill.faults.iter().map(|fault| (fault.line, fault.field.as_str(), fault.reason)).collect()
}

fn wechat(text: &str) -> Result<Bill, BillError> {
    read(BillKind::Wechat, text.as_bytes())
}

fn alipay(text: &str) -> Result<Bill, BillError> {
    read(BillKind::Alipay, text.as_bytes())
}

//! Bill files that WeChat and Alipay give to merchants, as the domain's reconciliation wants them.
//!
//! Text in, facts out: every amount goes through the domain's own parser, every line that can't be read is
//! named with its column, and a file that breaks off is noticed by the end it lacks. What is absent: any
//! network, any guess, and any use of a float.

mod alipay;
mod blocking;
mod columns;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod text;
mod unpack;
mod values;
mod wechat;

use async_trait::async_trait;
use edupay_domain::reconciliation::{Bill, BillError, BillKind, BillReader};

/// Reads bill files of both kinds: plain, gzipped, or in a zip; in UTF-8 or GBK.
#[derive(Debug, Clone, Copy, Default)]
pub struct BillFiles;

#[async_trait]
impl BillReader for BillFiles {
    async fn read(&self, kind: BillKind, file: Vec<u8>) -> Result<Bill, BillError> {
        blocking::run(move || read(kind, &file)).await
    }
}

/// Reads a bill file. Of a zip the first file that is such a bill counts.
///
/// # Errors
/// [`BillError`] when it is none.
pub fn read(kind: BillKind, file: &[u8]) -> Result<Bill, BillError> {
    let mut first_error = None;
    for part in unpack::parts(file)? {
        let outcome = text::decode(&part).and_then(|text| match kind {
            BillKind::Wechat => wechat::read(&text),
            BillKind::Alipay => alipay::read(&text),
        });
        match outcome {
            Ok(bill) => return Ok(bill),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or(BillError::Unreadable))
}

//! Bill files of the payer's apps, once they were read.

use super::difference::Source;
use super::sides::{TheirPayment, TheirRefund};
use crate::payments::Channel;
use thiserror::Error;

/// Whose bill file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillKind {
    /// WeChat's bill of transactions.
    Wechat,
    /// Alipay's list of transactions, or of movements of the account.
    Alipay,
}

impl BillKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Wechat, Self::Alipay];

    /// The stable name: `wechat` or `alipay`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Wechat => "wechat",
            Self::Alipay => "alipay",
        }
    }

    /// The side that differences are told of.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Self::Wechat => Source::WechatBill,
            Self::Alipay => Source::AlipayBill,
        }
    }

    /// Whether payments of this channel stand in such a bill.
    #[must_use]
    pub fn has(self, channel: Channel) -> bool {
        match (self, channel) {
            (Self::Wechat, Channel::Wx | Channel::WxPub | Channel::WxPubQr | Channel::WxWap)
            | (Self::Alipay, Channel::Alipay | Channel::AlipayWap | Channel::AlipayQr) => true,
            (Self::Wechat, Channel::Alipay | Channel::AlipayWap | Channel::AlipayQr | Channel::Upacp)
            | (Self::Alipay, Channel::Wx | Channel::WxPub | Channel::WxPubQr | Channel::WxWap | Channel::Upacp) => {
                false
            }
        }
    }
}

/// A line of a bill file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillFault {
    /// Which line, counted from 1.
    pub line: u64,
    /// The column to blame, as the file names it.
    pub field: String,
    /// Why: a stable code.
    pub reason: &'static str,
}

/// What a bill file tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bill {
    /// Its payments.
    pub payments: Vec<TheirPayment>,
    /// Its refunds.
    pub refunds: Vec<TheirRefund>,
    /// What could not be read of it.
    pub faults: Vec<BillFault>,
}

/// Why a file is no bill.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BillError {
    /// Neither UTF-8 nor GBK, or broken packing.
    #[error("the file can't be unpacked or is not text")]
    Unreadable,
    /// Larger than [`BillError::MAX_BYTES`] once unpacked.
    #[error("the file is too large")]
    TooLarge,
    /// No line names the columns of such a bill.
    #[error("no line names the columns of such a bill")]
    NoHeader,
    /// A column that is needed is missing.
    #[error("the column {0} is missing")]
    MissingColumn(String),
}

impl BillError {
    /// The most bytes of a file, unpacked.
    pub const MAX_BYTES: usize = 128 * 1024 * 1024;

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable => "bill_unreadable",
            Self::TooLarge => "bill_too_large",
            Self::NoHeader => "bill_without_header",
            Self::MissingColumn(_) => "bill_column_missing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_may_have_128_mebibytes() {
        assert_eq!(BillError::MAX_BYTES, 134_217_728);
    }
}

//! What must hold of the reading of bills, whatever stands in a file. Each claim is a function of bytes that
//! panics when it is broken; the fuzz targets call it, and so does a test, over the seeds of the target.
//!
//! It is there for tests and for cargo-fuzz alone, which sets `cfg(fuzzing)`.

use crate::read;
use edupay_domain::money::Money;
use edupay_domain::reconciliation::{Bill, BillKind};
use encoding_rs::GBK;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// Any file, packed or not: it is a bill that can be kept, or refused.
pub fn bill_files(data: &[u8]) {
    for kind in BillKind::ALL {
        if let Ok(bill) = read(kind, data) {
            keepable(&bill);
        }
    }
}

/// A text says the same with either end of lines, with a mark before it, in GBK, gzipped, and in a zip; it
/// says no more than it has lines.
pub fn bill_texts(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // What begins like something packed, or is marked already, is another file.
    if text.starts_with("PK\x03\x04") || text.starts_with(['\u{feff}', '\u{1f}']) {
        return;
    }
    let text = text.replace("\r\n", "\n");
    for kind in BillKind::ALL {
        let bill = read(kind, text.as_bytes());
        if let Ok(bill) = &bill {
            keepable(bill);
            let told = [bill.payments.len(), bill.refunds.len(), bill.faults.len()];
            assert!(told.into_iter().fold(0_usize, usize::saturating_add) <= text.lines().count().saturating_add(1));
        }
        assert_eq!(read(kind, text.replace('\n', "\r\n").as_bytes()), bill);
        assert_eq!(read(kind, format!("\u{feff}{text}").as_bytes()), bill);
        let (gbk, _, lossy) = GBK.encode(&text);
        if !lossy && std::str::from_utf8(&gbk).is_err() && GBK.decode_without_bom_handling(&gbk).0 == text {
            assert_eq!(read(kind, &gbk), bill);
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
        if gzip.write_all(text.as_bytes()).is_ok()
            && let Ok(packed) = gzip.finish()
        {
            assert_eq!(read(kind, &packed), bill);
        }
        assert_eq!(read(kind, &zip(text.as_bytes())), bill);
    }
}

/// Payments that are written as bills of either kind are read as they are. The input is a line of a number,
/// an amount and a name for each.
pub fn bill_rows(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (mut wechat, mut alipay, mut expected) = (WECHAT.to_owned(), ALIPAY.to_owned(), Vec::new());
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(number), Some(amount)) = (words.next(), words.next()) else { continue };
        let name = words.next().unwrap_or_default();
        let plain = !number.is_empty() && number.len() <= 64 && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let Ok(money) = Money::parse_yuan(amount) else { continue };
        // A quote may open a field that holds commas; a backtick or a tab would pad it.
        if !plain || name.contains(['"', ',', '`', '\t']) || name.chars().any(char::is_control) {
            continue;
        }
        wechat.push_str(&format!("`2026-11-28 11:22:33,`{number},`{number},`SUCCESS,`{name},`{amount},`0,`0.00\n"));
        alipay.push_str(&format!("{number}\t,{number}\t,交易,{name},2026-11-28 11:22:33,{amount}\n"));
        expected.push((number, money));
    }
    wechat.push_str(&format!("总交易单数\n`{}\n", expected.len()));
    alipay.push_str("#----列表结束----\n");
    for (kind, file) in [(BillKind::Wechat, wechat), (BillKind::Alipay, alipay)] {
        let bill = read(kind, file.as_bytes());
        let told = bill.as_ref().ok().filter(|bill| bill.faults.is_empty() && bill.refunds.is_empty());
        let rows = told.map(|bill| {
            bill.payments.iter().map(|payment| (payment.number.as_str(), payment.amount)).collect::<Vec<_>>()
        });
        assert_eq!(rows.as_ref(), Some(&expected), "{kind:?} {bill:?}");
    }
}

const WECHAT: &str = "交易时间,微信订单号,商户订单号,交易状态,商品名称,订单金额,微信退款单号,申请退款金额\n";
const ALIPAY: &str = "支付宝交易号,商户订单号,业务类型,商品名称,完成时间,订单金额（元）\n";

/// Every text of a bill is short and has no character that a database refuses.
fn keepable(bill: &Bill) {
    let payments = bill.payments.iter().flat_map(|payment| {
        let currency = payment.currency.as_deref().unwrap_or_default();
        [payment.name.as_str(), payment.number.as_str(), currency]
    });
    let refunds = bill.refunds.iter().flat_map(|refund| [refund.name.as_str(), refund.number.as_str()]);
    for text in payments.chain(refunds) {
        assert!(text.len() <= 129 && !text.chars().any(char::is_control), "{text:?}");
    }
    assert!(bill.payments.iter().all(|payment| payment.amount.fen() >= 0));
    assert!(bill.refunds.iter().all(|refund| refund.amount.fen() >= 0));
}

/// A zip of one file, as it is.
fn zip(content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap_or_default().to_le_bytes();
    let mut zip = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
    zip.extend_from_slice(&[0; 16]);
    zip.extend_from_slice(&[1, 0, 0, 0, b'a']);
    zip.extend_from_slice(content);
    let at = u32::try_from(zip.len()).unwrap_or_default().to_le_bytes();
    zip.extend_from_slice(b"PK\x01\x02\x14\0\x14\0\0\0\0\0");
    zip.extend_from_slice(&[0; 8]);
    zip.extend_from_slice(&size);
    zip.extend_from_slice(&size);
    zip.extend_from_slice(&[1, 0]);
    zip.extend_from_slice(&[0; 16]);
    zip.push(b'a');
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\0");
    zip.extend_from_slice(&at);
    zip.extend_from_slice(&[0, 0]);
    zip
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_stands_in_a_file_it_is_a_bill_or_refused() {
        hold("bill_files", bill_files);
        hold("bill_texts", bill_texts);
        hold("bill_rows", bill_rows);
    }
}

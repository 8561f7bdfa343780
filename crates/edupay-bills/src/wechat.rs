//! WeChat's bill of transactions: a header, a line per payment and refund, a summary of two lines. Fields
//! begin with a backtick, so that a spreadsheet takes no number for a number.

use crate::columns::{Columns, Row};
use crate::text::{fields, lines};
use crate::values::{amount, moment, number};
use edupay_domain::ids::RefundId;
use edupay_domain::payments::RefundStatus;
use edupay_domain::reconciliation::{Bill, BillError, BillFault, PaymentState, TheirPayment, TheirRefund};

const TIME: &str = "交易时间";
const TRANSACTION: &str = "微信订单号";
const ORDER: &str = "商户订单号";
const STATE: &str = "交易状态";
const CURRENCY: &str = "货币种类";
/// What the payer was to pay: the column's name has changed, and what was to be settled is less with coupons.
const AMOUNT: [&str; 3] = ["订单金额", "总金额", "应结订单金额"];
const REFUND: &str = "微信退款单号";
const REFUND_OF_MERCHANT: &str = "商户退款单号";
const REFUND_AMOUNT: [&str; 2] = ["申请退款金额", "退款金额"];
const REFUND_STATE: &str = "退款状态";
const SUMMARY: &str = "总交易单数";

pub(crate) fn read(text: &str) -> Result<Bill, BillError> {
    let mut lines = lines(text).filter(|(_, line)| !line.trim().is_empty());
    let columns = lines.find_map(|(_, line)| {
        let columns = Columns::new(split(line));
        (columns.has(TIME) && columns.has(ORDER)).then_some(columns)
    });
    let columns = columns.ok_or(BillError::NoHeader)?;
    columns.expect(&[TIME, TRANSACTION, ORDER, STATE])?;
    let (amount_of, refund_of) = (columns.first(&AMOUNT)?, columns.first(&REFUND_AMOUNT)?);
    let (mut bill, mut count, mut end) = (Bill::default(), 0_u64, 0_u64);
    let mut summary = None;
    for (line, content) in lines {
        end = line;
        let fields = split(content);
        if fields.first().is_some_and(|field| field == SUMMARY) {
            summary = Some(line);
            continue;
        }
        if let Some(line_of_summary) = summary {
            bill.faults.extend(check_summary(&fields, count, line_of_summary));
            break;
        }
        count = count.saturating_add(1);
        let taken = columns.row(line, fields).and_then(|row| take(&row, amount_of, refund_of, &mut bill));
        bill.faults.extend(taken.err());
    }
    if summary.is_none() {
        bill.faults.push(BillFault { line: end, field: SUMMARY.to_owned(), reason: "summary_missing" });
    }
    Ok(bill)
}

/// Between backticks where there are some: then a name may hold commas.
fn split(line: &str) -> Vec<String> {
    match line.strip_prefix('`') {
        Some(line) => line.split(",`").map(|field| field.trim_matches([' ', '\t']).to_owned()).collect(),
        None => fields(line).iter().map(|field| field.trim_start_matches('`').to_owned()).collect(),
    }
}

/// A file that broke off in the middle has another count than it says.
fn check_summary(fields: &[String], count: u64, line: u64) -> Option<BillFault> {
    let said = fields.first().map_or("", String::as_str);
    let said: Option<u64> = said.split('.').next().and_then(|digits| digits.parse().ok());
    let differs = said.is_none_or(|said| said != count);
    differs.then(|| BillFault { line, field: SUMMARY.to_owned(), reason: "summary_differs" })
}

fn take(row: &Row<'_>, amount_of: &str, refund_of: &str, bill: &mut Bill) -> Result<(), BillFault> {
    match row.text(STATE) {
        "SUCCESS" => bill.payments.push(payment(row, amount_of)?),
        "REFUND" => bill.refunds.push(refund(row, refund_of)?),
        // Taken back at the till: what was given back stands in the columns of refunds.
        "REVOKED" if !matches!(row.text(REFUND), "" | "0") => bill.refunds.push(refund(row, refund_of)?),
        "REVOKED" => {}
        _ => return Err(row.fault(STATE, "unknown_choice")),
    }
    Ok(())
}

fn payment(row: &Row<'_>, amount_of: &str) -> Result<TheirPayment, BillFault> {
    let currency = row.text(CURRENCY).to_ascii_lowercase();
    if currency.len() > 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(row.fault(CURRENCY, "unknown_choice"));
    }
    Ok(TheirPayment {
        name: number(row, TRANSACTION)?,
        charge_id: None,
        number: number(row, ORDER)?,
        amount: amount(row, amount_of)?,
        currency: (!currency.is_empty()).then_some(currency),
        app_id: None,
        mode: None,
        state: PaymentState::Paid,
        paid_at: Some(moment(row, TIME)?),
    })
}

fn refund(row: &Row<'_>, refund_of: &str) -> Result<TheirRefund, BillFault> {
    let (theirs, ours) = (row.text(REFUND), row.text(REFUND_OF_MERCHANT));
    let name = if matches!(theirs, "" | "0") { number(row, TRANSACTION)? } else { number(row, REFUND)? };
    Ok(TheirRefund {
        name,
        refund_id: refund_id(ours),
        charge_id: None,
        number: number(row, ORDER)?,
        amount: amount(row, refund_of)?,
        status: match row.text(REFUND_STATE) {
            "SUCCESS" | "" => RefundStatus::Succeeded,
            "PROCESSING" => RefundStatus::Pending,
            "FAIL" | "CHANGE" => RefundStatus::Failed,
            _ => return Err(row.fault(REFUND_STATE, "unknown_choice")),
        },
        at: Some(moment(row, TIME)?),
    })
}

/// The merchant's number of a refund is the gateway's id of it without its first letters.
pub(crate) fn refund_id(number: &str) -> Option<RefundId> {
    if matches!(number, "" | "0") {
        return None;
    }
    let id = if number.starts_with("re_") { number.to_owned() } else { format!("re_{number}") };
    RefundId::parse(&id).ok()
}

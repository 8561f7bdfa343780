//! Alipay's files: the list of transactions, or of movements of the account. Lines that begin with `#` frame
//! the list; fields are padded with tabs.

use crate::columns::{Columns, Row};
use crate::text::{fields, lines};
use crate::values::{amount, amount_or_none, amount_with_sign, moment, number};
use crate::wechat::refund_id;
use edupay_domain::money::Money;
use edupay_domain::payments::RefundStatus;
use edupay_domain::reconciliation::{Bill, BillError, BillFault, PaymentState, TheirPayment, TheirRefund};

const ORDER: &str = "商户订单号";
const KIND: &str = "业务类型";
/// The list of transactions.
const TRADE: &str = "支付宝交易号";
const DONE_AT: &str = "完成时间";
const TRADE_AMOUNT: &str = "订单金额(元)";
const REQUEST: &str = "退款批次号/请求号";
/// The list of movements.
const MOVEMENT: &str = "账务流水号";
const MOVED_AT: &str = "发生时间";
const INCOME: &str = "收入金额(+元)";
const EXPENSE: &str = "支出金额(-元)";
/// What ends either list.
const END: &str = "列表结束";

pub(crate) fn read(text: &str) -> Result<Bill, BillError> {
    let (mut bill, mut columns, mut ended, mut end) = (Bill::default(), None, false, 0);
    for (line, content) in lines(text) {
        end = line;
        if content.trim().is_empty() {
            continue;
        }
        if let Some(comment) = content.trim_start().strip_prefix('#') {
            ended |= comment.contains(END);
            continue;
        }
        let Some(columns) = &columns else {
            let named = Columns::new(fields(content));
            if named.has(ORDER) && named.has(KIND) {
                named.expect(needed(&named))?;
                columns = Some(named);
            }
            continue;
        };
        let taken = columns.row(line, fields(content)).and_then(|row| match columns.has(TRADE) {
            true => transaction(&row, &mut bill),
            false => movement(&row, &mut bill),
        });
        bill.faults.extend(taken.err());
    }
    if columns.is_none() {
        return Err(BillError::NoHeader);
    }
    // One that broke off in the middle has no end.
    if !ended {
        bill.faults.push(BillFault { line: end, field: END.to_owned(), reason: "summary_missing" });
    }
    Ok(bill)
}

fn needed(columns: &Columns) -> &'static [&'static str] {
    if columns.has(TRADE) { &[DONE_AT, TRADE_AMOUNT] } else { &[MOVEMENT, MOVED_AT, INCOME, EXPENSE] }
}

fn transaction(row: &Row<'_>, bill: &mut Bill) -> Result<(), BillFault> {
    match row.text(KIND) {
        "交易" => {
            let payment = payment(row, TRADE, amount(row, TRADE_AMOUNT)?, DONE_AT)?;
            bill.payments.push(payment);
        }
        "退款" => {
            let amount = amount_with_sign(row, TRADE_AMOUNT, '-')?;
            let mut refund = refund(row, TRADE, amount, DONE_AT)?;
            let request = row.text(REQUEST);
            refund.refund_id = refund_id(request);
            // One transaction may be refunded several times.
            if !request.is_empty() {
                refund.name = format!("{}/{}", refund.name, number(row, REQUEST)?);
            }
            bill.refunds.push(refund);
        }
        _ => return Err(row.fault(KIND, "unknown_choice")),
    }
    Ok(())
}

/// Of the movements only those of payments and of their refunds are of interest; fees, transfers and
/// withdrawals are not.
fn movement(row: &Row<'_>, bill: &mut Bill) -> Result<(), BillFault> {
    let kind = row.text(KIND);
    let (income, expense) = (amount_or_none(row, INCOME, '+')?, amount_or_none(row, EXPENSE, '-')?);
    if matches!(kind, "在线支付" | "交易付款") && !income.is_zero() {
        bill.payments.push(payment(row, MOVEMENT, income, MOVED_AT)?);
    } else if kind.contains("退款") && !expense.is_zero() {
        bill.refunds.push(refund(row, MOVEMENT, expense, MOVED_AT)?);
    }
    Ok(())
}

fn payment(row: &Row<'_>, name: &str, amount: Money, time: &str) -> Result<TheirPayment, BillFault> {
    Ok(TheirPayment {
        name: number(row, name)?,
        charge_id: None,
        number: number(row, ORDER)?,
        amount,
        currency: None,
        app_id: None,
        mode: None,
        state: PaymentState::Paid,
        paid_at: Some(moment(row, time)?),
    })
}

fn refund(row: &Row<'_>, name: &str, amount: Money, time: &str) -> Result<TheirRefund, BillFault> {
    Ok(TheirRefund {
        name: number(row, name)?,
        refund_id: None,
        charge_id: None,
        number: number(row, ORDER)?,
        amount,
        status: RefundStatus::Succeeded,
        at: Some(moment(row, time)?),
    })
}

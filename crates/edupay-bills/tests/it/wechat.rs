//! WeChat's bill of transactions.

use super::{faults, wechat};
use edupay_domain::payments::RefundStatus;
use edupay_domain::reconciliation::BillError;

const HEADER: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
    付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,\
    商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const SUMMARY: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// A line of the bill; `name` is what was bought.
pub(super) fn payment(number: &str, amount: &str, name: &str) -> String {
    let fields = [
        "2026-11-28 11:22:33",
        "wx1",
        "1900000001",
        "0",
        "",
        "4200001",
        number,
        "o1",
        "APP",
        "SUCCESS",
        "OTHERS",
        "CNY",
        amount,
        "0.00",
        "0",
        "0",
        "0.00",
        "0.00",
        "",
        "",
        name,
        "",
        "0.01",
        "0.60%",
        amount,
        "0.00",
        "",
    ];
    fields.map(|field| format!("`{field}")).join(",")
}

fn refund(number: &str, refund: &str, amount: &str, status: &str) -> String {
    let fields = [
        "2026-11-28 12:00:00",
        "wx1",
        "1900000001",
        "0",
        "",
        "4200001",
        number,
        "o1",
        "APP",
        "REFUND",
        "OTHERS",
        "CNY",
        "0.00",
        "0.00",
        "5030001",
        refund,
        "0.00",
        "0.00",
        "ORIGINAL",
        status,
        "课",
        "",
        "-0.01",
        "0.60%",
        "0.00",
        amount,
        "",
    ];
    fields.map(|field| format!("`{field}")).join(",")
}

pub(super) fn bill(lines: &[String]) -> String {
    let count = lines.len();
    let sums = format!("`{count},`1.00,`0.00,`0.00,`0.01,`1.00,`0.00");
    let lines = lines.iter().map(String::as_str);
    [HEADER].into_iter().chain(lines).chain([SUMMARY, sums.as_str()]).map(|line| format!("{line}\r\n")).collect()
}

#[test]
fn payments_and_refunds_are_read_with_their_numbers_and_times() {
    let text = bill(&[
        payment("12134676899915430002", "99.00", "课程, 上册"),
        refund("12134676899915430002", "Ab1Cd2", "9.50", "SUCCESS"),
        refund("12134676899915430002", "Ab1Cd3", "0.50", "PROCESSING"),
    ]);
    let bill = wechat(&text).unwrap();
    assert_eq!(faults(&bill), []);
    let payment = &bill.payments[0];
    assert_eq!((payment.name.as_str(), payment.number.as_str()), ("4200001", "12134676899915430002"));
    assert_eq!((payment.amount.fen(), payment.currency.as_deref()), (9_900, Some("cny")));
    assert_eq!(payment.paid_at.unwrap().to_rfc3339(), "2026-11-28T03:22:33+00:00");
    let told: Vec<_> = bill
        .refunds
        .iter()
        .map(|refund| (refund.refund_id.as_ref().unwrap().as_str(), refund.amount.fen(), refund.status))
        .collect();
    assert_eq!(told, [("re_Ab1Cd2", 950, RefundStatus::Succeeded), ("re_Ab1Cd3", 50, RefundStatus::Pending)]);
}

#[test]
fn the_older_names_of_columns_are_known() {
    let text = bill(&[payment("1", "1.00", "a")]);
    let old = text.replacen("应结订单金额", "总金额", 1).replacen(",订单金额,申请退款金额,费率备注", "", 1);
    let old = old.replace(",`1.00,`0.00,`\r\n", "\r\n");
    assert_eq!(wechat(&old).unwrap().payments[0].amount.fen(), 100);
}

#[test]
fn a_mark_before_the_text_and_backticks_in_the_header_change_nothing() {
    let text = bill(&[payment("1", "1.00", "a")]);
    let marked = format!("\u{feff}{text}");
    assert_eq!(wechat(&marked), wechat(&text));
    let guarded = text.replacen(HEADER, &format!("`{}", HEADER.replace(',', ",`")), 1);
    assert_eq!(wechat(&guarded), wechat(&text));
}

#[test]
fn each_bad_line_is_named_and_the_others_go_on() {
    let good = payment("1", "1.00", "a");
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    for (line, field, reason) in [
        (with("`1.00", "`1.00").replace("`1.00", "`1e2"), "订单金额", "amount_not_a_number"),
        (good.replace("`1.00", "`-1.00"), "订单金额", "amount_not_a_number"),
        (good.replace("`1.00", "`1.001"), "订单金额", "amount_too_many_decimals"),
        (good.replace("`1.00", "`99999999999999999999"), "订单金额", "amount_too_large"),
        (with("2026-11-28 11:22:33", "2026-13-28 11:22:33"), "交易时间", "time_invalid"),
        (with("2026-11-28 11:22:33", "=cmd|' /C calc'!A0"), "交易时间", "time_invalid"),
        (with("SUCCESS", "CLOSED"), "交易状态", "unknown_choice"),
        (with("`4200001", "`"), "微信订单号", "required"),
        (with("`CNY", "`C\0Y"), "货币种类", "unknown_choice"),
        (with("`CNY", "`RENMINBI"), "货币种类", "unknown_choice"),
        (with("`1,`o1", "`1.21347E+19,`o1"), "商户订单号", "number_approximated"),
        ("`2026-11-28 11:22:33,`wx1".to_owned(), "row", "field_count"),
    ] {
        let bill = wechat(&bill(&[payment("9", "2.00", "b"), line.clone(), payment("8", "3.00", "c")])).unwrap();
        assert_eq!(faults(&bill), [(3, field, reason)], "{line}");
        assert_eq!(bill.payments.len(), 2, "{line}");
    }
}

#[test]
fn a_file_that_broke_off_is_noticed() {
    let text = bill(&[payment("1", "1.00", "a"), payment("2", "1.00", "a")]);
    let (cut, _) = text.split_once(SUMMARY).unwrap();
    assert_eq!(faults(&wechat(cut).unwrap()), [(3, "总交易单数", "summary_missing")]);
    let fewer = text.replacen(&format!("{}\r\n", payment("2", "1.00", "a")), "", 1);
    assert_eq!(faults(&wechat(&fewer).unwrap()), [(3, "总交易单数", "summary_differs")]);
}

#[test]
fn a_file_without_the_columns_is_no_bill() {
    assert_eq!(wechat(""), Err(BillError::NoHeader));
    assert_eq!(wechat("order,amount\n1,2\n"), Err(BillError::NoHeader));
    let text = bill(&[]).replacen("交易状态", "状态", 1);
    assert_eq!(wechat(&text), Err(BillError::MissingColumn("交易状态".to_owned())));
    let text = bill(&[]).replacen("应结订单金额", "a", 1).replacen("订单金额", "b", 1);
    assert_eq!(wechat(&text), Err(BillError::MissingColumn("订单金额".to_owned())));
}

//! Alipay's lists of transactions and of movements.

use super::{alipay, faults};
use edupay_domain::reconciliation::{BillError, BillKind};
use encoding_rs::GBK;

const TRADES: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,\
    对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,\
    券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const MOVEMENTS: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,\
    账户余额（元）,交易渠道,业务类型,备注";

fn trade(number: &str, kind: &str, amount: &str, request: &str) -> String {
    format!(
        "2026112822001\t,{number}\t,{kind}\t,课程\t,2026-11-28 10:00:00,2026-11-28 10:00:30,\t,\t,\t,\t,a***@b.cn\t,\
         {amount},{amount},0.00,0.00,0.00,0.00,0.00,\t,0.00,0.00,{request}\t,-0.01,0.00,"
    )
}

fn movement(number: &str, income: &str, expense: &str, kind: &str) -> String {
    format!(
        "9001\t,2026112822001\t,{number}\t,课程,2026-11-28 10:00:30,a***@b.cn,{income},{expense},1.00,支付宝,{kind},"
    )
}

pub(super) fn framed(header: &str, lines: &[String]) -> String {
    let before = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000000156]",
        "#起始日期：[2026年11月28日 00:00:00]   终止日期：[2026年11月29日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        header,
    ];
    let after = [
        "#-----------------------------------------业务明细列表结束------------------------------------",
        "#交易合计：1笔，商家实收共1.00元，商家优惠共0.00元",
        "#导出时间：[2026年11月29日 09:00:00]",
    ];
    let lines = lines.iter().map(String::as_str);
    before.into_iter().chain(lines).chain(after).map(|line| format!("{line}\r\n")).collect()
}

#[test]
fn transactions_are_read_from_gbk_as_from_utf8() {
    let text =
        framed(TRADES, &[trade("12134676899915430002", "交易", "99.00", ""), trade("7", "退款", "-9.50", "Ab1")]);
    let bill = alipay(&text).unwrap();
    assert_eq!(faults(&bill), []);
    let payment = &bill.payments[0];
    assert_eq!((payment.number.as_str(), payment.amount.fen()), ("12134676899915430002", 9_900));
    assert_eq!(payment.paid_at.unwrap().to_rfc3339(), "2026-11-28T02:00:30+00:00");
    let refund = &bill.refunds[0];
    assert_eq!((refund.number.as_str(), refund.amount.fen()), ("7", 950));
    assert_eq!(refund.refund_id.as_ref().unwrap().as_str(), "re_Ab1");
    let (gbk, _, lossy) = GBK.encode(&text);
    assert!(!lossy && std::str::from_utf8(&gbk).is_err());
    assert_eq!(edupay_bills::read(BillKind::Alipay, &gbk).unwrap(), bill);
    assert_eq!(alipay(&format!("\u{feff}{text}")).unwrap(), bill);
}

#[test]
fn of_the_movements_only_payments_and_refunds_count() {
    let text = framed(
        MOVEMENTS,
        &[
            movement("1", "99.00", "0.00", "在线支付"),
            movement("1", "", "-0.60", "收费"),
            movement("1", "0.00", "-9.50", "交易退款"),
            movement("", "0.00", "-500.00", "提现"),
        ],
    );
    let bill = alipay(&text).unwrap();
    assert_eq!(faults(&bill), []);
    assert_eq!(bill.payments.iter().map(|it| it.amount.fen()).collect::<Vec<_>>(), [9_900]);
    assert_eq!(
        bill.refunds.iter().map(|it| (it.amount.fen(), it.refund_id.is_some())).collect::<Vec<_>>(),
        [(950, false)]
    );
}

#[test]
fn quotes_hold_commas_only_when_they_close() {
    let quoted = trade("1", "交易", "1.00", "").replace("课程\t", "\"课程, \"\"上\"\"册\"");
    let stray = trade("2", "交易", "2.00", "").replace("课程\t", "5\" 课程");
    let bill = alipay(&framed(TRADES, &[quoted, stray])).unwrap();
    assert_eq!((faults(&bill), bill.payments.len()), (vec![], 2));
}

#[test]
fn each_bad_line_of_alipay_is_named() {
    for (line, field, reason) in [
        (trade("1", "交易", "-1.00", ""), "订单金额(元)", "amount_not_a_number"),
        (trade("1", "交易", "1,000.00", ""), "row", ""),
        (trade("1", "转账", "1.00", ""), "业务类型", "unknown_choice"),
        (trade("", "交易", "1.00", ""), "商户订单号", "required"),
        (trade("1", "交易", "1.00", "").replace("2026-11-28 10:00:30", "昨天"), "完成时间", "time_invalid"),
        ("a,b".to_owned(), "row", "field_count"),
        (trade("1", "退款", "-1.00", "a\0b"), "退款批次号/请求号", "control_character"),
        (trade("1", "退款", "-1.00", &"a".repeat(65)), "退款批次号/请求号", "too_long"),
    ] {
        let bill = alipay(&framed(TRADES, std::slice::from_ref(&line))).unwrap();
        if reason.is_empty() {
            // A comma among the digits moves the columns: it is no amount of one yuan in any case.
            assert!(bill.payments.iter().all(|payment| payment.amount.fen() != 100_000), "{line}");
            continue;
        }
        assert_eq!(faults(&bill), [(6, field, reason)], "{line}");
    }
}

#[test]
fn a_list_that_broke_off_is_noticed() {
    let text = framed(TRADES, &[trade("1", "交易", "1.00", "")]);
    let (cut, _) = text.split_once("#-----------------------------------------业务明细列表结束").unwrap();
    assert_eq!(faults(&alipay(cut).unwrap()), [(6, "列表结束", "summary_missing")]);
}

#[test]
fn a_file_without_the_columns_is_no_list() {
    assert_eq!(alipay("#支付宝\r\n"), Err(BillError::NoHeader));
    let text = framed(&TRADES.replace("完成时间", "时间"), &[]);
    assert_eq!(alipay(&text), Err(BillError::MissingColumn("完成时间".to_owned())));
    // Two bytes that are neither UTF-8 nor GBK.
    assert_eq!(edupay_bills::read(BillKind::Alipay, &[0xff, 0xff]), Err(BillError::Unreadable));
}

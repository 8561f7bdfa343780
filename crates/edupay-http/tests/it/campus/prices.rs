//! Tampered prices and selections: each has its answer, and no charge is made.

use super::school::{CARD_A, CARD_B, CHILD, GUARDIAN, SMS_A, SMS_B, STAFF, School, assert_refused, pay};
use crate::client::Request;

const DIFFERS: (&str, &str) = ("支付金额与套餐价格不符", "amount_differs");

#[test]
fn an_amount_that_is_not_the_price_buys_nothing() {
    let school = School::open();
    for amount in ["1", "0.01", "1580000000", "346", "34600", "158", "15800", "188.01", "\"1\"", "9223372036854775807"]
    {
        let reply = school.ask(GUARDIAN, "PayMoney", pay(CHILD, &CARD_B.to_string(), amount, 0));
        assert_refused(&reply, DIFFERS.0, DIFFERS.1);
    }
    for (amount, message) in [
        ("-188", "请填写合法的数字。"),
        ("\"-188\"", "请填写合法的数字。"),
        ("\"¥188元/年\"", "请填写合法的数字。"),
        ("\"\"", "请填写合法的数字。"),
        ("1e3", "请填写合法的数字。"),
        ("+188", "请填写合法的数字。"),
        (".5", "请填写合法的数字。"),
        ("0xBC", "请填写合法的数字。"),
        ("Infinity", "请填写合法的数字。"),
        ("[188]", "请填写合法的数字。"),
        ("true", "请填写合法的数字。"),
        ("null", "该字段不能为 null。"),
        ("0", "请确保该值大于 0。"),
        ("188.001", "请确保小数点后不超过 2 位。"),
    ] {
        let reply = school.ask(GUARDIAN, "PayMoney", pay(CHILD, &CARD_B.to_string(), amount, 0));
        assert_refused(&reply, &format!("参数错误 amount: {message}"), "fields_invalid");
    }
    assert_eq!(school.charges_asked(), 0);
}

#[test]
fn only_a_selection_of_one_project_is_bought() {
    let school = School::open();
    let withdrawn = Request::post(&format!("/v1/packages/{CARD_A}/withdraw")).token(STAFF);
    assert_eq!(school.call(withdrawn).expect(200).json()["status"], "withdrawn");
    let selection = ("付款项选择有误", "package_selection_invalid");
    let not_offered = ("套餐不存在或已下架", "package_not_offered");
    for (items, amount, (message, code)) in [
        (format!("{SMS_A},{SMS_A}"), "12", selection),
        (format!("{CARD_B},{CARD_B}"), "376", selection),
        (format!("{CARD_B},{SMS_A}"), "194", ("付款项必须属于同一个项目", "several_projects")),
        (format!("{CARD_A}"), "158", not_offered),
        ("1,1".to_owned(), "1", selection),
        ("1".to_owned(), "1", not_offered),
        (["3"; 21].iter().enumerate().map(|(n, _)| (n + 1).to_string()).collect::<Vec<_>>().join(","), "1", selection),
    ] {
        assert_refused(&school.ask(GUARDIAN, "PayMoney", pay(CHILD, &items, amount, 0)), message, code);
    }
    for (items, text) in [
        ("", "该字段不能为空。"),
        ("a", "输入一个有效的值。"),
        ("1,,2", "输入一个有效的值。"),
        ("-1", "输入一个有效的值。"),
    ] {
        let reply = school.ask(GUARDIAN, "PayMoney", pay(CHILD, items, "188", 0));
        assert_refused(&reply, &format!("参数错误 itemIDs: {text}"), "fields_invalid");
    }
    assert_eq!(school.charges_asked(), 0);
    // A project of one choice takes one, a project of several all of them.
    school.call(Request::post(&format!("/v1/packages/{CARD_A}/offer")).token(STAFF)).expect(200);
    let both = school.ask(GUARDIAN, "PayMoney", pay(CHILD, &format!("{CARD_A},{CARD_B}"), "346", 0));
    assert_refused(&both, selection.0, selection.1);
    assert_eq!(school.charges_asked(), 0);
    assert_eq!(school.ask(GUARDIAN, "PayMoney", pay(CHILD, &format!("{SMS_B},{SMS_A}"), "18", 0)).json()["error"], 0);
}

#[test]
fn other_kinds_and_channels_have_their_answers() {
    let school = School::open();
    let ask = |body: String| school.ask(GUARDIAN, "PayMoney", body);
    for channel in ["cash", "WX", "balance"] {
        let body = pay(CHILD, "10000001", "158", 0).replace("\"wx\"", &format!("\"{channel}\""));
        assert_refused(&ask(body), "无效的支付通道", "channel_invalid");
    }
    assert_refused(&ask(pay(CHILD, "10000001", "158", 1)), "没有可升级的套餐", "nothing_to_upgrade");
    assert_refused(&ask(pay(CHILD, "10000001", "158", 2)), "没有可续费的套餐", "package_never_held");
    assert_refused(&ask(pay(CHILD, "10000001", "158", 3)), "参数错误 type: 不是合法选项。", "fields_invalid");
    let long = pay(CHILD, "10000001", "158", 0).replace("智慧校园一卡通", &"长".repeat(33));
    assert_refused(&ask(long), "参数错误 subject: 请确保这个字段不能超过 32 个字符。", "fields_invalid");
    assert_eq!(school.charges_asked(), 0);
}

/// What was promised when the charge was made is what is asked for it; a new price makes a new purchase.
#[test]
fn a_changed_price_touches_no_open_purchase() {
    let school = School::open();
    let (first, charge) = school.buy(CARD_A, "158", 0);
    let body =
        serde_json::json!({ "project_id": 1, "name": "A套餐-不含定位", "list_price_fen": 20_000, "term_months": 12 });
    assert_eq!(school.put(&format!("/v1/packages/{CARD_A}"), &body).expect(200).json()["list_price_fen"], 20_000);
    let old = school.ask(GUARDIAN, "PayMoney", pay(CHILD, &CARD_A.to_string(), "158", 0));
    assert_refused(&old, DIFFERS.0, DIFFERS.1);
    let (second, _) = school.buy(CARD_A, "200", 0);
    assert_ne!(first, second);
    school.platform.gateway.payer_pays(&charge).unwrap();
    let told = school.ask(GUARDIAN, "SearchSuccessData", format!("{{userID:{CHILD},ids:'{first}'}}")).expect(200);
    assert_eq!(told.json()["error"], 0);
    school.audit();
}

//! Every example of seed 002.

use super::school::{CARD_A, CARD_B, GUARDIAN, SMS_A, SMS_B, School, assert_refused, pay};
use crate::client::Request;
use chrono::TimeDelta;
use edupay_testkit::gateway::{Call, Fault};

/// The document's own body.
const SEARCH: &str = r#"{ userID:"10129580", type:0, payType:0 }"#;
const GOLDEN: &str = include_str!("../../golden/seed_002_search_pay_packages.json");

/// The reply with its link taken out, and the link.
fn without_link(text: &str) -> (String, String) {
    let (before, rest) = text.split_once(r#""qrCode":""#).unwrap();
    let (link, after) = rest.split_once('"').unwrap();
    (format!("{before}\"qrCode\":\"<link>\"{after}"), link.to_owned())
}

#[test]
fn a_search_answers_the_document_key_by_key() {
    let school = School::open();
    let reply = school.ask(GUARDIAN, "SearchPayPackages", SEARCH).expect(200);
    let (text, link) = without_link(reply.text());
    assert_eq!(text, GOLDEN.trim_end());
    let token = link.strip_prefix("https://pay.example.org/cashier/").unwrap();
    assert!(token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{link}");
    assert_eq!(reply.header("X-Error-Code"), None);
}

#[test]
fn a_search_may_be_written_in_many_ways() {
    let school = School::open();
    for body in [
        r#"{"userID":"10129580","type":0,"payType":0}"#,
        r#"{"userID":10129580,"type":"0","payType":"0","unknown":[1]}"#,
        "{ userID:'10129580', type:0, payType:0, }",
        "// 查询\n{userID:10129580,type:0,payType:0}",
    ] {
        let reply = school.ask(GUARDIAN, "SearchPayPackages", body).expect(200);
        assert_eq!(without_link(reply.text()).0, GOLDEN.trim_end(), "{body}");
    }
    for form in ["userID=10129580&type=0&payType=0", SEARCH] {
        let form = Request::post("/api/Pay/SearchPayPackages").token(GUARDIAN).form(form);
        assert_eq!(without_link(school.call(form).expect(200).text()).0, GOLDEN.trim_end());
    }
    let sms = school.ask(GUARDIAN, "SearchPayPackages", "{userID:10129580,type:1,payType:0}").expect(200).json();
    assert_eq!((&sms["data"]["selectType"], &sms["data"]["items"][0]["itemValue"]), (&1.into(), &6.into()));
}

/// The document's own body but for its amount: 0.01 is not the price, 188 and 18800 are.
#[test]
fn a_payment_answers_the_gateways_charge_as_it_came() {
    let school = School::open();
    let refused = school.ask(GUARDIAN, "PayMoney", pay(10_129_580, "10000002", "0.01", 0));
    assert_refused(&refused, "支付金额与套餐价格不符", "amount_differs");
    assert_eq!(school.charges_asked(), 0);
    let reply = school.ask(GUARDIAN, "PayMoney", pay(10_129_580, "10000002", "188", 0)).expect(200);
    let request = school.platform.gateway.requests().remove(0);
    let charge = r#"{"id":"ch_000000000000000000000001","object":"charge"}"#;
    let number = request.gateway_order_no.as_str();
    let expected =
        format!(r#"{{"error":0,"data":{{"recordIDs":"{number}01","chargeData":{{"error":0,"charge":{charge}}}}}}}"#);
    assert_eq!(reply.text(), expected);
    assert_eq!((request.amount.fen(), request.channel.code()), (18_800, "wx"));
    // The payer reads the catalogue's words.
    assert_eq!((request.subject.as_str(), request.body.as_str()), ("智慧校园一卡通", "B套餐-含定位"));
    // The same again, with the amount in fen: the same charge.
    let again = school.ask(GUARDIAN, "PayMoney", pay(10_129_580, "10000002", "18800", 0)).expect(200);
    assert_eq!(again.text(), expected);
    assert_eq!(school.charges_asked(), 1);
}

#[test]
fn what_was_bought_is_told_by_record_and_by_number() {
    let school = School::open();
    let (record, charge) = school.buy(CARD_B, "188.00", 0);
    let number = record.strip_suffix("01").unwrap();
    let ask = |body: String| school.ask(GUARDIAN, "SearchSuccessData", body);
    let by_ids = format!("{{ userID:\"10129580\", ids:\"{record}\" }}");
    let by_number = format!("{{ userID:\"10129580\", orderNumber:\"{number}\" }}");
    let asked = school.platform.gateway.calls(Call::FindCharge) + school.platform.gateway.calls(Call::FindCharges);
    assert_refused(&ask(by_ids.clone()), "支付尚未完成", "purchase_not_paid");
    let asked_now = school.platform.gateway.calls(Call::FindCharge) + school.platform.gateway.calls(Call::FindCharges);
    assert_eq!(asked_now, asked + 1, "the gateway is asked once");

    school.platform.gateway.payer_pays(&charge).unwrap();
    let bought = concat!(
        r#""projectName":"智慧校园一卡通","itemName":"B套餐-含定位","payStartDate":"2016-06-15","#,
        r#""payEndDate":"2017-06-14","empName":"陈雅诺","imei":"335731330","sim":"89860000000000000001","#,
        r#""gradeName":"一年级","className":"2班","mobile":"13800000000""#
    );
    let expected = format!(r#"{{"error":0,"data":{{{bought},"records":[{{"recordID":"{record}",{bought}}}]}}}}"#);
    let both = format!("{{ userID:\"10129580\", ids:\"{record}\", orderNumber:\"1\" }}");
    let blank = format!("{{ userID:\"10129580\", ids:\"\", orderNumber:\"{number}\" }}");
    for body in [by_ids, by_number, both, blank] {
        assert_eq!(ask(body.clone()).expect(200).text(), expected, "{body}");
    }
    // The document's own number is nobody's.
    let unknown = ask(r#"{ userID:"10129580", orderNumber:"123456789" }"#.to_owned());
    assert_refused(&unknown, "付款记录不存在", "purchase_not_found");
    school.audit();
}

#[test]
fn several_items_are_one_charge_and_a_record_each() {
    let school = School::open();
    let items = format!("{SMS_A}, {SMS_B}");
    let reply = school.ask(GUARDIAN, "PayMoney", pay(10_129_580, &items, "18", 0)).expect(200).json();
    let records = reply["data"]["recordIDs"].as_str().unwrap();
    assert_eq!(records.split(',').count(), 2, "{records}");
    let request = school.platform.gateway.requests().remove(0);
    assert_eq!((request.amount.fen(), request.body.as_str()), (1_800, "到校短信,成绩短信"));
    school.platform.gateway.payer_pays(&school.platform.gateway.charges()[0].id).unwrap();
    let turned = records.split(',').rev().collect::<Vec<_>>().join(",");
    for (ids, first) in [(records, "到校短信"), (turned.as_str(), "成绩短信")] {
        let body = format!("{{ userID:10129580, ids:'{ids}' }}");
        let data = school.ask(GUARDIAN, "SearchSuccessData", body).expect(200).json()["data"].clone();
        assert_eq!((&data["itemName"], data["records"].as_array().unwrap().len()), (&first.into(), 2));
    }
}

/// Buy, upgrade within the term, renew after it: the prices and days of contract section 5.
#[test]
fn a_package_is_bought_upgraded_and_renewed() {
    let school = School::open();
    let upgrades = || school.ask(GUARDIAN, "SearchPayPackages", "{userID:10129580,type:0,payType:1}");
    let days = |record: &str| {
        let body = format!("{{ userID:10129580, ids:'{record}' }}");
        let data = school.ask(GUARDIAN, "SearchSuccessData", body).expect(200).json()["data"].clone();
        (data["payStartDate"].as_str().unwrap().to_owned(), data["payEndDate"].as_str().unwrap().to_owned())
    };
    assert_refused(&upgrades(), "没有可升级的套餐", "nothing_to_upgrade");
    let (record, charge) = school.buy(CARD_A, "158", 0);
    school.platform.gateway.payer_pays(&charge).unwrap();
    assert_eq!(days(&record), ("2016-06-15".to_owned(), "2017-06-14".to_owned()));
    let again = school.ask(GUARDIAN, "PayMoney", pay(10_129_580, "10000001", "158", 0));
    assert_refused(&again, "请续费或升级", "package_held");

    school.platform.clock.step(TimeDelta::days(30));
    let items = upgrades().expect(200).json()["data"]["items"].clone();
    assert_eq!((items.as_array().unwrap().len(), &items[0]["itemValue"]), (1, &30.into()));
    let same = school.ask(GUARDIAN, "PayMoney", pay(10_129_580, "10000001", "158", 1));
    assert_eq!(same.json()["error"], 1);
    let (record, charge) = school.buy(CARD_B, "30", 1);
    school.platform.gateway.payer_pays(&charge).unwrap();
    assert_eq!(days(&record), ("2016-07-15".to_owned(), "2017-06-14".to_owned()));
    assert_refused(&upgrades(), "没有可升级的套餐", "nothing_to_upgrade");

    let (record, charge) = school.buy(CARD_B, "188", 2);
    school.platform.gateway.payer_pays(&charge).unwrap();
    assert_eq!(days(&record), ("2017-06-15".to_owned(), "2018-06-14".to_owned()));
    school.audit();
}

#[test]
fn a_gateway_that_refuses_is_told_from_one_that_is_silent() {
    let school = School::open();
    let ask = || school.ask(GUARDIAN, "PayMoney", pay(10_129_580, "10000001", "158", 0));
    school.platform.gateway.fail_next(Call::CreateCharge, Fault::Refuse);
    assert_refused(&ask(), "支付请求失败", "charge_refused");
    school.platform.gateway.fail_until_healed(Call::CreateCharge, Fault::LoseRequest);
    assert_refused(&ask(), "支付结果确认中", "charge_unknown");
    school.platform.gateway.heal();
    assert_eq!(ask().json()["error"], 0);
}

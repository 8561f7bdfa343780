//! Seed 002 on the real binary: its examples, and a child's package from the first look to its renewal.

use chrono::{Days, Months, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::campus::{CHILD, OTHER_CHILD, assert_refused, pay_body};
use crate::support::demo::Demo;
use crate::support::golden::{KeyOrder, assert_golden, golden_text};
use crate::support::http::Request;
use crate::support::patience::wait_for;
use crate::support::shop::{XIAOCHEN, XIAOYU};

/// The document's bodies, word for word.
fn bodies() -> Vec<String> {
    golden_text("seed_002_bodies.txt").lines().map(str::to_owned).collect()
}

fn today() -> NaiveDate {
    (Utc::now() + TimeDelta::hours(8)).date_naive()
}

/// The last day of a year from a day on.
fn year_from(first: NaiveDate) -> NaiveDate {
    (first + Months::new(12)) - Days::new(1)
}

fn seed_002_answers_its_own_bodies(demo: &Demo) {
    let [search, pay, success] = <[String; 3]>::try_from(bodies()).expect("three bodies");
    let reply = demo.campus(XIAOCHEN, "SearchPayPackages", &search).expect_status(200);
    assert_golden("seed_002_search_pay_packages.json", KeyOrder::AsWritten, &reply.ordered());
    // One fen is not the price, and nobody has that number.
    assert_refused(&demo.campus(XIAOCHEN, "PayMoney", &pay), "支付金额与套餐价格不符");
    assert!(demo.sandbox.charges().is_empty());
    assert_refused(&demo.campus(XIAOCHEN, "SearchSuccessData", &success), "付款记录不存在");

    let paid = pay.replace("0.01", "188").replace("\"wx\"", "\"alipay_wap\"");
    let reply = demo.campus(XIAOCHEN, "PayMoney", &paid).expect_status(200);
    assert_golden("seed_002_pay_money.json", KeyOrder::Any, &reply.ordered());
    assert_eq!(reply.ordered().keys(), ["error", "data"]);
    let document: Value = serde_json::from_str(&golden_text("seed_002_pay_money_document.json")).expect("JSON");
    assert_shape("$", &document, &reply.json());
    let data = reply.json()["data"].clone();
    let charge = &data["chargeData"]["charge"];
    // The gateway's document goes through as it came.
    assert_eq!(demo.sandbox.charge(charge["id"].as_str().expect("an id"))["credential"], charge["credential"]);

    demo.pay_and_hear(charge["id"].as_str().expect("an id"));
    for which in [format!("ids:{}", data["recordIDs"]), format!("orderNumber:{}", charge["order_no"])] {
        let body = format!("{{ userID:\"10129580\", {which} }}");
        let reply = demo.campus(XIAOCHEN, "SearchSuccessData", &body).expect_status(200);
        assert_golden("seed_002_search_success_data.json", KeyOrder::AsWritten, &reply.ordered());
    }
}

/// Every key of the document is there, with a value of its kind.
fn assert_shape(at: &str, document: &Value, reply: &Value) {
    match (document, reply) {
        (Value::Object(document), Value::Object(reply)) => {
            for (key, value) in document.iter().filter(|(key, _)| *key != "metadata") {
                let found = reply.get(key).unwrap_or_else(|| panic!("{at}.{key} is missing"));
                assert_shape(&format!("{at}.{key}"), value, found);
            }
        }
        (document, reply) => {
            let same = std::mem::discriminant(document) == std::mem::discriminant(reply);
            assert!(same, "{at}: {reply}, not like {document}");
        }
    }
}

fn a_package_is_bought_upgraded_and_renewed(demo: &Demo) {
    let search = |pay_type: u8| {
        demo.campus(XIAOCHEN, "SearchPayPackages", format!("{{userID:{CHILD},type:0,payType:{pay_type}}}"))
    };
    let before = today();
    assert_refused(&search(1), "没有可升级的套餐");
    let (bought, charge) = demo.pay_money(XIAOCHEN, "wx", "10000001", "158", 0);
    let unpaid = demo.campus(XIAOCHEN, "SearchSuccessData", format!("{{userID:{CHILD},ids:'{bought}'}}"));
    assert_refused(&unpaid, "支付尚未完成");
    demo.pay_and_hear(&charge);
    let (first, last) = demo.days(XIAOCHEN, &bought);
    let first: NaiveDate = first.parse().expect("a day");
    assert!((before..=today()).contains(&first), "{first}");
    assert_eq!(last, year_from(first).to_string());
    assert_refused(&demo.campus(XIAOCHEN, "PayMoney", pay_body("wx", "10000002", "188", 0)), "请续费或升级");

    let offered = search(1).json()["data"]["items"].clone();
    assert_eq!((&offered[0]["id"], &offered[0]["itemValue"]), (&"10000002".into(), &30.into()));
    let (upgraded, charge) = demo.pay_money(XIAOCHEN, "alipay", "10000002", "3000", 1);
    demo.pay_and_hear(&charge);
    let (_, same_end) = demo.days(XIAOCHEN, &upgraded);
    assert_eq!(same_end, last, "an upgrade never extends");
    assert_refused(&search(1), "没有可升级的套餐");

    let (renewed, charge) = demo.pay_money(XIAOCHEN, "wx_pub_qr", "10000002", "188", 2);
    demo.pay_and_hear(&charge);
    let next = year_from(first) + Days::new(1);
    assert_eq!(demo.days(XIAOCHEN, &renewed), (next.to_string(), year_from(next).to_string()));

    let list = demo.call(Request::get(&format!("/v1/students/{CHILD}/purchases")).token(XIAOCHEN));
    let list = list.expect_status(200).json();
    let kinds: Vec<_> = list["items"].as_array().expect("a list").iter().map(|each| each["kind"].clone()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    let first_page = Request::get(&format!("/v1/students/{CHILD}/purchases?limit=2")).token(XIAOCHEN);
    let cursor = demo.call(first_page).json()["next_cursor"].clone();
    let target = format!("/v1/students/{CHILD}/purchases?limit=2&cursor={}", cursor.as_str().expect("a cursor"));
    let rest = demo.call(Request::get(&target).token(XIAOCHEN)).expect_status(200).json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1), "{rest}");
}

/// The webhook alone books it: nobody asks.
fn a_paid_purchase_is_booked_without_being_asked_for(demo: &Demo) {
    let (records, charge) = demo.pay_money(XIAOCHEN, "wx", "10000003,10000004", "60", 0);
    assert_eq!(records.split(',').count(), 2);
    demo.pay_and_hear(&charge);
    let number = records.split(',').next().and_then(|id| id.strip_suffix("01")).expect("a number");
    let purchase = Request::get(&format!("/v1/students/{CHILD}/purchases/{number}")).token(XIAOCHEN);
    assert_eq!(demo.call(purchase).expect_status(200).json()["status"], "paid");
}

/// No webhook comes, and no look is due: whoever asks for what was bought makes us ask the gateway.
fn a_paid_purchase_is_found_by_asking_the_gateway(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    let (records, charge) = demo.pay_money(XIAOCHEN, "wx", "10000001", "158", 0);
    demo.sandbox.pay(&charge);
    let (first, _) = demo.days(XIAOCHEN, &records);
    assert!(!first.is_empty());
}

/// Two charges of one purchase, both paid: one counts, the other goes back.
fn a_second_payment_of_a_purchase_goes_back(demo: &Demo) {
    let (records, by_wx) = demo.pay_money(XIAOCHEN, "wx", "10000001", "158", 0);
    let (again, by_alipay) = demo.pay_money(XIAOCHEN, "alipay", "10000001", "158", 0);
    assert_eq!(records, again, "one purchase with two charges");
    assert_ne!(by_wx, by_alipay);
    // Both are paid before we hear of either: else the other one is reversed.
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    demo.sandbox.pay(&by_wx);
    demo.sandbox.pay(&by_alipay);
    demo.sandbox.behave();
    for charge in [&by_wx, &by_alipay] {
        assert_eq!(demo.sandbox.resend(&demo.sandbox.event_of(charge)), 200);
    }
    demo.days(XIAOCHEN, &records);
    demo.sandbox.wait_for_full_refund(&by_alipay);
    let number = records.strip_suffix("01").expect("one record");
    let shown = wait_for("the refund to be told", || {
        let purchase = Request::get(&format!("/v1/students/{CHILD}/purchases/{number}")).token(XIAOCHEN);
        let shown = demo.call(purchase).expect_status(200).json();
        (shown["unapplied"][0]["status"] == "refunded").then_some(shown)
    });
    assert_eq!((&shown["status"], &shown["unapplied"][0]["reason"]), (&"paid".into(), &"paid_already".into()));
    assert_eq!(demo.sandbox.charge(&by_wx)["amount_refunded"], 0);
}

fn nobody_acts_for_another_ones_child(demo: &Demo) {
    let (records, charge) = demo.pay_money(XIAOCHEN, "wx", "10000001", "158", 0);
    demo.pay_and_hear(&charge);
    demo.days(XIAOCHEN, &records);
    let count = demo.sandbox.charges().len();
    // The first user is staff, and still nobody's guardian but her own child's.
    for (token, child) in [(XIAOYU, CHILD), (XIAOCHEN, OTHER_CHILD), (XIAOCHEN, 1), (XIAOYU, 99)] {
        for (call, body) in [
            ("SearchPayPackages", format!("{{userID:{child},type:0,payType:0}}")),
            ("PayMoney", pay_body("wx", "10000001", "158", 0).replace("10129580", &child.to_string())),
            ("SearchSuccessData", format!("{{userID:{child},ids:'{records}'}}")),
        ] {
            assert_refused(&demo.campus(token, call, body), "无权操作该用户");
        }
    }
    let foreign = demo.campus(XIAOYU, "SearchSuccessData", format!("{{userID:{OTHER_CHILD},ids:'{records}'}}"));
    assert_refused(&foreign, "付款记录不存在");
    demo.call(Request::post("/api/Pay/SearchPayPackages").json(&bodies()[0])).expect_status(401);
    assert_eq!(demo.sandbox.charges().len(), count);
}

/// A withdrawn package can't be bought, and what is paid for it later goes back.
fn a_late_payment_of_a_withdrawn_package_goes_back(demo: &Demo) {
    let (records, charge) = demo.pay_money(XIAOCHEN, "wx", "10000001", "158", 0);
    demo.edupay_ok(&["package", "withdraw", "10000001"]);
    let withdrawn = Utc::now().timestamp();
    // The gateway tells to the second when it was paid.
    wait_for("another second", || (Utc::now().timestamp() > withdrawn).then_some(()));
    assert_refused(&demo.campus(XIAOCHEN, "PayMoney", pay_body("wx", "10000001", "158", 0)), "套餐不存在或已下架");
    demo.sandbox.pay(&charge);
    demo.sandbox.wait_for_full_refund(&charge);
    let told = demo.campus(XIAOCHEN, "SearchSuccessData", format!("{{userID:{CHILD},ids:'{records}'}}"));
    assert_refused(&told, "支付尚未完成");
}

on_both_databases!(
    seed_002_answers_its_own_bodies,
    a_package_is_bought_upgraded_and_renewed,
    a_paid_purchase_is_booked_without_being_asked_for,
    a_paid_purchase_is_found_by_asking_the_gateway,
    a_second_payment_of_a_purchase_goes_back,
    nobody_acts_for_another_ones_child,
    a_late_payment_of_a_withdrawn_package_goes_back,
);

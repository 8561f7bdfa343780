//! Documents as they really come.

use edupay_pingpp::wire::{Charge, ChargeDocument, Event, EventObject, List, Refund, RefundStatus};
use serde_json::{Value, json};

fn charge() -> Value {
    json!({
        "id": "ch_WrHW58Ki5unLCSuf54OuHKCS", "object": "charge", "created": 1_466_149_851, "livemode": true,
        "paid": false, "refunded": false, "app": "app_GuHu9Of9KaTG5GiT", "channel": "alipay",
        "order_no": "12134676899915430002", "client_ip": "127.0.0.1", "amount": 9900, "amount_settle": 9900,
        "currency": "cny", "subject": "1", "body": "12134676899915430002", "extra": {}, "time_paid": null,
        "time_expire": 1_466_236_251, "time_settle": null, "transaction_no": null,
        "refunds": { "object": "list", "url": "/v1/charges/x/refunds", "has_more": false, "data": [] },
        "amount_refunded": 0, "failure_code": null, "failure_msg": null, "metadata": { "order_id": 1 },
        "credential": { "object": "credential", "alipay": { "payment_type": 1.0 } }, "description": null,
    })
}

fn read(change: impl FnOnce(&mut Value)) -> Charge {
    let mut document = charge();
    change(&mut document);
    ChargeDocument::parse(&document.to_string()).unwrap().charge
}

#[test]
fn a_charge_of_2016_is_read() {
    let read = read(|_| {});
    assert!(!read.reversed);
    assert_eq!(read.amount, 9900);
    assert_eq!(read.metadata["order_id"], 1);
}

#[test]
fn documented_hashes_may_be_lists_or_null_and_texts_numbers() {
    let read = read(|charge| {
        charge["extra"] = json!([]);
        charge["metadata"] = json!([]);
        charge["credential"] = Value::Null;
        charge["refunds"] = Value::Null;
        charge["subject"] = json!(1);
        charge["order_no"] = json!(12_134_676_899_915_430_002_u64);
        charge["app"] = json!({ "id": "app_1", "object": "app" });
        charge["something_new"] = json!({ "a": [1, 2] });
    });
    assert!(read.extra.is_empty() && read.metadata.is_empty() && read.credential.is_empty());
    assert!(read.refunds.data.is_empty());
    assert_eq!(read.subject.as_deref(), Some("1"));
    assert_eq!(read.order_no, "12134676899915430002");
    assert_eq!(read.app, "app_1");
}

#[test]
fn an_amount_is_a_whole_number_or_nothing() {
    for amount in [json!(99.5), json!("9900"), Value::Null, json!(1e300)] {
        let mut document = charge();
        document["amount"] = amount.clone();
        assert!(ChargeDocument::parse(&document.to_string()).is_err(), "{amount}");
    }
    let twice = charge().to_string().replacen('{', "{\"amount\":1,", 1);
    assert!(ChargeDocument::parse(&twice).is_err(), "a member that comes twice");
}

#[test]
fn the_text_of_a_charge_is_kept_byte_for_byte() {
    let text = format!(" {}\n", serde_json::to_string_pretty(&charge()).unwrap());
    assert_eq!(ChargeDocument::parse(&text).unwrap().text, text);
    let list = format!("{{\"object\":\"list\",\"data\":[{text}]}}");
    let list: List<Box<serde_json::value::RawValue>> = serde_json::from_str(&list).unwrap();
    assert_eq!(list.data[0].get(), text.trim());
}

#[test]
fn another_object_is_not_a_charge() {
    let mut document = charge();
    document["object"] = json!("order");
    assert!(ChargeDocument::parse(&document.to_string()).is_err());
}

#[test]
fn a_refund_of_an_older_version_is_read() {
    let text = r#"{"id":"re_y1u944PmfnrTHyvnL0nD0iD1","object":"refund","order_no":"y1u944PmfnrTHyvnL0nD0iD1",
        "amount":9,"created":1409634160,"succeed":true,"status":"succeeded","time_succeed":1409634192,
        "description":"Your Descripton","failure_code":null,"failure_msg":null,"metadata":[],
        "charge":"ch_L8qn10mLmr1GS8e5OODmHaL4"}"#;
    let refund: Refund = serde_json::from_str(text).unwrap();
    assert_eq!((refund.amount, refund.status), (9, RefundStatus::Succeeded));
}

#[test]
fn an_event_is_read_by_its_objects_own_kind() {
    let event = |object: Value| {
        let text = json!({ "object": "event", "type": "anything.new", "livemode": false, "scope": "app", "data": { "object": object } });
        serde_json::from_str::<Event>(&text.to_string()).unwrap().read_object()
    };
    assert!(matches!(event(charge()), Ok(EventObject::Charge(_))));
    assert!(matches!(event(json!({ "object": "summary" })), Ok(EventObject::Other)));
    assert!(matches!(event(json!([1])), Ok(EventObject::Other)));
    assert!(event(json!({ "object": "charge" })).is_err());
}

//! Which texts and numbers are names of what.

use super::*;
use chrono::{TimeZone, Utc};

#[test]
fn an_order_number_is_one_to_twenty_digits() {
    assert!(OrderNo::parse("12134676899915430002").is_ok());
    assert!(OrderNo::parse("123456789").is_ok());
    for bad in [
        "",
        "1213467689991543000212134676899915430002",
        "1234567890123456789012",
        "12 3",
        "１２",
        "12\u{0}",
        "-1",
        "1e3",
        "abc",
    ] {
        assert!(OrderNo::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn numbers_are_twenty_digits_in_beijing_time_and_kinds_never_meet() {
    let at = Utc.with_ymd_and_hms(2016, 6, 15, 17, 0, 1).single().unwrap();
    let draw = Draw::from_random(100_007);
    assert_eq!(OrderNo::issue(at, draw).as_str(), "12016061601000100007");
    assert_eq!(GatewayOrderNo::issue(at, draw).as_str(), "22016061601000100007");
    assert_eq!(TopUpNo::issue(at, draw).as_str(), "32016061601000100007");
    assert_eq!(PurchaseNo::issue(at, draw).as_str(), "42016061601000100007");
}

#[test]
fn a_refund_of_the_gateway_has_a_number_that_nobody_else_may_use() {
    let number = |id: &str| RefundNo::of_gateway(&RefundId::parse(id).unwrap(), EventId::from_random(7));
    assert_eq!(number("re_Ab1").as_str(), "gw-re_Ab1");
    for odd in ["re:1", &"r".repeat(64)] {
        assert_eq!(number(odd).as_str(), "gw-00000000000000000000000000000007");
        assert_eq!(RefundNo::parse(number(odd).as_str()), Ok(number(odd)));
    }
    assert!(number("re_1").is_of_gateway() && !RefundNo::parse("R-1").unwrap().is_of_gateway());
}

#[test]
fn an_event_id_is_thirty_two_small_hexadecimal_digits() {
    let id = EventId::from_random(0xab);
    let text = "000000000000000000000000000000ab";
    assert_eq!((id.to_string().as_str(), id.bits()), (text, 0xab));
    assert_eq!(EventId::parse(text), Ok(id));
    for bad in ["", &text[1..], &format!("0{text}"), &text.to_uppercase(), &text.replace("0a", "+a")] {
        assert_eq!(EventId::parse(bad).map_err(IdError::what), Err("event id"), "{bad:?}");
    }
    assert_eq!((id.nth(0), id.nth(2).bits()), (id, 0xad));
    assert_eq!(EventId::from_random(u128::MAX).nth(1).bits(), 0);
}

#[test]
fn the_first_attempt_has_the_number_of_what_it_is_for() {
    assert_eq!(GatewayOrderNo::of_order(&OrderNo::parse("11").unwrap()).as_str(), "11");
    assert_eq!(GatewayOrderNo::of_top_up(&TopUpNo::parse("31").unwrap()).as_str(), "31");
    assert_eq!(GatewayOrderNo::of_purchase(&PurchaseNo::parse("41").unwrap()).as_str(), "41");
    assert_eq!(Username::of_student(UserId::try_new(7).unwrap()).as_str(), "student.7");
}

#[test]
fn a_draw_is_five_digits() {
    for (random, draw) in [(0, 0), (99_999, 99_999), (100_000, 0), (u32::MAX, 67_295)] {
        assert_eq!(Draw::from_random(random), Draw(draw));
    }
}

#[test]
fn a_record_id_leads_to_its_purchase() {
    let number = PurchaseNo::parse("42016061601000100007").unwrap();
    for line in [1, 2, 99] {
        let id = PurchaseRecordId::of(&number, line).unwrap();
        assert_eq!(id.as_str(), format!("42016061601000100007{line:02}"));
        assert_eq!(id.purchase_no(), Some(number.clone()));
        assert_eq!(PurchaseRecordId::parse(id.as_str()), Ok(id));
    }
    assert!(PurchaseRecordId::of(&number, 0).is_err());
    assert!(PurchaseRecordId::of(&number, 100).is_err());
    for short in ["1", "12"] {
        assert_eq!(PurchaseRecordId::parse(short).unwrap().purchase_no(), None);
    }
}

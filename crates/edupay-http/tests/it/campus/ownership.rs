//! Who may do what for whom: unknown and foreign get the same answer, whoever asks.

use super::school::{
    CARD_A, CHILD, CHILD_TOKEN, FAR_CARD, FAR_CHILD, GUARDIAN, NOBODY, OTHER_CHILD, OTHER_GUARDIAN, STAFF, School,
    assert_refused, pay,
};
use crate::client::Request;
use serde_json::json;

const NOT_YOURS: (&str, &str) = ("无权操作该用户", "student_not_yours");
const NOT_FOUND: (&str, &str) = ("付款记录不存在", "purchase_not_found");

/// A body of each call for a student, with ids that are right for the child.
fn calls(user_id: i64, record: &str) -> [(&'static str, String); 4] {
    let number = record.strip_suffix("01").unwrap();
    [
        ("SearchPayPackages", format!("{{userID:{user_id},type:0,payType:0}}")),
        ("PayMoney", pay(user_id, &CARD_A.to_string(), "158", 0)),
        ("SearchSuccessData", format!("{{userID:{user_id},ids:'{record}'}}")),
        ("SearchSuccessData", format!("{{userID:{user_id},orderNumber:'{number}'}}")),
    ]
}

#[test]
fn without_a_token_nothing_is_said() {
    let school = School::open();
    let (record, _) = school.buy(CARD_A, "158", 0);
    for user_id in [CHILD, OTHER_CHILD, NOBODY] {
        for (call, body) in calls(user_id, &record) {
            let reply = school.call(Request::post(&format!("/api/Pay/{call}")).json(body)).expect(401);
            assert_eq!(reply.json(), json!({ "error": 1, "message": "身份认证信息未提供。" }));
            assert_eq!(reply.header("WWW-Authenticate"), Some("Token"));
        }
    }
}

#[test]
fn only_the_child_and_its_guardians_act_for_the_child() {
    let school = School::open();
    let (record, charge) = school.buy(CARD_A, "158", 0);
    let charges = school.charges_asked();
    for (token, own) in
        [(OTHER_GUARDIAN, &[OTHER_CHILD, FAR_CHILD][..]), (STAFF, &[]), (GUARDIAN, &[CHILD]), (CHILD_TOKEN, &[CHILD])]
    {
        for user_id in [CHILD, OTHER_CHILD, FAR_CHILD, NOBODY, 3].into_iter().filter(|id| !own.contains(id)) {
            for (call, body) in calls(user_id, &record) {
                let reply = school.ask(token, call, &body);
                assert_refused(&reply, NOT_YOURS.0, NOT_YOURS.1);
            }
        }
    }
    assert_eq!(school.charges_asked(), charges, "no charge was made for anybody");

    school.platform.gateway.payer_pays(&charge).unwrap();
    for token in [GUARDIAN, CHILD_TOKEN] {
        for (call, body) in calls(CHILD, &record) {
            let reply = school.ask(token, call, &body).expect(200);
            let held = reply.header("X-Error-Code") == Some("package_held");
            assert!(reply.json()["error"] == 0 || held && call == "PayMoney", "{call}: {}", reply.text());
        }
    }
}

#[test]
fn records_and_numbers_of_others_are_as_unknown_as_those_of_nobody() {
    let school = School::open();
    let (record, charge) = school.buy(CARD_A, "158", 0);
    school.platform.gateway.payer_pays(&charge).unwrap();
    let number = record.strip_suffix("01").unwrap();
    for ids in [
        format!("ids:'{record}'"),
        format!("ids:'{record},{record}'"),
        "ids:'4201606151153500000101'".to_owned(),
        "ids:'1'".to_owned(),
        format!("orderNumber:'{number}'"),
        "orderNumber:'42016061511535099999'".to_owned(),
        "orderNumber:'abc'".to_owned(),
    ] {
        for (token, user_id) in [(OTHER_GUARDIAN, OTHER_CHILD), (OTHER_GUARDIAN, FAR_CHILD)] {
            let reply = school.ask(token, "SearchSuccessData", format!("{{userID:{user_id},{ids}}}"));
            assert_refused(&reply, NOT_FOUND.0, NOT_FOUND.1);
        }
    }
    // One of one's own does not open the other.
    let (own, _) = {
        let body = pay(OTHER_CHILD, &CARD_A.to_string(), "158", 0);
        let reply = school.ask(OTHER_GUARDIAN, "PayMoney", body).expect(200).json();
        (reply["data"]["recordIDs"].as_str().unwrap().to_owned(), ())
    };
    let body = format!("{{userID:{OTHER_CHILD},ids:'{own},{record}'}}");
    assert_refused(&school.ask(OTHER_GUARDIAN, "SearchSuccessData", body), NOT_FOUND.0, NOT_FOUND.1);
}

#[test]
fn items_of_another_school_are_as_unknown_as_those_of_nobody() {
    let school = School::open();
    for item in [FAR_CARD, 99_999_999] {
        let reply = school.ask(GUARDIAN, "PayMoney", pay(CHILD, &item.to_string(), "158", 0));
        assert_refused(&reply, "套餐不存在或已下架", "package_not_offered");
    }
    assert_eq!(school.charges_asked(), 0);
}

/// The same rule on our own paths.
#[test]
fn purchases_are_shown_to_who_may_act_for_the_student() {
    let school = School::open();
    let (record, charge) = school.buy(CARD_A, "158", 0);
    let number = record.strip_suffix("01").unwrap();
    let list = format!("/v1/students/{CHILD}/purchases");
    let one = format!("{list}/{number}");
    for path in [&list, &one] {
        school.call(Request::get(path)).expect(401);
        for token in [OTHER_GUARDIAN, STAFF] {
            school.call(Request::get(path).token(token)).expect(404);
        }
    }
    for (token, path) in [
        (GUARDIAN, format!("/v1/students/{NOBODY}/purchases")),
        (GUARDIAN, "/v1/students/x/purchases".to_owned()),
        (GUARDIAN, format!("{list}/42016061511535099999")),
        (GUARDIAN, format!("{list}/%00")),
    ] {
        school.call(Request::get(&path).token(token)).expect(404);
    }
    school.platform.gateway.payer_pays(&charge).unwrap();
    school.ask(GUARDIAN, "SearchSuccessData", format!("{{userID:{CHILD},ids:'{record}'}}")).expect(200);
    for token in [GUARDIAN, CHILD_TOKEN] {
        let page = school.call(Request::get(&list).token(token)).expect(200).json();
        assert_eq!(page["items"][0]["records"][0]["ends_on"], "2017-06-14");
        let shown = school.call(Request::get(&one).token(token)).expect(200).json();
        assert_eq!((&shown["status"], &shown["unapplied"]), (&json!("paid"), &json!([])));
        let wards = school.call(Request::get("/v1/me/students").token(token)).expect(200).json();
        assert_eq!((&wards["items"][0]["user_id"], wards["items"].as_array().unwrap().len()), (&json!(CHILD), 1));
    }
    let nobody = school.call(Request::get("/v1/me/students").token(STAFF)).expect(200).json();
    assert_eq!(nobody["items"], json!([]));
}

//! Paths in any case, bodies as people write them, failures with HTTP 200.

use super::school::{GUARDIAN, School, assert_refused};
use crate::client::Request;
use crate::fixtures::XIAOCHEN;
use crate::service::Ports;
use edupay_domain::store::{StoreError, StoreFault};

const BODY: &str = "{userID:10129580,type:0,payType:0}";

#[test]
fn paths_are_served_in_any_case_with_and_without_the_slash() {
    let school = School::open_at("/Web");
    for path in [
        "/Web/api/Pay/SearchPayPackages",
        "/Web/api/Pay/SearchPayPackages/",
        "/web/API/pay/searchpaypackages",
        "/WEB/API/PAY/SEARCHPAYPACKAGES/",
        "/web/api/Pay/SearchPayPackages?format=json",
    ] {
        let reply = school.call(Request::post(path).token(GUARDIAN).json(BODY)).expect(200);
        assert_eq!(reply.json()["error"], 0, "{path}");
    }
    for path in [
        "/api/Pay/SearchPayPackages",
        "/Web/api/Pay/SearchPayPackages//",
        "/Web/api/Pay/SearchPayPackage",
        "/Web/api/Pay",
        "/Web",
    ] {
        let reply = school.call(Request::post(path).token(GUARDIAN).json(BODY)).expect(404);
        assert_eq!(reply.json()["detail"], "Not found.", "{path}");
    }
    // The other families keep their case.
    school.call(Request::get("/PAY/products/").token(GUARDIAN)).expect(404);
    school.call(Request::get("/pay/products/").token(GUARDIAN)).expect(200);
    school.call(Request::get("/v1/me/students").token(GUARDIAN)).expect(200);
}

#[test]
fn whatever_the_client_can_mend_is_said_with_200() {
    let school = School::open();
    let post = |body: &[u8]| school.ask(GUARDIAN, "SearchPayPackages", body);
    let parameter = |name: &str, text: &str| format!("参数错误 {name}: {text}");
    for (body, message) in [
        ("{}", parameter("userID", "该字段是必填项。")),
        ("", parameter("userID", "该字段是必填项。")),
        ("{userID:10129580,type:0}", parameter("payType", "该字段是必填项。")),
        ("{userID:null,type:0,payType:0}", parameter("userID", "该字段不能为 null。")),
        ("{userID:[],type:0,payType:0}", parameter("userID", "不是有效的字符串。")),
        ("{userID:'abc',type:0,payType:0}", parameter("userID", "输入一个有效的值。")),
        ("{userID:'1\\u0000',type:0,payType:0}", parameter("userID", "不允许使用控制字符。")),
        ("{userID:'\\x07',type:0,payType:0}", parameter("userID", "不允许使用控制字符。")),
        ("{userID:10129580,type:2,payType:0}", parameter("type", "不是合法选项。")),
        ("{userID:10129580,type:0,payType:2}", parameter("payType", "不是合法选项。")),
        ("{userID:10129580,userID:1,type:0,payType:0}", parameter("userID", "该字段只能出现一次。")),
        ("{userID:10129580,type:0,payType:0,x:1,\"x\":1}", parameter("x", "该字段只能出现一次。")),
    ] {
        assert_refused(&post(body.as_bytes()), &message, "fields_invalid");
    }
    let long = format!("{{userID:'{}',type:0,payType:0}}", "1".repeat(1_000));
    assert_refused(
        &post(long.as_bytes()),
        &parameter("userID", "请确保这个字段不能超过 19 个字符。"),
        "fields_invalid",
    );
    for body in [&b"{"[..], b"{userID:10129580 type:0}", b"{userID:'\xff'}", b"userID=1", b"{}{}"] {
        assert_refused(&post(body), "请求内容不是有效的 JSON。", "body_unreadable");
    }
    assert_eq!(post(b"[1,]").header("X-Error-Code"), Some("body_unreadable"));

    let path = "/api/Pay/SearchPayPackages";
    for (request, code) in [
        (Request::get(path).token(GUARDIAN), "method_not_allowed"),
        (Request::put(path).token(GUARDIAN).json(BODY), "method_not_allowed"),
        (Request::post(path).token(GUARDIAN).header("Content-Type", "text/plain").body(BODY), "media_type_unsupported"),
        (Request::post(path).token(GUARDIAN).header("Accept", "text/html").json(BODY), "not_acceptable"),
        (Request::post(path).token(GUARDIAN).header("Idempotency-Key", "a b").json(BODY), "idempotency_key_invalid"),
    ] {
        let reply = school.call(request).expect(200);
        assert_eq!((&reply.json()["error"], reply.header("X-Error-Code")), (&1.into(), Some(code)));
        assert!(reply.json()["message"].as_str().is_some_and(|text| !text.is_empty()), "{code}");
    }
}

#[test]
fn what_programs_on_the_way_must_know_keeps_its_status() {
    let school = School::open();
    let path = "/api/Pay/SearchPayPackages";
    for request in [Request::post(path).json(BODY), Request::post(path).token("x").json(BODY), Request::get(path)] {
        let reply = school.call(request).expect(401);
        assert_eq!((&reply.json()["error"], reply.header("WWW-Authenticate")), (&1.into(), Some("Token")));
    }
    let large = format!("{{userID:'{}'}}", "1".repeat(65 * 1024));
    assert_eq!(school.ask(GUARDIAN, "SearchPayPackages", large).expect(413).json()["error"], 1);
    for (fault, status) in [(StoreFault::Unavailable, 503), (StoreFault::Unknown, 503), (StoreFault::Corrupt, 500)] {
        let mut ports = Ports::new();
        ports.packages.expect_offer().returning(move |_, _, _| Err(StoreError::new(fault, "secret")));
        let reply = ports.serve().call(Request::post(path).token(XIAOCHEN).json(BODY)).expect(status);
        assert_eq!(reply.json()["error"], 1);
        assert!(!reply.text().contains("secret"), "{}", reply.text());
    }
}

/// Only the campus paths are lenient.
#[test]
fn other_paths_take_json_only() {
    let school = School::open();
    let reply = school.call(Request::post("/v1/orders").token(GUARDIAN).json("{course_ids:[1],}")).expect(400);
    assert_eq!(reply.json()["code"], "body_unreadable");
    let reply = school.call(Request::put("/pay/pay_in_balance/").token(GUARDIAN).json("{order_no:1,}")).expect(400);
    assert!(reply.json()["detail"].as_str().unwrap().starts_with("JSON parse error"));
}

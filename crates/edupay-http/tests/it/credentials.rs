//! Who is let in, and in which order a request is judged.

use crate::client::Request;
use crate::fixtures::{GONE, XIAOCHEN, XIAOYU};
use crate::service::{Ports, user_of};
use edupay_domain::accounts::MockUserStore;
use serde_json::json;
use std::sync::Arc;

#[test]
fn credentials_are_asked_for_as_django_rest_framework_does() {
    let service = Ports::new().serve();
    let unknown = format!("Token {}", "0".repeat(40));
    let gone = format!("Token {GONE}");
    for (header, detail) in [
        (None, "Authentication credentials were not provided."),
        (Some("Bearer x"), "Authentication credentials were not provided."),
        (Some("Token"), "Invalid token header. No credentials provided."),
        (Some("Token a b"), "Invalid token header. Token string should not contain spaces."),
        (Some("Token abc"), "Invalid token."),
        (Some(unknown.as_str()), "Invalid token."),
        (Some(gone.as_str()), "User inactive or deleted."),
    ] {
        for request in [
            Request::get("/pay/products/"),
            Request::new("PATCH", "/pay/products/"),
            Request::put("/pay/fill_in_balance/").json("{"),
        ] {
            let request = header.iter().fold(request, |request, header| request.header("Authorization", header));
            let reply = service.call(request).expect(401);
            assert_eq!(reply.json(), json!({ "detail": detail }), "{header:?}");
            assert_eq!(reply.header("WWW-Authenticate"), Some("Token"));
        }
    }
}

#[test]
fn the_method_and_the_right_are_judged_after_the_credentials() {
    let service = Ports::new().serve();
    let reply = service.call(Request::new("PATCH", "/pay/products/").token(XIAOYU)).expect(405);
    assert_eq!(reply.json(), json!({ "detail": "Method \"PATCH\" not allowed." }));
    assert_eq!(reply.header("Allow"), Some("GET, POST, HEAD"));
    let reply = service.call(Request::new("BREW", "/account/login/")).expect(405);
    assert_eq!(reply.header("Allow"), Some("POST"));
    let reply = service.call(Request::post("/pay/products/").token(XIAOYU).form("price=x")).expect(403);
    assert_eq!(reply.json(), json!({ "detail": "You do not have permission to perform this action." }));
    let reply = service.call(Request::get("/v1/users").token(XIAOYU)).expect(403);
    assert_eq!(reply.json()["code"], "permission_denied");
}

#[test]
fn what_is_nowhere_is_not_found_in_the_dialect_of_its_path() {
    let service = Ports::new().serve();
    for target in ["/pay/nothing/", "/", "/pay/../../etc/passwd", "/pay/%ff%fe/", &format!("/{}", "a".repeat(6_000))] {
        let reply = service.call(Request::get(target)).expect(404);
        assert_eq!(reply.json(), json!({ "detail": "Not found." }), "{target}");
    }
    for target in ["/v1", "/v1/nothing", "/v1/orders/x/y"] {
        let reply = service.call(Request::get(target)).expect(404);
        assert_eq!(reply.header("Content-Type"), Some("application/problem+json"));
        assert_eq!(reply.json()["code"], "not_found");
        assert_eq!(reply.json()["request_id"].as_str(), reply.header("X-Request-Id"));
    }
}

#[test]
fn replies_are_json_and_in_the_language_that_is_asked_for() {
    let service = Ports::new().serve();
    let reply = service.call(Request::get("/pay/products/").header("Accept", "application/xml")).expect(406);
    assert_eq!(reply.json(), json!({ "detail": "Could not satisfy the request Accept header." }));
    let chinese = |request: Request| service.call(request.header("Accept-Language", "zh-CN,zh;q=0.9"));
    let reply = chinese(Request::get("/pay/products/")).expect(401);
    assert_eq!(reply.json(), json!({ "detail": "身份认证信息未提供。" }));
    assert_eq!(reply.header("Content-Language"), Some("zh-hans"));
    let reply = chinese(Request::put("/pay/fill_in_balance/").token(XIAOCHEN)).expect(400);
    assert_eq!(reply.json(), json!({ "amount": ["该字段是必填项。"] }));
}

#[test]
fn a_request_id_is_taken_over_when_it_is_one() {
    let service = Ports::new().serve();
    let id = |given: &str| {
        let reply = service.call(Request::get("/healthz").header("X-Request-Id", given)).expect(200);
        reply.header("X-Request-Id").unwrap().to_owned()
    };
    assert_eq!(id("my-request-1"), "my-request-1");
    assert_ne!(id("with space"), "with space");
    assert_ne!(id(&"a".repeat(65)), "a".repeat(65));
}

#[test]
fn an_odd_idempotency_key_is_refused() {
    let service = Ports::new().serve();
    for key in ["", "a b", &"k".repeat(256)] {
        let request = Request::put("/pay/fill_in_balance/").token(XIAOCHEN).header("Idempotency-Key", key);
        let reply = service.call(request.form("amount=1")).expect(400);
        assert_eq!(reply.header("X-Error-Code"), Some("idempotency_key_invalid"), "{key}");
    }
}

/// A port that is not expected to be called fails the request.
#[test]
fn the_wallet_is_read_for_whoever_is_shown_it_and_for_nobody_else() {
    let mut ports = Ports::new();
    ports.users = MockUserStore::new();
    ports.users.expect_find_principal().returning(|digest| Ok(user_of(digest).map(|user| Arc::new(user.principal))));
    ports.orders.expect_list().returning(|_, _, _| Ok(Vec::new()));
    let service = ports.serve();
    service.call(Request::get("/v1/orders").token(XIAOCHEN)).expect(200);

    let mut ports = Ports::new();
    ports.users = MockUserStore::new();
    ports.users.expect_find_token().returning(|digest| Ok(user_of(digest)));
    let service = ports.serve();
    let me = service.call(Request::get("/v1/me").token(XIAOCHEN)).expect(200).json();
    assert_eq!(me["balance_fen"], 20_050);
    service.call(Request::get("/v1/me").token(GONE)).expect(401);
    let odd_key = Request::get("/v1/me").token(XIAOCHEN).header("Idempotency-Key", "a b");
    service.call(odd_key).expect(400);
}

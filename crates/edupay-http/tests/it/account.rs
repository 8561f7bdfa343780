//! Logging in and out.

use crate::client::Request;
use crate::fixtures::{XIAOCHEN, user_id};
use crate::service::Ports;
use edupay_domain::accounts::{Activity, Credential, PasswordHash, Token};
use edupay_http::LoginThrottle;
use serde_json::json;
use std::num::NonZeroU32;

fn ports() -> Ports {
    let mut ports = Ports::new();
    ports.users.expect_find_credential().returning(|_| {
        let password = PasswordHash("hash".to_owned());
        Ok(Some(Credential { user_id: user_id(1), password, activity: Activity::Active }))
    });
    ports.users.expect_add_token().returning(|_, _, _| Ok(()));
    ports.credentials.expect_verify_password().returning(|password, _| Ok(password == "demo-pass"));
    ports.credentials.expect_draw_token().returning(|| Token::parse(XIAOCHEN).unwrap());
    ports
}

#[test]
fn a_login_gives_a_token() {
    let service = ports().serve();
    for request in [
        Request::post("/account/login/").form("username=15201052252&password=demo-pass"),
        Request::post("/account/login").json(r#"{"username":15201052252,"password":"demo-pass"}"#),
        Request::post("/account/login/").token("no token").form("username=15201052252&password=demo-pass"),
    ] {
        assert_eq!(service.call(request).expect(200).json(), json!({ "token": XIAOCHEN }));
    }
    let wrong = service.call(Request::post("/account/login/").form("username=a&password=b")).expect(400);
    assert_eq!(wrong.json(), json!({ "non_field_errors": ["Unable to log in with provided credentials."] }));
    let missing = service.call(Request::post("/account/login/").form("username=a")).expect(400);
    assert_eq!(missing.json(), json!({ "password": ["This field is required."] }));
}

#[test]
fn too_many_tries_of_one_name_are_slowed_down() {
    let mut ports = ports();
    let two = NonZeroU32::new(2).unwrap();
    ports.config.login_throttle = Some(LoginThrottle { burst: two, per_minute: NonZeroU32::MIN });
    let service = ports.serve();
    let login = |form: &str| service.call(Request::post("/account/login/").form(form));
    login("username=a&password=wrong").expect(400);
    login("username=a&password=wrong").expect(400);
    // The right password waits too.
    let reply = login("username=a&password=demo-pass").expect(429);
    let seconds: u32 = reply.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    let detail = format!("Request was throttled. Expected available in {seconds} seconds.");
    assert_eq!(reply.json(), json!({ "detail": detail }));
    login("username=b&password=demo-pass").expect(200);
}

#[test]
fn a_login_that_is_not_throttled_never_waits() {
    let mut ports = ports();
    ports.config.login_throttle = None;
    let service = ports.serve();
    for _ in 0..20 {
        service.call(Request::post("/account/login/").form("username=a&password=wrong")).expect(400);
    }
}

#[test]
fn a_logout_kills_the_token() {
    let mut ports = ports();
    ports.users.expect_remove_token().times(1).returning(|_| Ok(()));
    let service = ports.serve();
    let reply = service.call(Request::put("/account/logout/").token(XIAOCHEN)).expect(200);
    assert_eq!(reply.text(), r#"{"status":0,"message":""}"#);
}

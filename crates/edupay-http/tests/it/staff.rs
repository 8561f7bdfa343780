//! What staff does.

use crate::client::Request;
use crate::fixtures::{XIAOCHEN, at, user};
use crate::service::Ports;
use edupay_domain::accounts::{Activity, CreateUserRefusal, PasswordHash, Role};
use edupay_domain::ids::CourseId;
use edupay_domain::products::{Course, CourseRefusal, ProductRefusal};
use edupay_domain::store::EffectError;
use serde_json::json;

#[test]
fn staff_adds_users() {
    let mut ports = Ports::new();
    ports.credentials.expect_hash_password().returning(|_| Ok(PasswordHash("hash".to_owned())));
    ports.users.expect_create_user().returning(|new| {
        assert_eq!((new.profile.nickname.as_str(), new.role), ("新", Role::Member));
        if new.username.as_str() == "taken" {
            return Err(EffectError::Refused(CreateUserRefusal::UsernameTaken));
        }
        Ok(user(2))
    });
    let service = ports.serve();
    let create = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password, "nickname": "新" }).to_string();
        service.call(Request::post("/v1/users").token(XIAOCHEN).json(body))
    };
    assert_eq!(create("new", "long enough").expect(201).json()["user_id"], 2);
    assert_eq!(create("taken", "long enough").expect(409).json()["code"], "username_taken");
    let short = create("new", "short").expect(400).json();
    assert_eq!(
        short["errors"],
        json!([{ "field": "password", "code": "too_short", "detail": "is shorter than 8 characters" }])
    );
    assert_eq!(create("with space", "long enough").expect(400).json()["errors"][0]["field"], "username");
}

#[test]
fn staff_lists_and_shuts_out_users() {
    let mut ports = Ports::new();
    ports
        .users
        .expect_list_users()
        .returning(|above, limit| Ok((above + 1..=2).take(limit as usize).map(user).collect()));
    ports.users.expect_set_activity().returning(|id, activity| Ok(id.get() == 2 && activity == Activity::Inactive));
    ports.users.expect_find_user().returning(|id| Ok((id.get() == 2).then(|| user(2))));
    let service = ports.serve();
    let page = service.call(Request::get("/v1/users?limit=1").token(XIAOCHEN)).expect(200).json();
    assert_eq!((&page["items"][0]["user_id"], &page["next_cursor"]), (&json!(1), &json!("1")));
    service.call(Request::post("/v1/users/2/deactivate").token(XIAOCHEN)).expect(200);
    for id in ["7", "0", "x", "-1"] {
        let reply = service.call(Request::post(&format!("/v1/users/{id}/deactivate")).token(XIAOCHEN)).expect(404);
        assert_eq!(reply.json()["code"], "not_found", "{id}");
    }
}

#[test]
fn staff_keeps_the_catalogue() {
    let mut ports = Ports::new();
    let course =
        |id: CourseId, name: &str, price, status| Course { id, name: name.to_owned(), price, status, created_at: at() };
    ports.courses.expect_create_course().returning(move |new| {
        let id = CourseId::try_new(9).unwrap();
        Ok(course(id, &new.name, new.price, edupay_domain::products::CourseStatus::Offered))
    });
    ports.courses.expect_set_course_status().returning(move |id, status| {
        if id.get() == 9 {
            Ok(course(id, "a", crate::fixtures::fen(1), status))
        } else {
            Err(EffectError::Refused(CourseRefusal::NotFound))
        }
    });
    let service = ports.serve();
    let create = |body: &str| service.call(Request::post("/v1/courses").token(XIAOCHEN).json(body));
    let made = create(r#"{"name":"课","price_fen":9900}"#).expect(201).json();
    assert_eq!((&made["course_id"], &made["price_fen"]), (&json!(9), &json!(9_900)));
    assert_eq!(create(r#"{"name":"a,b","price_fen":1}"#).expect(400).json()["errors"][0]["field"], "name");
    for (verb, status) in [("withdraw", "withdrawn"), ("offer", "offered")] {
        let reply = service.call(Request::post(&format!("/v1/courses/9/{verb}")).token(XIAOCHEN)).expect(200);
        assert_eq!(reply.json()["status"], status);
        service.call(Request::post(&format!("/v1/courses/8/{verb}")).token(XIAOCHEN)).expect(404);
    }
}

#[test]
fn a_product_id_that_is_taken_is_a_field_error() {
    let mut ports = Ports::new();
    ports.products.expect_create_product().returning(|_| Err(EffectError::Refused(ProductRefusal::IdTaken)));
    let service = ports.serve();
    let create =
        |form: &str| service.call(Request::post("/pay/products/").token(XIAOCHEN).form(form)).expect(400).json();
    let taken = json!({ "product_id": ["product with this product id already exists."] });
    assert_eq!(create("product_id=a&price=6"), taken);
    for form in [
        "product_id=&price=6",
        "product_id=%20&price=6",
        "product_id=a%00b&price=6",
        &format!("product_id={}&price=6", "p".repeat(256)),
    ] {
        assert!(create(form)["product_id"].is_array(), "{form}");
    }
    assert!(create("product_id=a&price=0")["price"].is_array());
}

//! What staff keeps: schools, students, cards, guardians, projects, packages.

use super::school::{CARD_A, CHILD, GUARDIAN, NOBODY, OTHER_CHILD, STAFF, School};
use crate::client::{Reply, Request};
use serde_json::{Value, json};

fn get(school: &School, path: &str) -> Value {
    school.call(Request::get(path).token(STAFF)).expect(200).json()
}

fn post(school: &School, path: &str, body: &Value) -> Reply {
    school.call(Request::post(path).token(STAFF).json(body.to_string()))
}

#[test]
fn only_staff_keeps_the_campus() {
    let school = School::open();
    let student = json!({ "school_id": 1, "name": "新" }).to_string();
    for (method, path) in [
        ("GET", "/v1/schools"),
        ("POST", "/v1/schools"),
        ("PUT", "/v1/schools/1"),
        ("GET", "/v1/students"),
        ("GET", "/v1/students/10129580"),
        ("PUT", "/v1/students/10129580"),
        ("PUT", "/v1/students/10129580/card"),
        ("GET", "/v1/students/10129580/guardians"),
        ("PUT", "/v1/students/10129580/guardians/2"),
        ("DELETE", "/v1/students/10129580/guardians/1"),
        ("GET", "/v1/projects"),
        ("POST", "/v1/projects"),
        ("PUT", "/v1/projects/1"),
        ("POST", "/v1/projects/1/withdraw"),
        ("GET", "/v1/packages"),
        ("POST", "/v1/packages"),
        ("PUT", "/v1/packages/10000001"),
        ("POST", "/v1/packages/10000001/withdraw"),
    ] {
        school.call(Request::new(method, path).json(&student)).expect(401);
        let reply = school.call(Request::new(method, path).token(GUARDIAN).json(&student)).expect(403);
        assert_eq!(reply.json()["code"], "permission_denied", "{method} {path}");
    }
}

#[test]
fn schools_are_added_named_anew_and_listed() {
    let school = School::open();
    let made = post(&school, "/v1/schools", &json!({ "name": "第三小学" })).expect(201).json();
    assert_eq!(made, json!({ "school_id": 3, "name": "第三小学" }));
    for _ in 0..2 {
        school.put("/v1/schools/3", &json!({ "name": "第三中学" })).expect(200);
    }
    let page = get(&school, "/v1/schools?limit=1&cursor=2");
    assert_eq!((&page["items"][0]["name"], &page["next_cursor"]), (&json!("第三中学"), &json!("3")));
    for name in [json!(""), json!(null), json!("a\u{7}"), json!(" 空格"), json!("长".repeat(101))] {
        let problem = post(&school, "/v1/schools", &json!({ "name": name })).expect(400).json();
        assert_eq!(problem["errors"][0]["field"], "name", "{name}");
    }
    school.put("/v1/schools/0", &json!({ "name": "a" })).expect(404);
}

#[test]
fn no_id_that_staff_chooses_is_the_last_of_all() {
    let school = School::open();
    let student = json!({ "school_id": 1, "name": "新" });
    let project = json!({ "name": "新", "kind": "card" });
    let package = json!({ "project_id": 1, "name": "新", "list_price_fen": 1, "term_months": 1 });
    for last in ["9007199254740992", "9223372036854775807"] {
        for (things, body) in [
            ("schools", &json!({ "name": "新" })),
            ("students", &student),
            ("projects", &project),
            ("packages", &package),
        ] {
            school.put(&format!("/v1/{things}/{last}"), body).expect(404);
        }
    }
    for (things, body) in [("projects", &project), ("packages", &package)] {
        school.put(&format!("/v1/{things}/9007199254740991"), body).expect(200);
        post(&school, &format!("/v1/{things}"), body).expect(201);
    }
    school.put("/v1/schools/9007199254740991", &json!({ "name": "新" })).expect(200);
    let next = post(&school, "/v1/schools", &json!({ "name": "新" })).expect(201).json();
    assert_eq!(next["school_id"], 9_007_199_254_740_992_i64);
}

#[test]
fn a_number_is_no_name() {
    let school = School::open();
    let problem = post(&school, "/v1/schools", &json!({ "name": 0 })).expect(400).json();
    assert_eq!(problem["errors"][0]["field"], "name");
}

#[test]
fn students_have_cards_with_history_and_guardians() {
    let school = School::open();
    let body = json!({ "school_id": 1, "name": "新同学", "card_no": "777", "guardians": [1] });
    let made = school.put(&format!("/v1/students/{NOBODY}"), &body).expect(200).json();
    assert_eq!((&made["name"], &made["card_no"], &made["mobile"]), (&json!("新同学"), &json!("777"), &json!("")));
    let replaced = school.put(&format!("/v1/students/{NOBODY}/card"), &json!({ "card_no": "778" })).expect(200).json();
    let cards = [("777", json!("2016-06-15")), ("778", json!(null))]
        .map(|(no, replaced)| json!({ "card_no": no, "issued_on": "2016-06-15", "replaced_on": replaced }));
    assert_eq!((&replaced["card_no"], &replaced["cards"]), (&json!("778"), &json!(cards)));
    let taken = school.put(&format!("/v1/students/{OTHER_CHILD}/card"), &json!({ "card_no": "778" })).expect(409);
    assert_eq!(taken.json()["code"], "card_taken");

    let guardians = format!("/v1/students/{NOBODY}/guardians");
    assert_eq!(get(&school, &guardians)["guardians"], json!([1]));
    let bound = school.call(Request::put(&format!("{guardians}/2")).token(STAFF)).expect(200).json();
    assert_eq!(bound["guardians"], json!([1, 2]));
    for _ in 0..2 {
        let unbound = school.call(Request::new("DELETE", &format!("{guardians}/1")).token(STAFF)).expect(200).json();
        assert_eq!(unbound["guardians"], json!([2]));
    }
    for (path, status, code) in [
        (format!("{guardians}/999"), 422, "guardian_not_found"),
        (format!("{guardians}/{NOBODY}"), 422, "own_guardian"),
        ("/v1/students/999/guardians/1".to_owned(), 404, "student_not_found"),
        ("/v1/students/x/guardians/1".to_owned(), 404, "not_found"),
    ] {
        let reply = school.call(Request::put(&path).token(STAFF)).expect(status);
        assert_eq!(reply.json()["code"], code, "{path}");
    }
    let page = get(&school, "/v1/students?school_id=1&limit=2");
    let ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["user_id"].clone()).collect();
    assert_eq!((ids, &page["next_cursor"]), (vec![json!(CHILD), json!(OTHER_CHILD)], &json!("10129581")));
    let last = get(&school, "/v1/students?school_id=1&cursor=10129581");
    assert_eq!((&last["items"][0]["user_id"], &last["next_cursor"]), (&json!(NOBODY), &json!(null)));
    let unknown = school.put(&format!("/v1/students/{NOBODY}"), &json!({ "school_id": 9, "name": "a" })).expect(422);
    assert_eq!(unknown.json()["code"], "school_not_found");
    school.call(Request::get("/v1/students/999").token(STAFF)).expect(404);
}

#[test]
fn projects_and_packages_are_kept_withdrawn_and_offered() {
    let school = School::open();
    let body = json!({ "school_id": 1, "name": "新项目", "kind": "sms", "selection": "multi", "channels": ["wx"] });
    let project = post(&school, "/v1/projects", &body).expect(201).json();
    assert_eq!((&project["project_id"], &project["channels"]), (&json!(4), &json!(["wx"])));
    let fixed = json!({ "school_id": 1, "name": "新项目", "kind": "card", "selection": "multi" });
    assert_eq!(school.put("/v1/projects/4", &fixed).expect(409).json()["code"], "field_fixed");
    let twice = json!({ "school_id": 1, "name": "a", "kind": "sms", "channels": ["wx", "wx"] });
    assert_eq!(post(&school, "/v1/projects", &twice).expect(400).json()["errors"][0]["field"], "channels");

    let detail = json!({ "icon": "http://a/b.png", "title": "短信", "content": "每天一条" });
    let body = json!({
        "project_id": 4, "name": "短信套餐", "price_text": "¥0.01", "list_price_fen": 1, "term_months": 1, "rank": -2,
        "description": "说明", "details": [detail],
    });
    let package = post(&school, "/v1/packages", &body).expect(201).json();
    assert_eq!((&package["package_id"], &package["details"]), (&json!(10_000_006), &json!([detail])));
    for (path, status) in [("withdraw", "withdrawn"), ("withdraw", "withdrawn"), ("offer", "offered")] {
        let reply = school.call(Request::post(&format!("/v1/packages/10000006/{path}")).token(STAFF)).expect(200);
        assert_eq!(reply.json()["status"], status);
    }
    let reply = school.call(Request::post("/v1/projects/4/withdraw").token(STAFF)).expect(200);
    assert_eq!(reply.json()["status"], "withdrawn");
    school.call(Request::post("/v1/projects/4/offer").token(STAFF)).expect(200);
    let page = get(&school, "/v1/packages?project_id=4");
    assert_eq!((page["items"].as_array().unwrap().len(), &page["items"][0]["rank"]), (1, &json!(-2)));
    assert_eq!(get(&school, "/v1/projects?cursor=3")["items"][0]["project_id"], 4);
    for (change, field) in [
        (json!({ "list_price_fen": 0 }), "list_price_fen"),
        (json!({ "list_price_fen": 5_000_001 }), "list_price_fen"),
        (json!({ "term_months": 0 }), "term_months"),
        (json!({ "term_months": 121 }), "term_months"),
        (json!({ "name": "a,b" }), "name"),
        (json!({ "details": [{ "title": "" }] }), "details"),
        (json!({ "details": [1] }), "details"),
    ] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let problem = post(&school, "/v1/packages", &body).expect(400).json();
        assert_eq!(problem["errors"][0]["field"], field, "{change}");
    }
    let moved = json!({ "project_id": 4, "name": "a", "list_price_fen": 1, "term_months": 1 });
    assert_eq!(school.put(&format!("/v1/packages/{CARD_A}"), &moved).expect(409).json()["code"], "field_fixed");
    for path in ["/v1/packages/999/withdraw", "/v1/projects/999/offer", "/v1/packages/x/offer"] {
        school.call(Request::post(path).token(STAFF)).expect(404);
    }
}

//! Orders of our own API.

use crate::client::Request;
use crate::fixtures::{ORDER_NO, XIAOCHEN, XIAOYU, order, user_id};
use crate::service::Ports;
use edupay_domain::ids::CourseId;
use edupay_domain::orders::{CreateOrderRefusal, CreatedOrder, OrderState};
use edupay_domain::products::{Course, CourseStatus};
use edupay_domain::store::EffectError;
use serde_json::json;

#[test]
fn an_order_is_made_of_courses() {
    let mut ports = Ports::new();
    ports.orders.expect_create().returning(|command, _| {
        assert_eq!(command.user_id, user_id(1));
        match command.course_ids[0].get() {
            1 => Ok(CreatedOrder::Created(order())),
            2 => Err(EffectError::Refused(CreateOrderRefusal::CourseOwned {
                course_id: CourseId::try_new(2).unwrap(),
                name: "b".to_owned(),
            })),
            _ => Err(EffectError::Refused(CreateOrderRefusal::CourseNotOffered(command.course_ids[0]))),
        }
    });
    let service = ports.serve();
    let create = |body: &str| service.call(Request::post("/v1/orders").token(XIAOCHEN).json(body));
    let reply = create(r#"{"course_ids":[1]}"#).expect(201);
    let location = format!("/v1/orders/{ORDER_NO}");
    assert_eq!(reply.header("Location"), Some(location.as_str()));
    assert_eq!(
        reply.json(),
        json!({
            "order_no": ORDER_NO, "status": "unpaid", "amount_fen": 9_900,
            "courses": [{ "course_id": 1, "name": "collection的使用", "price_fen": 9_900 }],
            "channel": null, "created_at": "2016-06-15T03:53:50.598744Z",
            "expires_at": "2016-06-16T03:53:50.598744Z", "paid_at": null,
        })
    );
    service.call(Request::post("/v1/orders/").token(XIAOCHEN).form("course_ids=1")).expect(201);
    assert_eq!(create(r#"{"course_ids":[2]}"#).expect(409).json()["code"], "course_owned");
    assert_eq!(create(r#"{"course_ids":[999999]}"#).expect(422).json()["code"], "course_not_offered");
    for list in ["[]", "[-1]", "\"1\"", "[1.5]", "null", "[123456789012345678901234567890]"] {
        let problem = create(&format!(r#"{{"course_ids":{list}}}"#)).expect(400).json();
        assert_eq!(problem["errors"][0]["field"], "course_ids", "{list}");
    }
}

#[test]
fn someone_elses_order_and_a_missing_one_are_the_same() {
    let mut ports = Ports::new();
    ports.orders.expect_find().returning(|id, _| {
        Ok((id == user_id(1)).then(|| edupay_domain::orders::Order { state: OrderState::Cancelled, ..order() }))
    });
    let service = ports.serve();
    let found = service.call(Request::get(&format!("/v1/orders/{ORDER_NO}")).token(XIAOCHEN)).expect(200);
    assert_eq!(found.json()["status"], "cancelled");
    for (token, number) in
        [(XIAOYU, ORDER_NO), (XIAOCHEN, "x"), (XIAOCHEN, "%00"), (XIAOCHEN, "%FF"), (XIAOCHEN, "1e3")]
    {
        let reply = service.call(Request::get(&format!("/v1/orders/{number}")).token(token)).expect(404);
        assert_eq!(reply.json()["code"], "order_not_found", "{number}: {}", reply.text());
    }
}

#[test]
fn cancelling_runs_the_rule() {
    let mut ports = Ports::new();
    ports
        .orders
        .expect_cancel()
        .returning(|command, rule| rule(command, &None).map(|_| order()).map_err(EffectError::Refused));
    let reply = ports.serve().call(Request::post(&format!("/v1/orders/{ORDER_NO}/cancel")).token(XIAOCHEN));
    assert_eq!(reply.expect(404).json()["code"], "order_not_found");
}

#[test]
fn courses_show_what_is_owned_and_hide_what_is_withdrawn() {
    let course = |id: i64, status| Course {
        id: CourseId::try_new(id).unwrap(),
        name: format!("course {id}"),
        price: crate::fixtures::fen(9_900),
        status,
        created_at: crate::fixtures::at(),
    };
    let mut ports = Ports::new();
    ports.orders.expect_owned_courses().returning(|_| Ok(vec![CourseId::try_new(2).unwrap()]));
    ports.courses.expect_list_courses().returning(move || {
        Ok(vec![
            course(1, CourseStatus::Offered),
            course(2, CourseStatus::Withdrawn),
            course(3, CourseStatus::Withdrawn),
        ])
    });
    let service = ports.serve();
    let seen = |token| {
        let page = service.call(Request::get("/v1/courses").token(token)).expect(200).json();
        let items = page["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| (item["course_id"].as_i64().unwrap(), item["owned"].as_bool().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(XIAOYU), [(1, false), (2, true)]);
    assert_eq!(seen(XIAOCHEN), [(1, false), (2, true), (3, false)]);
}

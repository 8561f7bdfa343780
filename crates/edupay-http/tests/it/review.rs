//! The list for people from outside: who may see it, what is read, and what each refusal becomes. The rule is the
//! real one, on a view that the test gives it.

use crate::client::Request;
use crate::fixtures::{XIAOCHEN, XIAOYU, at, fen, user_id};
use crate::service::{Ports, Service};
use edupay_domain::recovery::{
    Overview, ReviewAction, ReviewCount, ReviewDecision, ReviewId, ReviewItem, ReviewKind, ReviewPlan, ReviewView,
    UnfinishedCount, WorkKind,
};
use edupay_domain::store::EffectError;
use serde_json::{Value, json};

const IN_REVIEW: &str = "receipt-ch_1";

fn item(id: &str, reason: &str) -> ReviewItem {
    ReviewItem {
        id: ReviewId::parse(id).unwrap(),
        subject: "12134676899915430002".to_owned(),
        user_id: Some(user_id(2)),
        amount: Some(fen(9_900)),
        reason: reason.to_owned(),
        since: at(),
        listed_at: at(),
    }
}

/// A store whose list has a receipt of play money and a callback.
fn serve() -> Service {
    let mut ports = Ports::new();
    let items = || vec![item("callback-evt_1", "unmatched"), item(IN_REVIEW, "mode_differs")];
    ports.review.expect_list().returning(move |_, kind, after, limit| {
        let wanted = |item: &ReviewItem| {
            kind.is_none_or(|kind| item.id.kind == kind) && after.as_ref().is_none_or(|after| item.id > after.id)
        };
        Ok(items().into_iter().filter(wanted).take(usize::try_from(limit).unwrap()).collect())
    });
    ports.review.expect_find_item().returning(move |_, id| Ok(items().into_iter().find(|item| item.id == *id)));
    ports.review.expect_decisions().returning(|_| Ok(Vec::new()));
    ports.review.expect_decide().returning(move |command, rule| {
        let item = items().into_iter().find(|item| item.id == command.id);
        match rule(command, &ReviewView { item, receipt: None, last: None }).map_err(EffectError::Refused)? {
            ReviewPlan::Decide { decision, .. } | ReviewPlan::Already(decision) => Ok::<ReviewDecision, _>(decision),
        }
    });
    ports.review.expect_overview().returning(|_| {
        Ok(Overview {
            unfinished: vec![UnfinishedCount { kind: WorkKind::Charges, count: 7, due: 2, oldest: Some(at()) }],
            review: vec![ReviewCount { kind: ReviewKind::Receipt, count: 1, oldest: Some(at()) }],
        })
    });
    ports.serve()
}

fn decide(service: &Service, id: &str, action: &str, body: &Value) -> crate::client::Reply {
    let path = format!("/v1/review/{id}/{action}");
    service.call(Request::post(&path).token(XIAOCHEN).json(body.to_string()))
}

#[test]
fn only_staff_sees_the_list_and_decides() {
    let service = serve();
    for (token, status) in [(Some(XIAOYU), 403), (None, 401)] {
        let with = |request: Request| match token {
            Some(token) => request.token(token),
            None => request,
        };
        for path in ["/v1/review", "/v1/review/receipt-ch_1", "/v1/recovery"] {
            service.call(with(Request::get(path))).expect(status);
        }
        let decisions = ReviewAction::ALL.map(|action| format!("/v1/review/{IN_REVIEW}/{}", action.code()));
        for path in decisions.iter().map(String::as_str).chain(["/v1/recovery/runs"]) {
            service.call(with(Request::post(path)).json(json!({ "reason": "x" }).to_string())).expect(status);
        }
    }
}

#[test]
fn the_list_is_shown_by_kind_in_pages_with_what_can_be_done() {
    let service = serve();
    let get = |query: &str| service.call(Request::get(&format!("/v1/review{query}")).token(XIAOCHEN));
    let first = get("?limit=1").expect(200).json();
    assert_eq!(
        (&first["items"][0]["id"], &first["items"][0]["actions"]),
        (&json!("callback-evt_1"), &json!(["retry", "close"]))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = get(&format!("?limit=1&cursor={cursor}")).expect(200).json();
    let shown = &second["items"][0];
    assert_eq!(
        (&shown["id"], &shown["kind"], &shown["amount_fen"]),
        (&json!(IN_REVIEW), &json!("receipt"), &json!(9_900))
    );
    assert_eq!((&shown["reason"], &shown["actions"]), (&json!("mode_differs"), &json!(["close"])));
    assert_eq!(get("?kind=receipt").expect(200).json()["items"].as_array().unwrap().len(), 1);
    for query in ["?kind=nothing", "?limit=0", "?cursor=x", "?cursor=1.nothing-1"] {
        assert_eq!(get(query).expect(400).json()["code"], "fields_invalid", "{query}");
    }
    let one = service.call(Request::get(&format!("/v1/review/{IN_REVIEW}")).token(XIAOCHEN)).expect(200).json();
    assert_eq!((&one["item"]["id"], &one["decisions"]), (&json!(IN_REVIEW), &json!([])));
    for id in ["receipt-ch_2", "nothing-1", "x", "%20"] {
        let missing = service.call(Request::get(&format!("/v1/review/{id}")).token(XIAOCHEN)).expect(404);
        assert_eq!(missing.json()["code"], "review_not_found", "{id}");
    }
}

#[test]
fn a_decision_needs_a_reason_and_is_answered_with_who_and_why() {
    let service = serve();
    let reason = json!({ "reason": "付款人已确认" });
    let closed = decide(&service, IN_REVIEW, "close", &reason).expect(200).json();
    assert_eq!((&closed["id"], &closed["action"]), (&json!(IN_REVIEW), &json!("close")));
    assert_eq!((&closed["decided_by"], &closed["reason"]), (&json!(1), &reason["reason"]));
    for body in
        [json!({}), json!({ "reason": "" }), json!({ "reason": "长".repeat(256) }), json!({ "reason": "\u{7}" })]
    {
        assert_eq!(decide(&service, IN_REVIEW, "close", &body).expect(400).json()["code"], "fields_invalid", "{body}");
    }
    // Play money is booked nowhere, so nothing of it can go back.
    let refused = decide(&service, IN_REVIEW, "refund", &reason).expect(409);
    assert_eq!(refused.json()["code"], "review_action_not_possible");
    assert_eq!(decide(&service, "receipt-ch_2", "close", &reason).expect(404).json()["code"], "review_not_found");
}

#[test]
fn the_overview_names_every_kind() {
    let overview = serve().call(Request::get("/v1/recovery").token(XIAOCHEN)).expect(200).json();
    let unfinished = overview["unfinished"].as_array().unwrap();
    assert_eq!(unfinished.len(), WorkKind::ALL.len());
    let charges = unfinished.iter().find(|kind| kind["kind"] == "charges").unwrap();
    assert_eq!((&charges["count"], &charges["due"], &charges["oldest_age_seconds"]), (&json!(7), &json!(2), &json!(0)));
    let orders = unfinished.iter().find(|kind| kind["kind"] == "orders").unwrap();
    assert_eq!((&orders["count"], &orders["oldest"]), (&json!(0), &Value::Null));
    assert_eq!(overview["for_a_person"].as_array().unwrap().len(), ReviewKind::ALL.len());
}

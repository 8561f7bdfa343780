//! What the world leaves unfinished is finished, on the real binary with the sandbox: answers and webhooks that
//! are lost, a gateway that is away and comes back; and what nobody can finish reaches a person, who decides.

use serde_json::{Value, json};

use crate::support::demo::{Demo, finish, texts};
use crate::support::http::{Reply, Request};
use crate::support::notice::{Notice, paid};
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, id_of};

const DAY_MICROS: &str = "86400000000";

impl Demo {
    /// The order as it is stored: nobody asks the gateway for it.
    fn stored_status(&self, order_no: &str) -> String {
        self.by_hand(&format!("SELECT status FROM orders WHERE order_no = '{order_no}'"))
    }

    fn wait_until_stored(&self, order_no: &str, status: &str) {
        wait_for(&format!("{order_no} to be {status}"), || (self.stored_status(order_no) == status).then_some(()));
    }

    /// A subcommand that knows the gateway; it must succeed.
    fn with_gateway(&self, arguments: &[&str]) -> Value {
        let output = finish(&mut self.gateway_settings(self.command(arguments)));
        let (out, err) = texts(&output);
        assert!(output.status.success(), "edupay {arguments:?}: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?} printed no JSON ({error}): {out}"))
    }

    fn list(&self) -> Vec<Value> {
        let list = self.call(Request::get("/v1/review").token(XIAOCHEN)).expect_status(200).json();
        list["items"].as_array().expect("a list").clone()
    }

    fn decide(&self, id: &str, action: &str) -> Reply {
        let body = json!({ "reason": "付款人已确认" }).to_string();
        self.call(Request::post(&format!("/v1/review/{id}/{action}")).token(XIAOCHEN).json(body))
    }

    /// The charge of an order whose request was processed and whose reply was lost.
    fn charge_without_reply(&self, order_no: &str) -> String {
        self.pay_for_order(XIAOCHEN, order_no, "wx").expect_status(200);
        let charges = self.sandbox.charges_of(order_no);
        assert_eq!(charges.len(), 1, "{charges:?}");
        id_of(&charges[0]).to_owned()
    }
}

fn what_was_processed_and_dropped_is_found_without_a_webhook_and_without_a_reader(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "create": { "drop_after_processing": true }, "webhooks": { "never": true } }));
    let unpaid = demo.charge_without_reply(ORDER_OF_66);
    let charge = demo.charge_without_reply(ORDER_OF_99);
    demo.sandbox.pay(&charge);
    demo.wait_until_stored(ORDER_OF_99, "paid");
    assert!(demo.owns(XIAOCHEN, 1));
    // The answer about the other one is known now: the same charge is given again.
    let known = format!("SELECT COALESCE(charge_id, '') FROM charge_attempts WHERE subject_no = '{ORDER_OF_66}'");
    wait_for("the lost answer", || (demo.by_hand(&known) == unpaid).then_some(()));
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    assert_eq!(id_of(&demo.charge(XIAOCHEN, ORDER_OF_66, "wx")), unpaid);
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
}

fn a_gateway_that_was_away_is_asked_within_a_minute_of_its_return(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "create": { "drop_after_processing": true }, "webhooks": { "never": true } }));
    for order_no in [ORDER_OF_66, ORDER_OF_99] {
        let charge = demo.charge_without_reply(order_no);
        demo.sandbox.pay(&charge);
    }
    demo.sandbox.misbehave(&json!({ "all": { "drop_before": true }, "webhooks": { "never": true } }));
    // Somebody has tried, and the gateway was away.
    let tried = "SELECT count(*) FROM charge_attempts WHERE due_at > requested_at + 15000000";
    wait_for("a look in vain", || (demo.by_hand(tried) == "2").then_some(()));
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    for order_no in [ORDER_OF_66, ORDER_OF_99] {
        demo.wait_until_stored(order_no, "paid");
    }
    assert_eq!(demo.by_hand("SELECT count(*) FROM receipts WHERE status = 'applied'"), "2");
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
}

fn who_reads_an_unfinished_order_repairs_it(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.pay(id_of(&charge));
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "paid");
    // A gateway that hangs costs a reader a few seconds at the most.
    let charge = demo.charge(XIAOCHEN, ORDER_OF_66, "wx");
    demo.sandbox.misbehave(&json!({ "all": { "latency_ms": 7_000 }, "webhooks": { "never": true } }));
    demo.sandbox.pay(id_of(&charge));
    let start = std::time::Instant::now();
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_66), "unpaid");
    assert!(start.elapsed().as_secs() < 6, "{:?}", start.elapsed());
    demo.sandbox.behave();
    demo.wait_for_status(XIAOCHEN, ORDER_OF_66, "paid");
}

fn a_callback_that_matches_nothing_ends_in_the_list_and_is_closed_by_a_person(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    let mut stranger = paid(&charge);
    stranger["id"] = "ch_000000000000000000000001".into();
    stranger["order_no"] = "99999999999999999999".into();
    let notice = Notice::genuine(demo, "evt_000000000000000000000077", "charge.succeeded", &stranger);
    assert!(notice.send(demo).status < 300);
    assert_eq!(demo.list(), Vec::<Value>::new(), "it may still be matched");
    // A day and a bit later.
    demo.by_hand(&format!("UPDATE inbound_events SET received_at = received_at - {DAY_MICROS} - 1"));
    let items = demo.list();
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!((&items[0]["kind"], &items[0]["reason"]), (&json!("callback"), &json!("unmatched")));
    assert_eq!(items[0]["actions"], json!(["retry", "close"]));
    let id = items[0]["id"].as_str().expect("a name").to_owned();
    assert_eq!(demo.edupay_ok(&["review", "list"]).lines().count(), 1);

    // It is named by verify once it is stuck for longer than the limit.
    let output = demo.edupay(&["verify", "--unfinished-limit", "3600"]);
    let report: Value = serde_json::from_str(&texts(&output).0).expect("a report");
    assert!(!output.status.success());
    assert_eq!(report["breaches"][0]["invariant"], "nothing_stays_unfinished");
    assert!(report["breaches"][0]["row"].as_str().is_some_and(|row| row.contains("evt_000000000000000000000077")));

    let overview = demo.call(Request::get("/v1/recovery").token(XIAOCHEN)).expect_status(200).json();
    let callbacks = overview["unfinished"].as_array().into_iter().flatten().find(|kind| kind["kind"] == "callbacks");
    let callbacks = callbacks.expect("the kind").clone();
    assert_eq!(callbacks["count"], 1);
    assert!(callbacks["oldest_age_seconds"].as_i64().is_some_and(|age| age >= 86_400), "{callbacks}");
    for path in ["/v1/review", "/v1/recovery"] {
        demo.call(Request::get(path).token(XIAOYU)).expect_status(403);
    }
    assert_eq!(demo.decide(&id, "refund").expect_status(409).json()["code"], "review_action_not_possible");
    let closed = demo.decide(&id, "close").expect_status(200).json();
    assert_eq!(
        (&closed["action"], &closed["decided_by"], &closed["reason"]),
        (&json!("close"), &json!(1), &json!("付款人已确认"))
    );
    assert_eq!(demo.decide(&id, "close").expect_status(200).json(), closed, "a repeat is the same success");
    assert_eq!(demo.list(), Vec::<Value>::new());
    assert_eq!(demo.decide(&id, "retry").expect_status(404).json()["code"], "review_not_found");
    let shown: Value = serde_json::from_str(&demo.edupay_ok(&["review", "show", &id])).expect("JSON");
    assert_eq!((&shown["item"], shown["decisions"].as_array().map(Vec::len)), (&Value::Null, Some(1)));
    assert!(demo.edupay(&["verify", "--unfinished-limit", "3600"]).status.success());
    assert_eq!(demo.by_hand("SELECT count(*) FROM outbox WHERE kind = 'review.decided'"), "1");
}

fn a_receipt_in_review_is_sent_back_by_a_person(demo: &Demo) {
    let order = demo.order(XIAOYU, &[1]);
    let charge = demo.charge(XIAOYU, &order, "wx");
    demo.sandbox.misbehave(&json!({ "all": { "wrong_app": true }, "webhooks": { "wrong_app": true } }));
    demo.sandbox.pay(id_of(&charge));
    let items = wait_for("the receipt in the list", || Some(demo.list()).filter(|items| items.len() == 1));
    let item = &items[0];
    assert_eq!(
        (&item["kind"], &item["reason"], &item["amount_fen"]),
        (&json!("receipt"), &json!("app_differs"), &json!(9_900))
    );
    assert_eq!((&item["user_id"], &item["actions"]), (&json!(2), &json!(["refund", "close"])));
    demo.sandbox.behave();
    let id = format!("receipt-{}", id_of(&charge));
    let reason = "the payer confirmed by phone";
    let by = ["--by", "15201052252", "--reason", reason];
    let decided = demo.edupay_ok(&["review", "refund", &id, by[0], by[1], by[2], by[3]]);
    assert_eq!(serde_json::from_str::<Value>(&decided).expect("JSON")["reason"], reason);
    demo.sandbox.wait_for_full_refund(id_of(&charge));
    let status = format!("SELECT status FROM receipts WHERE charge_id = '{}'", id_of(&charge));
    wait_for("the receipt to be refunded", || (demo.by_hand(&status) == "refunded").then_some(()));
    assert_eq!(demo.list(), Vec::<Value>::new());
    // A member of no staff decides nothing.
    let refused = demo.edupay(&["review", "close", &id, "--by", "15201052253", "--reason", reason]);
    assert!(!refused.status.success());
}

fn a_run_does_what_is_due_and_tells_what_is_left(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    demo.sandbox.pay(id_of(&charge));
    // Due now, for whoever is first.
    demo.by_hand("UPDATE charge_attempts SET look_at = requested_at, due_at = requested_at");
    let report = demo.with_gateway(&["recover"]);
    assert_eq!(report["kinds"]["charges"]["failed"], json!([]), "{report}");
    assert_eq!(report["for_a_person"]["receipt"], 0, "{report}");
    demo.wait_until_stored(ORDER_OF_99, "paid");
    let run = demo.call(Request::post("/v1/recovery/runs").token(XIAOCHEN)).expect_status(200).json();
    let charges = run["kinds"].as_array().into_iter().flatten().find(|kind| kind["kind"] == "charges");
    assert_eq!(charges.map(|kind| (&kind["failed"], &kind["left"])), Some((&json!(0), &json!(0))), "{run}");
    demo.call(Request::post("/v1/recovery/runs").token(XIAOYU)).expect_status(403);
    // Without a gateway a run would only do harm.
    let (_, refused) = texts(&demo.edupay(&["recover"]));
    assert!(refused.contains("pingpp.api_key"), "{refused}");
}

on_both_databases!(
    what_was_processed_and_dropped_is_found_without_a_webhook_and_without_a_reader,
    a_gateway_that_was_away_is_asked_within_a_minute_of_its_return,
    who_reads_an_unfinished_order_repairs_it,
    a_callback_that_matches_nothing_ends_in_the_list_and_is_closed_by_a_person,
    a_receipt_in_review_is_sent_back_by_a_person,
    a_run_does_what_is_due_and_tells_what_is_left,
);

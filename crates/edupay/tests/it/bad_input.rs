//! Everything a client can get wrong, as tables. Each row is answered in the dialect of its path,
//! with the field named; nothing is ever a 5xx, and at the end nobody has a fen more or less.

use serde_json::Value;

use crate::support::demo::Demo;
use crate::support::http::{Reply, Request};
use crate::support::shop::{ORDER_OF_99, XIAOCHEN, XIAOYU};

/// Texts that are no amount. Django would take some of them; money must not.
const AMOUNTS: [&str; 26] = [
    "",
    " ",
    "1e2",
    "1E2",
    "-1",
    "+1",
    "-0.01",
    "0",
    "0.00",
    "0.001",
    "1.000",
    "NaN",
    "Infinity",
    "-inf",
    "１００",
    " 100",
    "100 ",
    "100.",
    ".5",
    "1.2.3",
    "1_000",
    "1,000",
    "0x10",
    "¥100",
    "123456789012345678901234567890",
    "50000.01",
];

/// JSON values that are no amount, as they stand in the body.
const JSON_AMOUNTS: [&str; 14] = [
    "1e2",
    "1E2",
    "1.0e0",
    "-1",
    "0",
    "0.0",
    "0.001",
    "123456789012345678901234567890",
    "1e400",
    "50000.01",
    "true",
    "[100]",
    r#"{"amount":100}"#,
    "null",
];

/// Texts that are no order number. One that is merely unknown is a business failure, not a bad value.
const ORDER_NUMBERS: [&str; 10] = [
    "",
    " ",
    "1213467689991543000212134676899915430002",
    "12134676899915430002\u{0}",
    "1213467689991543\n0002",
    "12134676899915430002\u{202e}",
    "１２１３４６７６８９９９１５４３０００２",
    "-12134676899915430002",
    "1.2e19",
    "12134676899915430002'; DROP TABLE orders; --",
];

/// Percent-encodes everything, so that a form carries any text.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Collects what was answered wrongly, so that one run shows all of it.
#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    /// The 益安 dialect: 400 and `{"field": ["…"]}`.
    fn expect_field(&mut self, what: &str, field: &str, reply: &Reply) {
        let named = serde_json::from_slice::<Value>(&reply.body)
            .is_ok_and(|body| body[field].as_array().is_some_and(|texts| texts.iter().all(Value::is_string)));
        self.expect(what, reply.status == 400 && named, reply);
    }

    /// The 益安 dialect where no single field is to blame: 400 and any JSON object.
    fn expect_refusal(&mut self, what: &str, reply: &Reply) {
        let object = serde_json::from_slice::<Value>(&reply.body).is_ok_and(|body| body.is_object());
        self.expect(what, reply.status == 400 && object, reply);
    }

    /// Our own dialect: a problem document with a stable code that names the field.
    fn expect_problem(&mut self, what: &str, field: &str, reply: &Reply) {
        let typed = reply.header("Content-Type").is_some_and(|kind| kind.starts_with("application/problem+json"));
        let holds = serde_json::from_slice::<Value>(&reply.body).is_ok_and(|body| {
            body["code"].is_string() && body["status"] == reply.status && body.to_string().contains(field)
        });
        self.expect(what, (400..500).contains(&reply.status) && typed && holds, reply);
    }

    fn expect_status(&mut self, what: &str, status: u16, reply: &Reply) {
        self.expect(what, reply.status == status, reply);
    }

    fn expect(&mut self, what: &str, holds: bool, reply: &Reply) {
        if !holds {
            self.0.push(format!("{what}: {} {}", reply.status, reply.text()));
        }
    }

    fn settle(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

/// What both users own, to compare before and after.
fn wealth(demo: &Demo) -> Vec<String> {
    let mut wealth = Vec::new();
    for token in [XIAOCHEN, XIAOYU] {
        for target in ["/v1/me", "/v1/orders", "/v1/courses", "/v1/ledger/entries"] {
            wealth.push(demo.call(Request::get(target).token(token)).expect_status(200).text());
        }
    }
    wealth.push(demo.call(Request::get("/pay/products/").token(XIAOCHEN)).text());
    wealth
}

/// Runs a table and checks that it changed nothing.
fn unmoved(demo: &Demo, table: impl FnOnce(&mut Complaints)) {
    let before = wealth(demo);
    let mut complaints = Complaints::default();
    table(&mut complaints);
    let alive = demo.call(Request::get("/healthz"));
    complaints.expect_status("healthz afterwards", 200, &alive);
    complaints.settle();
    assert_eq!(before, wealth(demo));
    assert!(!demo.log().contains("panicked"), "the program panicked");
}

fn what_is_no_amount_is_refused_wherever_money_comes_in(demo: &Demo) {
    unmoved(demo, |complaints| {
        let fill = || Request::put("/pay/fill_in_balance/").token(XIAOCHEN);
        let product = || Request::post("/pay/products/").token(XIAOCHEN);
        for amount in AMOUNTS {
            let reply = demo.call(fill().form(format!("amount={}", encoded(amount))));
            complaints.expect_field(&format!("form amount {amount:?}"), "amount", &reply);
            let reply = demo.call(fill().json(format!(r#"{{"amount":{}}}"#, quoted(amount))));
            complaints.expect_field(&format!("JSON text amount {amount:?}"), "amount", &reply);
            let reply = demo.call(product().form(format!("product_id=x&price={}", encoded(amount))));
            complaints.expect_field(&format!("price {amount:?}"), "price", &reply);
        }
        for amount in JSON_AMOUNTS {
            let reply = demo.call(fill().json(format!(r#"{{"amount":{amount}}}"#)));
            complaints.expect_field(&format!("JSON amount {amount}"), "amount", &reply);
            let reply = demo.call(product().json(format!(r#"{{"product_id":"x","price":{amount}}}"#)));
            complaints.expect_field(&format!("JSON price {amount}"), "price", &reply);
        }
        for control in ["100\u{0}", "100\n", "100\u{7f}"] {
            let reply = demo.call(fill().json(format!(r#"{{"amount":{}}}"#, quoted(control))));
            complaints.expect_field(&format!("amount {control:?}"), "amount", &reply);
        }
    });
}

fn what_is_no_order_number_is_refused_wherever_one_is_paid(demo: &Demo) {
    unmoved(demo, |complaints| {
        for (path, channel) in [("/pay/pay_in_balance/", "balance"), ("/pay/pay_for_order/", "wx")] {
            let pay = || Request::put(path).token(XIAOCHEN);
            for number in ORDER_NUMBERS {
                let reply = demo.call(pay().form(format!("order_no={}&channel={channel}", encoded(number))));
                complaints.expect_field(&format!("{path} form order_no {number:?}"), "order_no", &reply);
                let body = format!(r#"{{"order_no":{},"channel":"{channel}"}}"#, quoted(number));
                let reply = demo.call(pay().json(body));
                complaints.expect_field(&format!("{path} JSON order_no {number:?}"), "order_no", &reply);
            }
            for number in ["-12134676899915430002", "1.5", "1e19", "true", "null", "[]", "{}"] {
                let body = format!(r#"{{"order_no":{number},"channel":"{channel}"}}"#);
                let reply = demo.call(pay().json(body));
                complaints.expect_field(&format!("{path} JSON order_no {number}"), "order_no", &reply);
            }
            for channel in ["[]", "{}", "null", "true", r#""wx\u0000""#] {
                let body = format!(r#"{{"order_no":{ORDER_OF_99},"channel":{channel}}}"#);
                let reply = demo.call(pay().json(body));
                complaints.expect_field(&format!("{path} channel {channel}"), "channel", &reply);
            }
        }
        for id in ["", " ", "a\u{0}b", "a\nb", &"p".repeat(10_000)] {
            let form = format!("product_id={}&price=6", encoded(id));
            let reply = demo.call(Request::post("/pay/products/").token(XIAOCHEN).form(form));
            complaints.expect_field(&format!("product_id {:.10?}", id), "product_id", &reply);
        }
    });
}

/// Every endpoint of the 益安 dialect that reads a body, with a field of it.
const ENDPOINTS: [(&str, &str, &str); 5] = [
    ("POST", "/account/login/", "username"),
    ("PUT", "/pay/fill_in_balance/", "amount"),
    ("PUT", "/pay/pay_in_balance/", "order_no"),
    ("PUT", "/pay/pay_for_order/", "order_no"),
    ("POST", "/pay/products/", "product_id"),
];

fn what_is_no_body_is_refused_by_every_endpoint(demo: &Demo) {
    unmoved(demo, |complaints| {
        for (method, path, field) in ENDPOINTS {
            let request = || Request::new(method, path).token(XIAOCHEN);
            let nested = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
            let nested_field = format!(r#"{{"{field}":{nested}}}"#);
            let broken: [(&str, &[u8]); 7] = [
                ("half of a document", br#"{"amount":"#),
                ("invalid UTF-8", b"{\"amount\":\"\xff\xfe\"}"),
                (
                    "a lone surrogate",
                    br#"{"amount":"\ud800","order_no":"\ud800","product_id":"\ud800","username":"\ud800"}"#,
                ),
                ("a bare word", b"amount"),
                ("two documents", b"{}{}"),
                ("deep nesting", nested.as_bytes()),
                ("deep nesting in a field", nested_field.as_bytes()),
            ];
            for (what, body) in broken {
                let reply = demo.call(request().json(body));
                complaints.expect_refusal(&format!("{path} {what}"), &reply);
            }
            for (what, form) in
                [("invalid UTF-8", format!("{field}=%FF%FE")), ("raw invalid UTF-8", format!("{field}=1&{field}=2"))]
            {
                let reply = demo.call(request().form(form));
                complaints.expect_field(&format!("{path} form {what}"), field, &reply);
            }
            let twice = format!(r#"{{"{field}":"1","{field}":"2"}}"#);
            let reply = demo.call(request().json(twice));
            complaints.expect_field(&format!("{path} a key twice"), field, &reply);

            let large = format!(r#"{{"{field}":"{}"}}"#, "1".repeat(65 * 1024));
            let reply = demo.call(request().json(&large));
            complaints.expect_status(&format!("{path} 65 KiB of JSON"), 413, &reply);
            let reply = demo.call(request().form(format!("{field}={}", "1".repeat(65 * 1024))));
            complaints.expect_status(&format!("{path} 65 KiB of form"), 413, &reply);

            for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json", ";", "\u{e9}"] {
                let reply = demo.call(request().header("Content-Type", kind).body(format!("{field}=1")));
                complaints.expect_status(&format!("{path} as {kind:?}"), 415, &reply);
            }
        }
    });
}

fn bad_values_of_our_own_api_are_problem_documents(demo: &Demo) {
    unmoved(demo, |complaints| {
        for body in [
            "{}",
            r#"{"course_ids":[]}"#,
            r#"{"course_ids":[1,1]}"#,
            r#"{"course_ids":[-1]}"#,
            r#"{"course_ids":"1"}"#,
            r#"{"course_ids":[1.5]}"#,
            r#"{"course_ids":[123456789012345678901234567890]}"#,
            r#"{"course_ids":null}"#,
            r#"{"course_ids":[999999]}"#,
        ] {
            let reply = demo.call(Request::post("/v1/orders").token(XIAOCHEN).json(body));
            complaints.expect_problem(&format!("orders {body}"), "course", &reply);
        }
        for amount in ["0", "-1", "1.5", "1e2", "\"100\"", "null", "true", "123456789012345678901234567890", "5000001"]
        {
            let body = format!(r#"{{"amount_fen":{amount},"channel":"wx"}}"#);
            let reply = demo.call(Request::post("/v1/top-ups").token(XIAOCHEN).json(body));
            complaints.expect_problem(&format!("top-ups {amount}"), "amount", &reply);
        }
        for channel in ["\"balance\"", "\"\"", "null", "1", "\"wx\\u0000\""] {
            let body = format!(r#"{{"amount_fen":100,"channel":{channel}}}"#);
            let reply = demo.call(Request::post("/v1/top-ups").token(XIAOCHEN).json(body));
            complaints.expect_problem(&format!("top-ups channel {channel}"), "channel", &reply);
        }
        for target in ["/v1/orders/12134676899915439999", "/v1/orders/x", "/v1/orders/%00", "/v1/nothing"] {
            let reply = demo.call(Request::get(target).token(XIAOCHEN));
            complaints.expect_problem(target, "code", &reply);
        }
        for query in ["cursor=x", "limit=-1", "limit=x", "limit=1&limit=2", "cursor=%FF"] {
            let reply = demo.call(Request::get(&format!("/v1/orders?{query}")).token(XIAOCHEN));
            complaints.expect_problem(query, "code", &reply);
        }
        let anonymous = demo.call(Request::get("/v1/me"));
        complaints.expect_status("no token", 401, &anonymous);
        complaints.expect_problem("no token", "code", &anonymous);
    });
}

fn odd_headers_and_targets_are_no_error_of_ours(demo: &Demo) {
    unmoved(demo, |complaints| {
        let oddities = [
            ("bytes in the token", Request::get("/v1/me").header("Authorization", b"Token \xff\xfe")),
            (
                "a token of 10 KB",
                Request::get("/v1/me").header("Authorization", "Token ".to_owned() + &"a".repeat(10_000)),
            ),
            ("two tokens", Request::get("/v1/me").token(XIAOCHEN).token(XIAOYU)),
            ("a method of its own", Request::new("BREW", "/pay/products/").token(XIAOCHEN)),
            ("a path that climbs", Request::get("/pay/../../etc/passwd").token(XIAOCHEN)),
            ("a path in no encoding", Request::get("/pay/%ff%fe/").token(XIAOCHEN)),
            ("a very long path", Request::get(&format!("/{}", "a".repeat(6_000))).token(XIAOCHEN)),
        ];
        for (what, request) in oddities {
            let reply = demo.call(request);
            complaints.expect(what, (400..500).contains(&reply.status), &reply);
        }
    });
}

on_both_databases!(
    what_is_no_amount_is_refused_wherever_money_comes_in,
    what_is_no_order_number_is_refused_wherever_one_is_paid,
    bad_values_of_our_own_api_are_problem_documents,
);

on_one_database!(what_is_no_body_is_refused_by_every_endpoint, odd_headers_and_targets_are_no_error_of_ours);

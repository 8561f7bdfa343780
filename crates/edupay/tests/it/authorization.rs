//! Who may call what: every operation of the running program's own OpenAPI document, with no token, with
//! one that is none, by somebody else than the owner, and by somebody without the right. An operation that
//! is not in the table fails the test, and so does a row whose operation is gone.

use crate::support::demo::Demo;
use crate::support::http::{Reply, Request};
use crate::support::shop::{ORDER_OF_99, XIAOCHEN, XIAOYU};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Who an operation lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Everybody, with a token, a bad one, or none.
    Open,
    /// Whoever brings what it asks for in its body or headers; a token is neither asked for nor looked at.
    Proof,
    /// Everybody with a token; what is answered is the caller's own, or everybody's.
    Own,
    /// Everybody with a token, about a thing that the path or the body names: somebody else's is answered
    /// as one that is not there.
    Theirs,
    /// Staff; everybody else with a token hears 403.
    Staff,
}

use Access::{Open, Own, Proof, Staff, Theirs};

const TABLE: &[(&str, &str, Access)] = &[
    ("POST", "/account/login/", Proof),
    ("PUT", "/account/logout/", Own),
    ("PUT", "/pay/fill_in_balance/", Own),
    ("PUT", "/pay/pay_in_balance/", Theirs),
    ("PUT", "/pay/pay_for_order/", Theirs),
    ("GET", "/pay/products/", Own),
    ("POST", "/pay/products/", Staff),
    ("POST", "/api/Pay/SearchPayPackages", Theirs),
    ("POST", "/api/Pay/PayMoney", Theirs),
    ("POST", "/api/Pay/SearchSuccessData", Theirs),
    ("GET", "/v1/me", Own),
    ("GET", "/v1/me/students", Own),
    ("GET", "/v1/courses", Own),
    ("POST", "/v1/courses", Staff),
    ("POST", "/v1/courses/{course_id}/offer", Staff),
    ("POST", "/v1/courses/{course_id}/withdraw", Staff),
    ("GET", "/v1/orders", Own),
    ("POST", "/v1/orders", Own),
    ("GET", "/v1/orders/{order_no}", Theirs),
    ("POST", "/v1/orders/{order_no}/cancel", Theirs),
    ("POST", "/v1/orders/{order_no}/cashier-link", Theirs),
    ("GET", "/v1/orders/{order_no}/refunds", Staff),
    ("POST", "/v1/orders/{order_no}/refunds", Staff),
    ("POST", "/v1/orders/{order_no}/refunds/{refund_no}/approve", Staff),
    ("POST", "/v1/orders/{order_no}/refunds/{refund_no}/reject", Staff),
    ("POST", "/v1/top-ups", Own),
    ("GET", "/v1/top-ups/{top_up_no}", Theirs),
    ("GET", "/v1/ledger/entries", Own),
    ("GET", "/v1/users", Staff),
    ("POST", "/v1/users", Staff),
    ("POST", "/v1/users/{user_id}/activate", Staff),
    ("POST", "/v1/users/{user_id}/deactivate", Staff),
    ("GET", "/v1/users/{user_id}/app-store-purchases", Staff),
    ("PUT", "/v1/products/{product_id}/price", Staff),
    ("GET", "/v1/app-store/records", Staff),
    ("GET", "/v1/app-store/consumption-requests", Staff),
    ("POST", "/v1/app-store/consumption-requests/{notification_id}/answered", Staff),
    ("GET", "/v1/schools", Staff),
    ("POST", "/v1/schools", Staff),
    ("PUT", "/v1/schools/{school_id}", Staff),
    ("GET", "/v1/students", Staff),
    ("GET", "/v1/students/{user_id}", Staff),
    ("PUT", "/v1/students/{user_id}", Staff),
    ("PUT", "/v1/students/{user_id}/card", Staff),
    ("GET", "/v1/students/{user_id}/guardians", Staff),
    ("PUT", "/v1/students/{user_id}/guardians/{guardian_id}", Staff),
    ("DELETE", "/v1/students/{user_id}/guardians/{guardian_id}", Staff),
    ("GET", "/v1/students/{user_id}/purchases", Theirs),
    ("GET", "/v1/students/{user_id}/purchases/{purchase_no}", Theirs),
    ("GET", "/v1/projects", Staff),
    ("POST", "/v1/projects", Staff),
    ("PUT", "/v1/projects/{project_id}", Staff),
    ("POST", "/v1/projects/{project_id}/offer", Staff),
    ("POST", "/v1/projects/{project_id}/withdraw", Staff),
    ("GET", "/v1/packages", Staff),
    ("POST", "/v1/packages", Staff),
    ("PUT", "/v1/packages/{package_id}", Staff),
    ("POST", "/v1/packages/{package_id}/offer", Staff),
    ("POST", "/v1/packages/{package_id}/withdraw", Staff),
    ("GET", "/v1/refunds", Staff),
    ("GET", "/v1/purchases/{purchase_no}/refunds", Staff),
    ("POST", "/v1/purchases/{purchase_no}/refunds", Staff),
    ("POST", "/v1/purchases/{purchase_no}/refunds/{refund_no}/approve", Staff),
    ("POST", "/v1/purchases/{purchase_no}/refunds/{refund_no}/reject", Staff),
    ("GET", "/v1/webhook-endpoints", Staff),
    ("POST", "/v1/webhook-endpoints", Staff),
    ("GET", "/v1/webhook-endpoints/{endpoint_id}", Staff),
    ("PUT", "/v1/webhook-endpoints/{endpoint_id}", Staff),
    ("DELETE", "/v1/webhook-endpoints/{endpoint_id}", Staff),
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/enable", Staff),
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/disable", Staff),
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/rotate-secret", Staff),
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/ping", Staff),
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/resend", Staff),
    ("GET", "/v1/webhook-endpoints/{endpoint_id}/deliveries", Staff),
    ("GET", "/v1/webhook-endpoints/{endpoint_id}/deliveries/{event_id}", Staff),
    ("POST", "/v1/webhook-endpoints/{endpoint_id}/deliveries/{event_id}/resend", Staff),
    ("GET", "/v1/reconciliations", Staff),
    ("POST", "/v1/reconciliations", Staff),
    ("POST", "/v1/reconciliations/bills/{kind}", Staff),
    ("GET", "/v1/reconciliations/{reconciliation_id}", Staff),
    ("GET", "/v1/reconciliations/{reconciliation_id}/differences", Staff),
    ("POST", "/v1/reconciliations/{reconciliation_id}/repair", Staff),
    ("GET", "/v1/recovery", Staff),
    ("POST", "/v1/recovery/runs", Staff),
    ("GET", "/v1/review", Staff),
    ("GET", "/v1/review/{id}", Staff),
    ("POST", "/v1/review/{id}/refund", Staff),
    ("POST", "/v1/review/{id}/retry", Staff),
    ("POST", "/v1/review/{id}/close", Staff),
    ("POST", "/webhooks/pingpp", Proof),
    ("POST", "/webhooks/app-store", Proof),
    ("GET", "/healthz", Open),
    ("GET", "/readyz", Open),
    ("GET", "/metrics", Open),
    ("GET", "/openapi.json", Open),
];

/// 陈雅诺, whom user 1 may act for and user 2 may not.
const WARD_OF_XIAOCHEN: &str = "10129580";
/// Numbers of the right shape that are nobody's.
const NOBODYS: &str = "19991231235959000000000";

/// What belongs to 晓辰, and stands in paths.
struct Things {
    top_up_no: String,
    purchase_no: String,
    record_id: String,
}

impl Things {
    fn make(demo: &Demo) -> Self {
        let top_up = Request::post("/v1/top-ups").token(XIAOCHEN).json(r#"{"amount_fen":100,"channel":"alipay"}"#);
        let top_up = demo.call(top_up).expect_status(201).json();
        let bought = Request::post("/api/Pay/PayMoney").token(XIAOCHEN).json(format!(
            r#"{{channel:"wx",subject:"x",body:"x",amount:188,userID:"{WARD_OF_XIAOCHEN}",itemIDs:"10000002",type:0}}"#
        ));
        let bought = demo.call(bought).expect_status(200).json();
        let record_id = bought["data"]["recordIDs"].as_str().unwrap_or_else(|| panic!("no record: {bought}"));
        let purchases = Request::get(&format!("/v1/students/{WARD_OF_XIAOCHEN}/purchases")).token(XIAOCHEN);
        let purchases = demo.call(purchases).expect_status(200).json();
        let purchase_no = purchases["items"][0]["purchase_no"].as_str();
        Self {
            top_up_no: top_up["top_up_no"].as_str().unwrap_or_else(|| panic!("no number: {top_up}")).to_owned(),
            purchase_no: purchase_no.unwrap_or_else(|| panic!("no number: {purchases}")).to_owned(),
            record_id: record_id.to_owned(),
        }
    }

    /// The path with 晓辰's things in it, or with such as nobody has.
    fn path(&self, path: &str, whose: Whose) -> String {
        let pick = |theirs: &str, nobodys: &str| match whose {
            Whose::Xiaochens => theirs.to_owned(),
            Whose::Nobodys => nobodys.to_owned(),
        };
        let filled = [
            ("{order_no}", pick(ORDER_OF_99, &NOBODYS[..20])),
            ("{top_up_no}", pick(&self.top_up_no, &NOBODYS[..20])),
            ("{purchase_no}", pick(&self.purchase_no, &NOBODYS[..20])),
            ("{refund_no}", "r-1".to_owned()),
            ("{user_id}", pick(WARD_OF_XIAOCHEN, "99999999")),
            ("{guardian_id}", "2".to_owned()),
            ("{course_id}", "1".to_owned()),
            ("{school_id}", "1".to_owned()),
            ("{project_id}", "1".to_owned()),
            ("{package_id}", "10000001".to_owned()),
            ("{product_id}", "com.example.coins6".to_owned()),
            ("{endpoint_id}", "we_0123456789abcdef0123456789abcdef".to_owned()),
            ("{event_id}", "0123456789abcdef0123456789abcdef".to_owned()),
            ("{reconciliation_id}", "1".to_owned()),
            ("{kind}", "wechat".to_owned()),
            ("{id}", "receipt.ch_1".to_owned()),
            ("{notification_id}", "11111111-2222-3333-4444-555555555555".to_owned()),
        ];
        let path = filled.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
        assert!(!path.contains('{'), "{path}: the test knows nothing to put in");
        path
    }

    /// A body that names a thing of 晓辰's, or such a thing as nobody has.
    fn body(&self, path: &str, whose: Whose) -> String {
        let (order_no, student, record) = match whose {
            Whose::Xiaochens => (ORDER_OF_99, WARD_OF_XIAOCHEN, self.record_id.as_str()),
            Whose::Nobodys => (&NOBODYS[..20], "99999999", "99999999"),
        };
        let body = match path {
            "/pay/pay_in_balance/" => json!({ "order_no": order_no, "channel": "balance" }),
            "/pay/pay_for_order/" => json!({ "order_no": order_no, "channel": "alipay" }),
            "/api/Pay/SearchPayPackages" => json!({ "userID": student, "type": 0, "payType": 0 }),
            "/api/Pay/PayMoney" => json!({
                "channel": "wx", "subject": "x", "body": "x", "amount": 158, "userID": student,
                "itemIDs": "10000001", "type": 0
            }),
            "/api/Pay/SearchSuccessData" => json!({ "userID": student, "ids": record }),
            _ => json!({}),
        };
        body.to_string()
    }

    fn request(&self, method: &str, path: &str, whose: Whose) -> Request {
        let request = Request::new(method, &self.path(path, whose));
        if method == "GET" { request } else { request.json(self.body(path, whose)) }
    }
}

#[derive(Clone, Copy)]
enum Whose {
    Xiaochens,
    Nobodys,
}

fn operations(demo: &Demo) -> BTreeMap<(String, String), Value> {
    let document = demo.call(Request::get("/openapi.json")).expect_status(200).json();
    let paths = document["paths"].as_object().expect("paths").clone();
    let of_path = |(path, item): (String, Value)| {
        let item = item.as_object().expect("operations").clone();
        item.into_iter().map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation))
    };
    paths.into_iter().flat_map(of_path).collect()
}

/// What a reply tells of a thing, but for the id that every request has of its own.
fn told(reply: &Reply) -> (u16, Option<String>, String) {
    let id = reply.header("X-Request-Id").unwrap_or_default().to_owned();
    (reply.status, reply.header("X-Error-Code").map(str::to_owned), reply.text().replace(&id, ""))
}

fn every_operation_lets_in_who_may_and_nobody_else(demo: &Demo) {
    let documented = operations(demo);
    let names = |(method, path, _): &(&str, &str, Access)| ((*method).to_owned(), (*path).to_owned());
    let expected: BTreeSet<_> = TABLE.iter().map(names).collect();
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), expected, "the table is complete");
    let things = Things::make(demo);
    let before = (demo.balance_fen(XIAOCHEN), demo.balance_fen(XIAOYU));
    let unknown = "0123456789abcdef0123456789abcdef01234567";
    for (method, path, access) in TABLE.iter().copied() {
        let name = format!("{method} {path}");
        let send = |token: Option<&str>, whose| {
            let request = things.request(method, path, whose);
            demo.call(token.into_iter().fold(request, Request::token))
        };
        let by_token = documented[&(method.to_owned(), path.to_owned())]["security"].to_string().contains("\"token\"");
        assert_eq!(by_token, !matches!(access, Open | Proof), "{name}: its document says who may call it");
        match access {
            Open => {
                for token in [None, Some("malformed"), Some(unknown)] {
                    assert_eq!(send(token, Whose::Xiaochens).status, 200, "{name} {token:?}");
                }
                continue;
            }
            Proof => {
                // Whoever proves nothing is refused, whatever token comes with it.
                for token in [None, Some("malformed"), Some(unknown), Some(XIAOCHEN)] {
                    let status = send(token, Whose::Xiaochens).status;
                    assert!(matches!(status, 400 | 401 | 503), "{name} {token:?}: {status}");
                }
                continue;
            }
            Own | Theirs | Staff => {}
        }
        for token in [None, Some("malformed"), Some(unknown)] {
            let reply = send(token, Whose::Xiaochens);
            assert_eq!(reply.status, 401, "{name} {token:?}: {}", reply.text());
            assert_eq!(reply.header("WWW-Authenticate"), Some("Token"), "{name} {token:?}");
        }
        match access {
            Staff => {
                // 小雨 is no staff, for things that are there and for such as are not.
                for whose in [Whose::Xiaochens, Whose::Nobodys] {
                    let reply = send(Some(XIAOYU), whose);
                    assert_eq!(reply.status, 403, "{name}: {}", reply.text());
                    assert_eq!(reply.header("X-Error-Code"), Some("permission_denied"), "{name}");
                }
            }
            Theirs => {
                let (theirs, nobodys) = (send(Some(XIAOYU), Whose::Xiaochens), send(Some(XIAOYU), Whose::Nobodys));
                let told = (told(&theirs), told(&nobodys));
                assert_eq!(told.0, told.1, "{name}: somebody else's thing is one that is not there");
                assert!(theirs.header("X-Error-Code").is_some(), "{name}: {}", theirs.text());
                let owner = if method == "GET" { send(Some(XIAOCHEN), Whose::Xiaochens).status } else { 200 };
                assert_eq!(owner, 200, "{name}: its owner sees it");
            }
            Own | Open | Proof => {
                // The last one ends the token, so it is not tried with one that is needed.
                let reply = if path == "/account/logout/" { continue } else { send(Some(XIAOYU), Whose::Xiaochens) };
                assert!(!matches!(reply.status, 401 | 403), "{name}: {}", reply.text());
                assert!(!reply.text().contains("15201052252"), "{name} tells of somebody else: {}", reply.text());
            }
        }
    }
    let after = (demo.balance_fen(XIAOCHEN), demo.balance_fen(XIAOYU));
    assert_eq!(after, before, "nothing of all this moved anything");
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "unpaid");
}

on_both_databases!(every_operation_lets_in_who_may_and_nobody_else);

//! Every request and reply of seeds 000 and 001: the documents' own curl lines, and the same calls
//! as forms and as JSON, with and without the trailing slash.

use serde_json::json;
use std::process::Command;

use crate::support::demo::Demo;
use crate::support::golden::{KeyOrder, assert_golden, golden_text};
use crate::support::http::{Reply, Request};
use crate::support::ordered::Ordered;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, assert_refused, id_of};

/// How a call is written down.
#[derive(Clone, Copy, Debug)]
struct Manner {
    body: Body,
    slash: Slash,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    Form,
    Json,
}

#[derive(Clone, Copy, Debug)]
enum Slash {
    Trailing,
    Absent,
}

const EVERY_MANNER: [Manner; 4] = [
    Manner { body: Body::Form, slash: Slash::Trailing },
    Manner { body: Body::Form, slash: Slash::Absent },
    Manner { body: Body::Json, slash: Slash::Trailing },
    Manner { body: Body::Json, slash: Slash::Absent },
];

/// A call of a seed, read from its curl line.
#[derive(Debug)]
struct Call {
    line: String,
    method: String,
    path: String,
    token: String,
    form: Option<String>,
}

impl Call {
    /// Reads `curl -X METHOD -H 'Authorization: Token …' [-d '…'] http://127.0.0.1:8000/path/`.
    fn parse(line: &str) -> Self {
        let quoted = |flag: &str| {
            let (_, rest) = line.split_once(&format!("{flag} '"))?;
            Some(rest.split_once('\'')?.0.to_owned())
        };
        let (_, after) = line.split_once("-X ").expect("a method");
        let (_, path) = line.split_once("http://127.0.0.1:8000").expect("the seed's address");
        let header = quoted("-H").expect("a header");
        Self {
            line: line.to_owned(),
            method: after.split(' ').next().expect("a method").to_owned(),
            path: path.to_owned(),
            token: header.strip_prefix("Authorization: Token ").expect("a token").to_owned(),
            form: quoted("-d"),
        }
    }

    /// The line itself through curl; through our client where there is no curl.
    fn as_written(&self, demo: &Demo) -> Ordered {
        let line = self.line.replace("http://127.0.0.1:8000", &demo.service);
        if Command::new("curl").arg("--version").output().is_err() {
            let manner = Manner { body: Body::Form, slash: Slash::Trailing };
            return self.sent(demo, manner).ordered();
        }
        let output = Command::new("sh").args(["-c", &line]).output().expect("a shell");
        assert!(output.status.success(), "{line}: {}", output.status);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}: {error}: {text}"))
    }

    fn sent(&self, demo: &Demo, manner: Manner) -> Reply {
        let path = self.path.trim_end_matches('/');
        let target = match manner.slash {
            Slash::Trailing => format!("{path}/"),
            Slash::Absent => path.to_owned(),
        };
        let request = Request::new(&self.method, &target).token(&self.token);
        demo.call(match (&self.form, manner.body) {
            (None, _) => request,
            (Some(form), Body::Form) => request.form(form),
            (Some(form), Body::Json) => request.json(as_json(form)),
        })
    }
}

/// The form's fields as the seeds write them in JSON: whole numbers bare, the rest quoted.
fn as_json(form: &str) -> String {
    let fields = form.split('&').map(|field| {
        let (name, value) = field.split_once('=').expect("name=value");
        if value.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("{name:?}:{value}")
        } else {
            format!("{name:?}:{value:?}")
        }
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn calls(file: &str) -> Vec<Call> {
    golden_text(file).lines().map(Call::parse).collect()
}

/// Seed 000's replies, in the order of its curl lines.
const SEED_000: [(&str, u16); 4] = [
    ("seed_000_fill_in_balance.json", 200),
    ("seed_000_pay_in_balance.json", 200),
    ("seed_000_create_product.json", 201),
    ("seed_000_list_products.json", 200),
];

fn seed_000_answers_its_own_curl_lines(demo: &Demo) {
    let calls = calls("seed_000_curl.txt");
    assert_eq!(calls.len(), SEED_000.len());
    for (call, (golden, _)) in calls.iter().zip(SEED_000) {
        assert_golden(golden, KeyOrder::AsWritten, &call.as_written(demo));
    }
}

fn seed_000_in_a_manner(demo: &Demo, manner: Manner) {
    for (call, (golden, status)) in calls("seed_000_curl.txt").iter().zip(SEED_000) {
        let reply = call.sent(demo, manner).expect_status(status);
        assert_golden(golden, KeyOrder::AsWritten, &reply.ordered());
    }
}

fn seed_000_answers_forms_without_the_slash(demo: &Demo) {
    seed_000_in_a_manner(demo, Manner { body: Body::Form, slash: Slash::Absent });
}

fn seed_000_answers_json(demo: &Demo) {
    seed_000_in_a_manner(demo, Manner { body: Body::Json, slash: Slash::Trailing });
}

fn seed_000_answers_json_without_the_slash(demo: &Demo) {
    seed_000_in_a_manner(demo, Manner { body: Body::Json, slash: Slash::Absent });
}

/// One demo serves all manners, because an open charge is answered again. Its document is the
/// gateway's, so the order of its keys is not ours.
fn seed_001_answers_its_curl_line_in_every_manner(demo: &Demo) {
    let calls = calls("seed_001_curl.txt");
    assert_eq!(calls.len(), 1);
    let first = calls[0].as_written(demo);
    assert_golden("seed_001_pay_for_order.json", KeyOrder::Any, &first);
    assert_eq!(first.keys(), ["status", "message", "ch"]);
    for manner in EVERY_MANNER {
        let reply = calls[0].sent(demo, manner).expect_status(200).ordered();
        assert_eq!(reply, first, "{manner:?}");
    }
    let charge = first.get("ch").expect("a charge");
    assert_order_info_of_the_seed(charge);
    let id = charge.get("id").and_then(Ordered::as_text).expect("an id");
    let truth = demo.sandbox.charge(id);
    let lifetime = truth["time_expire"].as_i64().zip(truth["created"].as_i64());
    assert!(lifetime.is_some_and(|(end, start)| (86_340..=86_400).contains(&(end - start))), "{truth}");
}

/// The alipay credential has the seed's fields, and those that name our order its values.
fn assert_order_info_of_the_seed(charge: &Ordered) {
    let credential = charge.get("credential").and_then(|credential| credential.get("alipay"));
    let info = credential.and_then(|alipay| alipay.get("orderInfo")).and_then(Ordered::as_text);
    let info = info.expect("orderInfo");
    let pairs: Vec<(&str, &str)> = info.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let expected = [
        "service",
        "_input_charset",
        "notify_url",
        "partner",
        "out_trade_no",
        "subject",
        "body",
        "total_fee",
        "payment_type",
        "seller_id",
        "it_b_pay",
        "sign",
        "sign_type",
    ];
    assert_eq!(names, expected, "{info}");
    for (name, value) in [
        ("service", "\"mobile.securitypay.pay\""),
        ("_input_charset", "\"utf-8\""),
        ("out_trade_no", "\"12134676899915430002\""),
        ("body", "\"12134676899915430002\""),
        ("total_fee", "\"99.00\""),
        ("payment_type", "\"1\""),
        ("sign_type", "\"RSA\""),
    ] {
        assert!(pairs.contains(&(name, value)), "{name}: {info}");
    }
}

/// A call that moves nothing, in every manner; each time the golden failure.
#[track_caller]
fn fails_in_every_manner(demo: &Demo, token: &str, path: &str, form: &str, golden: &str) {
    let call = Call {
        line: String::new(),
        method: "PUT".to_owned(),
        path: path.to_owned(),
        token: token.to_owned(),
        form: Some(form.to_owned()),
    };
    for manner in EVERY_MANNER {
        let reply = call.sent(demo, manner).expect_status(200);
        assert_golden(golden, KeyOrder::AsWritten, &reply.ordered());
        assert!(reply.header("X-Error-Code").is_some(), "{path} {manner:?}");
        assert!(reply.header("X-Request-Id").is_some(), "{path} {manner:?}");
    }
}

fn the_failures_of_both_seeds_come_word_for_word(demo: &Demo) {
    const IN_BALANCE: &str = "/pay/pay_in_balance/";
    const FOR_ORDER: &str = "/pay/pay_for_order/";
    for channel in ["wx", "cash", "Balance"] {
        let form = format!("order_no={ORDER_OF_99}&channel={channel}");
        fails_in_every_manner(demo, XIAOCHEN, IN_BALANCE, &form, "seed_000_invalid_channel.json");
    }
    for channel in ["balance", "paypal", "WX"] {
        let form = format!("order_no={ORDER_OF_99}&channel={channel}");
        fails_in_every_manner(demo, XIAOCHEN, FOR_ORDER, &form, "seed_001_invalid_channel.json");
    }
    let unaffordable = demo.order(XIAOYU, &[1]);
    let form = format!("order_no={unaffordable}&channel=balance");
    fails_in_every_manner(demo, XIAOYU, IN_BALANCE, &form, "seed_000_balance_too_low.json");

    demo.sandbox.misbehave(&json!({ "create": { "refuse": true } }));
    let form = format!("order_no={ORDER_OF_66}&channel=wx");
    fails_in_every_manner(demo, XIAOCHEN, FOR_ORDER, &form, "seed_001_request_failed.json");
    demo.sandbox.behave();

    // Enough money for two, so that it is the course that stands in the way.
    let top_up = Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=100");
    demo.call(top_up).expect_status(200);
    let again = demo.order(XIAOCHEN, &[1]);
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    let form = format!("order_no={again}&channel=balance");
    fails_in_every_manner(demo, XIAOCHEN, IN_BALANCE, &form, "seed_000_course_already_bought.json");
    let form = format!("order_no={again}&channel=alipay");
    fails_in_every_manner(demo, XIAOCHEN, FOR_ORDER, &form, "seed_000_course_already_bought.json");
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_150);
}

/// What the seeds omit, in the contract's words.
fn the_further_failures_have_their_own_words(demo: &Demo) {
    let foreign = demo.order(XIAOYU, &[1]);
    for order_no in ["12134676899915439999", &foreign] {
        assert_refused(&demo.pay_in_balance(XIAOCHEN, order_no), "订单不存在");
        assert_refused(&demo.pay_for_order(XIAOCHEN, order_no, "wx"), "订单不存在");
    }
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    assert_refused(&demo.pay_for_order(XIAOCHEN, ORDER_OF_99, "wx"), "订单已支付");

    let cancel = Request::post(&format!("/v1/orders/{foreign}/cancel")).token(XIAOYU);
    assert!(demo.call(cancel).status < 300);
    assert_refused(&demo.pay_in_balance(XIAOYU, &foreign), "订单已取消");
    assert_refused(&demo.pay_for_order(XIAOYU, &foreign, "wx"), "订单已取消");

    for proof in ["transaction=e30.e30.e30", "charge=ch_012345678901234567890123"] {
        let form = format!("amount=100&{proof}");
        let request = Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form(form);
        assert_refused(&demo.call(request), "充值凭证无效");
    }
    // A charge that pays for an order is no proof of a top-up, whoever shows it.
    let order = demo.order(XIAOYU, &[2]);
    let charge = demo.charge(XIAOYU, &order, "wx");
    demo.sandbox.pay(id_of(&charge));
    demo.wait_for_status(XIAOYU, &order, "paid");
    for token in [XIAOCHEN, XIAOYU] {
        let form = format!("amount=66&charge={}", id_of(&charge));
        let request = Request::put("/pay/fill_in_balance/").token(token).form(form);
        assert_refused(&demo.call(request), "充值凭证无效");
    }
}

/// Paying again from the balance answers the same success and moves nothing.
fn paying_the_same_order_twice_from_the_balance_pays_once(demo: &Demo) {
    let first = demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    let again = demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    assert_eq!(first.ordered(), again.ordered());
    assert_eq!(demo.balance_fen(XIAOCHEN), 150);
    assert!(demo.owns(XIAOCHEN, 1));
}

on_both_databases!(
    seed_000_answers_its_own_curl_lines,
    seed_000_answers_forms_without_the_slash,
    seed_000_answers_json,
    seed_000_answers_json_without_the_slash,
    seed_001_answers_its_curl_line_in_every_manner,
    the_failures_of_both_seeds_come_word_for_word,
    the_further_failures_have_their_own_words,
    paying_the_same_order_twice_from_the_balance_pays_once,
);

//! The protocol behaviour of Django REST Framework, which the 益安 clients were written against, as
//! one table. Where money comes in, our rule is stricter, and the row says so.

use serde_json::{Value, json};

use crate::support::demo::Demo;
use crate::support::http::{Reply, Request};
use crate::support::shop::{ORDER_OF_66, XIAOCHEN, XIAOYU};

/// What the reply must look like besides its status.
enum Shape {
    /// Exactly this document.
    Exactly(Value),
    /// `{"detail": "…"}` and nothing else, with exactly this text.
    Detail(&'static str),
    /// `{"detail": "…"}` whose text starts like this.
    DetailStarts(&'static str),
    /// `{"field": ["…"]}` with exactly this text.
    Field(&'static str, &'static str),
    /// `{"field": ["…"]}`, any text: the rule is our own.
    FieldNamed(&'static str),
    /// A profile whose account is this.
    Account(&'static str),
    /// A product with this id and this price, as JSON numbers are written.
    Product(&'static str, &'static str),
}

use Shape::{Account, Detail, DetailStarts, Exactly, Field, FieldNamed, Product};

struct Row {
    name: &'static str,
    request: Request,
    status: u16,
    shape: Shape,
}

fn row(name: &'static str, request: Request, status: u16, shape: Shape) -> Row {
    Row { name, request, status, shape }
}

/// What is wrong with a reply, if anything.
fn complaint(reply: &Reply, row: &Row) -> Option<String> {
    let holds = reply.status == row.status
        && reply.header("X-Request-Id").is_some_and(|id| !id.is_empty())
        && match &row.shape {
            Exactly(document) => reply.json() == *document,
            Detail(text) => reply.json() == json!({ "detail": text }),
            DetailStarts(start) => only(reply, "detail")
                .and_then(|detail| detail.as_str().map(|detail| detail.starts_with(start)))
                .unwrap_or(false),
            Field(name, text) => reply.json() == json!({ *name: [text] }),
            FieldNamed(name) => {
                only(reply, name).and_then(|texts| texts.as_array().map(|texts| !texts.is_empty())).unwrap_or(false)
            }
            Account(account) => reply.json()["account"] == *account,
            Product(id, price) => {
                reply.json()["product_id"] == *id
                    && reply.text().replace(' ', "").contains(&format!("\"price\":{price},"))
            }
        };
    (!holds).then(|| format!("{}: wanted {}, got {} {}", row.name, row.status, reply.status, reply.text()))
}

/// The value of a key that is the only one.
fn only(reply: &Reply, key: &str) -> Option<Value> {
    let document: Value = serde_json::from_slice(&reply.body).ok()?;
    let object = document.as_object()?;
    (object.len() == 1).then(|| object.get(key).cloned())?
}

fn holds(demo: &Demo, rows: Vec<Row>) {
    let complaints: Vec<String> =
        rows.iter().filter_map(|row| complaint(&demo.call(row.request.clone()), row)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn fill() -> Request {
    Request::put("/pay/fill_in_balance/").token(XIAOCHEN)
}

fn product() -> Request {
    Request::post("/pay/products/").token(XIAOCHEN)
}

fn bodies_are_read_as_django_reads_them(demo: &Demo) {
    const REQUIRED: &str = "This field is required.";
    const DECIMALS: &str = "Ensure that there are no more than 2 decimal places.";
    const NUMBER: &str = "A valid number is required.";
    let list_is_refused =
        || Exactly(json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] }));
    holds(
        demo,
        vec![
            row("form", fill().form("amount=100"), 200, Account("200.50")),
            row("JSON number", fill().json(r#"{"amount":100}"#), 200, Account("300.50")),
            row("JSON string", fill().json(r#"{"amount":"100.00"}"#), 200, Account("400.50")),
            row(
                "a charset is no obstacle",
                fill().header("Content-Type", "application/json; charset=utf-8").body(r#"{"amount":0.5}"#),
                200,
                Account("401.00"),
            ),
            row("unknown fields are ignored", fill().form("amount=0.5&status=1&account=9999"), 200, Account("401.50")),
            row("three decimals", fill().form("amount=0.001"), 400, Field("amount", DECIMALS)),
            row("a negative amount", fill().form("amount=-1"), 400, FieldNamed("amount")),
            row("no number", fill().form("amount=abc"), 400, Field("amount", NUMBER)),
            row("NaN", fill().form("amount=NaN"), 400, Field("amount", NUMBER)),
            row("a boolean", fill().json(r#"{"amount":true}"#), 400, Field("amount", NUMBER)),
            row("a list", fill().json(r#"{"amount":[1]}"#), 400, Field("amount", NUMBER)),
            row("an empty text", fill().json(r#"{"amount":""}"#), 400, Field("amount", NUMBER)),
            row("null", fill().json(r#"{"amount":null}"#), 400, Field("amount", "This field may not be null.")),
            row("missing", fill().json("{}"), 400, Field("amount", REQUIRED)),
            row("an empty body", fill().json(""), 400, Field("amount", REQUIRED)),
            row("an empty form", fill().form(""), 400, Field("amount", REQUIRED)),
            row("an array", fill().json("[1]"), 400, list_is_refused()),
            row("bad JSON", fill().json(r#"{"amount""#), 400, DetailStarts("JSON parse error - ")),
            row(
                "the seed's own trailing comma",
                fill().json(r#"{ "amount":100,}"#),
                400,
                DetailStarts("JSON parse error - "),
            ),
            // Stricter than Django, which takes these four as 100, 100, 100 and 1000.
            row("an exponent", fill().form("amount=1e2"), 400, FieldNamed("amount")),
            row("spaces", fill().json(r#"{"amount":" 100 "}"#), 400, FieldNamed("amount")),
            row("wide digits", fill().json(r#"{"amount":"１００"}"#), 400, FieldNamed("amount")),
            row("grouping", fill().form("amount=1_000"), 400, FieldNamed("amount")),
            // Stricter than Django, where the last one wins.
            row("a key twice in a form", fill().form("amount=1&amount=2"), 400, FieldNamed("amount")),
            row("a key twice in JSON", fill().json(r#"{"amount":1,"amount":2}"#), 400, FieldNamed("amount")),
            row("no content type", fill().body("amount=1"), 415, DetailStarts("Unsupported media type \"")),
            row(
                "an unknown content type",
                fill().header("Content-Type", "text/plain").body("amount=1"),
                415,
                Detail("Unsupported media type \"text/plain\" in request."),
            ),
            row("nothing of this moved money", Request::get("/pay/products/").token(XIAOCHEN), 200, Exactly(json!([]))),
            row("but the good ones did", fill().form("amount=0.01"), 200, Account("401.51")),
        ],
    );
}

fn credentials_are_asked_for_as_django_asks(demo: &Demo) {
    const NONE: &str = "Authentication credentials were not provided.";
    const INVALID: &str = "Invalid token.";
    let list = || Request::get("/pay/products/");
    let with = |value: &str| list().header("Authorization", value);
    let unknown = format!("Token {}", "0".repeat(40));
    let rows = vec![
        row("no header", list(), 401, Detail(NONE)),
        row("another scheme", with("Bearer x"), 401, Detail(NONE)),
        row("no token", with("Token"), 401, Detail("Invalid token header. No credentials provided.")),
        row(
            "two tokens",
            with("Token a b"),
            401,
            Detail("Invalid token header. Token string should not contain spaces."),
        ),
        row("an unknown token", with(&unknown), 401, Detail(INVALID)),
        row("no token's shape", with("Token abc"), 401, Detail(INVALID)),
        row("authentication comes before the method", Request::new("PATCH", "/pay/products/"), 401, Detail(NONE)),
        row("and before the body", Request::put("/pay/fill_in_balance/").json("{"), 401, Detail(NONE)),
    ];
    for row in &rows {
        let reply = demo.call(row.request.clone());
        assert_eq!(reply.header("WWW-Authenticate"), Some("Token"), "{}", row.name);
    }
    holds(demo, rows);
    for keyword in ["token", "TOKEN"] {
        let header = format!("{keyword} {XIAOCHEN}");
        demo.call(with(&header)).expect_status(200);
    }
}

fn methods_rights_and_routes_fail_as_in_django(demo: &Demo) {
    let patch = Request::new("PATCH", "/pay/products/").token(XIAOCHEN);
    let allow = demo.call(patch.clone()).header("Allow").unwrap_or_default().to_owned();
    for method in ["GET", "POST"] {
        assert!(allow.contains(method), "Allow: {allow}");
    }
    let charge = |token| Request::put("/pay/pay_for_order/").token(token);
    holds(
        demo,
        vec![
            row("a wrong method", patch, 405, Detail("Method \"PATCH\" not allowed.")),
            row(
                "another wrong method",
                Request::get("/pay/fill_in_balance/").token(XIAOCHEN),
                405,
                Detail("Method \"GET\" not allowed."),
            ),
            row(
                "no right",
                Request::post("/pay/products/").token(XIAOYU).form("product_id=a&price=1"),
                403,
                Detail("You do not have permission to perform this action."),
            ),
            row("no such route", Request::get("/pay/nothing/").token(XIAOCHEN), 404, Detail("Not found.")),
            row(
                "both fields are asked for at once",
                charge(XIAOCHEN).json("{}"),
                400,
                Exactly(json!({
                    "order_no": ["This field is required."],
                    "channel": ["This field is required."],
                })),
            ),
            row(
                "a reply in XML",
                Request::get("/pay/products/").token(XIAOCHEN).header("Accept", "application/xml"),
                406,
                Detail("Could not satisfy the request Accept header."),
            ),
            row(
                "?format=json is understood",
                Request::get("/pay/products/?format=json").token(XIAOCHEN),
                200,
                Exactly(json!([])),
            ),
        ],
    );
}

fn products_are_created_as_in_django(demo: &Demo) {
    const TAKEN: &str = "product with this product id already exists.";
    const REQUIRED: &str = "This field is required.";
    holds(
        demo,
        vec![
            row("a number as id", product().json(r#"{"product_id":12,"price":6}"#), 201, Product("12", "6")),
            row("a text as price", product().json(r#"{"product_id":"b","price":"7"}"#), 201, Product("b", "7")),
            // Wider than the old service, which took whole yuan only.
            row("a price with a decimal", product().form("product_id=c&price=6.5"), 201, Product("c", "6.5")),
            row("a whole price with decimals", product().form("product_id=d&price=8.00"), 201, Product("d", "8")),
            row("a product that is there", product().form("product_id=b&price=7"), 400, Field("product_id", TAKEN)),
            row("no product id", product().form("price=7"), 400, Field("product_id", REQUIRED)),
            row("no price", product().form("product_id=e"), 400, Field("price", REQUIRED)),
            row("a price of zero", product().form("product_id=e&price=0"), 400, FieldNamed("price")),
            row("a price below zero", product().form("product_id=e&price=-6"), 400, FieldNamed("price")),
        ],
    );
    let list = demo.call(Request::get("/pay/products/").token(XIAOYU)).expect_status(200).json();
    let ids: Vec<&Value> = list.as_array().expect("a bare array").iter().map(|each| &each["product_id"]).collect();
    assert_eq!(ids, ["12", "b", "c", "d"]);
    let keys: Vec<i64> = list.as_array().into_iter().flatten().filter_map(|each| each["pk"].as_i64()).collect();
    assert_eq!(keys, [1, 2, 3, 4]);
}

fn an_order_number_above_every_integer_type_is_kept_exactly(demo: &Demo) {
    for body in [
        format!(r#"{{"order_no":{ORDER_OF_66},"channel":"balance"}}"#),
        format!(r#"{{"order_no":"{ORDER_OF_66}","channel":"balance"}}"#),
    ] {
        let request = Request::put("/pay/pay_in_balance/").token(XIAOCHEN).json(body);
        let order = demo.call(request).expect_status(200).json();
        assert_eq!(order["order_no"], ORDER_OF_66);
    }
}

fn messages_speak_the_language_that_is_asked_for(demo: &Demo) {
    let chinese = |request: Request| demo.call(request.header("Accept-Language", "zh-CN,zh;q=0.9"));
    let reply = chinese(fill().json("{}")).expect_status(400);
    assert_eq!(reply.json(), json!({ "amount": ["该字段是必填项。"] }));
    let reply = chinese(Request::get("/pay/products/")).expect_status(401);
    assert_eq!(reply.json(), json!({ "detail": "身份认证信息未提供。" }));
    assert!(reply.header("Content-Language").is_some_and(|language| language.to_lowercase().starts_with("zh")));
}

fn a_login_gives_a_token_that_a_logout_kills(demo: &Demo) {
    for slash in ["/", ""] {
        for request in [
            Request::post(&format!("/account/login{slash}")).form("username=15201052252&password=demo-pass"),
            Request::post(&format!("/account/login{slash}"))
                .json(r#"{"username":"15201052252","password":"demo-pass"}"#),
        ] {
            let reply = demo.call(request).expect_status(200).json();
            let token = reply["token"].as_str().expect("a token").to_owned();
            assert!(token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{reply}");
            assert_eq!(reply.as_object().map(serde_json::Map::len), Some(1), "{reply}");

            demo.call(Request::get("/pay/products/").token(&token)).expect_status(200);
            let logout = Request::put(&format!("/account/logout{slash}")).token(&token);
            let reply = demo.call(logout).expect_status(200);
            assert_eq!(reply.json(), json!({ "status": 0, "message": "" }));
            let after = demo.call(Request::get("/pay/products/").token(&token)).expect_status(401);
            assert_eq!(after.json(), json!({ "detail": "Invalid token." }));
        }
    }
    // The other tokens of the same user live on.
    demo.call(Request::get("/pay/products/").token(XIAOCHEN)).expect_status(200);
}

fn a_wrong_password_is_refused_and_soon_slowed_down(demo: &Demo) {
    let login = |password: &str| {
        let form = format!("username=15201052253&password={password}");
        demo.call(Request::post("/account/login/").form(form))
    };
    let first = login("wrong").expect_status(400);
    assert!(first.json().is_object(), "{}", first.text());
    let throttled = (0..100).map(|_| login("wrong")).find(|reply| reply.status == 429);
    let throttled = throttled.expect("a limit within 100 tries");
    assert!(throttled.json()["detail"].is_string(), "{}", throttled.text());
    assert!(throttled.header("Retry-After").is_some());
    // The right password waits too; another name does not.
    login("demo-pass").expect_status(429);
    let other = Request::post("/account/login/").form("username=15201052252&password=demo-pass");
    demo.call(other).expect_status(200);
}

on_both_databases!(
    bodies_are_read_as_django_reads_them,
    products_are_created_as_in_django,
    an_order_number_above_every_integer_type_is_kept_exactly,
);

on_one_database!(
    credentials_are_asked_for_as_django_asks,
    methods_rights_and_routes_fail_as_in_django,
    messages_speak_the_language_that_is_asked_for,
    a_login_gives_a_token_that_a_logout_kills,
    a_wrong_password_is_refused_and_soon_slowed_down,
);

//! Makes the document from the handlers. What all operations of an API share is added here, so that no
//! handler repeats it.

use super::bodies::{LeftOut, Texts};
use crate::dialects::{CampusRefusalView, DetailView, FieldProblemView, ProblemView, RefusalView};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "edupay",
        description = "The payment service of an education platform: balance, top-ups, course orders.\n\n\
            Paths under `/v1` are our own API: amounts are whole fen, failures are problem documents \
            (RFC 9457) with a stable `code`. Paths under `/api/Pay` are the campus API: a setting may put \
            another path before it, letters may have any case, and JSON may be JSON5; failures are \
            `{\"error\":1,\"message\":\"…\"}` with HTTP 200, but for 401, 413, 429 and 5xx. The other paths are \
            the 益安 API: amounts are yuan, business failures are `{\"status\":-4,\"message\":\"…\"}` with HTTP \
            200 (a setting makes it 400), protocol failures have the shapes of Django REST Framework. Every path is served with and without its \
            trailing slash, and every body may be JSON or a form. Every reply has an `X-Request-Id`; every \
            failure an `X-Error-Code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        crate::yian::paths::log_in, crate::yian::paths::log_out, crate::yian::paths::fill_in_balance,
        crate::yian::paths::pay_in_balance, crate::yian::paths::pay_for_order,
        crate::yian::paths::list_products, crate::yian::paths::create_product,
        crate::campus::paths::search_pay_packages, crate::campus::paths::pay_money,
        crate::campus::paths::search_success_data,
        crate::v1::paths::me, crate::v1::paths::list_courses, crate::v1::paths::create_course,
        crate::v1::paths::offer_course, crate::v1::paths::withdraw_course,
        crate::v1::paths::list_orders, crate::v1::paths::create_order, crate::v1::paths::find_order,
        crate::v1::paths::cancel_order, crate::v1::paths::create_order_link,
        crate::v1::paths::start_top_up, crate::v1::paths::find_top_up, crate::v1::paths::list_entries,
        crate::v1::paths::list_users, crate::v1::paths::create_user, crate::v1::paths::activate_user,
        crate::v1::paths::deactivate_user,
        crate::v1::paths::list_schools, crate::v1::paths::create_school, crate::v1::paths::put_school,
        crate::v1::paths::list_students, crate::v1::paths::find_student, crate::v1::paths::put_student,
        crate::v1::paths::replace_card, crate::v1::paths::list_guardians, crate::v1::paths::bind_guardian,
        crate::v1::paths::unbind_guardian, crate::v1::paths::list_wards, crate::v1::paths::list_purchases,
        crate::v1::paths::find_purchase,
        crate::v1::paths::list_projects, crate::v1::paths::create_project, crate::v1::paths::put_project,
        crate::v1::paths::offer_project, crate::v1::paths::withdraw_project,
        crate::v1::paths::list_packages, crate::v1::paths::create_package, crate::v1::paths::put_package,
        crate::v1::paths::offer_package, crate::v1::paths::withdraw_package,
        crate::v1::paths::set_product_price, crate::v1::paths::list_app_store_purchases,
        crate::v1::paths::list_app_store_records, crate::v1::paths::list_consumption_requests,
        crate::v1::paths::answer_consumption_request,
        crate::v1::paths::list_refunds, crate::v1::paths::refund_order, crate::v1::paths::list_order_refunds,
        crate::v1::paths::approve_order_refund, crate::v1::paths::reject_order_refund,
        crate::v1::paths::refund_purchase, crate::v1::paths::list_purchase_refunds,
        crate::v1::paths::approve_purchase_refund, crate::v1::paths::reject_purchase_refund,
        crate::v1::paths::list_webhook_endpoints, crate::v1::paths::create_webhook_endpoint,
        crate::v1::paths::find_webhook_endpoint, crate::v1::paths::put_webhook_endpoint,
        crate::v1::paths::remove_webhook_endpoint, crate::v1::paths::enable_webhook_endpoint,
        crate::v1::paths::disable_webhook_endpoint, crate::v1::paths::rotate_webhook_secret,
        crate::v1::paths::resend_events_since, crate::v1::paths::ping_webhook_endpoint,
        crate::v1::paths::list_webhook_deliveries, crate::v1::paths::find_webhook_delivery,
        crate::v1::paths::resend_event,
        crate::v1::paths::list_reconciliations, crate::v1::paths::start_reconciliation,
        crate::v1::paths::reconcile_bill, crate::v1::paths::find_reconciliation,
        crate::v1::paths::list_differences, crate::v1::paths::repair_reconciliation,
        crate::v1::paths::show_recovery, crate::v1::paths::run_recovery,
        crate::v1::paths::list_review, crate::v1::paths::find_review, crate::v1::paths::refund_review,
        crate::v1::paths::retry_review, crate::v1::paths::close_review,
        crate::webhooks::receive_pingpp, crate::webhooks::receive_app_store,
        crate::ops::paths::healthz, crate::ops::paths::readyz, crate::ops::paths::openapi,
        crate::ops::paths::metrics,
    ),
    components(schemas(RefusalView, CampusRefusalView, DetailView, ProblemView, FieldProblemView)),
    modifiers(&Security, &CommonFailures, &IdempotencyKeys, &Texts, &LeftOut)
)]
struct Document;

/// How requests prove who sent them.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = ApiKeyValue::with_description(
            "Authorization",
            "`Token ` and the 40 hexadecimal digits that a log-in gave.",
        );
        let signature = ApiKeyValue::with_description(
            "X-Pingplusplus-Signature",
            "Base64 of the gateway's RSA-SHA256 signature over the raw body.",
        );
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(token)));
        components.add_security_scheme("signature", SecurityScheme::ApiKey(ApiKey::Header(signature)));
    }
}

/// What can go wrong with every operation, in the dialect of its path.
struct CommonFailures;

impl Modify for CommonFailures {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                add_failures(path, operation);
            }
        }
    }
}

/// Operations on what has something of its own that others can't have, or something that never changes.
const COLLIDE: [&str; 6] =
    ["create_project", "put_project", "create_package", "put_package", "put_student", "replace_card"];
/// Operations that name a school or a guardian.
const NAME_OTHERS: [&str; 4] = ["create_project", "put_project", "put_student", "bind_guardian"];

fn add_failures(path: &str, operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let secured = operation.security.iter().flatten().any(|requirement| *requirement != Default::default());
    let staff = operation.tags.iter().flatten().any(|tag| tag == "staff") || id == "create_product";
    let (named, body) = (path.contains('{'), operation.request_body.is_some());
    let callback = path.starts_with("/webhooks");
    let plain = matches!(id.as_str(), "healthz" | "readyz" | "openapi" | "metrics");
    let input = body || path.starts_with("/v1") || path.starts_with("/pay") || path.starts_with("/account");
    // The campus API says with 200 whatever its clients can show.
    let campus = crate::campus::CALLS.contains(&path);
    let failures = [
        ("400", input, "Bad value, unreadable body, or (by setting) a business failure"),
        ("401", secured, "Not authenticated"),
        ("403", staff, "Staff only"),
        ("404", named || id == "create_package", "There is no such thing, or it is not the caller's"),
        ("405", !campus, "This method is not for this path"),
        ("406", !plain && !campus && !callback, "Replies are JSON"),
        ("408", body && !campus, "The body did not arrive in time"),
        ("409", COLLIDE.contains(&id.as_str()), "Something else stands in the way; `code` says what"),
        ("413", body, "The body is too large"),
        ("415", body && !campus && !callback && id != "reconcile_bill", "The body is neither JSON nor a form"),
        ("422", NAME_OTHERS.contains(&id.as_str()), "What the body or the path names beside is not there or not fit"),
        ("429", secured && !callback || id == "log_in", "Too many calls"),
        ("500", true, "Our mistake"),
        ("503", !plain, "Nothing was done, or the outcome is unknown: repeat the same request when it is time"),
    ];
    for (status, applies, description) in failures {
        if applies && !operation.responses.responses.contains_key(status) {
            operation.responses.responses.insert(status.to_owned(), RefOr::T(failure(path, status, description)));
        }
    }
}

fn failure(path: &str, status: &str, description: &str) -> Response {
    let (kind, schema) = if path.starts_with("/v1") {
        ("application/problem+json", Ref::from_schema_name(ProblemView::name()).into())
    } else if crate::campus::CALLS.contains(&path) {
        ("application/json", Ref::from_schema_name(CampusRefusalView::name()).into())
    } else if status == "400" || (status == "503" && path.starts_with("/pay/")) {
        // Named fields, `non_field_errors`, a detail, or a refusal.
        ("application/json", RefOr::T(Schema::Object(Object::new())))
    } else {
        ("application/json", Ref::from_schema_name(DetailView::name()).into())
    };
    let response = ResponseBuilder::new()
        .description(description)
        .content(kind, ContentBuilder::new().schema::<RefOr<Schema>>(Some(schema)).build());
    match status {
        "429" | "503" => response.header("Retry-After", retry_after()).build(),
        _ => response.build(),
    }
}

/// When a repeat makes sense.
fn retry_after() -> Header {
    let seconds = ObjectBuilder::new().schema_type(SchemaType::from(Type::Integer)).build();
    HeaderBuilder::new()
        .schema(Some(Schema::Object(seconds)))
        .description(Some("After how many seconds to come again"))
        .build()
}

/// The operations that honour a key, by their ids: whatever moves money or makes what money will pay for.
const OPERATIONS: [&str; 10] = [
    "fill_in_balance",
    "pay_in_balance",
    "pay_for_order",
    "pay_money",
    "create_order",
    "start_top_up",
    "refund_order",
    "approve_order_refund",
    "refund_purchase",
    "approve_purchase_refund",
];

/// The key, on exactly those operations that honour it.
struct IdempotencyKeys;

impl Modify for IdempotencyKeys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                if operation.operation_id.as_deref().is_some_and(|id| OPERATIONS.contains(&id)) {
                    add_key(path, operation);
                }
            }
        }
    }
}

fn add_key(path: &str, operation: &mut Operation) {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$"));
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The client's own name of this request. The same key with the same body gets the first reply again, \
             for at least 24 hours.",
        ))
        .schema(Some(text.build()));
    operation.parameters.get_or_insert_default().push(RefOr::T(key.build()));
    for (status, code, description) in [
        ("409", "idempotency_key_in_use", "The first request with this key still runs; see `Retry-After`"),
        ("422", "idempotency_key_reused", "The key belongs to another request"),
    ] {
        match operation.responses.responses.get_mut(status) {
            Some(RefOr::T(response)) => response.description.push_str(&format!(", `{code}`")),
            _ => {
                let response = failure(path, status, &format!("{description}: `{code}`"));
                operation.responses.responses.insert(status.to_owned(), RefOr::T(response));
            }
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            let hit = HeaderBuilder::new()
                .schema(Some(Object::with_type(Type::String)))
                .description(Some("`true` when the reply was kept before"));
            response.headers.insert("Idempotency-Hit".to_owned(), RefOr::T(hit.build()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::KEPT;
    use crate::routes::{Access, table};
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn document() -> Value {
        serde_json::from_str(KEPT).unwrap()
    }

    /// As it is made of the handlers, with a line for each value.
    fn made() -> String {
        let mut text = serde_json::to_string_pretty(&Document::openapi()).unwrap();
        text.push('\n');
        text
    }

    #[test]
    fn the_file_says_what_the_handlers_do() {
        if std::env::var("EDUPAY_OPENAPI").is_ok_and(|wish| wish == "write") {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json"), made()).unwrap();
            return;
        }
        let lines = KEPT.lines().zip(1..);
        let other = made()
            .lines()
            .zip(lines)
            .find(|(made, (line, _))| made != line)
            .map(|(made, kept)| (kept, made.to_owned()));
        assert_eq!(other, None, "docs/openapi.json is out of date: run scripts/openapi.sh");
        assert_eq!(KEPT.len(), made().len(), "docs/openapi.json is out of date: run scripts/openapi.sh");
    }

    fn operations(document: &Value) -> Vec<(String, String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
        });
        operations.collect()
    }

    #[test]
    fn the_document_and_the_route_table_list_the_same_operations() {
        let document = document();
        let documented: BTreeSet<_> =
            operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
        let registered: BTreeSet<_> = table()
            .iter()
            .flat_map(|endpoint| {
                endpoint
                    .methods()
                    .iter()
                    .map(|method| (method.to_string(), endpoint.path().to_owned()))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(documented, registered);
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }

    #[test]
    fn every_operation_says_who_may_call_it_and_what_can_go_wrong() {
        let document = document();
        let mut ids = BTreeSet::new();
        for endpoint in table() {
            for method in endpoint.methods() {
                let operation = &document["paths"][endpoint.path()][method.as_str().to_lowercase()];
                let name = format!("{method} {}", endpoint.path());
                assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name}");
                let by_token = operation["security"].to_string().contains("\"token\"");
                assert_eq!(by_token, endpoint.access() == Access::Users, "{name}");
                assert_eq!(
                    operation["responses"].get("401").is_some(),
                    by_token || name.contains("webhooks"),
                    "{name}"
                );
                assert!(operation["responses"].get("500").is_some(), "{name}");
                assert!(!by_token || operation["responses"].get("429").is_some(), "{name}");
                for status in ["429", "503"] {
                    let response = operation["responses"].get(status).filter(|_| endpoint.path() != "/readyz");
                    let told = response.is_none_or(|response| response["headers"].get("Retry-After").is_some());
                    assert!(told, "{name} {status}");
                }
                assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
            }
        }
    }

    #[test]
    fn every_failure_under_v1_is_a_problem_document() {
        let document = document();
        for (method, path, operation) in operations(&document).iter().filter(|(_, path, _)| path.starts_with("/v1")) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let problem = response["content"].get("application/problem+json").is_some();
                assert_eq!(problem, status.starts_with(['4', '5']), "{method} {path} {status}");
            }
        }
        let responses = |path: &str, method: &str| document["paths"][path][method]["responses"].clone();
        for (path, method, status) in [
            ("/v1/students/{user_id}", "put", "409"),
            ("/v1/students/{user_id}", "put", "422"),
            ("/v1/students/{user_id}/card", "put", "409"),
            ("/v1/students/{user_id}/guardians/{guardian_id}", "put", "422"),
            ("/v1/projects", "post", "422"),
            ("/v1/projects/{project_id}", "put", "409"),
            ("/v1/packages", "post", "404"),
            ("/v1/packages/{package_id}", "put", "409"),
        ] {
            assert!(responses(path, method).get(status).is_some(), "{method} {path} {status}");
        }
    }

    #[test]
    fn the_key_is_documented_on_exactly_the_operations_that_honour_it() {
        let document = document();
        let mut found = BTreeSet::new();
        for (_, path, operation) in operations(&document) {
            let named = operation["parameters"].to_string().contains("\"Idempotency-Key\"");
            let hit = operation["responses"].to_string().contains("\"Idempotency-Hit\"");
            let codes = ["idempotency_key_in_use", "idempotency_key_reused"];
            let said = codes.iter().all(|code| operation["responses"].to_string().contains(code));
            assert!(named == hit && named == said, "{path}");
            if named {
                found.insert(operation["operationId"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(found, OPERATIONS.iter().map(|id| (*id).to_owned()).collect());
    }

    #[test]
    fn every_reference_and_every_link_of_the_document_leads_somewhere() {
        let document = document();
        let ids: BTreeSet<_> = operations(&document)
            .iter()
            .map(|(_, _, operation)| operation["operationId"].clone().to_string())
            .collect();
        let text = document.to_string();
        for name in text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
        let mut links = 0;
        for (_, path, operation) in operations(&document) {
            for (_, response) in operation["responses"].as_object().unwrap() {
                for (_, link) in response["links"].as_object().into_iter().flatten() {
                    links += 1;
                    assert!(ids.contains(&link["operationId"].to_string()), "{path}: {link}");
                }
            }
        }
        assert!(links >= 6, "{links}");
    }
}

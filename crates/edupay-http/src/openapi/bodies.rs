//! What all bodies have in common: which characters a text may have, where a number is a text too, and
//! which bodies may be left out.

use utoipa::Modify;
use utoipa::openapi::schema::{Object, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, Required};

/// Control characters, the marks that turn the direction of writing and the replacement character are
/// refused by every reader of text.
const CHARACTERS: &str = "[^\\u0000-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069\\ufffd]";

/// The bodies of the 益安 API, in which a number is its own text and `null` is never one.
const YIAN: [&str; 4] = ["LoginBody", "FillInBalanceBody", "PayBody", "ProductBody"];
/// The bodies of the campus API, in which a number is its own text too.
const CAMPUS: [&str; 3] = ["SearchBody", "PayMoneyBody", "SearchSuccessDataBody"];

/// Operations whose body has no field that must be there. Those of the 益安 API are not among them: a
/// request without a body says nothing to it.
const BODY_MAY_BE_LEFT_OUT: [&str; 2] = ["start_reconciliation", "rotate_webhook_secret"];

/// Says of each field which texts it takes, and that `null` is none but where it stands for no text.
pub(super) struct Texts;

impl Modify for Texts {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
        for (body, schema) in schemas.filter(|(name, _)| name.ends_with("Body")) {
            let RefOr::T(Schema::Object(schema)) = schema else { continue };
            let Object { properties, required, .. } = schema;
            for (name, field) in properties {
                match field {
                    RefOr::T(Schema::Object(field)) => say(body, field, required.contains(name)),
                    RefOr::T(Schema::Array(list)) => list.schema_type = SchemaType::from(Type::Array),
                    _ => {}
                }
            }
        }
    }
}

fn say(body: &str, field: &mut Object, required: bool) {
    let mut types = types(&field.schema_type);
    let text = types.contains(&Type::String);
    let filled = required || field.min_length.is_some_and(|length| length > 0);
    // Only free text has nothing to say: words, days and numbers are there or are not.
    let free = text && field.pattern.is_none() && field.format.is_none();
    if filled || !free || YIAN.contains(&body) {
        types.retain(|each| *each != Type::Null);
    }
    if free {
        field.pattern = Some(format!("^{CHARACTERS}{}$", if filled { '+' } else { '*' }));
        if YIAN.contains(&body) || CAMPUS.contains(&body) {
            types.push(Type::Number);
        }
    }
    field.schema_type = SchemaType::from_iter(types);
}

fn types(schema_type: &SchemaType) -> Vec<Type> {
    match schema_type {
        SchemaType::Type(one) => vec![one.clone()],
        SchemaType::Array(several) => several.clone(),
        SchemaType::AnyValue => Vec::new(),
    }
}

/// Says which bodies may be left out.
pub(super) struct LeftOut;

impl Modify for LeftOut {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let operations = document.paths.paths.values_mut().filter_map(|item| item.post.as_mut());
        for operation in operations {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            if let (true, Some(RefOr::T(body))) = (BODY_MAY_BE_LEFT_OUT.contains(&id), &mut operation.request_body) {
                body.required = Some(Required::False);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn field(body: &str, name: &str) -> Value {
        let document: Value = serde_json::from_str(crate::openapi::KEPT).unwrap();
        document["components"]["schemas"][body]["properties"][name].clone()
    }

    #[test]
    fn null_is_a_text_only_where_no_text_is_one_too() {
        for (body, name, types) in [
            ("StudentBody", "photo", json!(["string", "null"])),
            ("StudentBody", "guardians", json!("array")),
            ("NewUserBody", "nickname", json!("string")),
            ("NewUserBody", "role", json!("string")),
            ("DaysBody", "from", json!("string")),
            ("NewRefundBody", "amount_fen", json!("integer")),
            ("PayMoneyBody", "subject", json!(["string", "null", "number"])),
            ("FillInBalanceBody", "charge", json!(["string", "number"])),
            ("ProductBody", "product_id", json!(["string", "number"])),
        ] {
            let said = &field(body, name)["type"];
            let said = said.as_array().filter(|types| types.len() == 1).map_or(said, |types| &types[0]);
            assert_eq!(*said, types, "{body}.{name}");
        }
    }

    #[test]
    fn a_text_that_must_be_there_is_not_empty_and_can_be_read() {
        let (name, photo) = (field("SchoolBody", "name"), field("StudentBody", "photo"));
        assert!(name["pattern"].as_str().unwrap().ends_with("]+$"), "{name}");
        assert!(photo["pattern"].as_str().unwrap().ends_with("]*$"), "{photo}");
        assert!(name["pattern"].as_str().unwrap().contains("\\u0000-\\u001f"), "{name}");
    }

    #[test]
    fn only_a_body_without_a_needed_field_may_be_left_out() {
        let document: Value = serde_json::from_str(crate::openapi::KEPT).unwrap();
        for (path, needed) in [
            ("/v1/reconciliations", false),
            ("/v1/webhook-endpoints/{endpoint_id}/rotate-secret", false),
            ("/v1/schools", true),
        ] {
            let said = document["paths"][path]["post"]["requestBody"]["required"].as_bool().unwrap_or(false);
            assert_eq!(said, needed, "{path}");
        }
    }
}

//! The OpenAPI document. `docs/openapi.json` is a part of the program; what it says is made from the
//! handlers by `document`, and a test holds the file to it.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod document;

use crate::dialects::{CampusRefusalView, RefusalView};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// The document as JSON, packed with gzip.
pub(crate) const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// The same as it lies in the documents.
#[cfg(test)]
const KEPT: &str = include_str!("../../../docs/openapi.json");

/// A reply with status 200 that is either what was asked for or a refusal: the 益安 API's way.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the document is made from it; handlers answer one or fail with the other")]
pub(crate) enum OrRefusal<T: ToSchema> {
    /// What was asked for.
    Answered(T),
    /// A business failure.
    Refused(RefusalView),
}

/// A reply with status 200 that is either what was asked for or a refusal: the campus API's way.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the document is made from it; handlers answer one or fail with the other")]
pub(crate) enum OrCampusRefusal<T: ToSchema> {
    /// What was asked for.
    Answered(T),
    /// Whatever the client can show or mend.
    Refused(CampusRefusalView),
}

/// Yuan that come in: a number, or the same as text.
pub(crate) fn yuan_in() -> Object {
    text_or(Type::Number).pattern(Some("^[0-9]+(\\.[0-9]{1,2})?$")).examples(["100"]).build()
}

/// An order number that comes in: text, or a number of any size.
pub(crate) fn order_no_in() -> Object {
    text_or(Type::Integer).pattern(Some("^[0-9]{1,20}$")).examples(["12134676899915430002"]).build()
}

fn text_or(other: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, other]))
}

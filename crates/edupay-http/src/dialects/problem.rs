//! Our own dialect, as one table: RFC 9457 problem documents with a stable code.

use crate::failure::{CredentialFailure, Failure, FieldError, FieldErrors, Refusal};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use edupay_domain::packages::SuccessRefusal;
use edupay_domain::payments::Postponement;
use edupay_domain::store::StoreFault;
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemView {
    /// `about:blank`: the code says what it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// What kind of problem it is, for people.
    #[schema(example = "Order is paid")]
    title: Cow<'static, str>,
    /// The HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// What is wrong and what helps.
    detail: Cow<'static, str>,
    /// What kind of problem it is, for programs. It never changes.
    #[schema(example = "order_paid")]
    code: &'static str,
    /// The request's id, as in `X-Request-Id`.
    request_id: String,
    /// The fields that are to blame, if any are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblemView>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblemView {
    /// Its name.
    #[schema(example = "amount_fen")]
    field: String,
    /// What is wrong, for programs.
    #[schema(example = "amount_not_positive")]
    code: &'static str,
    /// What is wrong, for people.
    detail: Cow<'static, str>,
}

/// The reply to a failure.
pub(super) fn render(failure: &Failure, request_id: &str) -> HttpResponse {
    let status = failure.status();
    let (title, detail) = texts(failure, status);
    let errors = match failure {
        Failure::Fields(FieldErrors(errors)) => errors.iter().map(|(name, error)| field(name, *error)).collect(),
        _ => Vec::new(),
    };
    let document = ProblemView {
        kind: "about:blank",
        title: Cow::Borrowed(title),
        status: status.as_u16(),
        detail,
        code: failure.code(),
        request_id: request_id.to_owned(),
        errors,
    };
    let text = serde_json::to_string(&document).unwrap_or_default();
    HttpResponse::build(status).content_type("application/problem+json").body(text)
}

/// Title and detail of each failure.
fn texts(failure: &Failure, status: StatusCode) -> (&'static str, Cow<'static, str>) {
    let (title, detail) = match failure {
        Failure::Credentials(failure) => ("Not authenticated", credentials_text(*failure)),
        Failure::Forbidden => ("Not permitted", "This operation needs staff rights."),
        Failure::NotFound => ("Not found", "There is no such thing here, or it is not yours."),
        Failure::MethodNotAllowed { .. } => ("Method not allowed", "The Allow header names the methods of this path."),
        Failure::NotAcceptable => ("Not acceptable", "Replies are JSON; the Accept header leaves that out."),
        Failure::BodyTimeout => ("Body too slow", "The body did not arrive in time."),
        Failure::BodyTooLarge => ("Body too large", "The body is longer than this path takes."),
        Failure::BodyBroken => ("Body incomplete", "The body broke off before its end."),
        Failure::MediaType(_) => {
            ("Unsupported media type", "Bodies are application/json or application/x-www-form-urlencoded, in UTF-8.")
        }
        Failure::Syntax(reason) => {
            return ("Unreadable body", Cow::Owned(format!("The body is not valid JSON: {reason}")));
        }
        Failure::NotAnObject(_) => ("Unreadable body", "The body must be a JSON object."),
        Failure::BadIdempotencyKey => {
            ("Idempotency key not usable", "An Idempotency-Key is given once, with 1 to 255 visible ASCII characters.")
        }
        Failure::KeyReused => (
            "Idempotency key used",
            "This Idempotency-Key belongs to another request. Send this one with a key of its own.",
        ),
        Failure::KeyInUse => (
            "Request still running",
            "The first request with this Idempotency-Key still runs. Repeat the same request a little later.",
        ),
        Failure::UnreadableEvent => ("Unreadable event", "The body is not an event."),
        Failure::Fields(_) => ("Invalid fields", "Some fields are not valid; `errors` names them."),
        Failure::Throttled { .. } => ("Too many requests", "Wait as long as the Retry-After header says."),
        Failure::Busy(_) => ("Overloaded", "Nothing was done. Repeat the same request a little later."),
        Failure::Draining => ("Ending", "Nothing was done: this server is ending. Repeat the same request."),
        Failure::Late => (
            "Outcome unknown",
            "The work goes on, and its outcome is not known yet: it may have happened. Repeat the same request.",
        ),
        Failure::ChargePostponed(Postponement::Throttled) => (
            "Charge not made now",
            "The payment gateway asked for fewer calls, and made no charge. Nothing has moved. Repeat the same request.",
        ),
        Failure::ChargePostponed(Postponement::Unreached) => (
            "Charge not made now",
            "The payment gateway could not be reached, so no charge was asked for. Nothing has moved. Repeat the same \
             request.",
        ),
        Failure::ChargePostponed(Postponement::Halted { .. }) => (
            "Charge not made now",
            "The payment gateway does not answer at present, so no charge was asked for. Nothing has moved.",
        ),
        Failure::WrongCredentials => ("Wrong credentials", "The name or the password is wrong."),
        Failure::Refused(refusal) => return refusal_texts(refusal),
        Failure::Store(error) => match error.fault() {
            StoreFault::Unavailable => {
                ("Temporarily unavailable", "Nothing was changed. Repeat the same request a little later.")
            }
            StoreFault::Unknown => (
                "Outcome unknown",
                "The outcome of this request is not known yet: it may have happened. Repeat the same request.",
            ),
            StoreFault::Corrupt => ("Internal error", "The request could not be answered. It was logged."),
        },
        Failure::NoAppStore => ("Not configured", "No app of the App Store is configured."),
        Failure::Internal(_) => ("Internal error", "The request could not be answered. It was logged."),
    };
    debug_assert!(!status.is_success());
    (title, Cow::Borrowed(detail))
}

fn credentials_text(failure: CredentialFailure) -> &'static str {
    match failure {
        CredentialFailure::Missing => "Send the header `Authorization: Token <token>`.",
        CredentialFailure::Empty => "The Authorization header has no token.",
        CredentialFailure::Spaces => "The token has spaces.",
        CredentialFailure::BadCharacters => "The token has characters that no token has.",
        CredentialFailure::UnknownToken => "The token is not valid.",
        CredentialFailure::InactiveUser => "The user is inactive.",
        CredentialFailure::Signature => "The signature does not match.",
        CredentialFailure::SignedPayload => "The payload was not signed by the App Store for this app.",
    }
}

fn refusal_texts(refusal: &Refusal) -> (&'static str, Cow<'static, str>) {
    let (title, detail) = match refusal {
        Refusal::OrderNotFound => ("Order not found", "You have no order of this number."),
        Refusal::OrderPaid => ("Order is paid", "The order is paid already."),
        Refusal::OrderClosed => ("Order is closed", "The time to pay the order has run out."),
        Refusal::OrderCancelled => ("Order is cancelled", "The order was cancelled."),
        Refusal::CourseOwned { name } => {
            return ("Course is owned", Cow::Owned(format!("You own the course \"{name}\" already.")));
        }
        Refusal::InsufficientBalance => ("Balance too low", "The balance is not enough."),
        Refusal::InvalidChannel => ("Channel not valid", "This payment channel is not offered here."),
        Refusal::ChargeRefused => ("Charge refused", "The payment gateway refused the charge. Nothing has moved."),
        Refusal::ChargeUnknown => (
            "Charge not confirmed yet",
            "The payment gateway's answer is not known yet. What it has done is kept and resolved.",
        ),
        Refusal::ProofInvalid => ("No proof", "This is no proof of a paid top-up."),
        Refusal::ProofOfNoAppStore => ("No proof", "No app of the App Store is configured here."),
        Refusal::ProofUnknown => ("Proof not confirmed yet", "The payment gateway can't say yet. Repeat the request."),
        Refusal::CourseNotOffered(course_id) => {
            return ("Course not offered", Cow::Owned(format!("The course {course_id} is not offered.")));
        }
        Refusal::UsernameTaken => ("Username taken", "A user with this name exists."),
        Refusal::StudentNotYours => ("Student not found", "There is no such student, or not one that you act for."),
        Refusal::Campus(refusal) => return ("Not stored", Cow::Owned(format!("Nothing was changed: {refusal}."))),
        Refusal::Catalogue(refusal) => return ("Not stored", Cow::Owned(format!("Nothing was changed: {refusal}."))),
        Refusal::Refund(refusal) => {
            return ("Not refunded", Cow::Owned(format!("Nothing has moved: {refusal}.")));
        }
        Refusal::Review(refusal) => {
            return ("Not decided", Cow::Owned(format!("Nothing was changed: {refusal}.")));
        }
        Refusal::RefundDecision(refusal) => {
            return ("Not decided", Cow::Owned(format!("Nothing was changed: {refusal}.")));
        }
        Refusal::Bill(error) => return ("No bill", Cow::Owned(format!("Nothing was compared: {error}."))),
        Refusal::Success(SuccessRefusal::NotFound) => ("Purchase not found", "The student has no such purchase."),
        Refusal::Search(_) | Refusal::Place(_) | Refusal::Success(_) | Refusal::Other(_) => {
            ("Refused", "The request was refused; the code says why.")
        }
    };
    (title, Cow::Borrowed(detail))
}

fn field(name: &str, error: FieldError) -> FieldProblemView {
    FieldProblemView { field: name.to_owned(), code: error.code(), detail: field_text(error) }
}

fn field_text(error: FieldError) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        FieldError::Required => "is required",
        FieldError::Null => "may not be null",
        FieldError::Blank => "may not be blank",
        FieldError::NotText => "must be text",
        FieldError::ControlCharacter => "has control characters",
        FieldError::Invalid => "is not a valid value",
        FieldError::NotANumber => "must be a number",
        FieldError::TooManyDecimals => "has more than two decimals",
        FieldError::NotPositive => "must be above zero",
        FieldError::NotAnInteger => "must be a whole number in plain digits",
        FieldError::NotAList => "must be a list",
        FieldError::UnknownChoice => "is not one of the choices",
        FieldError::Repeated => "was given more than once",
        FieldError::ProductIdTaken => "is taken",
        FieldError::TooLong { max } => return Cow::Owned(format!("is longer than {max} characters")),
        FieldError::TooShort { min } => return Cow::Owned(format!("is shorter than {min} characters")),
        FieldError::AboveMax(max) => return Cow::Owned(format!("is above {} fen", max.fen())),
        FieldError::BadSelection { max } => return Cow::Owned(format!("must name 1 to {max} things, each once")),
    })
}

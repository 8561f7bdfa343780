//! From what came back to what is known: the one place that tells a refusal from an unknown outcome.

use std::str;

use edupay_domain::payments::{GatewayError, GatewayFault, Postponement};
use edupay_mischief::planted;

use super::settings::ReplySignatures;
use crate::blocking::{Answer, Failure};
use crate::signing::SignatureError;
use crate::wire::ErrorEnvelope;

/// Codes with which a channel's own answer is outstanding: the refund may still happen.
const UNDECIDED_CODES: [&str; 9] = [
    "channel_connection_error",
    "channel_parse_error",
    "channel_unexpected_error",
    "refund_info_from_channel",
    "refund_manual_intervention",
    "refund_pending",
    "refund_retry",
    "refund_unexpected_status",
    "refund_wait_operation",
];

/// Why an exchange gave no result; the cause behind a [`GatewayError`].
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("the gateway answered {status}: {kind} {code}: {message}")]
    ErrorObject { status: u16, kind: String, code: String, message: String },
    #[error("the gateway answered {status} without a readable error object")]
    Status { status: u16 },
    #[error("the gateway's reply is not signed by it")]
    Signature(#[from] SignatureError),
    #[error("the gateway's reply cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the gateway's reply belongs to another request: its {0} differs")]
    OtherRequest(&'static str),
}

/// The text of a successful reply; `None` for a 404 with an error object.
pub(super) fn success_or_missing(
    answer: Result<Answer, Failure>,
    signatures: &ReplySignatures,
) -> Result<Option<String>, GatewayError> {
    match answer {
        Ok(answer) if answer.status == 404 && error_object(&answer).is_some() => Ok(None),
        answer => success(answer, signatures).map(Some),
    }
}

/// The text of a successful reply.
pub(super) fn success(answer: Result<Answer, Failure>, signatures: &ReplySignatures) -> Result<String, GatewayError> {
    let answer = answer.map_err(|failure| match failure {
        Failure::NotSent(cause) => GatewayError::new(GatewayFault::Postponed(Postponement::Unreached), cause),
        Failure::Unknown(cause) if planted!("timeout_is_refusal") => {
            GatewayError::new(GatewayFault::Refused { code: Some("timeout".to_owned()) }, cause)
        }
        Failure::Unknown(cause) => GatewayError::new(GatewayFault::Unknown, cause),
    })?;
    if !(200..300).contains(&answer.status) {
        return Err(refusal(&answer));
    }
    check_signature(&answer, signatures).map_err(|error| unknown(error.into()))?;
    match String::from_utf8(answer.body) {
        Ok(text) => Ok(text),
        Err(error) => Err(unreadable(error)),
    }
}

/// A reply that was sent and cannot be used: whatever it was about may have happened.
pub(super) fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GatewayError {
    unknown(AnswerError::Unreadable(cause.into()))
}

/// A reply whose `member` is not what was asked for.
pub(super) fn other_request(member: &'static str) -> GatewayError {
    unknown(AnswerError::OtherRequest(member))
}

fn unknown(cause: AnswerError) -> GatewayError {
    GatewayError::new(GatewayFault::Unknown, cause)
}

fn refusal(answer: &Answer) -> GatewayError {
    let status = answer.status;
    let object = error_object(answer);
    let code = object.as_ref().and_then(|object| object.error.code.clone());
    let fault = match (status, &object) {
        // Ping++ answers 403 above the plan's concurrency, some of its SDKs expect 429.
        (403 | 429, _) => GatewayFault::Postponed(Postponement::Throttled),
        (408, _) => GatewayFault::Unknown,
        (400..=499, Some(_)) if !is_undecided(code.as_deref()) => GatewayFault::Refused { code },
        _ => GatewayFault::Unknown,
    };
    let cause = match object {
        Some(ErrorEnvelope { error }) => AnswerError::ErrorObject {
            status,
            kind: error.kind,
            code: error.code.unwrap_or_default(),
            message: error.message,
        },
        None => AnswerError::Status { status },
    };
    GatewayError::new(fault, cause)
}

fn is_undecided(code: Option<&str>) -> bool {
    code.is_some_and(|code| UNDECIDED_CODES.contains(&code))
}

fn error_object(answer: &Answer) -> Option<ErrorEnvelope> {
    serde_json::from_slice(&answer.body).ok()
}

fn check_signature(answer: &Answer, signatures: &ReplySignatures) -> Result<(), SignatureError> {
    let given = answer.signature.as_deref();
    match (signatures, given) {
        (ReplySignatures::Unchecked, _) | (ReplySignatures::CheckedIfPresent(_), None) => Ok(()),
        (ReplySignatures::CheckedIfPresent(keys) | ReplySignatures::Required(keys), given) => {
            keys.verify(&answer.body, given.unwrap_or_default())
        }
    }
}

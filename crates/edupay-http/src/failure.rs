//! Whatever can go wrong with a request, in no dialect yet: a code, a status, and what the tables
//! of the dialects need to say it.

mod from_domain;

use crate::admission::Busy;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use edupay_domain::accounts::TokenRefusal;
use edupay_domain::app_store::SignatureRefusal;
use edupay_domain::ids::CourseId;
use edupay_domain::money::{Money, MoneyError};
use edupay_domain::orders::PayRefusal;
use edupay_domain::packages::{CampusRefusal, CatalogueRefusal, PlaceRefusal, SearchRefusal, SuccessRefusal};
use edupay_domain::payments::{CallbackRefusal, Postponement, ProofRefusal};
use edupay_domain::products::ProductRefusal;
use edupay_domain::reconciliation::BillError;
use edupay_domain::recovery::ReviewRefusal;
use edupay_domain::refunds::{DecisionRefusal, RefundRefusal};
use edupay_domain::store::{StoreError, StoreFault};
use std::borrow::Cow;
use std::time::Duration;
use thiserror::Error;

/// Why a request was not answered as its sender hoped.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("not authenticated")]
    Credentials(CredentialFailure),
    #[error("not permitted")]
    Forbidden,
    #[error("nothing is there")]
    NotFound,
    #[error("the method is not allowed")]
    MethodNotAllowed { method: String, allow: String },
    #[error("the client accepts no JSON")]
    NotAcceptable,
    #[error("the body did not arrive in time")]
    BodyTimeout,
    #[error("the body is too large")]
    BodyTooLarge,
    #[error("the body broke off")]
    BodyBroken,
    #[error("the media type is not supported")]
    MediaType(String),
    #[error("the body is not JSON")]
    Syntax(String),
    #[error("the body is not an object")]
    NotAnObject(&'static str),
    #[error("the idempotency key is not usable")]
    BadIdempotencyKey,
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    #[error("the first request under the idempotency key still runs")]
    KeyInUse,
    #[error("the body is not an event")]
    UnreadableEvent,
    #[error("no app of the App Store is configured")]
    NoAppStore,
    #[error("fields are not valid")]
    Fields(FieldErrors),
    #[error("too many requests")]
    Throttled { seconds: u64 },
    #[error("turned away")]
    Busy(Busy),
    #[error("the work takes longer than the client may wait")]
    Late,
    #[error("the server is ending")]
    Draining,
    #[error("the gateway could not be asked for the charge: {}", .0.code())]
    ChargePostponed(Postponement),
    #[error("wrong name or password")]
    WrongCredentials,
    #[error("refused")]
    Refused(Refusal),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("internal: {0}")]
    Internal(&'static str),
}

/// What is wrong with the `Authorization` header, the token or the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialFailure {
    Missing,
    Empty,
    Spaces,
    BadCharacters,
    UnknownToken,
    InactiveUser,
    Signature,
    /// A payload that the App Store did not sign for our app.
    SignedPayload,
}

/// What the rules refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    OrderNotFound,
    OrderPaid,
    OrderClosed,
    OrderCancelled,
    CourseOwned {
        name: String,
    },
    InsufficientBalance,
    InvalidChannel,
    ChargeRefused,
    ChargeUnknown,
    ProofInvalid,
    /// No proof of this kind can be looked at here.
    ProofOfNoAppStore,
    ProofUnknown,
    CourseNotOffered(CourseId),
    UsernameTaken,
    /// No such student, or not one that the caller may act for.
    StudentNotYours,
    Search(SearchRefusal),
    Place(PlaceRefusal),
    Success(SuccessRefusal),
    Campus(CampusRefusal),
    Catalogue(CatalogueRefusal),
    Refund(RefundRefusal),
    RefundDecision(DecisionRefusal),
    /// A file is no bill.
    Bill(BillError),
    Review(ReviewRefusal),
    Other(&'static str),
}

/// What is wrong with one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldError {
    Required,
    Null,
    Blank,
    NotText,
    TooLong { max: usize },
    TooShort { min: usize },
    ControlCharacter,
    Invalid,
    NotANumber,
    TooManyDecimals,
    NotPositive,
    AboveMax(Money),
    NotAnInteger,
    NotAList,
    UnknownChoice,
    BadSelection { max: usize },
    Repeated,
    ProductIdTaken,
}

/// Fields and what is wrong with them, in the order in which they were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldErrors(pub(crate) Vec<(Cow<'static, str>, FieldError)>);

impl FieldErrors {
    pub(crate) fn push(&mut self, field: impl Into<Cow<'static, str>>, error: FieldError) {
        self.0.push((field.into(), error));
    }
}

impl Failure {
    /// One field is wrong.
    pub(crate) fn field(name: &'static str, error: FieldError) -> Self {
        Self::Fields(FieldErrors(vec![(Cow::Borrowed(name), error)]))
    }

    /// The stable code: `X-Error-Code` and the `code` of problem documents.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Credentials(failure) => failure.code(),
            Self::Forbidden => "permission_denied",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::NotAcceptable => "not_acceptable",
            Self::BodyTimeout => "body_timeout",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyBroken => "body_broken",
            Self::MediaType(_) => "media_type_unsupported",
            Self::Syntax(_) | Self::NotAnObject(_) => "body_unreadable",
            Self::BadIdempotencyKey => "idempotency_key_invalid",
            Self::KeyReused => "idempotency_key_reused",
            Self::KeyInUse => "idempotency_key_in_use",
            Self::UnreadableEvent => CallbackRefusal::Unreadable.code(),
            Self::NoAppStore => SignatureRefusal::NotConfigured.code(),
            Self::Fields(_) => "fields_invalid",
            Self::Throttled { .. } => "throttled",
            Self::Busy(_) => "overloaded",
            Self::Late => "outcome_unknown",
            Self::Draining => "draining",
            Self::ChargePostponed(postponement) => postponement.code(),
            Self::WrongCredentials => "credentials_wrong",
            Self::Refused(refusal) => refusal.code(),
            Self::Store(error) => error.code(),
            Self::Internal(_) => "internal",
        }
    }

    /// The status; a refusal's is that of our own API.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Credentials(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyBroken
            | Self::Syntax(_)
            | Self::NotAnObject(_)
            | Self::BadIdempotencyKey
            | Self::UnreadableEvent
            | Self::Fields(_)
            | Self::WrongCredentials => StatusCode::BAD_REQUEST,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::KeyInUse => StatusCode::CONFLICT,
            Self::NoAppStore | Self::Busy(_) | Self::Late | Self::Draining | Self::ChargePostponed(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(refusal) => refusal.status(),
            Self::Store(error) => match error.fault() {
                StoreFault::Unavailable | StoreFault::Unknown => StatusCode::SERVICE_UNAVAILABLE,
                StoreFault::Corrupt => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds a repeat makes sense, where we can tell.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Throttled { seconds } => Some(*seconds),
            Self::ChargePostponed(Postponement::Halted { retry_after }) => Some(whole_seconds(*retry_after)),
            Self::Busy(_) | Self::Late | Self::Draining | Self::ChargePostponed(_) => Some(1),
            Self::Store(error) if error.fault() != StoreFault::Corrupt => Some(1),
            Self::Refused(Refusal::ChargeUnknown | Refusal::ProofUnknown) | Self::KeyInUse => Some(1),
            _ => None,
        }
    }

    /// Whether the same request would meet it again, so that it can stand for its reply.
    pub(crate) fn is_final(&self) -> bool {
        self.retry_after().is_none() && !self.status().is_server_error()
    }

    /// Whether the connection can't be used again, because a part of the body is still on its way.
    pub(crate) fn closes_connection(&self) -> bool {
        matches!(
            self,
            Self::BodyTimeout | Self::BodyTooLarge | Self::BodyBroken | Self::Busy(Busy::Bodies) | Self::Draining
        )
    }
}

/// Rounded up, and at least one.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl CredentialFailure {
    fn code(self) -> &'static str {
        match self {
            Self::Missing => "credentials_missing",
            Self::Empty | Self::Spaces | Self::BadCharacters => "token_malformed",
            Self::UnknownToken => TokenRefusal::Unknown.code(),
            Self::InactiveUser => TokenRefusal::Inactive.code(),
            Self::Signature | Self::SignedPayload => CallbackRefusal::BadSignature.code(),
        }
    }

    /// The scheme of `WWW-Authenticate`.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Signature => "Pingplusplus-Signature",
            Self::SignedPayload => "Signed-Payload",
            _ => "Token",
        }
    }
}

impl Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::OrderNotFound => PayRefusal::OrderNotFound.code(),
            Self::OrderPaid => PayRefusal::OrderPaid.code(),
            Self::OrderClosed => PayRefusal::OrderClosed.code(),
            Self::OrderCancelled => PayRefusal::OrderCancelled.code(),
            Self::CourseOwned { .. } => "course_owned",
            Self::InsufficientBalance => PayRefusal::InsufficientBalance.code(),
            Self::InvalidChannel => "channel_invalid",
            Self::ChargeRefused => PayRefusal::ChargeRefused.code(),
            Self::ChargeUnknown => PayRefusal::ChargeUnknown.code(),
            Self::ProofInvalid => ProofRefusal::Invalid.code(),
            Self::ProofOfNoAppStore => SignatureRefusal::NotConfigured.code(),
            Self::ProofUnknown => ProofRefusal::Unknown.code(),
            Self::CourseNotOffered(_) => "course_not_offered",
            Self::UsernameTaken => "username_taken",
            Self::StudentNotYours => PlaceRefusal::NotYours.code(),
            Self::Search(refusal) => refusal.code(),
            Self::Place(refusal) => refusal.code(),
            Self::Success(refusal) => refusal.code(),
            Self::Campus(refusal) => refusal.code(),
            Self::Catalogue(refusal) => refusal.code(),
            Self::Refund(refusal) => refusal.code(),
            Self::RefundDecision(refusal) => refusal.code(),
            Self::Bill(error) => error.code(),
            Self::Review(refusal) => refusal.code(),
            Self::Other(code) => code,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::OrderNotFound
            | Self::StudentNotYours
            | Self::Success(SuccessRefusal::NotFound)
            | Self::Campus(CampusRefusal::StudentNotFound)
            | Self::RefundDecision(DecisionRefusal::NotFound)
            | Self::Review(ReviewRefusal::NotFound)
            | Self::Catalogue(CatalogueRefusal::ProjectNotFound | CatalogueRefusal::PackageNotFound) => {
                StatusCode::NOT_FOUND
            }
            Self::RefundDecision(DecisionRefusal::OwnRequest) => StatusCode::FORBIDDEN,
            Self::InvalidChannel => StatusCode::BAD_REQUEST,
            Self::CourseNotOffered(_)
            | Self::ProofInvalid
            | Self::ProofOfNoAppStore
            | Self::Bill(_)
            | Self::Campus(
                CampusRefusal::SchoolNotFound | CampusRefusal::GuardianNotFound(_) | CampusRefusal::OwnGuardian,
            )
            | Self::Catalogue(CatalogueRefusal::SchoolNotFound) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ChargeUnknown | Self::ProofUnknown => StatusCode::GATEWAY_TIMEOUT,
            Self::OrderPaid
            | Self::OrderClosed
            | Self::OrderCancelled
            | Self::CourseOwned { .. }
            | Self::InsufficientBalance
            | Self::ChargeRefused
            | Self::UsernameTaken
            | Self::Search(_)
            | Self::Place(_)
            | Self::Success(_)
            | Self::Campus(_)
            | Self::Catalogue(_)
            | Self::Refund(_)
            | Self::RefundDecision(_)
            | Self::Review(_)
            | Self::Other(_) => StatusCode::CONFLICT,
        }
    }
}

impl FieldError {
    /// The stable code of what is wrong.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Null => "null",
            Self::Blank => "blank",
            Self::NotText => "not_text",
            Self::TooLong { .. } => "too_long",
            Self::TooShort { .. } => "too_short",
            Self::ControlCharacter => "control_character",
            Self::Invalid => "invalid",
            Self::NotANumber => MoneyError::NotANumber.code(),
            Self::TooManyDecimals => MoneyError::TooManyDecimals.code(),
            Self::NotPositive => MoneyError::NotPositive.code(),
            Self::AboveMax(_) => MoneyError::TooLarge.code(),
            Self::NotAnInteger => "not_an_integer",
            Self::NotAList => "not_a_list",
            Self::UnknownChoice => "unknown_choice",
            Self::BadSelection { .. } => "course_selection_invalid",
            Self::Repeated => "repeated",
            Self::ProductIdTaken => ProductRefusal::IdTaken.code(),
        }
    }
}

/// The boundary writes every failure; this reply is only seen where there is no boundary.
impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status())
    }
}

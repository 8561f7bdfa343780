//! What each refusal of the domain becomes. The domain's enums may grow; a refusal that is not known
//! here keeps its code and gets the plainest text.

use super::{CredentialFailure, Failure, FieldError, Refusal};
use edupay_domain::accounts::{AccountService, CreateUserRefusal, LoginRefusal, TokenRefusal};
use edupay_domain::app_store::{RedeemRefusal, SignatureRefusal};
use edupay_domain::cashier::CashierRefusal;
use edupay_domain::event_delivery::{DeliveryRefusal, EndpointRefusal};
use edupay_domain::orders::{CancelRefusal, CreateOrderRefusal, PayRefusal};
use edupay_domain::packages::{CampusRefusal, CatalogueRefusal, PlaceRefusal, SearchRefusal, SuccessRefusal};
use edupay_domain::payments::{CallbackRefusal, ProofRefusal};
use edupay_domain::products::{CourseRefusal, ProductRefusal};
use edupay_domain::reconciliation::{BillError, ReconcileError};
use edupay_domain::recovery::{DecideError, ReviewRefusal};
use edupay_domain::refunds::{DecisionRefusal, RefundRefusal};
use edupay_domain::store::EffectError;
use edupay_domain::top_ups::TopUpRefusal;

impl<R: Into<Failure>> From<EffectError<R>> for Failure {
    fn from(error: EffectError<R>) -> Self {
        match error {
            EffectError::Refused(refusal) => refusal.into(),
            EffectError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<TokenRefusal> for Failure {
    fn from(refusal: TokenRefusal) -> Self {
        Self::Credentials(match refusal {
            TokenRefusal::Inactive => CredentialFailure::InactiveUser,
            _ => CredentialFailure::UnknownToken,
        })
    }
}

impl From<LoginRefusal> for Failure {
    fn from(_: LoginRefusal) -> Self {
        Self::WrongCredentials
    }
}

impl From<CreateUserRefusal> for Failure {
    fn from(refusal: CreateUserRefusal) -> Self {
        match refusal {
            CreateUserRefusal::UsernameTaken => Refusal::UsernameTaken.into(),
            CreateUserRefusal::PasswordTooShort => {
                Self::field("password", FieldError::TooShort { min: AccountService::MIN_PASSWORD })
            }
            _ => Refusal::Other("user_refused").into(),
        }
    }
}

impl From<PayRefusal> for Failure {
    fn from(refusal: PayRefusal) -> Self {
        Self::Refused(match refusal {
            PayRefusal::OrderNotFound => Refusal::OrderNotFound,
            PayRefusal::OrderPaid => Refusal::OrderPaid,
            PayRefusal::OrderClosed => Refusal::OrderClosed,
            PayRefusal::OrderCancelled => Refusal::OrderCancelled,
            PayRefusal::CourseOwned { name } => Refusal::CourseOwned { name },
            PayRefusal::InsufficientBalance => Refusal::InsufficientBalance,
            PayRefusal::ChargeRefused => Refusal::ChargeRefused,
            PayRefusal::ChargePostponed(postponement) => return Self::ChargePostponed(postponement),
            PayRefusal::ChargeUnknown => Refusal::ChargeUnknown,
            other => Refusal::Other(other.code()),
        })
    }
}

impl From<CancelRefusal> for Failure {
    fn from(refusal: CancelRefusal) -> Self {
        Self::Refused(match refusal {
            CancelRefusal::OrderNotFound => Refusal::OrderNotFound,
            CancelRefusal::OrderPaid => Refusal::OrderPaid,
            CancelRefusal::OrderClosed => Refusal::OrderClosed,
            other => Refusal::Other(other.code()),
        })
    }
}

impl From<CreateOrderRefusal> for Failure {
    fn from(refusal: CreateOrderRefusal) -> Self {
        Self::Refused(match refusal {
            CreateOrderRefusal::BadSelection { max } => {
                return Self::field("course_ids", FieldError::BadSelection { max });
            }
            CreateOrderRefusal::CourseNotOffered(course_id) => Refusal::CourseNotOffered(course_id),
            CreateOrderRefusal::CourseOwned { name, .. } => Refusal::CourseOwned { name },
            other => Refusal::Other(other.code()),
        })
    }
}

impl From<ProofRefusal> for Failure {
    fn from(refusal: ProofRefusal) -> Self {
        Self::Refused(match refusal {
            ProofRefusal::Unknown => Refusal::ProofUnknown,
            _ => Refusal::ProofInvalid,
        })
    }
}

/// One answer for every proof that is not good, so that nobody learns whose a purchase is.
impl From<RedeemRefusal> for Failure {
    fn from(refusal: RedeemRefusal) -> Self {
        Self::Refused(match refusal {
            RedeemRefusal::Signature(SignatureRefusal::NotConfigured) => Refusal::ProofOfNoAppStore,
            _ => Refusal::ProofInvalid,
        })
    }
}

impl From<SignatureRefusal> for Failure {
    fn from(refusal: SignatureRefusal) -> Self {
        match refusal {
            SignatureRefusal::NotConfigured => Self::NoAppStore,
            _ => Self::Credentials(CredentialFailure::SignedPayload),
        }
    }
}

impl From<TopUpRefusal> for Failure {
    fn from(refusal: TopUpRefusal) -> Self {
        Self::Refused(match refusal {
            TopUpRefusal::AmountOutOfBounds => return Self::field("amount", FieldError::Invalid),
            TopUpRefusal::OpenIdMissing => return Self::field("open_id", FieldError::Required),
            TopUpRefusal::ChargeRefused => Refusal::ChargeRefused,
            TopUpRefusal::ChargePostponed(postponement) => return Self::ChargePostponed(postponement),
            TopUpRefusal::ChargeUnknown => Refusal::ChargeUnknown,
            other => Refusal::Other(other.code()),
        })
    }
}

impl From<ProductRefusal> for Failure {
    fn from(refusal: ProductRefusal) -> Self {
        match refusal {
            ProductRefusal::IdTaken => Self::field("product_id", FieldError::ProductIdTaken),
            ProductRefusal::PriceOutOfBounds => Self::field("price", FieldError::Invalid),
            ProductRefusal::NotFound => Self::NotFound,
            other => Refusal::Other(other.code()).into(),
        }
    }
}

impl From<CourseRefusal> for Failure {
    fn from(refusal: CourseRefusal) -> Self {
        match refusal {
            CourseRefusal::PriceOutOfBounds => Self::field("price_fen", FieldError::Invalid),
            CourseRefusal::BadName => Self::field("name", FieldError::Invalid),
            CourseRefusal::NotFound => Self::NotFound,
            other => Refusal::Other(other.code()).into(),
        }
    }
}

impl From<SearchRefusal> for Failure {
    fn from(refusal: SearchRefusal) -> Self {
        Self::Refused(match refusal {
            SearchRefusal::NotYours => Refusal::StudentNotYours,
            other => Refusal::Search(other),
        })
    }
}

impl From<PlaceRefusal> for Failure {
    fn from(refusal: PlaceRefusal) -> Self {
        Self::Refused(match refusal {
            PlaceRefusal::NotYours => Refusal::StudentNotYours,
            PlaceRefusal::ChargeRefused => Refusal::ChargeRefused,
            PlaceRefusal::ChargePostponed(postponement) => return Self::ChargePostponed(postponement),
            PlaceRefusal::ChargeUnknown => Refusal::ChargeUnknown,
            other => Refusal::Place(other),
        })
    }
}

impl From<SuccessRefusal> for Failure {
    fn from(refusal: SuccessRefusal) -> Self {
        Self::Refused(match refusal {
            SuccessRefusal::NotYours => Refusal::StudentNotYours,
            other => Refusal::Success(other),
        })
    }
}

impl From<CashierRefusal> for Failure {
    fn from(refusal: CashierRefusal) -> Self {
        Self::Refused(match refusal {
            CashierRefusal::NotYours => Refusal::StudentNotYours,
            other => Refusal::Other(other.code()),
        })
    }
}

impl From<CampusRefusal> for Failure {
    fn from(refusal: CampusRefusal) -> Self {
        match refusal {
            CampusRefusal::BadText(field) => Self::field(field, FieldError::Invalid),
            other => Refusal::Campus(other).into(),
        }
    }
}

impl From<CatalogueRefusal> for Failure {
    fn from(refusal: CatalogueRefusal) -> Self {
        match refusal {
            CatalogueRefusal::BadText(field) => Self::field(field, FieldError::Invalid),
            CatalogueRefusal::BadChannels => Self::field("channels", FieldError::Invalid),
            CatalogueRefusal::PriceOutOfBounds => Self::field("list_price_fen", FieldError::Invalid),
            other => Refusal::Catalogue(other).into(),
        }
    }
}

impl From<RefundRefusal> for Failure {
    fn from(refusal: RefundRefusal) -> Self {
        match refusal {
            RefundRefusal::NotFound => Self::NotFound,
            RefundRefusal::AmountNotPositive => Self::field("amount_fen", FieldError::NotPositive),
            RefundRefusal::RefundNoReserved => Self::field("refund_no", FieldError::Invalid),
            other => Refusal::Refund(other).into(),
        }
    }
}

impl From<DecisionRefusal> for Failure {
    fn from(refusal: DecisionRefusal) -> Self {
        Refusal::RefundDecision(refusal).into()
    }
}

impl From<EndpointRefusal> for Failure {
    fn from(refusal: EndpointRefusal) -> Self {
        match refusal {
            EndpointRefusal::NotFound => Self::NotFound,
            EndpointRefusal::Url(_) => Self::field("url", FieldError::Invalid),
            EndpointRefusal::SinceInFuture => Self::field("since", FieldError::Invalid),
            other => Refusal::Other(other.code()).into(),
        }
    }
}

impl From<DeliveryRefusal> for Failure {
    fn from(refusal: DeliveryRefusal) -> Self {
        match refusal {
            DeliveryRefusal::NotFound => Self::NotFound,
            other => Refusal::Other(other.code()).into(),
        }
    }
}

impl From<BillError> for Failure {
    fn from(error: BillError) -> Self {
        match error {
            BillError::TooLarge => Self::BodyTooLarge,
            other => Refusal::Bill(other).into(),
        }
    }
}

impl From<ReconcileError> for Failure {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Store(error) => error.into(),
            ReconcileError::NotFound => Self::NotFound,
            other => Refusal::Other(other.code()).into(),
        }
    }
}

impl From<ReviewRefusal> for Failure {
    fn from(refusal: ReviewRefusal) -> Self {
        Refusal::Review(refusal).into()
    }
}

impl From<DecideError> for Failure {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Refused(refusal) => refusal.into(),
            DecideError::Refund(refusal) => refusal.into(),
            DecideError::Store(error) => error.into(),
            _ => Self::Internal("a decision ended in a way that is not known here"),
        }
    }
}

impl From<CallbackRefusal> for Failure {
    fn from(refusal: CallbackRefusal) -> Self {
        match refusal {
            CallbackRefusal::Unreadable => Self::UnreadableEvent,
            _ => Self::Credentials(CredentialFailure::Signature),
        }
    }
}

//! How a failure is said: which dialect a path speaks, and what all dialects share.

mod campus;
mod problem;
mod yian;

pub(crate) use campus::CampusRefusalView;
#[cfg(test)]
pub(crate) use problem::FieldProblemView;
pub(crate) use problem::ProblemView;
pub(crate) use yian::{DetailView, RefusalView};

use crate::config::{BusinessFailureStatus, WebPath};
use crate::failure::Failure;
use crate::language::Language;
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};

/// The code of a failure, on every reply that is one.
pub(crate) const ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");

/// What a reply to a failure depends on besides the failure.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    pub(crate) dialect: Dialect,
    pub(crate) language: Language,
    pub(crate) business_failure_status: BusinessFailureStatus,
    pub(crate) request_id: String,
}

/// The ways of saying what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The campus API's.
    Campus,
    /// The 益安 API's, and that of every path that is nobody's.
    Yian,
    /// Problem documents.
    Problem,
    /// A page for a person.
    Page,
}

impl Dialect {
    /// The dialect of a path.
    pub(crate) fn of(path: &str, campus: &WebPath) -> Self {
        if crate::campus::CALLS.iter().any(|call| campus.leads_to(call, path)) {
            return Self::Campus;
        }
        if crate::cashier::leads_here(path) {
            return Self::Page;
        }
        let own = path.strip_prefix("/v1").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if own { Self::Problem } else { Self::Yian }
    }
}

impl Speaker {
    /// The whole reply to a failure.
    pub(crate) fn say(&self, failure: &Failure) -> HttpResponse {
        let mut response = match self.dialect {
            Dialect::Campus => campus::render(failure),
            Dialect::Yian => yian::render(failure, self.language, self.business_failure_status),
            Dialect::Problem => problem::render(failure, &self.request_id),
            Dialect::Page => crate::cashier::failure_page(failure, self.language),
        };
        if failure.closes_connection() {
            response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
        }
        let headers = response.headers_mut();
        headers.insert(ERROR_CODE, HeaderValue::from_static(failure.code()));
        if let Some(seconds) = failure.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Failure::Credentials(failure) = failure {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(failure.scheme()));
        }
        if let Failure::MethodNotAllowed { allow, .. } = failure
            && let Ok(allow) = HeaderValue::from_str(allow)
        {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_speaks_the_dialect_of_its_family() {
        let campus = WebPath::parse("/Web").unwrap();
        for (path, dialect) in [
            ("/Web/api/Pay/PayMoney", Dialect::Campus),
            ("/web/API/PAY/paymoney/", Dialect::Campus),
            ("/web/api/pay/searchsuccessdata", Dialect::Campus),
            ("/web/api/pay/searchpaypackages", Dialect::Campus),
            ("/api/pay/paymoney", Dialect::Yian),
            ("/web/api/pay/paymoney//", Dialect::Yian),
            ("/web/api/pay/paymoney/x", Dialect::Yian),
            ("/v1", Dialect::Problem),
            ("/v1/", Dialect::Problem),
            ("/v1/me", Dialect::Problem),
            ("/v10/me", Dialect::Yian),
            ("/pay/v1/", Dialect::Yian),
            ("/cashier/706a", Dialect::Page),
            ("/cashier/706a/pay", Dialect::Page),
            ("/cashiers", Dialect::Yian),
            ("/", Dialect::Yian),
        ] {
            assert_eq!(Dialect::of(path, &campus), dialect, "{path}");
        }
    }
}

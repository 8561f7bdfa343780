//! Failures, said to a person: one calm page that tells nothing but what helps.

use super::texts::Texts;
use super::views::{Frame, html};
use crate::failure::{Failure, Refusal};
use crate::language::Language;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use edupay_domain::cashier::CashierRefusal;

/// A page that says why there is nothing to see.
#[derive(Template)]
#[template(path = "cashier/failure.html")]
pub(super) struct FailurePage {
    pub(super) frame: Frame,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
}

impl FailurePage {
    pub(super) fn new(status: StatusCode, language: Language) -> Self {
        let t = Texts::of(language);
        let (title, lead) = match status {
            StatusCode::NOT_FOUND => (t.missing_title, t.missing_lead),
            StatusCode::GONE => (t.expired_title, t.expired_lead),
            StatusCode::TOO_MANY_REQUESTS => (t.throttled_title, t.throttled_lead),
            status if status.is_server_error() => (t.unavailable_title, t.unavailable_lead),
            _ => (t.wrong_title, t.wrong_lead),
        };
        Self { frame: Frame::new(language, None), title, lead }
    }
}

/// The reply to a failure.
pub(crate) fn render(failure: &Failure, language: Language) -> HttpResponse {
    let status = match failure {
        Failure::Refused(Refusal::Other(code)) if *code == CashierRefusal::Expired.code() => StatusCode::GONE,
        failure => failure.status(),
    };
    let page = html(status, language, &FailurePage::new(status, language));
    page.unwrap_or_else(|_| HttpResponse::new(status))
}

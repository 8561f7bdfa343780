//! What the query of a page says. It is a person's address bar: what can't be read is left out.

use crate::failure::Failure;
use crate::language::Language;
use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpRequest};
use edupay_domain::ids::GatewayOrderNo;
use std::future::{Ready, ready};

/// Whether the gateway is to be asked before the page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    AtTheStore,
    AtTheGateway,
}

/// The query of a page.
pub(super) struct PageQuery {
    /// Which payment.
    pub(super) number: Option<GatewayOrderNo>,
    pub(super) look: Look,
    /// The code of what kept a form from being taken.
    pub(super) notice: Option<String>,
    /// What the page shows already.
    pub(super) pulse: Option<String>,
}

impl FromRequest for PageQuery {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A number that is none names no payment, which is not the same as naming none.
        let number = value(request, "no").map(|text| GatewayOrderNo::parse(&text).map_err(|_| Failure::NotFound));
        ready(number.transpose().map(|number| Self {
            number,
            look: if value(request, "look").is_some() { Look::AtTheGateway } else { Look::AtTheStore },
            notice: value(request, "notice"),
            pulse: value(request, "pulse"),
        }))
    }
}

/// The language that was chosen, or the one that the browser asks for; Chinese where it asks for none.
pub(crate) fn language(request: &HttpRequest) -> Language {
    let said = || request.headers().contains_key(ACCEPT_LANGUAGE).then(|| Language::of(request.headers()));
    chosen_language(request).or_else(said).unwrap_or(Language::Chinese)
}

/// The language that was chosen: `?lang=zh`.
pub(super) fn chosen_language(request: &HttpRequest) -> Option<Language> {
    let value = value(request, "lang")?;
    [Language::Chinese, Language::English].into_iter().find(|language| language_value(*language) == value)
}

/// How a language is chosen.
pub(super) fn language_value(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::Chinese => "zh",
    }
}

fn value(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_chosen_language_is_before_the_browsers_and_chinese_is_spoken_when_nothing_is_said() {
        for (uri, header, expected) in [
            ("/", None, Language::Chinese),
            ("/", Some("en-GB,en;q=0.9,zh;q=0.1"), Language::English),
            ("/", Some("zh-CN"), Language::Chinese),
            ("/", Some("fr"), Language::English),
            ("/?lang=zh", Some("en"), Language::Chinese),
            ("/?lang=en", Some("zh"), Language::English),
            ("/?lang=fr", Some("zh"), Language::Chinese),
            ("/?lang=", None, Language::Chinese),
        ] {
            let request = header
                .into_iter()
                .fold(TestRequest::with_uri(uri), |request, value| request.insert_header((ACCEPT_LANGUAGE, value)));
            assert_eq!(language(&request.to_http_request()), expected, "{uri} {header:?}");
        }
    }
}

//! The addresses of one link's pages.

use super::PATH;
use super::query::language_value;
use crate::language::Language;
use edupay_domain::accounts::Token;
use edupay_domain::ids::GatewayOrderNo;
use form_urlencoded::Serializer;

/// Where the pages of a link are. A language that was chosen stays in them.
#[derive(Clone)]
pub(super) struct Address {
    page: String,
    chosen: Option<Language>,
}

impl Address {
    pub(super) fn new(token: &Token, chosen: Option<Language>) -> Self {
        Self { page: format!("{PATH}/{}", token.reveal()), chosen }
    }

    /// The same pages in this language.
    pub(super) fn spoken(&self, language: Language) -> Self {
        Self { page: self.page.clone(), chosen: Some(language) }
    }

    /// What the link leads to.
    pub(super) fn page(&self) -> String {
        self.to("", &[])
    }

    /// The same, with a word about why nothing came of a form.
    pub(super) fn notice(&self, code: &str) -> String {
        self.to("", &[("notice", code)])
    }

    /// Where the form goes.
    pub(super) fn pay(&self) -> String {
        self.to("/pay", &[])
    }

    /// What became of one payment.
    pub(super) fn payment(&self, number: &GatewayOrderNo) -> String {
        self.to("", &[("no", number.as_str())])
    }

    /// The same, after a look at the gateway.
    pub(super) fn look(&self, number: &GatewayOrderNo) -> String {
        self.to("", &[("no", number.as_str()), ("look", "1")])
    }

    /// The part of it that changes.
    pub(super) fn status(&self, number: &GatewayOrderNo) -> String {
        self.to("/status", &[("no", number.as_str())])
    }

    /// When it changes.
    pub(super) fn events(&self, number: &GatewayOrderNo, pulse: &str) -> String {
        self.to("/events", &[("no", number.as_str()), ("pulse", pulse)])
    }

    fn to(&self, below: &str, pairs: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(pairs);
        if let Some(language) = self.chosen {
            query.append_pair("lang", language_value(language));
        }
        match query.finish() {
            none if none.is_empty() => format!("{}{below}", self.page),
            query => format!("{}{below}?{query}", self.page),
        }
    }
}

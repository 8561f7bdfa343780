//! What the templates show: everything decided and written out, nothing left to look up.

mod choice;
mod payment;

pub(super) use choice::{ChoosePage, OrderPage};
pub(super) use payment::{LiveView, PaymentPage, StatusPart, StatusView};

use super::channels::Device;
use super::texts::Texts;
use super::{assets, masks};
use crate::failure::Failure;
use crate::language::Language;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY};
use askama::Template;
use edupay_domain::clock::{Timestamp, beijing};
use edupay_domain::ids::CardNo;
use edupay_domain::payments::Channel;

/// Whatever a page needs comes from here, and it may be framed by nobody.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What all pages have around them.
pub(in crate::cashier) struct Frame {
    pub(in crate::cashier) t: &'static Texts,
    pub(in crate::cashier) language: Language,
    /// The same page in the other language, where there is one.
    pub(in crate::cashier) switch: Option<String>,
    pub(in crate::cashier) style: String,
    pub(in crate::cashier) scripts: [String; 2],
}

impl Frame {
    pub(in crate::cashier) fn new(language: Language, switch: Option<String>) -> Self {
        Self { t: Texts::of(language), language, switch, style: assets::style(), scripts: assets::scripts() }
    }

    /// The tag of `lang`.
    pub(in crate::cashier) fn tag(&self) -> &'static str {
        self.language.tag()
    }

    /// The tag of the other language.
    pub(in crate::cashier) fn other_tag(&self) -> &'static str {
        other(self.language).tag()
    }
}

/// The other language.
pub(in crate::cashier) fn other(language: Language) -> Language {
    match language {
        Language::Chinese => Language::English,
        Language::English => Language::Chinese,
    }
}

/// A whole page, or the part of one that changes.
///
/// # Errors
/// `Internal`, if the template can't be written.
pub(in crate::cashier) fn html(
    status: StatusCode,
    language: Language,
    page: &impl Template,
) -> Result<HttpResponse, Failure> {
    let text = page.render().map_err(|_| Failure::Internal("a page could not be written"))?;
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CONTENT_LANGUAGE, language.tag()))
        .insert_header(("X-Robots-Tag", "noindex, nofollow"))
        .content_type("text/html; charset=utf-8")
        .body(text))
}

/// A student, to be recognised by those who know the student.
pub(in crate::cashier) struct PersonView {
    pub(in crate::cashier) initials: String,
    pub(in crate::cashier) name: String,
    /// The end of the card's number, if there is one to show.
    pub(in crate::cashier) card: Option<String>,
}

impl PersonView {
    pub(in crate::cashier) fn new(name: &str, card_no: Option<&CardNo>) -> Self {
        let tail = card_no.map(|card_no| masks::card_tail(card_no.as_str()));
        Self { initials: masks::initials(name), name: masks::name(name), card: tail.filter(|tail| !tail.is_empty()) }
    }
}

/// A way to pay, to be chosen.
pub(in crate::cashier) struct ChannelView {
    pub(in crate::cashier) code: &'static str,
    pub(in crate::cashier) name: &'static str,
}

/// The channels that fit the device.
pub(in crate::cashier) fn channels(device: Device, offered: Option<&[Channel]>, t: &Texts) -> Vec<ChannelView> {
    let view = |channel: Channel| ChannelView { code: channel.code(), name: t.app(channel) };
    device.channels(offered).into_iter().map(view).collect()
}

/// A moment to the minute, in Beijing.
fn minute(at: Timestamp) -> String {
    beijing(at).format("%Y-%m-%d %H:%M").to_string()
}

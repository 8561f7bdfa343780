//! A link that was opened, by whatever shows its pages.

use super::address::Address;
use super::channels::Device;
use super::query::{chosen_language, language};
use crate::extract::{CallerId, client_address, state};
use crate::failure::{Failure, Refusal};
use crate::language::Language;
use crate::services::State;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use edupay_domain::accounts::Token;
use edupay_domain::cashier::{CashierLink, CashierRefusal};
use edupay_domain::ids::UserId;
use edupay_domain::packages::{ProjectKind, QuoteSheet, SearchRefusal};
use edupay_domain::store::EffectError;
use futures_util::future::LocalBoxFuture;
use std::net::IpAddr;

/// A link that opens something, and what is known of its visitor.
pub(super) struct Opened {
    pub(super) state: Data<State>,
    pub(super) link: CashierLink,
    pub(super) address: Address,
    pub(super) language: Language,
    pub(super) device: Device,
    pub(super) client_ip: IpAddr,
    token: Token,
}

impl FromRequest for Opened {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state(&request)?;
            let token = request.match_info().get("link").and_then(Token::parse).ok_or(Failure::NotFound)?;
            let link = state.services.cashier.open(&token).await.map_err(closed)?;
            request.extensions_mut().insert(CallerId(link.created_by));
            Ok(Self {
                link,
                address: Address::new(&token, chosen_language(&request)),
                language: language(&request),
                device: Device::of(request.headers()),
                client_ip: client_address(&request, state.config.trust_forwarded_for),
                token,
                state,
            })
        })
    }
}

impl Opened {
    /// Counts something that asks the gateway, as a log-in is counted: per link and address.
    ///
    /// # Errors
    /// `Throttled`.
    pub(super) fn count(&self) -> Result<(), Failure> {
        match &self.state.logins {
            Some(logins) => logins.check(self.token.reveal(), self.client_ip),
            None => Ok(()),
        }
    }
}

/// What the link's student can buy; nothing may be offered.
///
/// # Errors
/// `NotFound` when the link's maker may not act for the student any more.
pub(super) async fn offers(opened: &Opened, user_id: UserId, kind: ProjectKind) -> Result<Vec<QuoteSheet>, Failure> {
    match opened.state.services.packages.quotes(opened.link.created_by, user_id, kind).await {
        Err(EffectError::Refused(SearchRefusal::NotYours)) => Err(Failure::NotFound),
        Err(EffectError::Refused(_)) => Ok(Vec::new()),
        Err(EffectError::Store(error)) => Err(error.into()),
        Ok(sheets) => Ok(sheets),
    }
}

/// An unknown link and one whose maker has lost the right are the same; that one has expired may be
/// known to who had it.
fn closed(error: EffectError<CashierRefusal>) -> Failure {
    match error {
        EffectError::Refused(CashierRefusal::Expired) => Refusal::Other(CashierRefusal::Expired.code()).into(),
        EffectError::Refused(_) => Failure::NotFound,
        EffectError::Store(error) => error.into(),
    }
}

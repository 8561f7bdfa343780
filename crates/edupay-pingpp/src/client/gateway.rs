//! The HTTP client.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::payments::{
    Charge, ChargeRequest, GatewayError, GatewayFault, GatewayRefund, Merchant, Mode, PaymentGateway, RefundRequest,
    SandboxPayer,
};
use edupay_mischief::{failpoint, planted};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use ureq::Agent;
use ureq::http::Uri;

use super::answer::{other_request, success, success_or_missing, unreadable};
use super::convert;
use super::finding::Finding;
use super::settings::{GatewaySettings, ReplySignatures, SettingsError};
use crate::blocking::{Answer, Exchange, Failure, perform};
use crate::connecting;
use crate::wire::{ChargeDocument, ErrorEnvelope, List, Refund};

/// How far the gateway's clock may be behind ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(10);
/// The longest reason of a refund, in characters.
const MAX_DESCRIPTION: usize = 255;
/// As many as a list may have.
pub(super) const PAGE: usize = 100;
/// A list that is still not at its end is given up.
pub(super) const MAX_PAGES: usize = 100;

/// How many calls are under way at once: a gateway that hangs must not take every thread. Whoever asks for a
/// charge has turns of his own, so that no backlog of the worker's stands before who wants to pay.
const CHARGES_AT_ONCE: usize = 8;
const OTHERS_AT_ONCE: usize = 16;
/// How long a call waits for its turn; then it was never sent.
const TURN_WAIT: Duration = Duration::from_secs(3);

/// When charges were created, by the gateway's clock and in whole seconds: from then on, and before `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct CreatedRange {
    pub(super) from: Timestamp,
    pub(super) to: Option<Timestamp>,
}

/// Ping++ over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct PingppGateway {
    inner: Arc<Inner>,
}

struct Inner {
    settings: GatewaySettings,
    charge_turns: Arc<Semaphore>,
    other_turns: Arc<Semaphore>,
    finding: Finding,
    mode: Mode,
    authorization: String,
    agent: Agent,
}

impl PingppGateway {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError`] when the address or the key cannot be right.
    pub fn new(mut settings: GatewaySettings) -> Result<Self, SettingsError> {
        settings.api_base = settings.api_base.trim_end_matches('/').to_owned();
        let uri = Uri::from_str(&settings.api_base).map_err(|_| SettingsError::BadApiBase)?;
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
        let scheme = scheme.ok_or(SettingsError::BadApiBase)?;
        if uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
            return Err(SettingsError::BadApiBase);
        }
        let mode = match settings.api_key.as_str() {
            key if key.starts_with("sk_live_") => Mode::Live,
            key if key.starts_with("sk_test_") => Mode::Test,
            _ => return Err(SettingsError::BadApiKey),
        };
        if mode == Mode::Live && scheme != "https" {
            return Err(SettingsError::LiveKeyWithoutTls);
        }
        let authorization = format!("Basic {}", STANDARD.encode(format!("{}:", settings.api_key)));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent("edupay")
            .timeout_connect(Some(settings.connect_timeout))
            .timeout_global(Some(settings.total_timeout))
            // A kept connection that the other side has just closed would make an outcome unknown.
            .max_idle_connections(0)
            .build();
        let agent = connecting::agent(config);
        let (charge_turns, other_turns) = (Semaphore::new(CHARGES_AT_ONCE), Semaphore::new(OTHERS_AT_ONCE));
        let (charge_turns, other_turns) = (Arc::new(charge_turns), Arc::new(other_turns));
        let finding = Finding::default();
        let inner = Inner { settings, charge_turns, other_turns, finding, mode, authorization, agent };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Who we are at the gateway: the app, and whether its money is real.
    #[must_use]
    pub fn merchant(&self) -> Merchant {
        Merchant { app_id: self.inner.settings.app_id.clone(), mode: self.inner.mode }
    }

    pub(super) async fn get(&self, target: &str) -> Result<Answer, Failure> {
        self.exchange(&self.inner.other_turns, target, None).await
    }

    async fn post(&self, target: &str, body: serde_json::Value) -> Result<Answer, Failure> {
        self.exchange(&self.inner.other_turns, target, Some(body.to_string())).await
    }

    pub(super) fn finding(&self) -> &Finding {
        &self.inner.finding
    }

    async fn exchange(&self, turns: &Arc<Semaphore>, target: &str, json: Option<String>) -> Result<Answer, Failure> {
        let Inner { settings, authorization, agent, .. } = self.inner.as_ref();
        let uri = Uri::from_str(&format!("{}{target}", settings.api_base));
        let uri = uri.map_err(|error| Failure::NotSent(error.into()))?;
        let turn = tokio::time::timeout(TURN_WAIT, Arc::clone(turns).acquire_owned()).await;
        let turn = turn.map_err(|late| Failure::NotSent(late.into()))?.map_err(|end| Failure::NotSent(end.into()))?;
        let (authorization, signer) = (Some(authorization.clone()), settings.signer.clone());
        let answer = perform(Exchange { agent: agent.clone(), uri, json, authorization, signer }, turn).await;
        report(target, &answer);
        answer
    }

    pub(super) fn replies(&self) -> &ReplySignatures {
        &self.inner.settings.replies
    }

    /// A page of the charges that were created then, newest first, with their texts.
    pub(super) async fn charge_page(
        &self,
        range: CreatedRange,
        after: Option<&str>,
    ) -> Result<List<Box<RawValue>>, GatewayError> {
        let app = encoded(&self.inner.settings.app_id);
        let from = range.from.timestamp();
        let mut target = format!("/v1/charges?app%5Bid%5D={app}&limit={PAGE}&created%5Bgte%5D={from}");
        if let Some(to) = range.to {
            target.push_str(&format!("&created%5Blt%5D={}", to.timestamp()));
        }
        if let Some(id) = after {
            target.push_str(&format!("&starting_after={}", encoded(id)));
        }
        let text = success(self.get(&target).await, self.replies())?;
        serde_json::from_str(&text).map_err(unreadable)
    }
}

/// One line for what the gateway did not do: the operation and the gateway's own code, no body.
fn report(target: &str, answer: &Result<Answer, Failure>) {
    let operation = target.split_once('?').map_or(target, |(path, _)| path);
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => {}
        Ok(Answer { status, body, .. }) => {
            let said = serde_json::from_slice::<ErrorEnvelope>(body).ok();
            let (kind, code) = said.map_or((None, None), |said| (Some(said.error.kind), said.error.code));
            tracing::warn!(operation, status, kind, code, "the gateway refused a call");
        }
        Err(Failure::NotSent(cause)) => tracing::warn!(operation, %cause, "the gateway was not reached"),
        Err(Failure::Unknown(cause)) => tracing::warn!(operation, %cause, "the gateway's answer is unknown"),
    }
}

#[async_trait]
impl PaymentGateway for PingppGateway {
    async fn create_charge(&self, request: &ChargeRequest) -> Result<Charge, GatewayError> {
        failpoint!("gateway.create_charge.before");
        let settings = &self.inner.settings;
        let channel = request.channel.code();
        let mut extra = convert::required_extra(request);
        extra.extend(settings.extra.get(channel).cloned().unwrap_or_default());
        let body = json!({
            "order_no": request.gateway_order_no.as_str(),
            "app": { "id": settings.app_id },
            "channel": channel,
            "amount": request.amount.fen(),
            "client_ip": request.client_ip.to_string(),
            "currency": "cny",
            "subject": request.subject,
            "body": request.body,
            "extra": extra,
            "metadata": convert::metadata(&request.metadata),
            "time_expire": request.expires_at.timestamp(),
        });
        let answer = self.exchange(&self.inner.charge_turns, "/v1/charges", Some(body.to_string())).await;
        let text = success(answer, self.replies())?;
        failpoint!("gateway.create_charge.after");
        let charge = read_charge(&text)?;
        let differs = if charge.gateway_order_no != request.gateway_order_no {
            Some("order_no")
        } else if charge.amount != request.amount {
            Some("amount")
        } else if charge.currency != "cny" {
            Some("currency")
        } else if charge.channel != channel {
            Some("channel")
        } else if charge.app_id != settings.app_id {
            Some("app")
        } else if charge.mode != self.inner.mode {
            Some("livemode")
        } else {
            None
        };
        differs.map_or(Ok(charge), |member| Err(other_request(member)))
    }

    async fn find_charge(&self, id: &ChargeId) -> Result<Option<Charge>, GatewayError> {
        failpoint!("gateway.find_charge.before");
        let answer = self.get(&charge_path(id, "")).await;
        failpoint!("gateway.find_charge.after");
        match success_or_missing(answer, self.replies())? {
            Some(text) => read_charge_of(&text, id).map(Some),
            None => Ok(None),
        }
    }

    async fn find_charges(&self, number: &GatewayOrderNo, since: Timestamp) -> Result<Vec<Charge>, GatewayError> {
        self.find_in_list(number, since.checked_sub_signed(CLOCK_SKEW).unwrap_or(since)).await
    }

    async fn reverse_charge(&self, id: &ChargeId) -> Result<Charge, GatewayError> {
        failpoint!("gateway.reverse_charge.before");
        let answer = self.post(&charge_path(id, "/reverse"), json!({})).await;
        failpoint!("gateway.reverse_charge.after");
        read_charge_of(&success(answer, self.replies())?, id)
    }

    async fn create_refund(&self, request: &RefundRequest) -> Result<GatewayRefund, GatewayError> {
        let description: String = request.description.chars().take(MAX_DESCRIPTION).collect();
        let mut body = json!({ "amount": request.amount.fen(), "description": description });
        if let Some(body) = body.as_object_mut().filter(|_| !request.metadata.is_empty()) {
            body.insert("metadata".to_owned(), convert::metadata(&request.metadata).into());
        }
        failpoint!("gateway.create_refund.before");
        let answer = self.post(&charge_path(&request.charge_id, "/refunds"), body).await;
        failpoint!("gateway.create_refund.after");
        let text = success(answer, self.replies())?;
        let refund: Refund = serde_json::from_str(&text).map_err(unreadable)?;
        let refund = convert::refund(&refund).map_err(unreadable)?;
        if refund.charge_id != request.charge_id {
            return Err(other_request("charge"));
        }
        if refund.amount != request.amount {
            return Err(other_request("amount"));
        }
        Ok(refund)
    }

    async fn list_refunds(&self, charge_id: &ChargeId) -> Result<Vec<GatewayRefund>, GatewayError> {
        let mut found: Vec<GatewayRefund> = Vec::new();
        if planted!("refund_without_listing") {
            return Ok(found);
        }
        failpoint!("gateway.list_refunds.before");
        for _ in 0..MAX_PAGES {
            let mut query = format!("/refunds?limit={PAGE}");
            if let Some(last) = found.last() {
                query.push_str(&format!("&starting_after={}", encoded(last.id.as_str())));
            }
            let answer = self.get(&charge_path(charge_id, &query)).await;
            failpoint!("gateway.list_refunds.after");
            let text = success(answer, self.replies())?;
            let page: List<Refund> = serde_json::from_str(&text).map_err(unreadable)?;
            for refund in &page.data {
                found.push(convert::refund(refund).map_err(unreadable)?);
            }
            if !page.has_more || page.data.is_empty() {
                return Ok(found);
            }
        }
        Err(unreadable("the list of refunds has no end"))
    }
}

#[async_trait]
impl SandboxPayer for PingppGateway {
    async fn pay(&self, id: &ChargeId) -> Result<(), GatewayError> {
        let target = format!("/notify/charges/{}?livemode=false", encoded(id.as_str()));
        let answer = self.get(&target).await;
        // This path answers in plain text: any 4xx is its refusal.
        let refused = answer.as_ref().is_ok_and(|answer| (400..500).contains(&answer.status));
        if !refused && success(answer, &ReplySignatures::Unchecked)? == "success" {
            return Ok(());
        }
        Err(GatewayError::new(GatewayFault::Refused { code: None }, "the sandbox did not pay the charge"))
    }
}

impl fmt::Debug for PingppGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PingppGateway").field(&self.inner.settings).finish()
    }
}

fn read_charge(text: &str) -> Result<Charge, GatewayError> {
    let document = ChargeDocument::parse(text).map_err(unreadable)?;
    convert::charge(document).map_err(unreadable)
}

fn read_charge_of(text: &str, id: &ChargeId) -> Result<Charge, GatewayError> {
    let charge = read_charge(text)?;
    if charge.id == *id { Ok(charge) } else { Err(other_request("id")) }
}

pub(super) fn charge_path(id: &ChargeId, rest: &str) -> String {
    format!("/v1/charges/{}{rest}", encoded(id.as_str()))
}

/// Percent-encodes what is not a letter, a digit or one of `-._~`.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

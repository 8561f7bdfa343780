//! The gateway that the settings describe.

use crate::error::Failure;
use crate::settings::Settings;
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::payments::{
    Charge, ChargeRequest, GatewayError, GatewayFault, GatewayRefund, Merchant, Mode, PaymentGateway, RefundRequest,
    SandboxPayer,
};
use edupay_domain::reconciliation::{GatewayLists, ListPage, ListQuery, ListedCharge, TheirRefund};
use edupay_pingpp::circuit::ChargeCircuit;
use edupay_pingpp::client::{GatewaySettings, PingppGateway, ReplySignatures};
use edupay_pingpp::signing::{PublicKeys, RequestSigner};
use edupay_pingpp::webhook::WebhookVerifier;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The gateway with what belongs to it.
pub(crate) struct Gateway {
    pub(crate) client: Arc<dyn PaymentGateway>,
    /// The client again: what stands in front of its charges.
    pub(crate) circuit: Arc<ChargeCircuit>,
    pub(crate) lists: Arc<dyn GatewayLists>,
    pub(crate) callbacks: Arc<WebhookVerifier>,
    pub(crate) sandbox: Option<Arc<dyn SandboxPayer>>,
    pub(crate) merchant: Merchant,
}

/// Builds the gateway; without a key one that refuses everything, so that the rest of the service
/// works before the merchant's account does.
pub(crate) fn build(settings: &Settings) -> Result<Gateway, Failure> {
    let pingpp = &settings.pingpp;
    let keys = public_keys(settings)?;
    refuse_unsafe(settings, &keys)?;
    let signer = pingpp.private_key_file.as_deref().map(signer).transpose()?;
    let callbacks = Arc::new(WebhookVerifier::new(keys.clone()));
    if pingpp.api_key.reveal().is_empty() {
        let merchant = Merchant { app_id: pingpp.app_id.clone(), mode: Mode::Test };
        let circuit = Arc::new(ChargeCircuit::new(Arc::new(NoGateway)));
        let lists = Arc::new(NoGateway);
        return Ok(Gateway { client: circuit.clone(), circuit, lists, callbacks, sandbox: None, merchant });
    }
    if pingpp.total_timeout_seconds > LONGEST_CALL {
        let reason = format!("at most {LONGEST_CALL}: a call must end well before the lease of who makes it");
        return Err(Failure::setting("pingpp.total_timeout_seconds", reason));
    }
    let mut gateway = GatewaySettings::new(&pingpp.api_base, pingpp.api_key.reveal(), &pingpp.app_id);
    gateway.signer = signer;
    gateway.replies = if pingpp.verify_replies { ReplySignatures::Required(keys) } else { ReplySignatures::Unchecked };
    gateway.connect_timeout = Duration::from_secs(pingpp.connect_timeout_seconds.max(1));
    gateway.total_timeout = Duration::from_secs(pingpp.total_timeout_seconds.max(1));
    let hash = |pairs: &std::collections::BTreeMap<String, String>| {
        pairs.iter().map(|(key, value)| (key.clone(), serde_json::Value::from(value.as_str()))).collect()
    };
    gateway.extra = pingpp.extra.iter().map(|(channel, pairs)| (channel.clone(), hash(pairs))).collect();
    let client = PingppGateway::new(gateway).map_err(|error| Failure::setting("pingpp", error))?;
    let merchant = client.merchant();
    let client = Arc::new(client);
    let is_sandbox = pingpp.api_key.reveal() == edupay_sandbox::API_KEY;
    let sandbox = is_sandbox.then(|| Arc::clone(&client) as Arc<dyn SandboxPayer>);
    let (lists, circuit) = (client.clone(), Arc::new(ChargeCircuit::new(client)));
    Ok(Gateway { client: circuit.clone(), circuit, lists, callbacks, sandbox, merchant })
}

/// The longest time of a call, in seconds: less than half of [`edupay_domain::schedule::LEASE`], with the wait
/// for its turn.
const LONGEST_CALL: u64 = 15;

/// With real money nothing of a test set-up may be left.
fn refuse_unsafe(settings: &Settings, keys: &PublicKeys) -> Result<(), Failure> {
    if !settings.is_live() {
        return Ok(());
    }
    if keys.is_empty() {
        return Err(Failure::setting(
            "pingpp.public_key_files",
            "a live key needs them: unsigned webhooks are refused",
        ));
    }
    if settings.pingpp.app_id == edupay_sandbox::APP_ID {
        return Err(Failure::setting("pingpp.app_id", "the sandbox's app can't be used with a live key"));
    }
    if !settings.pingpp.api_base.starts_with("https://") {
        return Err(Failure::setting("pingpp.api_base", "a live key needs https; the sandbox can't be used with it"));
    }
    Ok(())
}

fn public_keys(settings: &Settings) -> Result<PublicKeys, Failure> {
    const NAME: &str = "pingpp.public_key_files";
    let files = settings.pingpp.public_key_files.iter();
    let pems = files.map(|file| read(NAME, file)).collect::<Result<Vec<_>, _>>()?;
    PublicKeys::from_pems(&pems).map_err(|error| Failure::setting(NAME, error))
}

fn signer(file: &Path) -> Result<RequestSigner, Failure> {
    const NAME: &str = "pingpp.private_key_file";
    RequestSigner::from_pem(&read(NAME, file)?).map_err(|error| Failure::setting(NAME, error))
}

fn read(name: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::setting(name, format!("{}: {error}", file.display())))
}

/// No gateway is set: every call is refused, and nothing moves.
struct NoGateway;

fn refused<T>() -> Result<T, GatewayError> {
    let fault = GatewayFault::Refused { code: Some("gateway_not_configured".to_owned()) };
    Err(GatewayError::new(fault, "pingpp.api_key is not set"))
}

#[async_trait]
impl PaymentGateway for NoGateway {
    async fn create_charge(&self, _: &ChargeRequest) -> Result<Charge, GatewayError> {
        refused()
    }
    async fn find_charge(&self, _: &ChargeId) -> Result<Option<Charge>, GatewayError> {
        refused()
    }
    async fn find_charges(&self, _: &GatewayOrderNo, _: Timestamp) -> Result<Vec<Charge>, GatewayError> {
        refused()
    }
    async fn reverse_charge(&self, _: &ChargeId) -> Result<Charge, GatewayError> {
        refused()
    }
    async fn create_refund(&self, _: &RefundRequest) -> Result<GatewayRefund, GatewayError> {
        refused()
    }
    async fn list_refunds(&self, _: &ChargeId) -> Result<Vec<GatewayRefund>, GatewayError> {
        refused()
    }
}

#[async_trait]
impl GatewayLists for NoGateway {
    async fn list(&self, _: &ListQuery, _: Option<&str>) -> Result<ListPage, GatewayError> {
        refused()
    }
    async fn look_up(&self, _: &ChargeId) -> Result<Option<ListedCharge>, GatewayError> {
        refused()
    }
    async fn refunds_of(&self, _: &ChargeId) -> Result<Vec<TheirRefund>, GatewayError> {
        refused()
    }
}

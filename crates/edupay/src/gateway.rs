//! The gateway that the settings describe.

use crate::error::Failure;
use crate::settings::Settings;
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::payments::{
    CallbackRefusal, Charge, ChargeRequest, GatewayCallbacks, GatewayError, GatewayFault, GatewayRefund, InboundEvent,
    Merchant, Mode, PaymentGateway, Postponement, RefundRequest, SandboxPayer,
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
    pub(crate) callbacks: Arc<dyn GatewayCallbacks>,
    pub(crate) sandbox: Option<Arc<dyn SandboxPayer>>,
    pub(crate) merchant: Merchant,
}

/// Builds the gateway; without a key one that makes no charge and knows nothing, so that the rest of the
/// service works before the merchant's account does, and what is unfinished waits for a key that was lost.
pub(crate) fn build(settings: &Settings) -> Result<Gateway, Failure> {
    let pingpp = &settings.pingpp;
    let keys = public_keys(settings)?;
    refuse_unsafe(settings, &keys)?;
    let signer = pingpp.private_key_file.as_deref().map(signer).transpose()?;
    if pingpp.api_key.reveal().is_empty() {
        if !keys.is_empty() {
            let reason = "it is needed with pingpp.public_key_files: it says whether callbacks tell of real money";
            return Err(Failure::setting("pingpp.api_key", reason));
        }
        let callbacks = Arc::new(NoGateway);
        let merchant = Merchant { app_id: pingpp.app_id.clone(), mode: Mode::Test };
        let circuit = Arc::new(ChargeCircuit::new(Arc::new(NoGateway)));
        let lists = Arc::new(NoGateway);
        return Ok(Gateway { client: circuit.clone(), circuit, lists, callbacks, sandbox: None, merchant });
    }
    let callbacks = Arc::new(WebhookVerifier::new(keys.clone()));
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

/// No gateway is set. No charge is made, and that is certain. Whatever else is asked is not known, as if the gateway
/// could not be reached: a refusal would end refunds and looks that only wait for the key to be set again.
struct NoGateway;

const NO_KEY: &str = "pingpp.api_key is not set";

fn unknown<T>() -> Result<T, GatewayError> {
    Err(GatewayError::new(GatewayFault::Postponed(Postponement::Unreached), NO_KEY))
}

#[async_trait]
impl PaymentGateway for NoGateway {
    async fn create_charge(&self, _: &ChargeRequest) -> Result<Charge, GatewayError> {
        let fault = GatewayFault::Refused { code: Some("gateway_not_configured".to_owned()) };
        Err(GatewayError::new(fault, NO_KEY))
    }
    async fn find_charge(&self, _: &ChargeId) -> Result<Option<Charge>, GatewayError> {
        unknown()
    }
    async fn find_charges(&self, _: &GatewayOrderNo, _: Timestamp) -> Result<Vec<Charge>, GatewayError> {
        unknown()
    }
    async fn reverse_charge(&self, _: &ChargeId) -> Result<Charge, GatewayError> {
        unknown()
    }
    async fn create_refund(&self, _: &RefundRequest) -> Result<GatewayRefund, GatewayError> {
        unknown()
    }
    async fn list_refunds(&self, _: &ChargeId) -> Result<Vec<GatewayRefund>, GatewayError> {
        unknown()
    }
}

#[async_trait]
impl GatewayLists for NoGateway {
    async fn list(&self, _: &ListQuery, _: Option<&str>) -> Result<ListPage, GatewayError> {
        unknown()
    }
    async fn look_up(&self, _: &ChargeId) -> Result<Option<ListedCharge>, GatewayError> {
        unknown()
    }
    async fn refunds_of(&self, _: &ChargeId) -> Result<Vec<TheirRefund>, GatewayError> {
        unknown()
    }
}

/// Nobody's callback is believed, and one that was kept stays unread: whether it tells of real money, only the key
/// says.
impl GatewayCallbacks for NoGateway {
    fn verify(&self, _: Option<&str>, _: &[u8], _: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
        Err(CallbackRefusal::BadSignature)
    }
    fn read(&self, _: &str, _: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
        Err(CallbackRefusal::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Secret;

    #[tokio::test]
    async fn without_a_key_no_charge_is_made_and_what_is_unfinished_is_not_ended() {
        let gateway = build(&Settings::default()).unwrap();
        let id = ChargeId::parse("ch_1").unwrap();
        let looked = gateway.client.find_charge(&id).await.unwrap_err();
        assert!(matches!(looked.fault(), GatewayFault::Postponed(Postponement::Unreached)), "{looked:?}");
        let listed = gateway.client.list_refunds(&id).await.unwrap_err();
        assert!(matches!(listed.fault(), GatewayFault::Postponed(Postponement::Unreached)), "{listed:?}");
        // Of a callback that was kept nobody knows whether it tells of real money.
        assert_eq!(gateway.callbacks.read("{}", Timestamp::default()), Err(CallbackRefusal::Unreadable));
        assert_eq!(gateway.callbacks.verify(None, b"{}", Timestamp::default()), Err(CallbackRefusal::BadSignature));
    }

    #[test]
    fn callbacks_are_not_believed_by_who_does_not_know_whether_they_are_of_real_money() {
        let mut settings = Settings::default();
        let folder = tempfile::tempdir().unwrap();
        let sandbox = edupay_sandbox::Sandbox::build(edupay_sandbox::SandboxConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            ..edupay_sandbox::SandboxConfig::new(folder.path())
        })
        .unwrap();
        settings.pingpp.public_key_files = vec![sandbox.pingpp_public_key_file().to_owned()];
        let refused = build(&settings).err().unwrap().to_string();
        assert!(refused.contains("pingpp.api_key"), "{refused}");
        settings.pingpp.api_key = Secret::new(edupay_sandbox::API_KEY);
        assert!(build(&settings).is_ok());
    }
}

//! The real sandbox as a process of its own: it outlives every service, so it knows what was paid.

use crate::error::{Doing, Failure};
use crate::http::Request;
use crate::process::{Process, program};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The running sandbox.
pub(crate) struct Sandbox {
    _process: Process,
    address: SocketAddr,
}

/// A charge as the gateway has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayCharge {
    pub(crate) id: String,
    pub(crate) order_no: String,
    pub(crate) amount: i64,
    pub(crate) paid: bool,
    pub(crate) reversed: bool,
}

/// A refund as the gateway has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayRefund {
    pub(crate) id: String,
    pub(crate) charge: String,
    pub(crate) amount: i64,
    pub(crate) status: String,
}

/// The ground truth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GatewayState {
    pub(crate) charges: Vec<GatewayCharge>,
    pub(crate) refunds: Vec<GatewayRefund>,
}

impl Sandbox {
    /// Starts it; webhooks go to the service's address.
    pub(crate) fn start(service: &Path, folder: &Path, port: u16, webhooks_to: SocketAddr) -> Result<Self, Failure> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut command = program(&service.canonicalize().doing("--service")?, folder);
        command.env("EDUPAY_DATA_DIR", folder.join("gateway"));
        command.args(["sandbox", "--sandbox-listen", &address.to_string()]);
        command.args(["--webhook-url", &format!("http://{webhooks_to}/webhooks/pingpp")]);
        let process = Process::start(command, &folder.join("sandbox.log")).doing("the sandbox")?;
        Ok(Self { _process: process, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the keys of a sandbox in this folder lie.
    pub(crate) fn keys(folder: &Path) -> PathBuf {
        folder.join("gateway").join("sandbox")
    }

    /// Replaces its plan of faults; `{}` is good behaviour.
    pub(crate) fn misbehave(&self, plan: &Value) -> Result<(), Failure> {
        let set = Request::new("PUT", "/sandbox/faults").json(plan).send(self.address, PATIENCE);
        set.answer("the fault plan")?.success("the fault plan").map(drop)
    }

    /// Everything that happened there.
    pub(crate) fn state(&self) -> Result<GatewayState, Failure> {
        let asked = Request::new("GET", "/sandbox/state").send(self.address, PATIENCE);
        Ok(read(&asked.answer("the gateway's state")?.success("the gateway's state")?.json()))
    }
}

/// Pays a charge as its payer; whether the gateway says it is paid now.
pub(crate) fn pay(sandbox: SocketAddr, charge: &str) -> bool {
    let path = format!("/notify/charges/{charge}?livemode=false");
    let asked = Request::new("GET", path).send(sandbox, PATIENCE);
    asked.answer("the payer").is_ok_and(|answer| answer.body == "success")
}

fn read(state: &Value) -> GatewayState {
    let list = |name: &str| state.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let fen = |value: &Value| value.get("amount").and_then(Value::as_i64).unwrap_or_default();
    let is = |value: &Value, name: &str| value.get(name).and_then(Value::as_bool).unwrap_or_default();
    let charges = list("charges");
    let charges = charges.iter().map(|charge| GatewayCharge {
        id: text(charge, "id"),
        order_no: text(charge, "order_no"),
        amount: fen(charge),
        paid: is(charge, "paid"),
        reversed: is(charge, "reversed"),
    });
    let refunds = list("refunds");
    let refunds = refunds.iter().map(|refund| GatewayRefund {
        id: text(refund, "id"),
        charge: text(refund, "charge"),
        amount: fen(refund),
        status: text(refund, "status"),
    });
    GatewayState { charges: charges.collect(), refunds: refunds.collect() }
}

//! `edupay sandbox`.

use super::say;
use crate::error::{Context, Failure};
use crate::logs;
use crate::settings::{self, Overrides};
use crate::signals::Ending;
use clap::Args;
use edupay_sandbox::{Sandbox, SandboxConfig};
use serde_json::json;
use std::net::SocketAddr;

#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8001")]
    sandbox_listen: SocketAddr,
    /// Where to send webhooks, for instance http://127.0.0.1:8000/webhooks/pingpp
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
}

pub(super) async fn run(overrides: &Overrides, arguments: &SandboxArguments) -> Result<(), Failure> {
    let (settings, _) = settings::load(overrides)?;
    if settings.is_live() {
        return Err(Failure::setting("pingpp.api_key", "the sandbox can't be used with a live key"));
    }
    logs::start(&settings)?;
    let mut ending = Ending::listen()?;
    let mut config = SandboxConfig::new(&settings.data_dir);
    config.listen = arguments.sandbox_listen;
    config.webhook_url.clone_from(&arguments.webhook_url);
    let mut sandbox = Sandbox::build(config).context("--sandbox-listen")?;
    say(json!({ "sandbox": sandbox.url() }));
    let handle = sandbox.handle();
    actix_web::rt::spawn(async move {
        ending.come().await;
        handle.stop(true).await;
    });
    match sandbox.server() {
        Some(server) => server.await.context("the sandbox failed"),
        None => Ok(()),
    }
}

//! `edupay demo`: everything at once for a first look, on loopback only.

use super::{directory, say, serve};
use crate::adapters::SystemClock;
use crate::error::{Context, Failure};
use crate::settings::{self, Overrides, Secret, Settings};
use crate::signals::Ending;
use crate::{app, demo_data, logs};
use clap::Args;
use edupay_persistence::{DatabaseUrl, SqlStore};
use edupay_sandbox::{Sandbox, SandboxConfig};
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Where the service listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
    /// Where the sandbox listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8001")]
    sandbox_listen: SocketAddr,
}

pub(super) async fn run(overrides: &Overrides, arguments: &DemoArguments) -> Result<(), Failure> {
    let (mut settings, sources) = settings::load(overrides)?;
    if settings.is_live() {
        return Err(Failure::setting("pingpp.api_key", "demo data and the sandbox can't be used with a live key"));
    }
    for (name, address) in [("--listen", settings.listen), ("--sandbox-listen", arguments.sandbox_listen)] {
        if !address.ip().is_loopback() {
            return Err(Failure::setting(name, "a demo listens on loopback only: its tokens are public"));
        }
    }
    logs::start(&settings)?;
    let ending = Ending::listen()?;
    if settings::is_default(&sources, "data_dir") {
        settings.data_dir = directory::temporary()?;
    }
    without_rates(&mut settings);
    settings.worker.interval_milliseconds = settings.worker.interval_milliseconds.min(1_000);
    settings.webhooks.allow_private_addresses = true;
    let _lock = directory::lock(&settings)?;
    let store = empty_store(&settings)?;

    let listener = serve::listen(settings.listen)?;
    let service = format!("http://{}", listener.local_addr().context("listen")?);
    let sandbox = sandbox(&mut settings, arguments.sandbox_listen, &service)?;
    let built = app::build(&settings, &store)?;
    demo_data::fill(&built.services, &SystemClock).await?;
    say(json!({ "service": service, "sandbox": sandbox.url() }));
    greet(&service, &sandbox.url(), &settings);

    let handle = sandbox.handle();
    let ended = serve::serve(&settings, &store, built, listener, ending).await;
    handle.stop(true).await;
    ended
}

/// In a demo everybody may call as often as they like, and nobody waits for a balancer; only log-ins are
/// slowed down. What somebody has set stays.
fn without_rates(settings: &mut Settings) {
    let default = Settings::default();
    if settings.limits.bad_tokens_per_minute == default.limits.bad_tokens_per_minute {
        settings.limits.bad_tokens_per_minute = 0;
    }
    if settings.http.grace_seconds == default.http.grace_seconds {
        settings.http.grace_seconds = 0;
    }
}

/// A database with the schema and nothing in it; one that is in use is left alone.
fn empty_store(settings: &Settings) -> Result<SqlStore, Failure> {
    let used = || {
        Failure::setting("database_url", "a demo needs an empty database; to go on with this one, use `edupay serve`")
    };
    if let DatabaseUrl::Sqlite(path) = settings.database()? {
        // One without a byte is empty, too.
        if path.metadata().is_ok_and(|file| file.len() > 0) {
            return Err(used());
        }
        directory::private(&settings.data_dir)?;
    }
    let store = app::open_store(settings)?;
    if !store.schema_state().context("database_url")?.applied.is_empty() {
        return Err(used());
    }
    store.migrate().context("database_url")?;
    Ok(store)
}

/// Starts the sandbox and makes it the gateway.
fn sandbox(settings: &mut Settings, listen: SocketAddr, service: &str) -> Result<Sandbox, Failure> {
    let mut config = SandboxConfig::new(&settings.data_dir);
    config.listen = listen;
    config.webhook_url = Some(format!("{service}/webhooks/pingpp"));
    let mut sandbox =
        Sandbox::build(config).map_err(|error| Failure::setting("--sandbox-listen", format!("{listen}: {error}")))?;
    settings.pingpp.api_base = sandbox.url();
    settings.pingpp.api_key = Secret::new(edupay_sandbox::API_KEY);
    edupay_sandbox::APP_ID.clone_into(&mut settings.pingpp.app_id);
    settings.pingpp.private_key_file = Some(sandbox.merchant_private_key_file().to_owned());
    settings.pingpp.public_key_files = vec![sandbox.pingpp_public_key_file().to_owned()];
    settings.pingpp.verify_replies = true;
    // Where a phone's browser goes back to: there is no shop here, so to the list of charges.
    let urls = settings.pingpp.extra.entry("alipay_wap".to_owned()).or_default();
    for name in ["success_url", "cancel_url"] {
        urls.entry(name.to_owned()).or_insert_with(|| format!("{}/", sandbox.url()));
    }
    if let Some(server) = sandbox.server() {
        actix_web::rt::spawn(server);
    }
    Ok(sandbox)
}

/// Says what can be done, ready to paste.
fn greet(service: &str, sandbox: &str, settings: &Settings) {
    let [first, second] = demo_data::TOKENS;
    let data = settings.data_dir.display();
    let password = demo_data::PASSWORD;
    let campus = format!("{service}{}", settings.campus.web_path);
    let text = format!(
        "
edupay demo
  service   {service}  (API page: {service}/docs)
  sandbox   {sandbox}  (its charges, to be paid by hand)
  data      {data}
  users     15201052252 / {password}  token {first}  (staff, balance 100.50)
            15201052253 / {password}  token {second}

Top up 100 yuan (simulated at the sandbox), pay an order from the balance:
  curl -X PUT -H 'Authorization: Token {first}' -d 'amount=100' {service}/pay/fill_in_balance/
  curl -X PUT -H 'Authorization: Token {first}' -d 'order_no=12134676899915430002&channel=balance' {service}/pay/pay_in_balance/
Add an App Store product, list all:
  curl -X POST -H 'Authorization: Token {first}' -d 'product_id=com.51ean.test.product1&price=6' {service}/pay/products/
  curl -X GET -H 'Authorization: Token {first}' {service}/pay/products/
Pay the other order by Alipay: ask for a charge, then open {sandbox} and pay it:
  curl -X PUT -H 'Authorization: Token {first}' -d 'order_no=12134676899915430003&channel=alipay' {service}/pay/pay_for_order/
  curl -H 'Authorization: Token {first}' {service}/v1/orders/12134676899915430003
Campus: show the packages of a child, pay for one (open {sandbox} and pay it), see what was bought:
  curl -X POST -H 'Authorization: Token {first}' -H 'Content-Type: application/json' -d '{{ userID:\"10129580\", type:0, payType:0 }}' {campus}/api/Pay/SearchPayPackages
  curl -X POST -H 'Authorization: Token {first}' -H 'Content-Type: application/json' -d '{{ channel: \"wx\", subject: \"智慧校园一卡通\", body: \"套餐B-带定位功能\", amount: 188, userID: \"10129580\", empName: \"陈雅诺\", itemIDs: \"10000002\", type:0 }}' {campus}/api/Pay/PayMoney
  curl -X POST -H 'Authorization: Token {first}' -H 'Content-Type: application/json' -d '{{ userID:\"10129580\", ids:\"<recordIDs>\" }}' {campus}/api/Pay/SearchSuccessData

Ctrl-C ends it.
"
    );
    let _ = std::io::stderr().write_all(text.as_bytes());
}

//! `edupay serve`, and the running of a service that `edupay demo` shares.

use super::{directory, say};
use crate::error::{Context, Failure};
use crate::settings::{self, Overrides, Settings};
use crate::signals::Ending;
use crate::worker::Worker;
use crate::{app, demo_data, logs};
use clap::Args;
use edupay_http::Services;
use edupay_mischief::planted;
use edupay_persistence::SqlStore;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
}

pub(super) async fn run(overrides: &Overrides) -> Result<(), Failure> {
    let (settings, _) = settings::load(overrides)?;
    logs::start(&settings)?;
    let ending = Ending::listen()?;
    // Before the database is touched: a wrong key file must not cost a migration.
    crate::gateway::build(&settings)?;
    crate::app_store::build(&settings)?;
    let _lock = directory::lock(&settings)?;
    let store = app::open_store(&settings)?;
    if settings.migrate_on_start {
        store.migrate().context("database_url")?;
    }
    store.check_schema().context("database_url")?;
    let services = app::services(&settings, &store)?;
    if settings.is_live() && demo_data::is_there(&services).await? {
        return Err(Failure::setting("database_url", "this is demo data; it can't be used with a live key"));
    }
    let listener = listen(settings.listen)?;
    let address = listener.local_addr().context("listen")?;
    say(json!({ "service": format!("http://{address}") }));
    serve(&settings, &store, services, listener, ending).await
}

/// Takes the port.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener =
        TcpListener::bind(address).map_err(|error| Failure::setting("listen", format!("{address}: {error}")))?;
    listener.set_nonblocking(true).context("listen")?;
    Ok(listener)
}

/// Serves until SIGTERM or SIGINT, then ends the requests and the background round that are running.
pub(super) async fn serve(
    settings: &Settings,
    store: &SqlStore,
    services: Services,
    listener: TcpListener,
    mut ending: Ending,
) -> Result<(), Failure> {
    let readiness = Arc::new(app::StoreReadiness(store.clone()));
    let config = app::http_config(settings, listener.local_addr().context("listen")?)?;
    let server = edupay_http::server(config, services.clone(), readiness, listener);
    let server = server.context("listen")?;
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        ending.come().await;
        handle.stop(!planted!("requests_cut_at_the_end")).await;
    });
    let interval = Duration::from_millis(settings.worker.interval_milliseconds.max(100));
    let worker = Worker::start(services, interval);
    let ended = server.await.context("the server failed");
    worker.end().await;
    tracing::info!("ended");
    ended
}

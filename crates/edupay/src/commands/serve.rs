//! `edupay serve`, and the running of a service that `edupay demo` shares.

use super::{directory, say};
use crate::error::{Context, Failure};
use crate::settings::{self, Overrides, Settings};
use crate::signals::Ending;
use crate::webhooks::Deliverer;
use crate::worker::Worker;
use crate::{app, demo_data, logs, operations};
use chrono::TimeDelta;
use clap::Args;
use edupay_http::Server;
use edupay_mischief::planted;
use edupay_persistence::SqlStore;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
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
    check_clock(&store).await?;
    let app::Built { services, circuit } = app::build(&settings, &store)?;
    demo_data::refuse_with_a_live_key(&settings, &services).await?;
    let listener = listen(settings.listen)?;
    let address = listener.local_addr().context("listen")?;
    say(json!({ "service": format!("http://{address}") }));
    serve(&settings, &store, app::Built { services, circuit }, listener, ending).await
}

/// Leases are written by one service's clock and judged by another's: where the clocks are far apart, two
/// workers could do the same thing at once.
async fn check_clock(store: &SqlStore) -> Result<(), Failure> {
    let ahead = store.clock_ahead().await.context("database_url")?;
    if ahead.abs() > CLOCK_TOLERANCE {
        let seconds = ahead.num_seconds();
        return Err(Failure::setting(
            "database_url",
            format!("this machine's clock is {seconds} s ahead of the database's; they may be 5 s apart"),
        ));
    }
    Ok(())
}

/// Takes the port.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener =
        TcpListener::bind(address).map_err(|error| Failure::setting("listen", format!("{address}: {error}")))?;
    listener.set_nonblocking(true).context("listen")?;
    Ok(listener)
}

/// How far two clocks may be apart: much less than a lease has left when the gateway is asked.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(5);
/// For how long the end may take beyond what requests are waited for.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT, then ends the requests and the background round that are running.
pub(super) async fn serve(
    settings: &Settings,
    store: &SqlStore,
    built: app::Built,
    listener: TcpListener,
    mut ending: Ending,
) -> Result<(), Failure> {
    let app::Built { services, circuit } = built;
    let config = app::http_config(settings, listener.local_addr().context("listen")?)?;
    let grace = Duration::from_secs(settings.http.grace_seconds);
    ending.within(grace.saturating_add(config.shutdown_timeout).saturating_add(FAREWELL));
    let operations = operations::build(store, circuit);
    let Server { running, drain } =
        edupay_http::server(config, services.clone(), operations, listener).context("listen")?;
    let interval = Duration::from_millis(settings.worker.interval_milliseconds.max(100));
    let deliverer = Deliverer::start(services.events.clone(), interval);
    let worker = Worker::start(services, interval, settings.daily_reconciliation());
    let end = actix_web::rt::spawn(async move {
        ending.come().await;
        if planted!("requests_cut_at_the_end") {
            std::process::exit(0);
        }
        tokio::join!(drain.run(grace), worker.end(), deliverer.end());
    });
    running.await.context("the server failed")?;
    // Only the end ends a server that did not fail.
    end.await.context("the end failed")?;
    tracing::info!("ended");
    Ok(())
}

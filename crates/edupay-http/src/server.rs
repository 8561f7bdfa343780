//! Puts the routes behind a listener. Reading settings and starting background work is not here.

use crate::boundary::boundary;
use crate::config::HttpConfig;
use crate::drain::Drain;
use crate::routes;
use crate::services::{Operations, Services, State};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, dev, web};
use std::io;
use std::net::TcpListener;

/// A server on a listener. It runs when its `running` is awaited, until `drain` has ended it, or its handle.
pub struct Server {
    /// The work.
    pub running: dev::Server,
    /// The end of it, by which nothing is cut that was sent.
    pub drain: Drain,
}

impl Server {
    /// Ends it without waiting for anybody.
    #[must_use]
    pub fn handle(&self) -> dev::ServerHandle {
        self.running.handle()
    }
}

/// A server on this listener. Signals are its caller's matter.
///
/// # Errors
/// When the listener can't be used.
pub fn server(
    config: HttpConfig,
    services: Services,
    operations: Operations,
    listener: TcpListener,
) -> io::Result<Server> {
    let (workers, keep_alive, max_connections) = (config.workers.max(1), config.keep_alive, config.max_connections);
    let (request_timeout, shutdown_timeout) = (config.client_request_timeout, config.shutdown_timeout);
    let campus = config.campus_web_path.clone();
    let state = web::Data::new(State::new(config, services, operations));
    let (state_of_app, state_of_connections) = (state.clone(), state.clone());
    let app = move || {
        let routes = |config: &mut web::ServiceConfig| routes::configure(config, &campus);
        App::new().app_data(state_of_app.clone()).configure(routes).wrap(from_fn(boundary))
    };
    let second = listener.try_clone()?;
    let running = HttpServer::new(app)
        .workers(workers)
        .keep_alive(keep_alive)
        .max_connections(max_connections)
        .client_request_timeout(request_timeout)
        .shutdown_timeout(shutdown_timeout.as_secs())
        .disable_signals()
        .on_connect(move |_, connection| {
            connection.insert(state_of_connections.draining.connect());
        })
        .listen(listener)?
        .run();
    let drain = Drain { state, handle: running.handle(), listener: second };
    Ok(Server { running, drain })
}

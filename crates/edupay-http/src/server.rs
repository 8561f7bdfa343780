//! Puts the routes behind a listener. Reading settings and starting background work is not here.

use crate::boundary::boundary;
use crate::config::HttpConfig;
use crate::routes;
use crate::services::{Readiness, Services, State};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, dev, web};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

/// A server on this listener. It runs when it is awaited; it ends on SIGTERM, SIGINT or by its
/// handle, after the requests that are running, but not later than `config.shutdown_timeout`.
///
/// # Errors
/// When the listener can't be used.
pub fn server(
    config: HttpConfig,
    services: Services,
    readiness: Arc<dyn Readiness>,
    listener: TcpListener,
) -> io::Result<dev::Server> {
    let (workers, keep_alive, max_connections) = (config.workers.max(1), config.keep_alive, config.max_connections);
    let (request_timeout, shutdown_timeout) = (config.client_request_timeout, config.shutdown_timeout);
    let campus = config.campus_web_path.clone();
    let state = web::Data::new(State::new(config, services, readiness));
    let app = move || {
        let routes = |config: &mut web::ServiceConfig| routes::configure(config, &campus);
        App::new().app_data(state.clone()).configure(routes).wrap(from_fn(boundary))
    };
    Ok(HttpServer::new(app)
        .workers(workers)
        .keep_alive(keep_alive)
        .max_connections(max_connections)
        .client_request_timeout(request_timeout)
        .shutdown_timeout(shutdown_timeout.as_secs())
        .listen(listener)?
        .run())
}

//! What is counted, for who watches the program.

use crate::admission::Crowd;
use crate::metrics::{Family, Sample, render};
use crate::services::State;
use actix_web::HttpResponse;
use actix_web::web::Data;
use std::time::Duration;
use tokio::time::timeout;

/// For how long others may be asked for what they counted.
const DEADLINE: Duration = Duration::from_secs(2);

/// Counters of requests, queues, the database and the gateway, in Prometheus' text format. It names nobody.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "operations", security(()),
    responses((status = 200, body = String, content_type = "text/plain", description = "All of them"))
)]
pub(crate) async fn metrics(state: Data<State>) -> HttpResponse {
    let mut families = state.requests.families();
    families.extend(crowds(&state));
    // A database that does not answer must not hide what is known without it.
    families.extend(timeout(DEADLINE, state.operations.measures.families()).await.unwrap_or_default());
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(render(&families))
}

fn crowds(state: &State) -> Vec<Family> {
    let (general, callbacks) = (state.admission.general(), state.admission.callbacks());
    let of_both = |count: fn(Crowd) -> usize| {
        let gates = [("general", general), ("callbacks", callbacks)];
        gates.map(|(gate, crowd)| Sample::new(count(crowd)).with("gate", gate)).into()
    };
    let gauge = |name, help, value: usize| Family::gauge(name, help, vec![Sample::new(value)]);
    vec![
        Family::gauge("edupay_http_in_flight", "Requests that are worked on.", of_both(|crowd| crowd.in_flight)),
        Family::gauge("edupay_http_waiting", "Requests that wait for that.", of_both(|crowd| crowd.waiting)),
        gauge("edupay_http_awaited_bodies", "Bodies that have not arrived in full.", state.admission.awaited_bodies()),
        gauge("edupay_http_connections", "Open connections.", state.draining.connections()),
        gauge("edupay_http_draining", "1 while the server ends.", usize::from(state.draining.has_begun())),
    ]
}

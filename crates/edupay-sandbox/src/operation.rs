//! One request of the API: authorise, wait, process, reply, with the faults the plan asks for.

use std::sync::Arc;

use actix_web::rt;
use actix_web::rt::time::sleep;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::auth::authorize;
use crate::errors::ApiError;
use crate::events::StoredEvent;
use crate::faults::{Before, Operation, RequestFaults};
use crate::params::Query;
use crate::shared::Shared;
use crate::{APP_ID, reply, webhooks};

/// What processing leaves to be done.
pub(crate) struct Processed {
    pub(crate) document: Value,
    pub(crate) then: Then,
}

/// What happens besides the reply.
pub(crate) enum Then {
    Nothing,
    /// A charge was created; the plan may have it paid at once.
    ChargeCreated {
        id: String,
    },
    /// A refund was accepted and has to be settled.
    RefundAccepted {
        charge_id: String,
        refund_id: String,
    },
}

impl Processed {
    pub(crate) fn only(document: Value) -> Self {
        Self { document, then: Then::Nothing }
    }
}

/// Runs one operation to its end, also when the client has gone meanwhile: a client's time-out must
/// not undo what the gateway does.
pub(crate) async fn run<F>(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
    operation: Operation,
    process: F,
) -> HttpResponse
where
    F: FnOnce(&Shared, &Query, &[u8]) -> Result<Processed, ApiError> + 'static,
{
    let shared = shared.into_inner();
    if let Err(error) = authorize(&shared, &request, &body) {
        return reply::failure(&shared, &error);
    }
    let query = Query::parse(request.query_string());
    let for_panic = Arc::clone(&shared);
    let work = rt::spawn(async move { work(&shared, &query, &body, operation, process).await });
    work.await.unwrap_or_else(|_| reply::failure(&for_panic, &ApiError::server()))
}

async fn work<F>(shared: &Arc<Shared>, query: &Query, body: &[u8], operation: Operation, process: F) -> HttpResponse
where
    F: FnOnce(&Shared, &Query, &[u8]) -> Result<Processed, ApiError>,
{
    let faults = shared.faults().of_request(operation);
    sleep(faults.latency).await;
    if let Some(response) = instead(shared, &faults) {
        return response;
    }
    let processed = match process(shared, query, body) {
        Ok(processed) => processed,
        Err(error) => return reply::failure(shared, &error),
    };
    follow_up(shared, processed.then, &faults).await;
    let mut document = processed.document;
    if query.expands_app() {
        expand_app(&mut document);
    }
    faults.distortions.apply(&mut document);
    sleep(faults.latency_after).await;
    reply::success(shared, document.to_string(), faults.after)
}

fn instead(shared: &Shared, faults: &RequestFaults) -> Option<HttpResponse> {
    let refusal = ApiError::channel("channel_response_code_fail", "渠道拒绝了请求。", None);
    Some(match faults.before? {
        Before::Drop => reply::severed(),
        Before::Error => reply::failure(shared, &ApiError::server()),
        Before::Throttle => reply::failure(shared, &ApiError::throttled()),
        Before::Refuse => reply::failure(shared, &refusal),
    })
}

async fn follow_up(shared: &Arc<Shared>, then: Then, faults: &RequestFaults) {
    match then {
        Then::Nothing => {}
        Then::ChargeCreated { id } => {
            if shared.faults().pays_before_reply()
                && let Some(event) = pay(shared, &id).1
            {
                webhooks::announce_and_wait(shared, event).await;
            }
        }
        Then::RefundAccepted { charge_id, refund_id } => {
            if faults.fail_later {
                shared.book().let_refund_fail(&refund_id);
            }
            let shared = Arc::clone(shared);
            rt::spawn(async move { settle_later(&shared, &charge_id, &refund_id).await });
        }
    }
}

/// Pays a charge; the event is there when this call is the one that paid it.
pub(crate) fn pay(shared: &Shared, id: &str) -> (crate::book::Payment, Option<StoredEvent>) {
    let now = shared.clock.now();
    let mut book = shared.book();
    let payment = book.pay(id, now);
    let event = match payment {
        crate::book::Payment::Done => book.find(id).map(|charge| StoredEvent::charge_succeeded(charge, now)),
        _ => None,
    };
    (payment, event)
}

async fn settle_later(shared: &Arc<Shared>, charge_id: &str, refund_id: &str) {
    sleep(shared.options.refund_delay).await;
    let now = shared.clock.now();
    let settled = shared.book().settle(charge_id, refund_id, now);
    if let Some(refund) = settled {
        webhooks::announce(shared, StoredEvent::refund_settled(&refund, now));
    }
}

/// Replaces the app's id by the app, in a charge or in each charge of a list.
fn expand_app(document: &mut Value) {
    if let Some(Value::Array(items)) = document.get_mut("data") {
        items.iter_mut().for_each(expand_app);
    } else if let Some(app) = document.get_mut("app") {
        *app = serde_json::json!({
            "id": APP_ID,
            "object": "app",
            "created": 1_466_149_851,
            "display_name": "edupay sandbox",
            "notify_url": Value::Null,
        });
    }
}

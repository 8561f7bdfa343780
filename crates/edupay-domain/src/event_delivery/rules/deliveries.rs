//! Who may send, and what an answer makes of a delivery.

use super::super::model::{
    Answer, Attempt, ClaimDelivery, Delivery, DeliveryState, Endpoint, EndpointState, RecordAnswer,
};
use super::schedule::pause_before;
use crate::clock::Timestamp;
use chrono::TimeDelta;

/// For how long one worker has an endpoint alone: longer than an exchange takes, which is bounded by 15
/// seconds. A worker that died gives it back by this.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// The longest that an endpoint is left in peace because it asked for it.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);

const GONE: u16 = 410;
const TOO_MANY_REQUESTS: u16 = 429;
const SERVICE_UNAVAILABLE: u16 = 503;

/// What a claim writes before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryClaim {
    /// The endpoint, taken for a while.
    pub endpoint: Endpoint,
    /// The delivery with one attempt more.
    pub delivery: Delivery,
}

/// What an answer writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredPlan {
    /// The endpoint, free again, left in peace or disabled.
    pub endpoint: Endpoint,
    /// The delivery after the attempt.
    pub delivery: Delivery,
    /// The attempt.
    pub attempt: Attempt,
}

/// Takes an endpoint and the delivery that is due there; `None` when it is not active, somebody has it, it
/// asked for peace, or nothing is due. An attempt counts from here on, so that one whose answer nobody
/// recorded is counted too.
#[must_use]
pub fn claim_delivery(command: &ClaimDelivery, endpoint: &Endpoint, due: Option<&Delivery>) -> Option<DeliveryClaim> {
    let at = command.at;
    let over = |until: Option<Timestamp>| until.is_none_or(|until| until <= at);
    let free = endpoint.state == EndpointState::Active && over(endpoint.leased_until) && over(endpoint.paused_until);
    let due = due.filter(|due| due.state.due_at().is_some_and(|due_at| due_at <= at)).filter(|_| free)?;
    let leased_until = Some(at.checked_add_signed(LEASE).unwrap_or(at));
    Some(DeliveryClaim {
        endpoint: Endpoint { leased_until, paused_until: None, ..endpoint.clone() },
        delivery: Delivery {
            tries: due.tries.saturating_add(1),
            attempts: due.attempts.saturating_add(1),
            ..due.clone()
        },
    })
}

/// What an answer makes of a delivery: any 2xx delivers it; 410 gives it up and disables the endpoint;
/// anything else and no answer at all is tried again after a pause, or given up when there is none left.
/// 429 and 503 may ask for a longer pause, which then counts for the whole endpoint. Whoever answers after
/// the lease has run out, or after the endpoint was given another address, and is not 2xx changes nothing but
/// the list of attempts: somebody else sends by then.
#[must_use]
pub fn record_answer(command: &RecordAnswer, endpoint: &Endpoint, delivery: &Delivery) -> AnsweredPlan {
    let at = command.at;
    let held = endpoint.leased_until == Some(command.leased_until);
    let mut endpoint = endpoint.clone();
    let mut after = delivery.clone();
    if held {
        endpoint.leased_until = None;
    }
    after.last = Some(command.answer.into());
    match command.answer {
        Answer::Status { status: 200..=299, .. } => after.state = DeliveryState::Delivered { at },
        Answer::Status { status: GONE, .. } if held => {
            after.state = DeliveryState::Failed { at };
            if endpoint.state == EndpointState::Active {
                endpoint.state = EndpointState::Disabled;
            }
        }
        answer if held && delivery.state.due_at().is_some() => {
            let peace = wanted_peace(answer);
            if peace > TimeDelta::zero() {
                endpoint.paused_until = Some(later(at, peace));
            }
            after.state = match pause_before(delivery) {
                Some(pause) => DeliveryState::Pending { due_at: later(at, pause.max(peace)) },
                None => DeliveryState::Failed { at },
            };
        }
        _ => {}
    }
    let attempt = Attempt {
        number: command.number,
        started_at: command.started_at,
        took: at.signed_duration_since(command.started_at).max(TimeDelta::zero()),
        outcome: command.answer.into(),
    };
    AnsweredPlan { endpoint, delivery: after, attempt }
}

/// For how long an endpoint asked to be left in peace.
fn wanted_peace(answer: Answer) -> TimeDelta {
    match answer {
        Answer::Status { status: TOO_MANY_REQUESTS | SERVICE_UNAVAILABLE, retry_after: Some(wanted) } => {
            wanted.clamp(TimeDelta::zero(), LONGEST_PAUSE)
        }
        _ => TimeDelta::zero(),
    }
}

fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(at)
}

//! What becomes a delivery: events as they happen, tests, and what is sent again.

use super::super::error::EndpointRefusal;
use super::super::model::{
    Delivery, DeliveryState, Endpoint, EndpointId, EndpointState, EventHead, FanOut, QueuePing, Replay, ReplayStep,
    ResendEvent,
};
use crate::clock::Timestamp;

/// The type of a test.
pub const PING: &str = "ping";

/// What a step of a replay writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayPlan {
    /// The endpoint, which knows how far its replay has come.
    pub endpoint: Endpoint,
    /// Deliveries that are new or pending again.
    pub deliveries: Vec<Delivery>,
}

/// A delivery of each event for each active endpoint that wants it. Older events are due earlier, so that
/// they are sent in the order in which they happened, as far as nothing has to be tried again.
#[must_use]
pub fn fan_out(command: &FanOut, events: &[EventHead], endpoints: &[Endpoint]) -> Vec<Delivery> {
    let wanted = |event: &EventHead| {
        let of_event = endpoints
            .iter()
            .filter(|endpoint| endpoint.state == EndpointState::Active && endpoint.wants.include(&event.kind));
        let due_at = event.occurred_at.min(command.at);
        of_event.map(|endpoint| queued(endpoint.id, event, due_at, command.at)).collect::<Vec<_>>()
    };
    events.iter().flat_map(wanted).collect()
}

/// A test, for an endpoint that is active.
///
/// # Errors
/// [`EndpointRefusal::NotFound`], [`EndpointRefusal::Disabled`].
pub fn queue_ping(command: &QueuePing, endpoint: &Endpoint) -> Result<Delivery, EndpointRefusal> {
    match endpoint.state {
        EndpointState::Removed => Err(EndpointRefusal::NotFound),
        EndpointState::Disabled => Err(EndpointRefusal::Disabled),
        EndpointState::Active => Ok(Delivery {
            endpoint_id: endpoint.id,
            event_id: command.event_id,
            user_id: None,
            kind: PING.to_owned(),
            occurred_at: command.at,
            state: DeliveryState::Pending { due_at: command.at },
            tries: 0,
            attempts: 0,
            queued_at: command.at,
            last: None,
        }),
    }
}

/// The same delivery as if it had just been queued; one that is pending becomes due at once. A repeat
/// changes nothing more.
#[must_use]
pub fn resend_event(command: &ResendEvent, delivery: &Delivery) -> Delivery {
    Delivery { state: DeliveryState::Pending { due_at: command.at }, tries: 0, ..delivery.clone() }
}

/// The next step of an endpoint's replay: each event of the page that it wants and that lies within the
/// replay's time, with its delivery if there is one. What is pending anyhow is left alone. A page that is
/// not full is the last.
#[must_use]
pub fn replay_step(command: &ReplayStep, endpoint: &Endpoint, page: &[(EventHead, Option<Delivery>)]) -> ReplayPlan {
    let Some(replay) = endpoint.replay.filter(|_| endpoint.state == EndpointState::Active) else {
        return ReplayPlan { endpoint: endpoint.clone(), deliveries: Vec::new() };
    };
    let again = |(event, delivery): &(EventHead, Option<Delivery>)| {
        let meant = (replay.since..=replay.until).contains(&event.occurred_at) && endpoint.wants.include(&event.kind);
        match delivery {
            _ if !meant => None,
            None => Some(queued(endpoint.id, event, command.at, command.at)),
            Some(delivery) if delivery.state.due_at().is_some() => None,
            Some(delivery) => {
                let resend = ResendEvent { endpoint_id: endpoint.id, event_id: event.event_id, at: command.at };
                Some(resend_event(&resend, delivery))
            }
        }
    };
    let full = u32::try_from(page.len()).is_ok_and(|length| length >= command.limit);
    let after = page.last().filter(|_| full).map(|(event, _)| (event.user_id, event.event_id));
    let rest = after.map(|after| Replay { after: Some(after), ..replay });
    ReplayPlan {
        endpoint: Endpoint { replay: rest, ..endpoint.clone() },
        deliveries: page.iter().filter_map(again).collect(),
    }
}

fn queued(endpoint_id: EndpointId, event: &EventHead, due_at: Timestamp, at: Timestamp) -> Delivery {
    Delivery {
        endpoint_id,
        event_id: event.event_id,
        user_id: Some(event.user_id),
        kind: event.kind.clone(),
        occurred_at: event.occurred_at,
        state: DeliveryState::Pending { due_at },
        tries: 0,
        attempts: 0,
        queued_at: at,
        last: None,
    }
}

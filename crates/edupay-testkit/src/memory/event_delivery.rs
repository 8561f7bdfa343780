//! Endpoints and deliveries in memory. What was written while an endpoint was active is noted before
//! anything that could change who is active.

use super::{MemoryStore, State, at_most, corrupt};
use crate::contract::DeliveryHarness;
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::event_delivery::{
    Attempt, ChangeEndpoint, ChangeEndpointRule, ClaimDelivery, ClaimDeliveryRule, Delivery, DeliveryClaim,
    DeliveryCursor, DeliveryRefusal, DeliveryStage, DeliveryState, DeliveryStore, Endpoint, EndpointId,
    EndpointRefusal, EndpointState, EndpointStore, EventHead, FanOut, FanOutRule, QueuePing, QueuePingRule,
    RecordAnswer, RecordAnswerRule, RegisterEndpoint, RegisterEndpointRule, ReplayRule, ReplayStep, ResendEvent,
    ResendEventRule,
};
use edupay_domain::events::{Event, EventField};
use edupay_domain::ids::EventId;
use edupay_domain::store::{EffectError, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the mutex guards of all this.
#[derive(Default)]
pub(super) struct DeliveryRows {
    endpoints: Vec<Endpoint>,
    deliveries: BTreeMap<(EndpointId, EventId), Delivery>,
    attempts: BTreeMap<(EndpointId, EventId), Vec<Attempt>>,
    /// Events that wait for their deliveries, by their places in the outbox.
    notes: BTreeSet<usize>,
    /// How much of the outbox was looked at for notes.
    seen: usize,
}

impl State {
    /// Notes what was written since the last time, if anybody was to hear of it.
    fn note_events(&mut self) {
        let written = self.delivery.seen..self.outbox.len();
        self.delivery.seen = self.outbox.len();
        if self.delivery.endpoints.iter().any(|endpoint| endpoint.state == EndpointState::Active) {
            self.delivery.notes.extend(written);
        }
    }

    fn endpoint(&self, id: EndpointId) -> Option<&Endpoint> {
        self.delivery.endpoints.iter().find(|endpoint| endpoint.id == id)
    }

    fn put_endpoint(&mut self, endpoint: Endpoint) {
        match self.delivery.endpoints.iter_mut().find(|known| known.id == endpoint.id) {
            Some(known) => *known = endpoint,
            None => self.delivery.endpoints.push(endpoint),
        }
    }

    fn put_delivery(&mut self, delivery: Delivery) {
        self.delivery.deliveries.insert((delivery.endpoint_id, delivery.event_id), delivery);
    }
}

fn is_there(endpoint: &Endpoint) -> bool {
    endpoint.state != EndpointState::Removed
}

fn head(event: &Event) -> EventHead {
    EventHead { user_id: event.user_id, event_id: event.id, kind: event.body.kind().to_owned(), occurred_at: event.at }
}

/// What an event says, as JSON.
fn payload(event: &Event) -> String {
    let field = |(name, value): (&str, EventField)| match value {
        EventField::Text(text) => format!("{name:?}:{text:?}"),
        EventField::Money(money) => format!("{name:?}:{}", money.fen()),
    };
    format!("{{{}}}", event.body.fields().into_iter().map(field).collect::<Vec<_>>().join(","))
}

#[async_trait]
impl EndpointStore for MemoryStore {
    async fn register(
        &self,
        command: &RegisterEndpoint,
        rule: RegisterEndpointRule,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        self.transaction(|state| {
            state.note_events();
            let known = state.delivery.endpoints.iter().filter(|endpoint| is_there(endpoint)).count();
            let endpoint = rule(command, known).map_err(EffectError::Refused)?;
            state.put_endpoint(endpoint.clone());
            Ok(endpoint)
        })
    }

    async fn change(
        &self,
        command: &ChangeEndpoint,
        rule: ChangeEndpointRule,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        self.transaction(|state| {
            state.note_events();
            let endpoint = state.endpoint(command.id).ok_or(EffectError::Refused(EndpointRefusal::NotFound))?;
            let changed = rule(command, endpoint).map_err(EffectError::Refused)?;
            state.put_endpoint(changed.clone());
            Ok(changed)
        })
    }

    async fn find(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        self.transaction(|state| Ok(state.endpoint(id).filter(|endpoint| is_there(endpoint)).cloned()))
    }

    async fn list(&self) -> Result<Vec<Endpoint>, StoreError> {
        self.transaction(|state| {
            let mut endpoints: Vec<_> =
                state.delivery.endpoints.iter().filter(|endpoint| is_there(endpoint)).cloned().collect();
            endpoints.sort_by_key(|endpoint| (endpoint.created_at, endpoint.id));
            Ok(endpoints)
        })
    }
}

#[async_trait]
impl DeliveryStore for MemoryStore {
    async fn fan_out(&self, command: &FanOut, rule: FanOutRule) -> Result<u32, StoreError> {
        self.transaction(|state| {
            state.note_events();
            let noted = state.delivery.notes.iter().filter_map(|place| Some((*place, head(state.outbox.get(*place)?))));
            let mut noted: Vec<_> = noted.collect();
            noted.sort_by_key(|(_, event)| (event.occurred_at, event.user_id, event.event_id));
            let taken = at_most(noted.into_iter(), command.limit);
            let (places, events): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
            for delivery in rule(command, &events, &state.delivery.endpoints) {
                state.delivery.deliveries.entry((delivery.endpoint_id, delivery.event_id)).or_insert(delivery);
            }
            for place in &places {
                state.delivery.notes.remove(place);
            }
            Ok(u32::try_from(places.len()).unwrap_or(u32::MAX))
        })
    }

    async fn waiting(&self, now: Timestamp) -> Result<Vec<EndpointId>, StoreError> {
        self.transaction(|state| {
            let over = |until: Option<Timestamp>| until.is_none_or(|until| until <= now);
            let has_work = |endpoint: &Endpoint| {
                let mut of_it = state.delivery.deliveries.values().filter(|one| one.endpoint_id == endpoint.id);
                endpoint.replay.is_some() || of_it.any(|one| one.state.due_at().is_some_and(|due_at| due_at <= now))
            };
            let waiting = state.delivery.endpoints.iter().filter(|endpoint| {
                let free = over(endpoint.leased_until) && over(endpoint.paused_until);
                endpoint.state == EndpointState::Active && free && has_work(endpoint)
            });
            Ok(waiting.map(|endpoint| endpoint.id).collect())
        })
    }

    async fn claim(
        &self,
        command: &ClaimDelivery,
        rule: ClaimDeliveryRule,
    ) -> Result<Option<(DeliveryClaim, String)>, StoreError> {
        self.transaction(|state| {
            let Some(endpoint) = state.endpoint(command.endpoint_id) else { return Ok(None) };
            let of_it = state.delivery.deliveries.values().filter(|one| one.endpoint_id == command.endpoint_id);
            let due = of_it.filter_map(|one| Some((one.state.due_at().filter(|due_at| *due_at <= command.at)?, one)));
            let due = due.min_by_key(|(due_at, _)| *due_at).map(|(_, one)| one);
            let Some(claim) = rule(command, endpoint, due) else { return Ok(None) };
            let payload = match claim.delivery.user_id {
                None => "{}".to_owned(),
                Some(_) => {
                    let event = state.outbox.iter().find(|event| event.id == claim.delivery.event_id);
                    payload(event.ok_or_else(|| corrupt("the event of a delivery is gone"))?)
                }
            };
            state.put_endpoint(claim.endpoint.clone());
            state.put_delivery(claim.delivery.clone());
            Ok(Some((claim, payload)))
        })
    }

    async fn record(&self, command: &RecordAnswer, rule: RecordAnswerRule) -> Result<Option<Delivery>, StoreError> {
        self.transaction(|state| {
            state.note_events();
            let key = (command.endpoint_id, command.event_id);
            let both = state.endpoint(command.endpoint_id).zip(state.delivery.deliveries.get(&key));
            let Some((endpoint, delivery)) = both else { return Ok(None) };
            let plan = rule(command, endpoint, delivery);
            state.put_endpoint(plan.endpoint);
            state.put_delivery(plan.delivery.clone());
            let attempts = state.delivery.attempts.entry(key).or_default();
            if !attempts.iter().any(|known| known.number == plan.attempt.number) {
                attempts.push(plan.attempt);
                attempts.sort_by_key(|attempt| attempt.number);
            }
            Ok(Some(plan.delivery))
        })
    }

    async fn ping(&self, command: &QueuePing, rule: QueuePingRule) -> Result<Delivery, EffectError<EndpointRefusal>> {
        self.transaction(|state| {
            let endpoint =
                state.endpoint(command.endpoint_id).ok_or(EffectError::Refused(EndpointRefusal::NotFound))?;
            let delivery = rule(command, endpoint).map_err(EffectError::Refused)?;
            state.put_delivery(delivery.clone());
            Ok(delivery)
        })
    }

    async fn resend(
        &self,
        command: &ResendEvent,
        rule: ResendEventRule,
    ) -> Result<Delivery, EffectError<DeliveryRefusal>> {
        self.transaction(|state| {
            let there = state.endpoint(command.endpoint_id).is_some_and(is_there);
            let delivery = state.delivery.deliveries.get(&(command.endpoint_id, command.event_id));
            let delivery = delivery.filter(|_| there).ok_or(EffectError::Refused(DeliveryRefusal::NotFound))?;
            let again = rule(command, delivery);
            state.put_delivery(again.clone());
            Ok(again)
        })
    }

    async fn replay(&self, command: &ReplayStep, rule: ReplayRule) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let Some(endpoint) = state.endpoint(command.endpoint_id).cloned() else { return Ok(false) };
            let Some(replay) = endpoint.replay else { return Ok(false) };
            let mut events: Vec<_> = state.outbox.iter().map(head).collect();
            events.sort_by_key(|event| (event.user_id, event.event_id));
            let after = |event: &EventHead| replay.after.is_none_or(|after| after < (event.user_id, event.event_id));
            let page = at_most(events.into_iter().filter(after), command.limit).into_iter().map(|event| {
                let delivery = state.delivery.deliveries.get(&(endpoint.id, event.event_id)).cloned();
                (event, delivery)
            });
            let plan = rule(command, &endpoint, &page.collect::<Vec<_>>());
            let goes_on = plan.endpoint.replay.is_some() && plan.endpoint.state == EndpointState::Active;
            state.put_endpoint(plan.endpoint);
            plan.deliveries.into_iter().for_each(|delivery| state.put_delivery(delivery));
            Ok(goes_on)
        })
    }

    async fn find_delivery(
        &self,
        endpoint_id: EndpointId,
        event_id: EventId,
    ) -> Result<Option<(Delivery, Vec<Attempt>)>, StoreError> {
        self.transaction(|state| {
            let there = state.endpoint(endpoint_id).is_some_and(is_there);
            let key = (endpoint_id, event_id);
            let delivery = state.delivery.deliveries.get(&key).filter(|_| there);
            let attempts = || state.delivery.attempts.get(&key).cloned().unwrap_or_default();
            Ok(delivery.map(|delivery| (delivery.clone(), attempts())))
        })
    }

    async fn list_deliveries(
        &self,
        endpoint_id: EndpointId,
        stage: Option<DeliveryStage>,
        below: Option<DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.transaction(|state| {
            let place = |one: &Delivery| (one.queued_at, one.event_id);
            let mut found: Vec<_> =
                state.delivery.deliveries.values().filter(|one| one.endpoint_id == endpoint_id).collect();
            found.sort_by_key(|one| std::cmp::Reverse(place(one)));
            let found = found.into_iter().filter(|one| stage.is_none_or(|stage| one.state.stage() == stage));
            let found =
                found.filter(|one| below.is_none_or(|below| place(one) < (below.queued_at, below.event_id))).cloned();
            Ok(at_most(found, limit))
        })
    }

    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.transaction(|state| {
            let removed: BTreeSet<_> =
                state.delivery.endpoints.iter().filter(|one| !is_there(one)).map(|one| one.id).collect();
            let old = state.delivery.deliveries.iter().filter(|((endpoint, _), one)| {
                let delivered = matches!(one.state, DeliveryState::Delivered { at } if at < before);
                delivered || removed.contains(endpoint)
            });
            let old = at_most(old.map(|(key, _)| *key), limit);
            for key in &old {
                state.delivery.deliveries.remove(key);
                state.delivery.attempts.remove(key);
            }
            let left: BTreeSet<_> = state.delivery.deliveries.keys().map(|(endpoint, _)| *endpoint).collect();
            state.delivery.endpoints.retain(|one| is_there(one) || left.contains(&one.id));
            Ok(u32::try_from(old.len()).unwrap_or(u32::MAX))
        })
    }
}

impl DeliveryHarness for MemoryStore {
    fn endpoints(&self) -> Arc<dyn EndpointStore> {
        Arc::new(self.clone())
    }

    fn deliveries(&self) -> Arc<dyn DeliveryStore> {
        Arc::new(self.clone())
    }
}

/// What a store that goes about it another way needs, to be shown to be wrong.
#[cfg(test)]
impl MemoryStore {
    pub(super) fn make_deliveries(&self, make: impl FnOnce(&[Endpoint]) -> Vec<Delivery>) {
        self.transaction(|state| {
            for delivery in make(&state.delivery.endpoints) {
                state.delivery.deliveries.entry((delivery.endpoint_id, delivery.event_id)).or_insert(delivery);
            }
        });
    }

    pub(super) fn write_claim(&self, claim: &DeliveryClaim) {
        self.transaction(|state| {
            state.put_endpoint(claim.endpoint.clone());
            state.put_delivery(claim.delivery.clone());
        });
    }
}

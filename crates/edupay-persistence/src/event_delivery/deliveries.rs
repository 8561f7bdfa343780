//! The port of deliveries.

use super::rows::{self, AttemptRow, DeliveryRow};
use super::{fan_out, forget, replay};
use crate::codes::Corrupt;
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::schema::{delivery_attempts, event_deliveries, outbox, webhook_endpoints};
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::event_delivery::{
    Answer, Attempt, ClaimDelivery, ClaimDeliveryRule, Delivery, DeliveryClaim, DeliveryCursor, DeliveryRefusal,
    DeliveryStage, DeliveryStore, EndpointId, EndpointRefusal, EndpointState, FanOut, FanOutRule, QueuePing,
    QueuePingRule, RecordAnswer, RecordAnswerRule, ReplayRule, ReplayStep, ResendEvent, ResendEventRule,
};
use edupay_domain::ids::EventId;
use edupay_domain::store::{EffectError, StoreError};
use edupay_mischief::planted;

/// Above every event's name.
const ABOVE_ALL: &str = "~";

#[async_trait]
impl DeliveryStore for SqlStore {
    async fn fan_out(&self, command: &FanOut, rule: FanOutRule) -> Result<u32, StoreError> {
        let command = *command;
        // Asked first without taking the writer from payments.
        if !self.read(fan_out::is_anything_noted).await? {
            return Ok(0);
        }
        self.write(move |conn| fan_out::fan_out(conn, &command, rule)).await
    }

    async fn waiting(&self, now: Timestamp) -> Result<Vec<EndpointId>, StoreError> {
        use webhook_endpoints::{endpoint_id, leased_until, paused_until, replay_since, state, table};
        let now = now.timestamp_micros();
        self.read(move |conn| {
            let due = event_deliveries::table
                .filter(event_deliveries::endpoint_id.eq(endpoint_id))
                .filter(event_deliveries::due_at.le(now));
            let query = table
                .filter(state.eq(EndpointState::Active.code()))
                .filter(leased_until.is_null().or(leased_until.le(now)))
                .filter(paused_until.is_null().or(paused_until.le(now)))
                .filter(replay_since.is_not_null().or(exists(due)))
                .select(endpoint_id);
            let ids: Vec<String> = on!(conn, c => query.load(c))?;
            Ok(ids.iter().map(|id| rows::endpoint_id(id)).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn claim(
        &self,
        command: &ClaimDelivery,
        rule: ClaimDeliveryRule,
    ) -> Result<Option<(DeliveryClaim, String)>, StoreError> {
        let command = *command;
        self.write(move |conn| {
            let Some(endpoint) = rows::locked(conn, command.endpoint_id)? else { return Ok(None) };
            let query = event_deliveries::table
                .filter(event_deliveries::endpoint_id.eq(command.endpoint_id.to_string()))
                .filter(event_deliveries::due_at.le(command.at.timestamp_micros()))
                .order(event_deliveries::due_at.asc())
                .limit(1);
            let due: Option<DeliveryRow> = on!(conn, c => query.first(c)).optional()?;
            let due = due.map(DeliveryRow::delivery).transpose()?;
            let Some(claim) = rule(&command, &endpoint, due.as_ref()) else { return Ok(None) };
            rows::update_endpoint(conn, &endpoint, &claim.endpoint)?;
            rows::update_delivery(conn, &claim.delivery)?;
            let payload = payload(conn, &claim.delivery)?;
            Ok(Some((claim, payload)))
        })
        .await
    }

    async fn record(&self, command: &RecordAnswer, rule: RecordAnswerRule) -> Result<Option<Delivery>, StoreError> {
        let mut command = *command;
        if planted!("delivery_not_repeated") && matches!(command.answer, Answer::Status { status: 500.., .. }) {
            command.answer = Answer::Status { status: 200, retry_after: None };
        }
        self.write(move |conn| {
            let Some(endpoint) = rows::locked(conn, command.endpoint_id)? else { return Ok(None) };
            let Some(delivery) = rows::find_delivery(conn, command.endpoint_id, command.event_id)? else {
                return Ok(None);
            };
            let plan = rule(&command, &endpoint, &delivery);
            rows::update_endpoint(conn, &endpoint, &plan.endpoint)?;
            rows::update_delivery(conn, &plan.delivery)?;
            let row = AttemptRow::of(&plan.delivery, &plan.attempt);
            let insert = diesel::insert_into(delivery_attempts::table).values(&row).on_conflict_do_nothing();
            on!(conn, c => insert.execute(c))?;
            Ok(Some(plan.delivery))
        })
        .await
    }

    async fn ping(&self, command: &QueuePing, rule: QueuePingRule) -> Result<Delivery, EffectError<EndpointRefusal>> {
        let command = *command;
        self.effect(move |conn| {
            let endpoint = rows::locked(conn, command.endpoint_id)?;
            let endpoint = endpoint.ok_or(TxError::Refused(EndpointRefusal::NotFound))?;
            let delivery = rule(&command, &endpoint).map_err(TxError::Refused)?;
            rows::insert_deliveries(conn, std::slice::from_ref(&delivery))?;
            Ok(delivery)
        })
        .await
    }

    async fn resend(
        &self,
        command: &ResendEvent,
        rule: ResendEventRule,
    ) -> Result<Delivery, EffectError<DeliveryRefusal>> {
        let command = *command;
        self.effect(move |conn| {
            let not_found = || TxError::Refused(DeliveryRefusal::NotFound);
            let endpoint = rows::locked(conn, command.endpoint_id)?;
            endpoint.filter(|endpoint| endpoint.state != EndpointState::Removed).ok_or_else(not_found)?;
            let delivery = rows::find_delivery(conn, command.endpoint_id, command.event_id)?;
            let again = rule(&command, &delivery.ok_or_else(not_found)?);
            rows::update_delivery(conn, &again)?;
            Ok(again)
        })
        .await
    }

    async fn replay(&self, command: &ReplayStep, rule: ReplayRule) -> Result<bool, StoreError> {
        let command = *command;
        // Asked first without taking the writer from payments.
        if !self.read(move |conn| replay::is_under_way(conn, command.endpoint_id)).await? {
            return Ok(false);
        }
        self.write(move |conn| replay::step(conn, &command, rule)).await
    }

    async fn find_delivery(
        &self,
        endpoint_id: EndpointId,
        event_id: EventId,
    ) -> Result<Option<(Delivery, Vec<Attempt>)>, StoreError> {
        self.read_snapshot(move |conn| {
            let seen = webhook_endpoints::table
                .find(endpoint_id.to_string())
                .filter(webhook_endpoints::state.ne(EndpointState::Removed.code()))
                .select(webhook_endpoints::endpoint_id);
            let seen: Option<String> = on!(conn, c => seen.first(c)).optional()?;
            let delivery = rows::find_delivery(conn, endpoint_id, event_id)?;
            let Some(delivery) = delivery.filter(|_| seen.is_some()) else { return Ok(None) };
            let query = delivery_attempts::table
                .filter(delivery_attempts::endpoint_id.eq(endpoint_id.to_string()))
                .filter(delivery_attempts::event_id.eq(event_id.to_string()))
                .order(delivery_attempts::number.asc());
            let rows: Vec<AttemptRow> = on!(conn, c => query.load(c))?;
            let attempts = rows.into_iter().map(AttemptRow::attempt).collect::<Result<_, _>>()?;
            Ok(Some((delivery, attempts)))
        })
        .await
    }

    async fn list_deliveries(
        &self,
        of: EndpointId,
        stage: Option<DeliveryStage>,
        below: Option<DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        use event_deliveries::{endpoint_id, event_id, queued_at, state, table};
        self.read(move |conn| {
            let (time, event) = below.map_or((i64::MAX, ABOVE_ALL.to_owned()), |below| {
                (below.queued_at.timestamp_micros(), below.event_id.to_string())
            });
            // The whole page begins at the cursor's time; only those of the same moment are told apart.
            let query = table
                .filter(endpoint_id.eq(of.to_string()))
                .filter(queued_at.le(time))
                .filter(queued_at.lt(time).or(event_id.lt(event)))
                .order((queued_at.desc(), event_id.desc()))
                .limit(i64::from(limit));
            let rows: Vec<DeliveryRow> = match stage {
                Some(stage) => on!(conn, c => query.filter(state.eq(stage.code())).load(c))?,
                None => on!(conn, c => query.load(c))?,
            };
            Ok(rows.into_iter().map(DeliveryRow::delivery).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let before = before.timestamp_micros();
        let old = self.read(move |conn| forget::forgettable(conn, before, i64::from(limit))).await?;
        if old.is_empty() {
            return Ok(0);
        }
        self.write(move |conn| forget::forget(conn, &old)).await
    }
}

/// What an event says; a test says nothing.
fn payload<R>(conn: &mut Conn<'_>, delivery: &Delivery) -> Result<String, TxError<R>> {
    let Some(user_id) = delivery.user_id else { return Ok("{}".to_owned()) };
    let query = outbox::table.find((user_id.get(), delivery.event_id.to_string())).select(outbox::payload);
    let found: Option<String> = on!(conn, c => query.first(c)).optional()?;
    Ok(found.ok_or_else(|| Corrupt::new("event_deliveries.event_id", delivery.event_id))?)
}

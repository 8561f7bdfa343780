//! Verified callbacks.

use crate::codes::{coded, moment, name};
use crate::conn::on;
use crate::database::SqlStore;
use crate::schema::inbound_events;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayEventId;
use edupay_domain::payments::{ClaimInbound, InboundEvent, InboundStatus, InboxStore};
use edupay_domain::store::StoreError;

#[async_trait]
impl InboxStore for SqlStore {
    async fn keep(&self, event: &InboundEvent) -> Result<Option<InboundStatus>, StoreError> {
        let event = event.clone();
        self.write(move |conn| {
            let at = event.received_at.timestamp_micros();
            let row = (
                inbound_events::event_id.eq(event.id.as_str()),
                inbound_events::kind.eq(event.kind.as_str()),
                inbound_events::body.eq(event.body.as_str()),
                inbound_events::status.eq(InboundStatus::Kept.code()),
                inbound_events::received_at.eq(at),
                inbound_events::due_at.eq(at),
            );
            let insert = diesel::insert_into(inbound_events::table).values(row).on_conflict_do_nothing();
            if on!(conn, c => insert.execute(c))? == 1 {
                return Ok(None);
            }
            let query = inbound_events::table.find(event.id.as_str()).select(inbound_events::status);
            let status: String = on!(conn, c => query.first(c))?;
            Ok(Some(coded("inbound_events.status", &status, &InboundStatus::ALL, InboundStatus::code)?))
        })
        .await
    }

    async fn mark(&self, id: &GatewayEventId, status: InboundStatus, next_try_at: Timestamp) -> Result<(), StoreError> {
        let id = id.as_str().to_owned();
        let unfinished = matches!(status, InboundStatus::Kept | InboundStatus::Unmatched);
        let due_at = unfinished.then(|| next_try_at.timestamp_micros());
        self.write(move |conn| {
            // Forward only: what is done stays done, whoever else works on a repeat.
            let update = diesel::update(inbound_events::table.find(id.as_str()))
                .filter(inbound_events::status.eq_any([InboundStatus::Kept.code(), InboundStatus::Unmatched.code()]))
                .set((inbound_events::status.eq(status.code()), inbound_events::due_at.eq(due_at)));
            on!(conn, c => update.execute(c))?;
            Ok(())
        })
        .await
    }

    async fn claim(&self, command: &ClaimInbound) -> Result<bool, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            // Only what is not done has a time; of two who ask at once the second finds another one.
            let update = diesel::update(inbound_events::table.find(command.id.as_str()))
                .filter(inbound_events::due_at.le(command.at.timestamp_micros()))
                .set(inbound_events::due_at.eq(command.until.timestamp_micros()));
            Ok(on!(conn, c => update.execute(c))? == 1)
        })
        .await
    }

    async fn pending(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(GatewayEventId, Timestamp, String)>, StoreError> {
        self.read(move |conn| {
            let query = inbound_events::table
                .filter(inbound_events::due_at.le(now.timestamp_micros()))
                .order(inbound_events::due_at.asc())
                .limit(i64::from(limit))
                .select((inbound_events::event_id, inbound_events::received_at, inbound_events::body));
            let rows: Vec<(String, i64, String)> = on!(conn, c => query.load(c))?;
            rows.into_iter()
                .map(|(id, at, body)| {
                    let id = name("inbound_events.event_id", &id, GatewayEventId::parse)?;
                    Ok((id, moment("inbound_events.received_at", at)?, body))
                })
                .collect()
        })
        .await
    }
}

//! The gateway's callbacks in memory.

use super::{MemoryStore, at_most};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayEventId;
use edupay_domain::payments::{InboundEvent, InboundStatus, InboxStore};
use edupay_domain::store::StoreError;

pub(super) struct InboxRow {
    id: GatewayEventId,
    body: String,
    status: InboundStatus,
    received_at: Timestamp,
    next_try_at: Timestamp,
}

#[async_trait]
impl InboxStore for MemoryStore {
    async fn keep(&self, event: &InboundEvent) -> Result<Option<InboundStatus>, StoreError> {
        self.transaction(|state| {
            if let Some(row) = state.inbox_ids.get(&event.id).and_then(|row| state.inbox.get(*row)) {
                return Ok(Some(row.status));
            }
            state.inbox_ids.insert(event.id.clone(), state.inbox.len());
            state.inbox.push(InboxRow {
                id: event.id.clone(),
                body: event.body.clone(),
                status: InboundStatus::Kept,
                received_at: event.received_at,
                next_try_at: event.received_at,
            });
            Ok(None)
        })
    }

    async fn mark(&self, id: &GatewayEventId, status: InboundStatus, next_try_at: Timestamp) -> Result<(), StoreError> {
        self.transaction(|state| {
            let row = state.inbox_ids.get(id).copied();
            if let Some(row) = row.and_then(|row| state.inbox.get_mut(row)) {
                row.status = status;
                row.next_try_at = next_try_at;
            }
            Ok(())
        })
    }

    async fn pending(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(GatewayEventId, Timestamp, String)>, StoreError> {
        self.transaction(|state| {
            let waits = |row: &&InboxRow| {
                matches!(row.status, InboundStatus::Kept | InboundStatus::Unmatched) && row.next_try_at <= now
            };
            let mut rows: Vec<_> = state.inbox.iter().filter(waits).collect();
            rows.sort_by_key(|row| row.received_at);
            Ok(at_most(rows.into_iter().map(|row| (row.id.clone(), row.received_at, row.body.clone())), limit))
        })
    }
}

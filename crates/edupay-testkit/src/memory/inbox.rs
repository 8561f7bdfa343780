//! The gateway's callbacks in memory.

use super::{MemoryStore, State, at_most};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayEventId;
use edupay_domain::payments::{ClaimInbound, InboundEvent, InboundStatus, InboxStore};
use edupay_domain::store::StoreError;

pub(super) struct InboxRow {
    id: GatewayEventId,
    kind: String,
    body: String,
    status: InboundStatus,
    received_at: Timestamp,
    next_try_at: Timestamp,
}

impl InboxRow {
    fn is_unfinished(&self) -> bool {
        matches!(self.status, InboundStatus::Kept | InboundStatus::Unmatched)
    }
}

impl State {
    /// Those that are not done: id, type, when each came, when it is due.
    pub(super) fn unfinished_callbacks(&self) -> Vec<(&GatewayEventId, &str, Timestamp, Timestamp)> {
        let rows = self.inbox.iter().filter(|row| row.is_unfinished());
        rows.map(|row| (&row.id, row.kind.as_str(), row.received_at, row.next_try_at)).collect()
    }

    pub(super) fn callback_time(&mut self, id: &str) -> Option<&mut Timestamp> {
        self.inbox.iter_mut().find(|row| row.id.as_str() == id).map(|row| &mut row.next_try_at)
    }

    pub(super) fn ignore_callback(&mut self, id: &str) {
        if let Some(row) = self.inbox.iter_mut().find(|row| row.id.as_str() == id) {
            row.status = InboundStatus::Ignored;
        }
    }
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
                kind: event.kind.clone(),
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
            // What is done stays done.
            if let Some(row) = row.and_then(|row| state.inbox.get_mut(row)).filter(|row| row.is_unfinished()) {
                row.status = status;
                row.next_try_at = next_try_at;
            }
            Ok(())
        })
    }

    async fn claim(&self, command: &ClaimInbound) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let row = state.inbox_ids.get(&command.id).copied().and_then(|row| state.inbox.get_mut(row));
            let due = row.filter(|row| row.is_unfinished() && row.next_try_at <= command.at);
            Ok(due.map(|row| row.next_try_at = command.until).is_some())
        })
    }

    async fn pending(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(GatewayEventId, Timestamp, String)>, StoreError> {
        self.transaction(|state| {
            let waits = |row: &&InboxRow| row.is_unfinished() && row.next_try_at <= now;
            let mut rows: Vec<_> = state.inbox.iter().filter(waits).collect();
            rows.sort_by_key(|row| row.next_try_at);
            Ok(at_most(rows.into_iter().map(|row| (row.id.clone(), row.received_at, row.body.clone())), limit))
        })
    }
}

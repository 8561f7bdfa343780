//! What is no longer needed: what was delivered long ago, and what belonged to removed endpoints.

use crate::conn::{Conn, on};
use crate::schema::{event_deliveries, webhook_endpoints};
use crate::tx::{Never, TxError};
use diesel::prelude::*;
use edupay_domain::event_delivery::{DeliveryStage, EndpointState};

/// What can be forgotten now.
#[derive(Default)]
pub(super) struct Forgettable {
    /// Deliveries by endpoint and event.
    deliveries: Vec<(String, String)>,
    /// Removed endpoints that have no further deliveries than these.
    endpoints: Vec<String>,
}

impl Forgettable {
    pub(super) fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.endpoints.is_empty()
    }
}

/// At most `limit` deliveries.
pub(super) fn forgettable(conn: &mut Conn<'_>, before: i64, limit: i64) -> Result<Forgettable, TxError<Never>> {
    use event_deliveries::{endpoint_id, event_id, settled_at, state, table};
    let delivered = table
        .filter(state.eq(DeliveryStage::Delivered.code()))
        .filter(settled_at.lt(before))
        .order(settled_at.asc())
        .limit(limit)
        .select((endpoint_id, event_id));
    let mut found = Forgettable { deliveries: on!(conn, c => delivered.load(c))?, endpoints: Vec::new() };
    let removed = webhook_endpoints::table
        .filter(webhook_endpoints::state.eq(EndpointState::Removed.code()))
        .select(webhook_endpoints::endpoint_id);
    let removed: Vec<String> = on!(conn, c => removed.load(c))?;
    for endpoint in removed {
        let room = limit.saturating_sub(i64::try_from(found.deliveries.len()).unwrap_or(i64::MAX)).max(0);
        let left = table.filter(endpoint_id.eq(endpoint.as_str())).limit(room).select((endpoint_id, event_id));
        let left: Vec<(String, String)> = on!(conn, c => left.load(c))?;
        if i64::try_from(left.len()).unwrap_or(i64::MAX) < room {
            found.endpoints.push(endpoint);
        }
        found.deliveries.extend(left);
    }
    Ok(found)
}

/// Forgets them; answers how many deliveries.
pub(super) fn forget(conn: &mut Conn<'_>, old: &Forgettable) -> Result<u32, TxError<Never>> {
    let mut count = 0_usize;
    for (endpoint, event) in &old.deliveries {
        // One that was sent again meanwhile stays.
        let one = event_deliveries::table.find((endpoint.as_str(), event.as_str()));
        let removed = webhook_endpoints::table
            .find(endpoint.as_str())
            .filter(webhook_endpoints::state.eq(EndpointState::Removed.code()))
            .select(webhook_endpoints::endpoint_id);
        let delete = diesel::delete(one).filter(
            event_deliveries::state
                .eq(DeliveryStage::Delivered.code())
                .or(event_deliveries::endpoint_id.eq_any(removed)),
        );
        count = count.saturating_add(on!(conn, c => delete.execute(c))?);
    }
    for endpoint in &old.endpoints {
        // Unless an event was queued for it a moment before it was removed.
        let left = event_deliveries::table
            .filter(event_deliveries::endpoint_id.eq(endpoint.as_str()))
            .select(event_deliveries::event_id)
            .limit(1);
        let left: Option<String> = on!(conn, c => left.first(c)).optional()?;
        if left.is_none() {
            on!(conn, c => diesel::delete(webhook_endpoints::table.find(endpoint.as_str())).execute(c))?;
        }
    }
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

//! The port of endpoints.

use super::rows::{self, EndpointRow};
use crate::conn::on;
use crate::database::SqlStore;
use crate::schema::webhook_endpoints;
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::event_delivery::{
    ChangeEndpoint, ChangeEndpointRule, Endpoint, EndpointId, EndpointRefusal, EndpointState, EndpointStore,
    RegisterEndpoint, RegisterEndpointRule,
};
use edupay_domain::store::{EffectError, StoreError};

#[async_trait]
impl EndpointStore for SqlStore {
    async fn register(
        &self,
        command: &RegisterEndpoint,
        rule: RegisterEndpointRule,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            let query = webhook_endpoints::table
                .filter(webhook_endpoints::state.ne(EndpointState::Removed.code()))
                .select(webhook_endpoints::endpoint_id);
            let known: Vec<String> = on!(conn, c => query.load(c))?;
            // Committed before without an answer.
            if known.contains(&command.id.to_string())
                && let Some(endpoint) = rows::locked(conn, command.id)?
            {
                return Ok(endpoint);
            }
            let endpoint = rule(&command, known.len()).map_err(TxError::Refused)?;
            rows::insert_endpoint(conn, &endpoint)?;
            Ok(endpoint)
        })
        .await
    }

    async fn change(
        &self,
        command: &ChangeEndpoint,
        rule: ChangeEndpointRule,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            let endpoint = rows::locked(conn, command.id)?.ok_or(TxError::Refused(EndpointRefusal::NotFound))?;
            let changed = rule(&command, &endpoint).map_err(TxError::Refused)?;
            rows::update_endpoint(conn, &endpoint, &changed)?;
            Ok(changed)
        })
        .await
    }

    async fn find(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        self.read_snapshot(move |conn| {
            let query = webhook_endpoints::table
                .find(id.to_string())
                .filter(webhook_endpoints::state.ne(EndpointState::Removed.code()));
            let row: Option<EndpointRow> = on!(conn, c => query.first(c)).optional()?;
            row.map(|row| rows::with_secrets(conn, row)).transpose()
        })
        .await
    }

    async fn list(&self) -> Result<Vec<Endpoint>, StoreError> {
        self.read_snapshot(|conn| {
            let query = webhook_endpoints::table
                .filter(webhook_endpoints::state.ne(EndpointState::Removed.code()))
                .order((webhook_endpoints::created_at.asc(), webhook_endpoints::endpoint_id.asc()));
            let rows: Vec<EndpointRow> = on!(conn, c => query.load(c))?;
            rows.into_iter().map(|row| rows::with_secrets(conn, row)).collect()
        })
        .await
    }
}

//! The App Store's notifications, and what they ask for.

use super::rows::{key, micros, page_end};
use crate::codes::{Corrupt, coded, moment, name, user_id};
use crate::conn::on;
use crate::database::SqlStore;
use crate::schema::{app_store_histories, app_store_notifications, consumption_requests};
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::app_store::{
    AppStoreInbox, ClaimNotification, ConsumptionRequest, KeptNotification, NotificationStatus, SignedText,
    StoreEnvironment,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::NotificationId;
use edupay_domain::store::StoreError;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consumption_requests)]
#[diesel(treat_none_as_default_value = false)]
struct RequestRow {
    notification_id: String,
    environment: String,
    transaction_id: String,
    user_id: Option<i64>,
    reason: String,
    requested_at: i64,
    deadline: i64,
    answered_at: Option<i64>,
}

impl RequestRow {
    fn of(request: &ConsumptionRequest) -> Self {
        Self {
            notification_id: request.id.to_string(),
            environment: request.key.environment.code().to_owned(),
            transaction_id: request.key.id.to_string(),
            user_id: request.user_id.map(|id| id.get()),
            reason: request.reason.clone(),
            requested_at: request.requested_at.timestamp_micros(),
            deadline: request.deadline.timestamp_micros(),
            answered_at: request.answered_at.map(|at| at.timestamp_micros()),
        }
    }

    fn request(self) -> Result<ConsumptionRequest, Corrupt> {
        let answered_at = self.answered_at.map(|at| moment("consumption_requests.answered_at", at));
        Ok(ConsumptionRequest {
            id: name("consumption_requests.notification_id", &self.notification_id, NotificationId::parse)?,
            key: key(("consumption_requests", &self.environment), &self.transaction_id)?,
            user_id: self.user_id.map(user_id).transpose()?,
            reason: self.reason,
            requested_at: moment("consumption_requests.requested_at", self.requested_at)?,
            deadline: moment("consumption_requests.deadline", self.deadline)?,
            answered_at: answered_at.transpose()?,
        })
    }
}

#[async_trait]
impl AppStoreInbox for SqlStore {
    async fn keep(&self, notification: &KeptNotification) -> Result<Option<NotificationStatus>, StoreError> {
        use app_store_notifications::{
            due_at, environment, kind, notification_id, received_at, signed, status, subtype, table, transaction_id,
        };
        let notification = notification.clone();
        self.write(move |conn| {
            let at = notification.received_at.timestamp_micros();
            let key = notification.key.as_ref();
            let row = (
                notification_id.eq(notification.id.as_str()),
                kind.eq(notification.kind.as_str()),
                subtype.eq(notification.subtype.as_str()),
                environment.eq(key.map(|key| key.environment.code())),
                transaction_id.eq(key.map(|key| key.id.as_str())),
                signed.eq(notification.signed.0.as_str()),
                status.eq(NotificationStatus::Kept.code()),
                received_at.eq(at),
                due_at.eq(at),
            );
            let insert = diesel::insert_into(table).values(row).on_conflict_do_nothing();
            if on!(conn, c => insert.execute(c))? == 1 {
                return Ok(None);
            }
            let query = table.find(notification.id.as_str()).select(status);
            let code: String = on!(conn, c => query.first(c))?;
            let (column, all) = ("app_store_notifications.status", &NotificationStatus::ALL);
            Ok(Some(coded(column, &code, all, NotificationStatus::code)?))
        })
        .await
    }

    async fn mark(&self, id: &NotificationId, status: NotificationStatus, due_at: Timestamp) -> Result<(), StoreError> {
        let id = id.as_str().to_owned();
        let due_at = (status == NotificationStatus::Kept).then(|| due_at.timestamp_micros());
        self.write(move |conn| {
            // Forward only: what is done stays done, whoever else works on a repeat.
            let update = diesel::update(app_store_notifications::table.find(id.as_str()))
                .filter(app_store_notifications::status.eq(NotificationStatus::Kept.code()))
                .set((app_store_notifications::status.eq(status.code()), app_store_notifications::due_at.eq(due_at)));
            on!(conn, c => update.execute(c))?;
            Ok(())
        })
        .await
    }

    async fn claim(&self, command: &ClaimNotification) -> Result<bool, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            // Only what is not done has a time; of two who ask at once the second finds another one.
            let update = diesel::update(app_store_notifications::table.find(command.id.as_str()))
                .filter(app_store_notifications::due_at.le(command.at.timestamp_micros()))
                .set(app_store_notifications::due_at.eq(command.until.timestamp_micros()));
            Ok(on!(conn, c => update.execute(c))? == 1)
        })
        .await
    }

    async fn due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(NotificationId, Timestamp, SignedText)>, StoreError> {
        use app_store_notifications::{due_at, notification_id, received_at, signed, table};
        self.read(move |conn| {
            let query = table
                .filter(due_at.le(now.timestamp_micros()))
                .order(due_at.asc())
                .limit(i64::from(limit))
                .select((notification_id, received_at, signed));
            let rows: Vec<(String, i64, String)> = on!(conn, c => query.load(c))?;
            rows.into_iter()
                .map(|(id, at, text)| {
                    let id = name("app_store_notifications.notification_id", &id, NotificationId::parse)?;
                    Ok((id, moment("app_store_notifications.received_at", at)?, SignedText(text)))
                })
                .collect()
        })
        .await
    }

    async fn add_request(&self, request: &ConsumptionRequest) -> Result<(), StoreError> {
        let row = RequestRow::of(request);
        self.write(move |conn| {
            let insert = diesel::insert_into(consumption_requests::table).values(&row).on_conflict_do_nothing();
            on!(conn, c => insert.execute(c))?;
            Ok(())
        })
        .await
    }

    async fn requests(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<ConsumptionRequest>, StoreError> {
        use consumption_requests::{notification_id, requested_at, table};
        self.read_snapshot(move |conn| {
            let those = || table.filter(requested_at.lt(micros(before)));
            let end = page_end!(conn, those(), requested_at, limit);
            let query = those().filter(requested_at.ge(end)).order((requested_at.desc(), notification_id.asc()));
            let rows: Vec<RequestRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(RequestRow::request).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn answer(&self, id: &NotificationId, at: Timestamp) -> Result<Option<ConsumptionRequest>, StoreError> {
        use consumption_requests::{answered_at, table};
        let id = id.as_str().to_owned();
        self.write(move |conn| {
            let update = diesel::update(table.find(id.as_str()))
                .filter(answered_at.is_null())
                .set(answered_at.eq(at.timestamp_micros()));
            on!(conn, c => update.execute(c))?;
            let query = table.find(id.as_str());
            let row: Option<RequestRow> = on!(conn, c => query.first(c)).optional()?;
            Ok(row.map(RequestRow::request).transpose()?)
        })
        .await
    }

    async fn caught_up(&self, environment: StoreEnvironment) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |conn| {
            let query = app_store_histories::table.find(environment.code()).select(app_store_histories::caught_up_to);
            let found: Option<i64> = on!(conn, c => query.first(c)).optional()?;
            Ok(found.map(|at| moment("app_store_histories.caught_up_to", at)).transpose()?)
        })
        .await
    }

    async fn set_caught_up(&self, environment: StoreEnvironment, until: Timestamp) -> Result<(), StoreError> {
        use app_store_histories::{caught_up_to, environment as of, table};
        self.write(move |conn| {
            let (code, until) = (environment.code(), until.timestamp_micros());
            let values = (of.eq(code), caught_up_to.eq(until));
            let insert = diesel::insert_into(table).values(values).on_conflict_do_nothing();
            on!(conn, c => insert.execute(c))?;
            let update = diesel::update(table.find(code)).filter(caught_up_to.lt(until)).set(caught_up_to.eq(until));
            on!(conn, c => update.execute(c))?;
            Ok(())
        })
        .await
    }
}

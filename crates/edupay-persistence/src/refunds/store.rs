//! The port of refunds.

use super::rows::{self, RefundRow};
use super::view::{load, write};
use crate::codes::{Corrupt, user_id};
use crate::conn::on;
use crate::database::SqlStore;
use crate::schema::{order_routes, purchase_routes, refunds};
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{RefundNo, UserId};
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{
    ClaimRefundWork, ClaimRefundWorkRule, ClaimedRefund, DecideRefund, DecideRefundRule, DecisionRefusal, FailRefund,
    FailRefundRule, GatewayRefundView, RecordGatewayRefund, RecordGatewayRefundRule, Refund, RefundCursor,
    RefundRefusal, RefundStage, RefundStore, RequestRefund, RequestRefundRule,
};
use edupay_domain::store::{EffectError, StoreError, StoreFault};

#[async_trait]
impl RefundStore for SqlStore {
    async fn find_refundable(&self, subject: &ChargeSubject) -> Result<Option<UserId>, StoreError> {
        let subject = subject.clone();
        self.read(move |conn| {
            let id: Option<i64> = match &subject {
                ChargeSubject::Order(number) => {
                    let query = order_routes::table.find(number.as_str()).select(order_routes::user_id);
                    on!(conn, c => query.first(c)).optional()?
                }
                ChargeSubject::Purchase(number) => {
                    let query = purchase_routes::table.find(number.as_str()).select(purchase_routes::user_id);
                    on!(conn, c => query.first(c)).optional()?
                }
                ChargeSubject::TopUp(_) => None,
            };
            Ok(id.map(user_id).transpose()?)
        })
        .await
    }

    async fn request(
        &self,
        command: &RequestRefund,
        rule: RequestRefundRule,
    ) -> Result<Refund, EffectError<RefundRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            let view = load(conn, command.user_id, &command.subject, Some(&command.refund_no))?;
            let plan = rule(&command, &view).map_err(TxError::Refused)?;
            write(conn, &view, plan, command.at)
        })
        .await
    }

    async fn decide(
        &self,
        command: &DecideRefund,
        rule: DecideRefundRule,
    ) -> Result<Refund, EffectError<DecisionRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            let view = load(conn, command.user_id, &command.subject, Some(&command.refund_no))?;
            let plan = rule(&command, &view).map_err(TxError::Refused)?;
            write(conn, &view, plan, command.at)
        })
        .await
    }

    async fn claim(&self, command: &ClaimRefundWork, rule: ClaimRefundWorkRule) -> Result<ClaimedRefund, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let Some(refund) = rows::find(conn, command.user_id, &command.refund_no)? else {
                return Ok(ClaimedRefund::Denied);
            };
            let claimed = rule(&command, &refund);
            if let ClaimedRefund::Ask(refund) | ClaimedRefund::LookFirst(refund) = &claimed {
                rows::put(conn, refund)?;
            }
            Ok(claimed)
        })
        .await
    }

    async fn record(
        &self,
        command: &RecordGatewayRefund,
        rule: RecordGatewayRefundRule,
    ) -> Result<Option<Refund>, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            let view = load(conn, command.user_id, &command.subject, None)?;
            let claimed_for = rows::claimed_for(conn, &command.refund.id)?;
            let view = GatewayRefundView { view, claimed_for };
            let plan = rule(&command, &view).map_err(|error| StoreError::new(StoreFault::Corrupt, error))?;
            plan.map(|plan| write(conn, &view.view, plan, command.at)).transpose()
        })
        .await
    }

    async fn fail(&self, command: &FailRefund, rule: FailRefundRule) -> Result<Option<Refund>, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            let view = load(conn, command.user_id, &command.subject, Some(&command.refund_no))?;
            rule(&command, &view).map(|plan| write(conn, &view, plan, command.at)).transpose()
        })
        .await
    }

    async fn find(&self, user_id: UserId, refund_no: &RefundNo) -> Result<Option<Refund>, StoreError> {
        let refund_no = refund_no.clone();
        self.read(move |conn| rows::find(conn, user_id, &refund_no)).await
    }

    async fn of_subject(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<Refund>, StoreError> {
        let subject = subject.clone();
        self.read(move |conn| rows::of_subject(conn, user_id, &subject)).await
    }

    async fn list(
        &self,
        stage: Option<RefundStage>,
        below: Option<RefundCursor>,
        limit: u32,
    ) -> Result<Vec<Refund>, StoreError> {
        self.read(move |conn| {
            // The whole page begins at the cursor's time; only those of the same moment are told apart.
            let (at, user, number) = match &below {
                Some(cursor) => {
                    (cursor.requested_at.timestamp_micros(), cursor.user_id.get(), cursor.refund_no.as_str().to_owned())
                }
                None => (i64::MAX, i64::MAX, String::new()),
            };
            let is_below = refunds::requested_at.le(at).and(
                refunds::requested_at
                    .lt(at)
                    .or(refunds::user_id.lt(user))
                    .or(refunds::user_id.eq(user).and(refunds::refund_no.lt(number))),
            );
            let page = refunds::table
                .filter(is_below)
                .order((refunds::requested_at.desc(), refunds::user_id.desc(), refunds::refund_no.desc()))
                .limit(i64::from(limit));
            let found: Vec<RefundRow> = match stage {
                Some(stage) => on!(conn, c => page.filter(refunds::status.eq(stage.code())).load(c))?,
                None => on!(conn, c => page.load(c))?,
            };
            Ok(found.into_iter().map(RefundRow::refund).collect::<Result<_, Corrupt>>()?)
        })
        .await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        self.read(move |conn| {
            let query = refunds::table
                .filter(refunds::due_at.le(now.timestamp_micros()))
                .order(refunds::due_at.asc())
                .limit(i64::from(limit))
                .select(refunds::all_columns);
            let found: Vec<RefundRow> = on!(conn, c => query.load(c))?;
            Ok(found.into_iter().map(RefundRow::refund).collect::<Result<_, Corrupt>>()?)
        })
        .await
    }
}

//! What is unfinished and the list for people, in memory.

use super::{MemoryStore, State, at_most};
use async_trait::async_trait;
use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, UserId};
use edupay_domain::money::Money;
use edupay_domain::orders::OrderState;
use edupay_domain::packages::{PurchaseState, ServicePeriod};
use edupay_domain::payments::{ChargeSubject, Receipt, ReceiptStatus};
use edupay_domain::recovery::{
    DecideReview, DecideReviewRule, Overview, PERIOD_LEFT, REFUND_FAILED, REFUND_UNCLEAR, ReviewAction, ReviewChange,
    ReviewCount, ReviewCursor, ReviewDecision, ReviewId, ReviewItem, ReviewKind, ReviewPlan, ReviewRefusal,
    ReviewStore, ReviewView, UNKNOWN, UNMATCHED, UNREADABLE, UnfinishedCount, UnfinishedRow, WorkKind,
};
use edupay_domain::refunds::{Refund, RefundStage};
use edupay_domain::schedule::{FOR_A_PERSON, later};
use edupay_domain::store::{EffectError, StoreError};

/// Something unfinished: when it began, from when on it should be finished, and when it is due.
struct Unfinished {
    kind: WorkKind,
    review: Option<ReviewKind>,
    key: String,
    began_at: Timestamp,
    final_from: Timestamp,
    due_at: Timestamp,
}

impl State {
    fn unfinished(&self) -> Vec<Unfinished> {
        let mut all = Vec::new();
        let mut add = |kind, review, key: &str, began_at, final_from, due_at| {
            all.push(Unfinished { kind, review: Some(review), key: key.to_owned(), began_at, final_from, due_at });
        };
        for attempt in self.attempts.values().flatten().filter(|attempt| super::charges::is_unfinished(attempt)) {
            let (began, end) = (attempt.requested_at, attempt.expires_at);
            let number = attempt.gateway_order_no.as_str();
            add(WorkKind::Charges, ReviewKind::Charge, number, began, end, attempt.look_at);
        }
        for receipt in self.receipts.values().flatten().filter(|receipt| goes_back(receipt)) {
            let (at, key) = (receipt.received_at, receipt.charge_id.as_str());
            add(WorkKind::Receipts, ReviewKind::Receipt, key, at, at, receipt.next_try_at);
        }
        for refund in self.refunds.values().flatten().filter(|refund| refund.stage.is_at_gateway()) {
            let asked = refund.asked_at.unwrap_or(refund.requested_at);
            let key = refund_key(refund);
            add(WorkKind::Refunds, ReviewKind::Refund, &key, refund.requested_at, asked, refund.next_try_at);
        }
        for (id, _, at, due_at) in self.unfinished_callbacks() {
            add(WorkKind::Callbacks, ReviewKind::Callback, id.as_str(), at, at, due_at);
        }
        for (id, _, at, due_at) in self.unfinished_notifications() {
            add(WorkKind::Notifications, ReviewKind::Notification, id.as_str(), at, at, due_at);
        }
        let orders = self.orders.values().flatten().filter(|order| order.state == OrderState::Unpaid);
        let orders = orders.map(|order| (WorkKind::Orders, order.order_no.to_string(), order.expires_at));
        let purchases = self.purchases.values().flatten().filter(|bought| bought.state == PurchaseState::Unpaid);
        let purchases =
            purchases.map(|bought| (WorkKind::Purchases, bought.purchase_no.to_string(), bought.expires_at));
        let waiting = orders.chain(purchases).map(|(kind, key, at)| Unfinished {
            kind,
            review: None,
            key,
            began_at: at,
            final_from: at,
            due_at: at,
        });
        all.extend(waiting);
        all
    }

    fn item(&self, kind: ReviewKind, key: &str, subject: &str, reason: &str, since: Timestamp) -> Option<ReviewItem> {
        Some(ReviewItem {
            id: ReviewId::try_new(kind, key)?,
            subject: subject.to_owned(),
            user_id: None,
            amount: None,
            reason: reason.to_owned(),
            since,
            listed_at: since,
        })
    }

    /// Everything that waits since the moment it names, and for how long it waited before that.
    fn candidates(&self) -> Vec<(ReviewItem, TimeDelta)> {
        let of = |item: Option<ReviewItem>, user_id: Option<UserId>, amount: Option<Money>, waits| {
            item.map(|item| (ReviewItem { user_id, amount, ..item }, waits))
        };
        let receipts = self.receipts.values().flatten().filter_map(|receipt| {
            let (reason, since, waits) = match receipt.status {
                ReceiptStatus::Review => (receipt.reason?.code(), receipt.next_try_at, TimeDelta::zero()),
                _ if goes_back(receipt) => (REFUND_UNCLEAR, receipt.received_at, FOR_A_PERSON),
                _ => return None,
            };
            let subject = receipt.gateway_order_no.as_str();
            let item = self.item(ReviewKind::Receipt, receipt.charge_id.as_str(), subject, reason, since);
            of(item, Some(receipt.user_id), Some(receipt.amount), waits)
        });
        let refunds = self.refunds.values().flatten().filter_map(|refund| {
            let (reason, since, waits) = match refund.stage {
                RefundStage::Failed => {
                    (REFUND_FAILED, refund.settled_at.unwrap_or(refund.requested_at), TimeDelta::zero())
                }
                stage if stage.is_at_gateway() => {
                    (REFUND_UNCLEAR, refund.asked_at.unwrap_or(refund.requested_at), FOR_A_PERSON)
                }
                _ => return None,
            };
            let item = self.item(ReviewKind::Refund, &refund_key(refund), refund.subject.number(), reason, since);
            of(item, Some(refund.user_id), Some(refund.amount), waits)
        });
        let attempts = self.attempts.values().flatten().filter(|attempt| super::charges::is_unfinished(attempt));
        let charges = attempts.filter_map(|attempt| {
            let (number, subject) = (attempt.gateway_order_no.as_str(), attempt.subject.number());
            let item = self.item(ReviewKind::Charge, number, subject, UNKNOWN, attempt.expires_at);
            of(item, Some(attempt.user_id), Some(attempt.amount), FOR_A_PERSON)
        });
        let callbacks = self.unfinished_callbacks().into_iter().filter_map(|(id, kind, at, _)| {
            of(self.item(ReviewKind::Callback, id.as_str(), kind, UNMATCHED, at), None, None, FOR_A_PERSON)
        });
        let notifications = self.unfinished_notifications().into_iter().filter_map(|(id, kind, at, _)| {
            of(self.item(ReviewKind::Notification, id.as_str(), kind, UNREADABLE, at), None, None, FOR_A_PERSON)
        });
        let periods = self.periods.values().flatten().filter(|period| self.is_left(period)).filter_map(|period| {
            let bought = self.purchases.get(&period.user_id)?.iter();
            let purchase =
                bought.into_iter().find(|one| one.records.iter().any(|record| record.id == period.record_id))?;
            let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
            let refunds = self.refunds_of(period.user_id, &subject);
            let since = refunds.iter().filter_map(|refund| refund.settled_at).max()?;
            let item = self.item(ReviewKind::Period, period.record_id.as_str(), subject.number(), PERIOD_LEFT, since);
            of(item, Some(period.user_id), None, TimeDelta::zero())
        });
        receipts.chain(refunds).chain(charges).chain(callbacks).chain(notifications).chain(periods).collect()
    }

    /// Whether a period ended in the place of an upgrade that did not.
    fn is_left(&self, period: &ServicePeriod) -> bool {
        let Some(superseded) = period.superseded.as_ref().filter(|_| period.ended.is_some() && period.is_superseded())
        else {
            return false;
        };
        let others = self.periods.get(&period.user_id).into_iter().flatten();
        !others.into_iter().any(|other| other.record_id == superseded.by && other.ended.is_some())
    }

    fn decisions_on(&self, id: &ReviewId) -> Vec<&ReviewDecision> {
        self.review_decisions.iter().filter(|decision| decision.id == *id).collect()
    }

    fn is_closed(&self, id: &ReviewId, since: Timestamp) -> bool {
        let closes = |decision: &&ReviewDecision| decision.action == ReviewAction::Close && decision.at >= since;
        self.decisions_on(id).into_iter().any(|decision| closes(&decision))
    }

    /// The list, in its order.
    fn listed(&self, now: Timestamp) -> Vec<ReviewItem> {
        let open = self.candidates().into_iter().filter(|(item, _)| !self.is_closed(&item.id, item.since));
        let mut items: Vec<_> = open
            .map(|(item, waits)| {
                let decided = self.decisions_on(&item.id).into_iter().map(|decision| decision.at);
                let last = decided.filter(|at| *at >= item.since && !waits.is_zero()).max();
                ReviewItem { listed_at: later(last.unwrap_or(item.since), waits), ..item }
            })
            .filter(|item| item.listed_at <= now)
            .collect();
        items.sort_by(|one, other| (one.listed_at, &one.id).cmp(&(other.listed_at, &other.id)));
        items
    }

    fn write_review(&mut self, id: &ReviewId, change: ReviewChange) {
        match change {
            ReviewChange::Nothing => {}
            ReviewChange::Receipt(receipt) => self.put_receipt(receipt),
            ReviewChange::Ignore => self.ignore(id),
            ReviewChange::Due { at, leased_until } => {
                if let Some(due_at) = self.due_time(id).filter(|due_at| **due_at > leased_until) {
                    *due_at = at;
                }
            }
        }
    }

    fn due_time(&mut self, id: &ReviewId) -> Option<&mut Timestamp> {
        let key = id.key();
        match id.kind {
            ReviewKind::Charge => {
                let mut attempts = self.attempts.values_mut().flatten();
                Some(&mut attempts.find(|attempt| attempt.gateway_order_no.as_str() == key)?.look_at)
            }
            ReviewKind::Receipt => {
                let mut receipts = self.receipts.values_mut().flatten();
                Some(&mut receipts.find(|receipt| receipt.charge_id.as_str() == key)?.next_try_at)
            }
            ReviewKind::Refund => {
                let mut refunds = self.refunds.values_mut().flatten();
                Some(&mut refunds.find(|refund| refund_key(refund) == key)?.next_try_at)
            }
            ReviewKind::Callback => self.callback_time(key),
            ReviewKind::Notification => self.notification_time(key),
            ReviewKind::Period => None,
        }
    }

    fn ignore(&mut self, id: &ReviewId) {
        match id.kind {
            ReviewKind::Callback => self.ignore_callback(id.key()),
            ReviewKind::Notification => self.ignore_notification(id.key()),
            _ => {}
        }
    }
}

fn goes_back(receipt: &Receipt) -> bool {
    use ReceiptStatus::{RefundDue, RefundPending, RefundRequested};
    matches!(receipt.status, RefundDue | RefundRequested | RefundPending)
}

fn refund_key(refund: &Refund) -> String {
    format!("{}-{}", refund.user_id, refund.refund_no)
}

#[async_trait]
impl ReviewStore for MemoryStore {
    async fn list(
        &self,
        now: Timestamp,
        kind: Option<ReviewKind>,
        after: Option<ReviewCursor>,
        limit: u32,
    ) -> Result<Vec<ReviewItem>, StoreError> {
        self.transaction(|state| {
            let after = after.map(|cursor| (cursor.listed_at, cursor.id));
            let items = state.listed(now).into_iter().filter(|item| kind.is_none_or(|kind| item.id.kind == kind));
            let items =
                items.filter(|item| after.as_ref().is_none_or(|(at, id)| (item.listed_at, &item.id) > (*at, id)));
            Ok(at_most(items, limit))
        })
    }

    async fn find_item(&self, now: Timestamp, id: &ReviewId) -> Result<Option<ReviewItem>, StoreError> {
        self.transaction(|state| Ok(state.listed(now).into_iter().find(|item| item.id == *id)))
    }

    async fn decisions(&self, id: &ReviewId) -> Result<Vec<ReviewDecision>, StoreError> {
        self.transaction(|state| Ok(state.decisions_on(id).into_iter().cloned().collect()))
    }

    async fn decide(
        &self,
        command: &DecideReview,
        rule: DecideReviewRule,
    ) -> Result<ReviewDecision, EffectError<ReviewRefusal>> {
        self.transaction(|state| {
            let item = state.listed(command.at).into_iter().find(|item| item.id == command.id);
            let user_id = item.as_ref().and_then(|item| item.user_id);
            let charge_id = ChargeId::parse(command.id.key()).ok();
            let receipt = user_id.zip(charge_id).and_then(|(user_id, charge_id)| state.receipt(user_id, &charge_id));
            let last = state.decisions_on(&command.id).last().map(|last| (*last).clone());
            let view = ReviewView { item, receipt: receipt.cloned(), last };
            match rule(command, &view).map_err(EffectError::Refused)? {
                ReviewPlan::Already(decision) => Ok(decision),
                ReviewPlan::Decide { decision, change, events } => {
                    state.write_review(&decision.id, change);
                    state.outbox.extend(events);
                    state.review_decisions.push(decision.clone());
                    Ok(decision)
                }
            }
        })
    }

    async fn overview(&self, now: Timestamp) -> Result<Overview, StoreError> {
        self.transaction(|state| {
            let all: Vec<_> = state.unfinished().into_iter().filter(|one| one.began_at <= now).collect();
            let unfinished = WorkKind::ALL.into_iter().map(|kind| {
                let those = || all.iter().filter(|one| one.kind == kind);
                let due = counted(those().filter(|one| one.due_at <= now).count());
                UnfinishedCount {
                    kind,
                    count: counted(those().count()),
                    due,
                    oldest: those().map(|one| one.began_at).min(),
                }
            });
            let listed = state.listed(now);
            let review = ReviewKind::ALL.into_iter().map(|kind| {
                let those = || listed.iter().filter(|item| item.id.kind == kind);
                ReviewCount { kind, count: counted(those().count()), oldest: those().map(|item| item.listed_at).min() }
            });
            Ok(Overview {
                unfinished: unfinished.filter(|count| count.count > 0).collect(),
                review: review.filter(|count| count.count > 0).collect(),
            })
        })
    }

    async fn unfinished_since(&self, before: Timestamp, limit: u32) -> Result<Vec<UnfinishedRow>, StoreError> {
        self.transaction(|state| {
            let is_closed = |one: &Unfinished| {
                let id = one.review.and_then(|kind| ReviewId::try_new(kind, &one.key));
                id.is_some_and(|id| state.is_closed(&id, one.final_from))
            };
            let mut rows: Vec<_> = state.unfinished();
            rows.retain(|one| one.final_from < before && !is_closed(one));
            rows.sort_by_key(|one| one.final_from);
            let rows =
                rows.into_iter().map(|one| UnfinishedRow { kind: one.kind, key: one.key, since: one.final_from });
            Ok(at_most(rows, limit))
        })
    }
}

fn counted(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

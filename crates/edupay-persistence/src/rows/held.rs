//! The rows of a batch in memory: what was loaded, with every plan carried into it, and what is to
//! be written in the end.

use super::campus::{Found, Purchases};
use super::changes::Changes;
use crate::codes::Corrupt;
use crate::orders::rows::{LineRow, OrderRow, joined_order};
use crate::tx::TxError;
use edupay_domain::clock::Timestamp;
use edupay_domain::events::Event;
use edupay_domain::idempotency::{IdempotencyKey, KeyRecord};
use edupay_domain::ids::{ChargeId, CourseId, GatewayOrderNo, OrderNo, TopUpNo, UserId};
use edupay_domain::ledger::{PostedEntry, Wallet};
use edupay_domain::orders::{Entitlement, Order};
use edupay_domain::payments::{ChargeAttempt, ChargeSubject, Receipt};
use edupay_domain::top_ups::TopUp;
use edupay_mischief::planted;
use std::collections::{HashMap, HashSet};

/// What a batch has loaded and what it has made of it.
#[derive(Default)]
pub(crate) struct Rows {
    pub(super) wallets: HashMap<UserId, Found<Wallet>>,
    orders: HashMap<(UserId, OrderNo), Found<Order>>,
    owned: HashSet<(UserId, CourseId)>,
    pub(super) attempts: HashMap<(UserId, GatewayOrderNo), Found<ChargeAttempt>>,
    pub(super) receipts: HashMap<(UserId, ChargeId), Found<Receipt>>,
    pub(super) top_ups: HashMap<(UserId, TopUpNo), Found<TopUp>>,
    /// Orders that are known to have no unfinished attempt.
    pub(super) without_attempts: HashSet<(UserId, OrderNo)>,
    pub(super) purchases: Purchases,
    /// The keys of requests, with those that the batch has written.
    pub(super) keyed: HashMap<(UserId, IdempotencyKey), Result<KeyRecord, Corrupt>>,
    pub(super) changes: Changes,
}

impl Rows {
    /// An order with its lines, each with the course of it that the user owns.
    pub(super) fn add_order(
        &mut self,
        user_id: UserId,
        number: &OrderNo,
        order: OrderRow,
        lines: Vec<(LineRow, Option<i64>)>,
    ) {
        let owned = lines.iter().filter_map(|(_, owned)| CourseId::try_new((*owned)?).ok());
        self.owned.extend(owned.map(|course_id| (user_id, course_id)));
        let lines = lines.into_iter().map(|(line, _)| line).collect();
        self.orders.insert((user_id, number.clone()), joined_order(order, lines));
    }

    /// What is to be written.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The wallet of a user; `None` when there is no such user.
    pub(crate) fn wallet(&self, id: UserId) -> Result<Option<Wallet>, Corrupt> {
        self.wallets.get(&id).cloned().transpose()
    }

    /// The wallet of a user who must be there.
    pub(crate) fn known_wallet<R>(&self, id: UserId) -> Result<Wallet, TxError<R>> {
        self.wallet(id)?.ok_or_else(|| Corrupt::new("wallets.user_id", "no row").into())
    }

    /// An order of the keys.
    pub(crate) fn order(&self, user_id: UserId, number: &OrderNo) -> Result<Option<Order>, Corrupt> {
        self.orders.get(&(user_id, number.clone())).cloned().transpose()
    }

    /// Those of an order's courses that its buyer owns.
    pub(crate) fn owned(&self, order: Option<&Order>) -> Vec<CourseId> {
        if planted!("course_owned_twice") {
            return Vec::new();
        }
        let courses =
            order.into_iter().flat_map(|order| order.lines.iter().map(|line| (order.user_id, line.course_id)));
        courses.filter(|key| self.owned.contains(key)).map(|(_, course_id)| course_id).collect()
    }

    /// An attempt of the keys, which must be there.
    pub(crate) fn attempt<R>(&self, user_id: UserId, number: &GatewayOrderNo) -> Result<ChargeAttempt, TxError<R>> {
        let found = self.attempts.get(&(user_id, number.clone())).cloned().transpose()?;
        found.ok_or_else(|| Corrupt::new("charge_attempts", format!("no row for {number}")).into())
    }

    /// The receipt of a charge of the keys, if it was booked before.
    pub(crate) fn receipt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<Receipt>, Corrupt> {
        if planted!("claim_skipped") {
            return Ok(None);
        }
        self.receipts.get(&(user_id, charge_id.clone())).cloned().transpose()
    }

    /// A top-up of the keys.
    pub(crate) fn top_up(&self, user_id: UserId, number: &TopUpNo) -> Result<Option<TopUp>, Corrupt> {
        self.top_ups.get(&(user_id, number.clone())).cloned().transpose()
    }

    /// An unpaid order's next state; its unfinished attempts become due.
    pub(crate) fn end_unpaid_order(&mut self, order: &Order, at: Timestamp) {
        self.changes.ended_orders.push(order.clone());
        let key = (order.user_id, order.order_no.clone());
        if !self.without_attempts.contains(&key) {
            let subject = ChargeSubject::Order(order.order_no.clone());
            self.changes.no_longer_awaited.push((order.user_id, subject, at));
        }
        self.orders.insert(key, Ok(order.clone()));
    }

    /// What an order gives.
    pub(crate) fn grant(&mut self, granted: Vec<Entitlement>) {
        self.owned.extend(granted.iter().map(|entitlement| (entitlement.user_id, entitlement.course_id)));
        self.changes.granted.extend(granted);
    }

    /// An entry, and the wallet after it.
    pub(crate) fn post(&mut self, posted: PostedEntry, at: Timestamp) {
        let wallet = posted.wallet;
        let before = posted.number.saturating_sub(1);
        let changed = self.changes.wallets.entry(wallet.user_id).or_insert((before, wallet));
        changed.1 = wallet;
        self.wallets.insert(wallet.user_id, Ok(wallet));
        self.changes.entries.push((posted, at));
    }

    /// What happened.
    pub(crate) fn record(&mut self, events: Vec<Event>) {
        self.changes.events.extend(events);
    }

    /// A charge's receipt, which claims the charge over all users.
    pub(crate) fn book(&mut self, receipt: &Receipt) {
        self.changes.booked.push(receipt.clone());
        self.receipts.insert((receipt.user_id, receipt.charge_id.clone()), Ok(receipt.clone()));
    }

    /// A receipt's next state.
    pub(crate) fn change_receipt(&mut self, receipt: &Receipt) {
        let key = (receipt.user_id, receipt.charge_id.clone());
        let Changes { booked, receipts, .. } = &mut self.changes;
        let is_it = |other: &&mut Receipt| other.user_id == receipt.user_id && other.charge_id == receipt.charge_id;
        match booked.iter_mut().chain(receipts.iter_mut()).find(is_it) {
            Some(earlier) => earlier.clone_from(receipt),
            None => receipts.push(receipt.clone()),
        }
        self.receipts.insert(key, Ok(receipt.clone()));
    }

    /// An attempt's next state.
    pub(crate) fn change_attempt(&mut self, attempt: &ChargeAttempt) {
        let attempts = &mut self.changes.attempts;
        match attempts.iter_mut().find(|other| other.gateway_order_no == attempt.gateway_order_no) {
            Some(earlier) => earlier.clone_from(attempt),
            None => attempts.push(attempt.clone()),
        }
        self.attempts.insert((attempt.user_id, attempt.gateway_order_no.clone()), Ok(attempt.clone()));
    }

    /// A pending top-up's next state; its unfinished attempts become due.
    pub(crate) fn end_pending_top_up(&mut self, top_up: &TopUp, at: Timestamp) {
        self.changes.top_ups.push(top_up.clone());
        self.top_ups.insert((top_up.user_id, top_up.top_up_no.clone()), Ok(top_up.clone()));
        let subject = ChargeSubject::TopUp(top_up.top_up_no.clone());
        self.changes.no_longer_awaited.push((top_up.user_id, subject, at));
    }
}

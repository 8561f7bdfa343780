//! What a batch writes.

use edupay_domain::clock::Timestamp;
use edupay_domain::events::Event;
use edupay_domain::idempotency::KeyRecord;
use edupay_domain::ids::{EventId, UserId};
use edupay_domain::ledger::{PostedEntry, Wallet};
use edupay_domain::orders::{Entitlement, Order};
use edupay_domain::packages::{Purchase, ServicePeriod};
use edupay_domain::payments::{ChargeAttempt, ChargeSubject, Receipt};
use edupay_domain::top_ups::TopUp;
use std::collections::BTreeMap;

/// The plans of a batch, by table, each in the order of its effects; wallets in the order of their
/// users, each once however many entries it got.
#[derive(Default)]
pub(crate) struct Changes {
    /// The count of entries as it was loaded, and the wallet as it is in the end.
    pub(super) wallets: BTreeMap<UserId, (i64, Wallet)>,
    pub(super) entries: Vec<(PostedEntry, Timestamp)>,
    pub(super) events: Vec<Event>,
    /// Orders that were unpaid.
    pub(super) ended_orders: Vec<Order>,
    pub(super) granted: Vec<Entitlement>,
    pub(super) attempts: Vec<ChargeAttempt>,
    pub(super) no_longer_awaited: Vec<(UserId, ChargeSubject, Timestamp)>,
    pub(super) booked: Vec<Receipt>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) top_ups: Vec<TopUp>,
    /// Purchases that were unpaid.
    pub(super) paid_purchases: Vec<Purchase>,
    pub(super) given: Vec<ServicePeriod>,
    /// Periods that were there and not superseded.
    pub(super) superseded: Vec<ServicePeriod>,
    /// Keys that were not there, with their replies.
    pub(super) keyed: Vec<KeyRecord>,
}

impl Changes {
    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            wallets,
            entries,
            events,
            ended_orders,
            granted,
            attempts,
            no_longer_awaited,
            booked,
            receipts,
            top_ups,
            paid_purchases,
            given,
            superseded,
            keyed,
        } = self;
        wallets.is_empty()
            && entries.is_empty()
            && events.is_empty()
            && ended_orders.is_empty()
            && granted.is_empty()
            && attempts.is_empty()
            && no_longer_awaited.is_empty()
            && booked.is_empty()
            && receipts.is_empty()
            && top_ups.is_empty()
            && paid_purchases.is_empty()
            && given.is_empty()
            && superseded.is_empty()
            && keyed.is_empty()
    }

    /// Whether anything of a charge changes.
    pub(super) fn touch_a_charge(&self) -> bool {
        !(self.booked.is_empty() && self.receipts.is_empty() && self.attempts.is_empty() && self.top_ups.is_empty())
    }

    /// Whether any purchase was paid: only then do periods change.
    pub(super) fn pay_a_purchase(&self) -> bool {
        !self.paid_purchases.is_empty()
    }

    /// An event of the batch. All is committed or nothing, so that one event found in the outbox
    /// says that all of it was.
    pub(crate) fn an_event(&self) -> Option<(UserId, EventId)> {
        self.events.first().map(|event| (event.user_id, event.id))
    }
}

//! Making, paying, cancelling and closing orders.

use super::confirm::confirm_order_charge;
use super::error::{CancelRefusal, CreateOrderRefusal, PayRefusal};
use super::model::{
    CancelOrder, CloseOrder, ConfirmOrderCharge, CreateOrder, OpenOrderCharge, Order, OrderState, PaidOrder,
    PayFromBalance,
};
use super::pay::{open_order_charge, pay_from_balance};
use super::ports::{CreatedOrder, OpenedCharge, OrderStore};
use super::rules::{cancel_order, close_order, create_order};
use crate::accounts::Principal;
use crate::clock::{Clock, Timestamp};
use crate::idempotency::{KeyTurn, KeyedOutcome, Once};
use crate::ids::{CourseId, GatewayOrderNo, IdSource, OrderNo, OrderPk, UserId};
use crate::payments::{
    ApplyCharge, Asked, Channel, Charge, ChargeAttempt, ChargeRequest, ChargeRoute, ChargeSubject, Closing,
    ConfirmError, Confirmation, Merchant, MetadataValue, OpenCharge, OpenChargePlan, PaymentService, Round,
};
use crate::store::{EffectError, StoreError, StoreFault};
use async_trait::async_trait;
use chrono::TimeDelta;
use std::net::IpAddr;
use std::sync::Arc;

/// How often a taken number is drawn anew.
const DRAWS: usize = 8;

/// What staff decides about orders.
#[derive(Debug, Clone)]
pub struct OrderPolicy {
    /// For how long an order can be paid.
    pub order_lifetime: TimeDelta,
    /// For how long a charge can be paid; never longer than its order.
    pub charge_lifetime: TimeDelta,
}

/// The parts of [`OrderService`].
pub struct Orders {
    /// Where orders are kept.
    pub store: Arc<dyn OrderStore>,
    /// Charges.
    pub payments: PaymentService,
    /// What staff decided.
    pub policy: OrderPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// Moves orders: adds time and ids, hands the pure rule to the store.
///
/// A mocked store still runs the real rule:
///
/// ```
/// # use edupay_domain::{orders::*, ids::*, clock::Timestamp, ledger::Wallet, store::EffectError};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let buyer = UserId::try_new(1).unwrap();
/// let mut store = MockOrderStore::new();
/// store.expect_pay_from_balance().returning(|command, rule| {
///     let view = PayView { wallet: Wallet::new(command.user_id), order: None, owned: Vec::new() };
///     match rule(command, &view) {
///         Ok(_) => unreachable!("there is no order"),
///         Err(refusal) => Err(EffectError::Refused(refusal)),
///     }
/// });
/// let command = PayFromBalance {
///     user_id: buyer,
///     order_no: OrderNo::parse("12134676899915430002").unwrap(),
///     at: Timestamp::default(),
///     event_id: EventId::from_random(7),
/// };
/// let refused = store.pay_from_balance(&command, pay_from_balance).await;
/// assert!(matches!(refused, Err(EffectError::Refused(PayRefusal::OrderNotFound))));
/// # });
/// ```
#[derive(Clone)]
pub struct OrderService {
    parts: Arc<Orders>,
}

impl OrderService {
    /// The most orders of one page.
    pub const MAX_PAGE: u32 = 100;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Orders) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Makes an order. A repeat makes another one.
    ///
    /// # Errors
    /// [`CreateOrderRefusal`].
    pub async fn create(
        &self,
        user_id: UserId,
        course_ids: Vec<CourseId>,
    ) -> Result<Order, EffectError<CreateOrderRefusal>> {
        self.create_once(user_id, course_ids, None).await
    }

    /// The same in the turn of a key: the order that an earlier try has made is the one.
    ///
    /// # Errors
    /// [`CreateOrderRefusal`].
    pub async fn create_once(
        &self,
        user_id: UserId,
        course_ids: Vec<CourseId>,
        turn: Option<&KeyTurn>,
    ) -> Result<Order, EffectError<CreateOrderRefusal>> {
        if let Some(point) = turn.and_then(|turn| turn.point.as_ref()) {
            let made = match OrderNo::parse(&point.0) {
                Ok(order_no) => self.parts.store.find(user_id, &order_no).await?,
                Err(_) => None,
            };
            return made.ok_or_else(|| StoreError::new(StoreFault::Corrupt, "no order of that number was made").into());
        }
        let at = self.parts.clock.now();
        let expires_at = later(at, self.parts.policy.order_lifetime);
        for _ in 0..DRAWS {
            let order_no = OrderNo::issue(at, self.parts.ids.draw());
            let (course_ids, claim) = (course_ids.clone(), turn.map(|turn| turn.claim.clone()));
            let command = CreateOrder { user_id, order_no, course_ids, at, expires_at, claim };
            if let CreatedOrder::Created(order) = self.parts.store.create(&command, create_order).await? {
                return Ok(order);
            }
        }
        Err(EffectError::Store(StoreError::new(StoreFault::Unavailable, "no free order number was drawn")))
    }

    /// Stores an order under a number of its own (demo data, a move from another service); `None`
    /// when the number is taken.
    ///
    /// # Errors
    /// [`CreateOrderRefusal`].
    pub async fn adopt(
        &self,
        user_id: UserId,
        order_no: OrderNo,
        course_ids: Vec<CourseId>,
        expires_at: Timestamp,
    ) -> Result<Option<Order>, EffectError<CreateOrderRefusal>> {
        let command =
            CreateOrder { user_id, order_no, course_ids, at: self.parts.clock.now(), expires_at, claim: None };
        Ok(match self.parts.store.create(&command, create_order).await? {
            CreatedOrder::Created(order) => Some(order),
            CreatedOrder::NumberTaken => None,
        })
    }

    /// One order of the buyer; someone else's is `None`. While it is unpaid the gateway is asked,
    /// so that a lost callback heals when somebody looks; a gateway that can't be asked changes
    /// nothing about the answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, user_id: UserId, order_no: &OrderNo) -> Result<Option<Order>, StoreError> {
        let Some(order) = self.parts.store.find(user_id, order_no).await? else { return Ok(None) };
        if order.state != OrderState::Unpaid {
            return Ok(Some(order));
        }
        self.parts.payments.repair(user_id, &ChargeSubject::Order(order_no.clone())).await?;
        // Whoever booked the charge: a callback may have, between our look and the gateway's answer.
        self.parts.store.find(user_id, order_no).await
    }

    /// The buyer's visible orders, newest first; `limit` is cut to 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, user_id: UserId, below: Option<OrderPk>, limit: u32) -> Result<Vec<Order>, StoreError> {
        self.parts.store.list(user_id, below, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// The courses that the user owns.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn owned_courses(&self, user_id: UserId) -> Result<Vec<CourseId>, StoreError> {
        self.parts.store.owned_courses(user_id).await
    }

    /// Cancels an unpaid order; its open charges are closed by [`PaymentService::look_after`]. A
    /// repeat is the same success.
    ///
    /// # Errors
    /// [`CancelRefusal`].
    pub async fn cancel(&self, user_id: UserId, order_no: OrderNo) -> Result<Order, EffectError<CancelRefusal>> {
        let command =
            CancelOrder { user_id, order_no, at: self.parts.clock.now(), event_id: self.parts.ids.event_id() };
        self.parts.store.cancel(&command, cancel_order).await
    }

    /// Closes orders whose time has run out, after asking the gateway whether they were paid in
    /// time. An order whose gateway can't be asked waits a day for it; whatever turns out to
    /// have been paid later goes back.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one order is in the [`Round`].
    pub async fn close_expired(&self, limit: u32) -> Result<Round, StoreError> {
        let mut round = Round::default();
        for (user_id, order_no) in self.parts.store.expired(self.parts.clock.now(), limit).await? {
            let closed = self.close(user_id, &order_no).await;
            round.outage.note(&closed, ConfirmError::is_outage);
            round.count(order_no.as_str(), closed);
            if round.outage.is_plain() {
                break;
            }
        }
        Ok(round)
    }

    async fn close(&self, user_id: UserId, order_no: &OrderNo) -> Result<bool, ConfirmError> {
        let Some(order) = self.parts.store.find(user_id, order_no).await? else { return Ok(false) };
        let subject = ChargeSubject::Order(order_no.clone());
        match self.parts.payments.before_closing(user_id, &subject, order.expires_at).await? {
            Closing::Paid => return Ok(true),
            Closing::Searched => return Ok(false),
            Closing::Due => {}
        }
        let (at, event_id) = (self.parts.clock.now(), self.parts.ids.event_id());
        let command = CloseOrder { user_id, order_no: order_no.clone(), at, event_id };
        let order = self.parts.store.close(&command, close_order).await?;
        Ok(order.is_some_and(|order| order.state == OrderState::Closed))
    }

    /// Pays from the three balances, bonus first, then App Store money, then cash. The same buyer's
    /// repeat is the same success and moves nothing.
    ///
    /// # Errors
    /// [`PayRefusal`]; nothing has moved.
    pub async fn pay_from_balance(
        &self,
        user_id: UserId,
        order_no: OrderNo,
    ) -> Result<PaidOrder, EffectError<PayRefusal>> {
        let command =
            PayFromBalance { user_id, order_no, at: self.parts.clock.now(), event_id: self.parts.ids.event_id() };
        self.parts.store.pay_from_balance(&command, pay_from_balance).await
    }

    /// The same once per key: the reply that is made of the outcome is kept in the same transaction.
    ///
    /// # Errors
    /// [`StoreError`]. After an unknown outcome the same request finds out.
    pub async fn pay_from_balance_once(
        &self,
        user_id: UserId,
        order_no: OrderNo,
        once: &Once<Result<PaidOrder, PayRefusal>>,
    ) -> Result<KeyedOutcome, StoreError> {
        let command = PayFromBalance { user_id, order_no, at: once.request.at, event_id: self.parts.ids.event_id() };
        self.parts.store.pay_from_balance_once(&command, pay_from_balance, once).await
    }

    /// Gives the charge with which the client pays: the open one of this channel, or a new one. A
    /// repeat gives the same charge as long as it is open.
    ///
    /// # Errors
    /// [`PayRefusal`]. After `ChargeUnknown` the attempt is kept; a repeat asks for the same charge.
    pub async fn pay_by_charge(
        &self,
        user: &Principal,
        order_no: OrderNo,
        channel: Channel,
        client_ip: IpAddr,
    ) -> Result<ChargeAttempt, EffectError<PayRefusal>> {
        let (order, plan) = self.open_charge(user.id, order_no, channel).await?;
        let (attempt, asked) = match plan {
            OpenChargePlan::Reuse(attempt) => return Ok(attempt),
            OpenChargePlan::AskAgain(attempt) => (attempt, Asked::Again),
            OpenChargePlan::Open(attempt) => (attempt, Asked::Never),
        };
        let request = charge_request(&order, &attempt, user, client_ip);
        let answer = self.parts.payments.request_charge(&attempt, &request, asked).await;
        answer.map_err(|error| {
            error.into_effect(PayRefusal::ChargeRefused, PayRefusal::ChargePostponed, PayRefusal::ChargeUnknown)
        })
    }

    async fn open_charge(
        &self,
        user_id: UserId,
        order_no: OrderNo,
        channel: Channel,
    ) -> Result<(Order, OpenChargePlan), EffectError<PayRefusal>> {
        let at = self.parts.clock.now();
        for _ in 0..DRAWS {
            let candidate = GatewayOrderNo::issue(at, self.parts.ids.draw());
            let wish = OpenCharge::new(channel, candidate, at, self.parts.policy.charge_lifetime);
            let command = OpenOrderCharge {
                user_id,
                order_no: order_no.clone(),
                channel,
                candidate: wish.candidate,
                at,
                expires_at: wish.expires_at,
                min_expires_at: wish.min_expires_at,
                look_at: wish.look_at,
            };
            if let OpenedCharge::Planned { order, plan } =
                self.parts.store.open_charge(&command, open_order_charge).await?
            {
                return Ok((order, plan));
            }
        }
        Err(EffectError::Store(StoreError::new(StoreFault::Unavailable, "no free gateway order number was drawn")))
    }
}

/// Seed 001's charge: body is the order number; the metadata names the order and its buyer.
fn charge_request(order: &Order, attempt: &ChargeAttempt, user: &Principal, client_ip: IpAddr) -> ChargeRequest {
    const MAX_SUBJECT: usize = 32;
    /// The gateway takes 1,000 characters of metadata in all.
    const MAX_NAMES: usize = 500;
    const MAX_COURSES: usize = 200;
    let names = order.names();
    ChargeRequest {
        gateway_order_no: attempt.gateway_order_no.clone(),
        channel: attempt.channel,
        amount: attempt.amount,
        client_ip,
        open_id: None,
        subject: names.chars().take(MAX_SUBJECT).collect(),
        body: order.order_no.as_str().to_owned(),
        metadata: vec![
            ("order_id", MetadataValue::Number(order.pk.get())),
            ("buyer", MetadataValue::Text(user.username.as_str().to_owned())),
            ("names", MetadataValue::Text(names.chars().take(MAX_NAMES).collect())),
            ("order_no", MetadataValue::Text(order.order_no.as_str().to_owned())),
            ("courses", MetadataValue::Text(order.courses().chars().take(MAX_COURSES).collect())),
        ],
        expires_at: attempt.expires_at,
    }
}

/// Applies paid charges to orders: what [`PaymentService`] calls.
pub struct ConfirmOrders {
    /// Where orders are kept.
    pub store: Arc<dyn OrderStore>,
    /// Who we are at the gateway.
    pub merchant: Merchant,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

#[async_trait]
impl ApplyCharge for ConfirmOrders {
    async fn apply_charge(&self, route: &ChargeRoute, charge: &Charge) -> Result<Confirmation, ConfirmError> {
        let ChargeSubject::Order(order_no) = &route.subject else { return Err(ConfirmError::Unmatched) };
        let command = ConfirmOrderCharge {
            route: route.clone(),
            order_no: order_no.clone(),
            charge: charge.clone(),
            merchant: self.merchant.clone(),
            at: self.clock.now(),
            event_id: self.ids.event_id(),
        };
        self.store.confirm_charge(&command, confirm_order_charge).await.map_err(|error| match error {
            EffectError::Refused(error) => ConfirmError::Ledger(error),
            EffectError::Store(error) => ConfirmError::Store(error),
        })
    }
}

fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(at)
}

//! A payment gateway in memory whose calls can be refused, throttled or lost.
//!
//! It keeps the traits of a real one that hurt: the same request gives the same charge for a minute
//! only, then another one under the same number; a refund asked for twice is refunded twice; and a
//! lost answer says nothing about what was done.

mod lists;

use async_trait::async_trait;
use chrono::TimeDelta;
use edupay_domain::clock::{Clock, Timestamp};
use edupay_domain::ids::{ChargeId, GatewayEventId, GatewayOrderNo, RefundId, RefundNo};
use edupay_domain::money::Money;
use edupay_domain::payments::{
    CallbackRefusal, Charge, ChargeDocument, ChargeRequest, GatewayCallbacks, GatewayError, GatewayFault,
    GatewayRefund, InboundEvent, InboundObject, Merchant, MetadataValue, PaymentGateway, Postponement, RefundRequest,
    RefundStatus, SandboxPayer,
};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A call of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// Asks for a charge.
    CreateCharge,
    /// Reads one charge.
    FindCharge,
    /// Lists charges by number.
    FindCharges,
    /// Reverses a charge.
    ReverseCharge,
    /// Asks for a refund.
    CreateRefund,
    /// Lists refunds.
    ListRefunds,
    /// Pays, as a payer does in the sandbox.
    Pay,
    /// Reads a page of the list of charges.
    ListCharges,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The gateway says no; nothing was done.
    Refuse,
    /// The call can't be made now; nothing was done.
    Postpone(Postponement),
    /// The request was lost: nothing was done, and the caller can't know.
    LoseRequest,
    /// The answer was lost: it was done, and the caller can't know.
    LoseAnswer,
}

/// A gateway that lives in this process. Share it by `Arc`.
pub struct FakeGateway {
    merchant: Merchant,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    charges: Vec<FakeCharge>,
    refunds: Vec<GatewayRefund>,
    /// When each refund was made.
    refunded_at: HashMap<RefundId, Timestamp>,
    events: Vec<InboundEvent>,
    calls: HashMap<Call, usize>,
    next: HashMap<Call, VecDeque<Fault>>,
    lasting: HashMap<Call, Fault>,
    refund_status: Option<RefundStatus>,
}

struct FakeCharge {
    request: ChargeRequest,
    made_at: Timestamp,
    charge: Charge,
}

/// For so long the same request gives the same charge.
const SAME_CHARGE: TimeDelta = TimeDelta::minutes(1);
/// The one signature that [`FakeGateway`] takes for genuine.
pub const GENUINE: &str = "genuine";

impl FakeGateway {
    /// A gateway that works, with no charges.
    #[must_use]
    pub fn new(merchant: Merchant, clock: Arc<dyn Clock>) -> Self {
        Self { merchant, clock, state: Mutex::default() }
    }

    /// The next call of this kind meets this fault; further ones queue up behind it.
    pub fn fail_next(&self, call: Call, fault: Fault) {
        self.state().next.entry(call).or_default().push_back(fault);
    }

    /// Every call of this kind meets this fault until [`FakeGateway::heal`].
    pub fn fail_until_healed(&self, call: Call, fault: Fault) {
        self.state().lasting.insert(call, fault);
    }

    /// From now on everything works.
    pub fn heal(&self) {
        let mut state = self.state();
        state.next.clear();
        state.lasting.clear();
    }

    /// What a new refund's status is; succeeded if nothing else is said.
    pub fn refund_as(&self, status: RefundStatus) {
        self.state().refund_status = Some(status);
    }

    /// A payer pays the charge, and a callback is ready in [`FakeGateway::events`]. `None` when it
    /// can't be paid: unknown, paid, reversed, or past its time.
    pub fn payer_pays(&self, id: &ChargeId) -> Option<Charge> {
        let now = self.clock.now();
        self.state().pay(id, now)
    }

    /// Somebody refunds a charge at the gateway itself, naming whatever number they like, and a callback is
    /// ready in [`FakeGateway::events`]. `None` when not so much is left of it.
    pub fn refund_by_hand(&self, id: &ChargeId, amount: Money, refund_no: Option<RefundNo>) -> Option<GatewayRefund> {
        let now = self.clock.now();
        self.state().refund(id, amount, refund_no, now).ok()
    }

    /// What became of a pending refund, with a callback that tells it. `None` when there is none.
    pub fn settle_refund(&self, id: &RefundId, status: RefundStatus) -> Option<GatewayRefund> {
        let now = self.clock.now();
        let mut state = self.state();
        let refund = state.refunds.iter_mut().find(|refund| refund.id == *id)?;
        refund.status = status;
        refund.failure = (status == RefundStatus::Failed).then(|| "refund_refused".to_owned());
        let refund = refund.clone();
        state.tell("refund.settled", InboundObject::Refund(refund.clone()), now);
        Some(refund)
    }

    /// Every charge it made, oldest first: what really happened.
    #[must_use]
    pub fn charges(&self) -> Vec<Charge> {
        self.state().charges.iter().map(|made| made.charge.clone()).collect()
    }

    /// What was asked for, oldest first, one request per charge.
    #[must_use]
    pub fn requests(&self) -> Vec<ChargeRequest> {
        self.state().charges.iter().map(|made| made.request.clone()).collect()
    }

    /// Every refund it made, oldest first.
    #[must_use]
    pub fn refunds(&self) -> Vec<GatewayRefund> {
        self.state().refunds.clone()
    }

    /// Every callback it would send, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<InboundEvent> {
        self.state().events.clone()
    }

    /// How often a call came in, faults included.
    #[must_use]
    pub fn calls(&self, call: Call) -> usize {
        self.state().calls.get(&call).copied().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work of a call, as far as its fault lets it.
    fn answer<T>(
        &self,
        call: Call,
        work: impl FnOnce(&mut State) -> Result<T, GatewayError>,
    ) -> Result<T, GatewayError> {
        let mut state = self.state();
        let count = state.calls.entry(call).or_default();
        *count = count.saturating_add(1);
        let next = state.next.get_mut(&call).and_then(VecDeque::pop_front);
        match next.or_else(|| state.lasting.get(&call).copied()) {
            None => work(&mut state),
            Some(Fault::Refuse) => Err(refused("refused_on_purpose")),
            Some(Fault::Postpone(postponement)) => {
                Err(GatewayError::new(GatewayFault::Postponed(postponement), "postponed on purpose"))
            }
            Some(Fault::LoseRequest) => {
                Err(GatewayError::new(GatewayFault::Unknown, "the request was lost on purpose"))
            }
            Some(Fault::LoseAnswer) => {
                work(&mut state).and(Err(GatewayError::new(GatewayFault::Unknown, "the answer was lost on purpose")))
            }
        }
    }
}

impl State {
    fn charge(&self, id: &ChargeId) -> Option<&Charge> {
        self.charges.iter().map(|made| &made.charge).find(|charge| charge.id == *id)
    }

    fn pay(&mut self, id: &ChargeId, now: Timestamp) -> Option<Charge> {
        let made = self.charges.iter_mut().find(|made| made.charge.id == *id)?;
        if made.charge.paid || made.charge.reversed || made.request.expires_at <= now {
            return None;
        }
        made.charge.paid = true;
        made.charge.paid_at = Some(now);
        let charge = made.charge.clone();
        self.tell("charge.succeeded", InboundObject::Charge(charge.clone()), now);
        Some(charge)
    }

    fn refund(
        &mut self,
        charge_id: &ChargeId,
        amount: Money,
        refund_no: Option<RefundNo>,
        now: Timestamp,
    ) -> Result<GatewayRefund, GatewayError> {
        let charge = self.charge(charge_id).filter(|charge| charge.paid);
        let charge = charge.ok_or_else(|| refused("charge_unexpected_status"))?;
        let (number, whole) = (charge.gateway_order_no.clone(), charge.amount);
        let live = self
            .refunds
            .iter()
            .filter(|refund| refund.charge_id == *charge_id && refund.status != RefundStatus::Failed);
        let given = Money::checked_sum(live.map(|refund| refund.amount).chain([amount]));
        if given.is_none_or(|given| given > whole) {
            return Err(refused("refund_amount_exceeds"));
        }
        let id = format!("re_{:024}", self.refunds.len().saturating_add(1));
        let refund = GatewayRefund {
            id: RefundId::parse(&id).map_err(|error| GatewayError::new(GatewayFault::Unknown, error))?,
            charge_id: charge_id.clone(),
            gateway_order_no: Some(number),
            amount,
            status: self.refund_status.unwrap_or(RefundStatus::Succeeded),
            failure: None,
            refund_no,
        };
        if refund.status != RefundStatus::Failed {
            self.give_back(&refund.charge_id, refund.amount);
        }
        self.refunded_at.insert(refund.id.clone(), now);
        self.refunds.push(refund.clone());
        self.tell("refund.succeeded", InboundObject::Refund(refund.clone()), now);
        Ok(refund)
    }

    fn give_back(&mut self, id: &ChargeId, amount: Money) {
        let mut charges = self.charges.iter_mut().map(|made| &mut made.charge);
        if let Some(charge) = charges.find(|charge| charge.id == *id) {
            charge.amount_refunded = charge.amount_refunded.checked_add(amount).unwrap_or(charge.amount);
        }
    }

    fn tell(&mut self, kind: &str, object: InboundObject, received_at: Timestamp) {
        let body = format!("evt_{:024}", self.events.len().saturating_add(1));
        if let Ok(id) = GatewayEventId::parse(&body) {
            self.events.push(InboundEvent { id, kind: kind.to_owned(), object, body, received_at });
        }
    }
}

#[async_trait]
impl PaymentGateway for FakeGateway {
    async fn create_charge(&self, request: &ChargeRequest) -> Result<Charge, GatewayError> {
        let now = self.clock.now();
        self.answer(Call::CreateCharge, |state| {
            let same = |made: &&FakeCharge| {
                same_content(&made.request, request) && now.signed_duration_since(made.made_at) < SAME_CHARGE
            };
            if let Some(made) = state.charges.iter().find(same) {
                return Ok(made.charge.clone());
            }
            let id = format!("ch_{:024}", state.charges.len().saturating_add(1));
            let charge = Charge {
                id: ChargeId::parse(&id).map_err(|error| GatewayError::new(GatewayFault::Unknown, error))?,
                gateway_order_no: request.gateway_order_no.clone(),
                app_id: self.merchant.app_id.clone(),
                mode: self.merchant.mode,
                paid: false,
                reversed: false,
                amount: request.amount,
                amount_refunded: Money::ZERO,
                currency: "cny".to_owned(),
                channel: request.channel.code().to_owned(),
                paid_at: None,
                document: ChargeDocument(format!(r#"{{"id":"{id}","object":"charge"}}"#)),
            };
            state.charges.push(FakeCharge { request: request.clone(), made_at: now, charge: charge.clone() });
            Ok(charge)
        })
    }

    async fn find_charge(&self, id: &ChargeId) -> Result<Option<Charge>, GatewayError> {
        self.answer(Call::FindCharge, |state| Ok(state.charge(id).cloned()))
    }

    async fn find_charges(&self, number: &GatewayOrderNo, since: Timestamp) -> Result<Vec<Charge>, GatewayError> {
        self.answer(Call::FindCharges, |state| {
            let made = state.charges.iter().filter(|made| made.made_at >= since);
            let found = made.map(|made| &made.charge).filter(|charge| charge.gateway_order_no == *number);
            Ok(found.cloned().collect())
        })
    }

    async fn reverse_charge(&self, id: &ChargeId) -> Result<Charge, GatewayError> {
        self.answer(Call::ReverseCharge, |state| {
            let mut charges = state.charges.iter_mut().map(|made| &mut made.charge);
            let charge = charges.find(|charge| charge.id == *id && !charge.paid);
            let charge = charge.ok_or_else(|| refused("charge_unexpected_status"))?;
            charge.reversed = true;
            Ok(charge.clone())
        })
    }

    async fn create_refund(&self, request: &RefundRequest) -> Result<GatewayRefund, GatewayError> {
        let now = self.clock.now();
        let named = request.metadata.iter().find(|(key, _)| *key == RefundRequest::REFUND_NO);
        let refund_no = named.and_then(|(_, value)| match value {
            MetadataValue::Text(text) => RefundNo::parse(text).ok(),
            MetadataValue::Number(_) => None,
        });
        self.answer(Call::CreateRefund, |state| state.refund(&request.charge_id, request.amount, refund_no, now))
    }

    async fn list_refunds(&self, charge_id: &ChargeId) -> Result<Vec<GatewayRefund>, GatewayError> {
        self.answer(Call::ListRefunds, |state| {
            Ok(state.refunds.iter().filter(|refund| refund.charge_id == *charge_id).cloned().collect())
        })
    }
}

#[async_trait]
impl SandboxPayer for FakeGateway {
    async fn pay(&self, id: &ChargeId) -> Result<(), GatewayError> {
        let now = self.clock.now();
        self.answer(Call::Pay, |state| {
            state.pay(id, now).map(|_| ()).ok_or_else(|| refused("charge_unexpected_status"))
        })
    }
}

/// A callback's body is the id of one of its events; its signature is [`GENUINE`].
impl GatewayCallbacks for FakeGateway {
    fn verify(&self, signature: Option<&str>, body: &[u8], at: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
        if signature != Some(GENUINE) {
            return Err(CallbackRefusal::BadSignature);
        }
        let body = std::str::from_utf8(body).map_err(|_| CallbackRefusal::Unreadable)?;
        self.read(body, at)
    }

    fn read(&self, body: &str, at: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
        let found = self.state().events.iter().find(|event| event.body == body).cloned();
        found.map(|event| InboundEvent { received_at: at, ..event }).ok_or(CallbackRefusal::Unreadable)
    }
}

/// What the gateway knows a request by.
fn same_content(one: &ChargeRequest, other: &ChargeRequest) -> bool {
    let content = |request: &ChargeRequest| -> (GatewayOrderNo, &'static str, Money, String, String) {
        let (subject, body) = (request.subject.clone(), request.body.clone());
        (request.gateway_order_no.clone(), request.channel.code(), request.amount, subject, body)
    };
    content(one) == content(other)
}

fn refused(code: &str) -> GatewayError {
    GatewayError::new(GatewayFault::Refused { code: Some(code.to_owned()) }, format!("the gateway said {code}"))
}

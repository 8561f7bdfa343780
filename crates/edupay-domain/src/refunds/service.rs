//! Asking for refunds, deciding on them, and seeing them through at the gateway.

use super::error::{DecisionRefusal, RefundRefusal};
use super::model::{
    ClaimRefundWork, DecideRefund, FailRefund, RecordGatewayRefund, Refund, RefundReason, RefundStage, RefundTarget,
    RequestRefund,
};
use super::ports::{DecideRefundRule, RefundCursor, RefundStore};
use super::rules::{
    ClaimedRefund, approve_refund, claim_refund_work, fail_refund, record_gateway_refund, reject_refund, request_refund,
};
use crate::clock::{Clock, Timestamp};
use crate::ids::{ChargeId, IdSource, RefundNo, UserId};
use crate::money::Money;
use crate::payments::{
    ApplyRefund, Asked, ChargeRoute, ChargeSubject, GatewayError, GatewayFault, GatewayRefund, MetadataValue,
    PaymentGateway, Postponement, RefundHeard, RefundRequest, RefundStatus, Round,
};
use crate::schedule::{self, leased};
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;
use std::sync::Arc;
use thiserror::Error;

/// What the platform decides about refunds.
#[derive(Debug, Clone, Default)]
pub struct RefundPolicy {
    /// Above this a second member of staff must approve; never when it is not said.
    pub approval_above: Option<Money>,
}

/// The parts of [`RefundService`].
pub struct Refunds {
    /// Where refunds are kept.
    pub store: Arc<dyn RefundStore>,
    /// The gateway.
    pub gateway: Arc<dyn PaymentGateway>,
    /// What the platform decided.
    pub policy: RefundPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// What is to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRefund {
    /// The refund's number, given by who asks: the same again is the same refund.
    pub refund_no: RefundNo,
    /// How much; everything that is left when it is not said.
    pub amount: Option<Money>,
    /// Where it goes.
    pub to: RefundTarget,
    /// Why.
    pub reason: RefundReason,
}

/// Moves refunds: adds time and ids, hands the pure rule to the store, and asks the gateway between two
/// effects.
///
/// A mocked store still runs the real rule:
///
/// ```
/// # use edupay_domain::{refunds::*, payments::*, ids::*, clock::*, ledger::Wallet, store::EffectError};
/// # use std::sync::Arc;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut store = MockRefundStore::new();
/// store.expect_find_refundable().returning(|_| Ok(Some(UserId::try_new(1).unwrap())));
/// store.expect_request().returning(|command, rule| {
///     let wallet = Wallet::new(command.user_id);
///     let view = RefundView { wallet, paid: None, refunds: Vec::new(), named: None };
///     Err(EffectError::Refused(rule(command, &view).unwrap_err()))
/// });
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// # let mut ids = MockIdSource::new(); ids.expect_event_id().returning(|| EventId::from_random(7));
/// let refunds = RefundService::new(Refunds {
///     store: Arc::new(store),
///     gateway: Arc::new(MockPaymentGateway::new()), // nothing is expected: nothing may be asked
///     policy: RefundPolicy::default(),
///     clock: Arc::new(clock),
///     ids: Arc::new(ids),
/// });
/// let wanted = WantedRefund {
///     refund_no: RefundNo::parse("R-1").unwrap(),
///     amount: None,
///     to: RefundTarget::Source,
///     reason: RefundReason::parse("the course was cancelled").unwrap(),
/// };
/// let order = ChargeSubject::Order(OrderNo::parse("12134676899915430002").unwrap());
/// let refused = refunds.request(UserId::try_new(2).unwrap(), order, wanted).await;
/// assert!(matches!(refused, Err(EffectError::Refused(RefundRefusal::NotFound))));
/// # });
/// ```
#[derive(Clone)]
pub struct RefundService {
    parts: Arc<Refunds>,
}

/// Why a refund could not be seen through now. It is tried again when it is due.
#[derive(Debug, Error)]
enum WorkError {
    #[error("the refund could not be stored")]
    Store(#[from] StoreError),
    #[error("the gateway could not be asked")]
    Gateway(#[from] GatewayError),
}

impl WorkError {
    fn is_outage(&self) -> bool {
        matches!(self, Self::Gateway(error) if error.fault().is_outage())
    }
}

impl RefundService {
    /// The most refunds of one page.
    pub const MAX_PAGE: u32 = 100;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Refunds) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Takes a refund on and, where the gateway is needed, asks it once: the refund is answered as it is
    /// after that. Whatever came of the call, the refund is kept and resolved; one whose answer was lost
    /// is still [`RefundStage::Requested`]. The same number with the same content is the same refund.
    ///
    /// # Errors
    /// [`RefundRefusal`]; nothing is reserved.
    pub async fn request(
        &self,
        by: UserId,
        subject: ChargeSubject,
        wanted: WantedRefund,
    ) -> Result<Refund, EffectError<RefundRefusal>> {
        let owner = self.parts.store.find_refundable(&subject).await?;
        let command = RequestRefund {
            user_id: owner.ok_or(EffectError::Refused(RefundRefusal::NotFound))?,
            subject,
            refund_no: wanted.refund_no,
            amount: wanted.amount,
            to: wanted.to,
            reason: wanted.reason,
            by,
            approval_above: self.parts.policy.approval_above,
            at: self.parts.clock.now(),
            event_id: self.parts.ids.event_id(),
        };
        let refund = self.parts.store.request(&command, request_refund).await?;
        self.first_try(refund).await
    }

    /// Tries a refund again that failed, with its own number, amount, target and reason: see
    /// [`Self::request`]. One that did not fail is answered as it is.
    ///
    /// # Errors
    /// [`RefundRefusal`]; nothing is reserved.
    pub async fn retry(
        &self,
        by: UserId,
        user_id: UserId,
        refund_no: &RefundNo,
    ) -> Result<Refund, EffectError<RefundRefusal>> {
        let found = self.parts.store.find(user_id, refund_no).await?;
        let refund = found.ok_or(EffectError::Refused(RefundRefusal::NotFound))?;
        if refund.stage != RefundStage::Failed {
            return Ok(refund);
        }
        let Refund { refund_no, amount, to, reason, .. } = refund;
        self.request(by, refund.subject, WantedRefund { refund_no, amount: Some(amount), to, reason }).await
    }

    /// Approves a refund that waits for it and sends it on its way, as [`Self::request`] does. A repeat
    /// by the same person is the same success.
    ///
    /// # Errors
    /// [`DecisionRefusal`].
    pub async fn approve(
        &self,
        by: UserId,
        subject: ChargeSubject,
        refund_no: RefundNo,
    ) -> Result<Refund, EffectError<DecisionRefusal>> {
        let refund = self.decide(by, subject, refund_no, approve_refund).await?;
        self.first_try(refund).await
    }

    /// Turns a refund down that waits for approval. A repeat is the same success.
    ///
    /// # Errors
    /// [`DecisionRefusal`].
    pub async fn reject(
        &self,
        by: UserId,
        subject: ChargeSubject,
        refund_no: RefundNo,
    ) -> Result<Refund, EffectError<DecisionRefusal>> {
        self.decide(by, subject, refund_no, reject_refund).await
    }

    async fn decide(
        &self,
        by: UserId,
        subject: ChargeSubject,
        refund_no: RefundNo,
        rule: DecideRefundRule,
    ) -> Result<Refund, EffectError<DecisionRefusal>> {
        let owner = self.parts.store.find_refundable(&subject).await?;
        let user_id = owner.ok_or(EffectError::Refused(DecisionRefusal::NotFound))?;
        let (at, event_id) = (self.parts.clock.now(), self.parts.ids.event_id());
        self.parts.store.decide(&DecideRefund { user_id, subject, refund_no, by, at, event_id }, rule).await
    }

    /// The refund after the first call to the gateway, if it needs one. What the gateway did not do now is
    /// done by [`Self::work_on_due`].
    async fn first_try<R>(&self, refund: Refund) -> Result<Refund, EffectError<R>> {
        if refund.stage != RefundStage::Requested || refund.asked_at.is_some() {
            return Ok(refund);
        }
        let after = match self.work_on(&refund).await {
            Ok(_) | Err(WorkError::Gateway(_)) => self.parts.store.find(refund.user_id, &refund.refund_no).await,
            Err(WorkError::Store(error)) => Err(error),
        };
        // It was taken on in any case, so a store that failed now leaves the whole unknown.
        let after = after.map_err(|error| EffectError::Store(error.after_a_committed_step()))?;
        Ok(after.unwrap_or(refund))
    }

    /// The refunds of an order or a purchase, oldest first; `None` when there is none of this number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of_subject(&self, subject: &ChargeSubject) -> Result<Option<Vec<Refund>>, StoreError> {
        match self.parts.store.find_refundable(subject).await? {
            Some(user_id) => Ok(Some(self.parts.store.of_subject(user_id, subject).await?)),
            None => Ok(None),
        }
    }

    /// All refunds of this stage, or of every stage, newest first; `limit` is cut to
    /// 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(
        &self,
        stage: Option<RefundStage>,
        below: Option<RefundCursor>,
        limit: u32,
    ) -> Result<Vec<Refund>, StoreError> {
        self.parts.store.list(stage, below, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Sees refunds through that are at the gateway. One whose answer was lost is looked for among the
    /// charge's refunds before it is asked for again, since the gateway would refund twice. Each is taken under
    /// a lease, so that several workers share the work; what the gateway does not answer is tried again when
    /// the lease ends, and what it works on by the [schedule](crate::schedule). A round that finds the gateway
    /// out of reach leaves the rest due.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one refund is in the [`Round`].
    pub async fn work_on_due(&self, limit: u32) -> Result<Round, StoreError> {
        let due = self.parts.store.due(self.parts.clock.now(), limit).await?;
        Ok(Round::of(
            &due,
            Round::REFUNDS,
            |refund| refund.refund_no.as_str(),
            WorkError::is_outage,
            |refund| self.work_on(refund),
        )
        .await)
    }

    async fn work_on(&self, refund: &Refund) -> Result<bool, WorkError> {
        let at = self.parts.clock.now();
        let (user_id, refund_no) = (refund.user_id, refund.refund_no.clone());
        let command = ClaimRefundWork { user_id, refund_no, at, until: leased(at) };
        match self.parts.store.claim(&command, claim_refund_work).await? {
            ClaimedRefund::Denied => Ok(false),
            ClaimedRefund::Ask(refund) => self.ask(&refund, Asked::Never).await,
            ClaimedRefund::LookFirst(refund) => match self.look(&refund).await? {
                // Whoever took it over while we looked asks by himself.
                Some(found) if found.next_try_at != refund.next_try_at => Ok(found.stage != refund.stage),
                Some(found) if found.stage == RefundStage::Requested => self.ask(&found, Asked::Again).await,
                Some(found) => Ok(found.stage != refund.stage),
                None => Ok(false),
            },
        }
    }

    /// Asks for the refund. A refusal may come of an earlier request of ours whose answer was lost, so
    /// before it is believed ours is looked for; where that can't be done, only the refusal of a first
    /// request is believed. What the gateway has given back by itself is often why it refuses: that is
    /// booked after ours has failed, so that what ours had reserved is there for it.
    async fn ask(&self, refund: &Refund, asked: Asked) -> Result<bool, WorkError> {
        let Some(charge_id) = &refund.charge_id else { return Ok(false) };
        // The claim left the end of the lease in the refund.
        if !schedule::may_begin(refund.next_try_at, self.parts.clock.now()) {
            return Err(GatewayError::new(
                GatewayFault::Postponed(Postponement::Unreached),
                "the lease is nearly over",
            )
            .into());
        }
        let error = match self.parts.gateway.create_refund(&gateway_request(refund, charge_id)).await {
            Ok(answer) => return self.take_answer(refund, &answer).await,
            Err(error) => error,
        };
        let GatewayFault::Refused { code: Some(failure) } = error.fault().clone() else { return Err(error.into()) };
        let found = match (self.parts.gateway.list_refunds(charge_id).await, asked) {
            (Ok(found), _) => found,
            (Err(_), Asked::Never) => Vec::new(),
            (Err(error), Asked::Again) => return Err(error.into()),
        };
        let (ours, others): (Vec<_>, Vec<_>) =
            found.iter().partition(|found| found.refund_no.as_ref() == Some(&refund.refund_no));
        self.book(refund, ours).await?;
        let failed = self.fail(refund, failure).await?;
        self.book(refund, others).await?;
        Ok(failed)
    }

    async fn take_answer(&self, refund: &Refund, answer: &GatewayRefund) -> Result<bool, WorkError> {
        let command =
            RecordGatewayRefund { heard: RefundHeard::Answer(refund.refund_no.clone()), ..self.news(refund, answer) };
        Ok(self.parts.store.record(&command, record_gateway_refund).await?.is_some())
    }

    async fn fail(&self, refund: &Refund, failure: String) -> Result<bool, WorkError> {
        let command = FailRefund {
            user_id: refund.user_id,
            subject: refund.subject.clone(),
            refund_no: refund.refund_no.clone(),
            failure,
            at: self.parts.clock.now(),
            event_id: self.parts.ids.event_id(),
        };
        Ok(self.parts.store.fail(&command, fail_refund).await?.is_some())
    }

    /// Books every refund of the charge that the gateway has: ours is among them, or it is not there.
    /// Answers ours as it is after that.
    async fn look(&self, refund: &Refund) -> Result<Option<Refund>, WorkError> {
        let Some(charge_id) = &refund.charge_id else { return Ok(None) };
        let found = self.parts.gateway.list_refunds(charge_id).await?;
        self.book(refund, found.iter()).await?;
        Ok(self.parts.store.find(refund.user_id, &refund.refund_no).await?)
    }

    async fn book<'a>(
        &self,
        refund: &Refund,
        found: impl IntoIterator<Item = &'a GatewayRefund> + Send,
    ) -> Result<(), StoreError> {
        let commands: Vec<_> = found.into_iter().map(|found| self.news(refund, found)).collect();
        for command in commands {
            self.parts.store.record(&command, record_gateway_refund).await?;
        }
        Ok(())
    }

    fn news(&self, refund: &Refund, found: &GatewayRefund) -> RecordGatewayRefund {
        let at = self.parts.clock.now();
        let times = (at, schedule::next(refund.asked_at.unwrap_or(at), at));
        news(refund.user_id, refund.subject.clone(), found, times, self.parts.ids.as_ref())
    }
}

/// Books what the gateway tells of refunds of applied charges: what
/// [`PaymentService`](crate::payments::PaymentService) calls.
pub struct RecordRefunds {
    /// Where refunds are kept.
    pub store: Arc<dyn RefundStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

#[async_trait]
impl ApplyRefund for RecordRefunds {
    async fn apply_refund(
        &self,
        route: &ChargeRoute,
        refund: &GatewayRefund,
        heard: RefundHeard,
    ) -> Result<bool, StoreError> {
        let at = self.clock.now();
        let times = (at, schedule::next(at, at));
        let news = news(route.user_id, route.subject.clone(), refund, times, self.ids.as_ref());
        let command = RecordGatewayRefund { heard, ..news };
        let booked = self.store.record(&command, record_gateway_refund).await?;
        // What has not succeeded moves nothing where it is not ours.
        Ok(booked.is_some() || refund.status != RefundStatus::Succeeded)
    }
}

fn news(
    user_id: UserId,
    subject: ChargeSubject,
    refund: &GatewayRefund,
    (at, next_try_at): (Timestamp, Timestamp),
    ids: &dyn IdSource,
) -> RecordGatewayRefund {
    let (refund, event_id) = (refund.clone(), ids.event_id());
    RecordGatewayRefund { user_id, subject, refund, heard: RefundHeard::Listing, at, next_try_at, event_id }
}

/// The reason is what the payer reads; our number is how we know the refund again.
fn gateway_request(refund: &Refund, charge_id: &ChargeId) -> RefundRequest {
    let number_of = match &refund.subject {
        ChargeSubject::Order(_) => "order_no",
        ChargeSubject::Purchase(_) => "purchase_no",
        ChargeSubject::TopUp(_) => "top_up_no",
    };
    let text = |text: &str| MetadataValue::Text(text.to_owned());
    RefundRequest {
        charge_id: charge_id.clone(),
        amount: refund.amount,
        description: refund.reason.as_str().to_owned(),
        metadata: vec![
            (RefundRequest::REFUND_NO, text(refund.refund_no.as_str())),
            (number_of, text(refund.subject.number())),
        ],
    }
}

//! Starting, proving and confirming top-ups.

use super::campaign::Campaign;
use super::error::TopUpRefusal;
use super::model::{ConfirmTopUp, OpenTopUp, StartedTopUp, TopUp, TopUpState, TopUpWish};
use super::ports::{OpenedTopUp, TopUpStore};
use super::rules::{confirm_top_up, open_top_up};
use crate::accounts::Principal;
use crate::clock::Clock;
use crate::idempotency::{KeyTurn, RecoveryPoint};
use crate::ids::{ChargeId, IdSource, TopUpNo, UserId};
use crate::money::Money;
use crate::payments::{
    ApplyCharge, Asked, AttemptStatus, Channel, Charge, ChargeRequest, ChargeRoute, ChargeSubject, ConfirmError,
    Confirmation, Merchant, MetadataValue, OpenChargePlan, PaymentService, ProofRefusal, ReceiptStatus, SandboxPayer,
    first_look,
};
use crate::store::{EffectError, StoreError, StoreFault};
use async_trait::async_trait;
use chrono::TimeDelta;
use std::net::IpAddr;
use std::sync::Arc;

/// How often a taken number is drawn anew.
const DRAWS: usize = 8;

/// What staff decides about top-ups.
#[derive(Debug, Clone)]
pub struct TopUpPolicy {
    /// The most that one top-up may be.
    pub max_amount: Money,
    /// For how long its charge can be paid.
    pub charge_lifetime: TimeDelta,
    /// What the payer reads: at most 32 characters.
    pub subject: String,
    /// What is given to top-ups.
    pub campaign: Campaign,
}

/// The parts of [`TopUpService`].
pub struct TopUps {
    /// Where top-ups are kept.
    pub store: Arc<dyn TopUpStore>,
    /// Charges.
    pub payments: PaymentService,
    /// Pays as a payer would, where the gateway is the sandbox.
    pub sandbox: Option<Arc<dyn SandboxPayer>>,
    /// What staff decided.
    pub policy: TopUpPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// Brings money into a balance, on proof only.
///
/// A mocked store still runs the real rule:
///
/// ```
/// # use edupay_domain::{top_ups::*, ids::*, money::Money, payments::Channel, clock::Timestamp};
/// let command = OpenTopUp {
///     user_id: UserId::try_new(1).unwrap(),
///     top_up_no: TopUpNo::parse("32016061511535000000").unwrap(),
///     amount: Money::ZERO,
///     max_amount: Money::from_fen_u32(5_000_000),
///     campaign: Campaign::default(),
///     channel: Channel::Alipay,
///     at: Timestamp::default(),
///     expires_at: Timestamp::default(),
///     look_at: Timestamp::default(),
///     claim: None,
/// };
/// let mut store = MockTopUpStore::new();
/// store.expect_open().returning(|command, rule| {
///     rule(command).map(|plan| OpenedTopUp::Opened(plan.started())).map_err(edupay_domain::store::EffectError::Refused)
/// });
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert!(store.open(&command, open_top_up).await.is_err());
/// # });
/// ```
#[derive(Clone)]
pub struct TopUpService {
    parts: Arc<TopUps>,
}

impl TopUpService {
    /// A service of these parts.
    #[must_use]
    pub fn new(parts: TopUps) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Whether a payment can be simulated: only where the gateway is the sandbox.
    #[must_use]
    pub fn simulates(&self) -> bool {
        self.parts.sandbox.is_some()
    }

    /// Starts a top-up and asks the gateway for its charge. A repeat starts another one; nothing is
    /// credited before a charge is paid.
    ///
    /// # Errors
    /// [`TopUpRefusal`]. After `ChargeUnknown` the attempt is kept and may still be paid.
    pub async fn start(
        &self,
        user: &Principal,
        wish: TopUpWish,
        client_ip: IpAddr,
    ) -> Result<StartedTopUp, EffectError<TopUpRefusal>> {
        self.start_once(user, wish, client_ip, None).await
    }

    /// The same in the turn of a key: the top-up that an earlier try has started is the one, and its charge
    /// is asked for again where the answer is missing. A try that came to no charge is as if it had not been:
    /// another top-up is started.
    ///
    /// # Errors
    /// [`TopUpRefusal`].
    pub async fn start_once(
        &self,
        user: &Principal,
        wish: TopUpWish,
        client_ip: IpAddr,
        turn: Option<&KeyTurn>,
    ) -> Result<StartedTopUp, EffectError<TopUpRefusal>> {
        let TopUpWish { amount, channel, open_id } = wish;
        if open_id.is_none() && channel.asks_for_open_id() {
            return Err(EffectError::Refused(TopUpRefusal::OpenIdMissing));
        }
        let started = match turn.and_then(|turn| turn.point.as_ref()) {
            Some(point) => self.started(user.id, point).await?,
            None => None,
        };
        let (plan, bonus) = match started {
            Some(started) => started,
            None => {
                let StartedTopUp { attempt, bonus } = self.open(user.id, amount, channel, turn).await?;
                (OpenChargePlan::Open(attempt), bonus)
            }
        };
        let (attempt, asked) = match plan {
            OpenChargePlan::Reuse(attempt) => return Ok(StartedTopUp { attempt, bonus }),
            OpenChargePlan::AskAgain(attempt) => (attempt, Asked::Again),
            OpenChargePlan::Open(attempt) => (attempt, Asked::Never),
        };
        let request = ChargeRequest {
            gateway_order_no: attempt.gateway_order_no.clone(),
            channel,
            amount: attempt.amount,
            client_ip,
            open_id,
            subject: self.parts.policy.subject.clone(),
            body: attempt.gateway_order_no.as_str().to_owned(),
            metadata: vec![
                ("buyer", MetadataValue::Text(user.username.as_str().to_owned())),
                ("top_up_no", MetadataValue::Text(attempt.gateway_order_no.as_str().to_owned())),
            ],
            expires_at: attempt.expires_at,
        };
        let answer = self.parts.payments.request_charge(&attempt, &request, asked).await;
        let attempt = answer.map_err(|error| {
            error.into_effect(TopUpRefusal::ChargeRefused, TopUpRefusal::ChargePostponed, TopUpRefusal::ChargeUnknown)
        })?;
        Ok(StartedTopUp { attempt, bonus })
    }

    async fn open(
        &self,
        user_id: UserId,
        amount: Money,
        channel: Channel,
        turn: Option<&KeyTurn>,
    ) -> Result<StartedTopUp, EffectError<TopUpRefusal>> {
        let at = self.parts.clock.now();
        let expires_at = at.checked_add_signed(self.parts.policy.charge_lifetime).unwrap_or(at);
        let look_at = first_look(at);
        let max_amount = self.parts.policy.max_amount;
        for _ in 0..DRAWS {
            let top_up_no = TopUpNo::issue(at, self.parts.ids.draw());
            let (campaign, claim) = (self.parts.policy.campaign.clone(), turn.map(|turn| turn.claim.clone()));
            let command =
                OpenTopUp { user_id, top_up_no, amount, max_amount, campaign, channel, at, expires_at, look_at, claim };
            if let OpenedTopUp::Opened(started) = self.parts.store.open(&command, open_top_up).await? {
                return Ok(started);
            }
        }
        Err(EffectError::Store(StoreError::new(StoreFault::Unavailable, "no free top-up number was drawn")))
    }

    /// What an earlier try of the same request has started; `None` when it came to no charge.
    async fn started(
        &self,
        user_id: UserId,
        point: &RecoveryPoint,
    ) -> Result<Option<(OpenChargePlan, Money)>, EffectError<TopUpRefusal>> {
        let corrupt = || StoreError::new(StoreFault::Corrupt, "no top-up of that number was started");
        let top_up_no = TopUpNo::parse(&point.0).map_err(|_| corrupt())?;
        let top_up = self.parts.store.find(user_id, &top_up_no).await?.ok_or_else(corrupt)?;
        let attempts = self.parts.payments.attempts_of(user_id, &ChargeSubject::TopUp(top_up_no)).await?;
        let attempt = attempts.into_iter().next().ok_or_else(corrupt)?;
        Ok(OpenChargePlan::resumed(attempt).map(|plan| (plan, top_up.bonus)))
    }

    /// One top-up of the user; someone else's is `None`. While it is pending the gateway is asked, so
    /// that a lost callback heals when somebody looks; a gateway that can't be asked changes nothing
    /// about the answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, user_id: UserId, top_up_no: &TopUpNo) -> Result<Option<TopUp>, StoreError> {
        let Some(top_up) = self.parts.store.find(user_id, top_up_no).await? else { return Ok(None) };
        if top_up.state != TopUpState::Pending {
            return Ok(Some(top_up));
        }
        self.parts.payments.repair(user_id, &ChargeSubject::TopUp(top_up_no.clone())).await?;
        // Whoever booked the charge: a callback may have, between our look and the gateway's answer.
        self.parts.store.find(user_id, top_up_no).await
    }

    /// Proves a top-up by its charge: asks the gateway whether it was paid, and confirms it. The
    /// same proof again is the same success and credits nothing.
    ///
    /// # Errors
    /// [`ProofRefusal`]: another user's charge, an unknown one, and one of another amount than the
    /// client claims are the same. The user's own that is not paid yet is `Unknown`: it may be in a moment.
    pub async fn redeem(
        &self,
        user_id: UserId,
        charge_id: &ChargeId,
        claimed: Option<Money>,
    ) -> Result<(), EffectError<ProofRefusal>> {
        let invalid = || EffectError::Refused(ProofRefusal::Invalid);
        let attempt = self.parts.payments.find_attempt(user_id, charge_id).await?.ok_or_else(invalid)?;
        let differs = claimed.is_some_and(|amount| amount != attempt.amount);
        if differs || !matches!(attempt.subject, ChargeSubject::TopUp(_)) {
            return Err(invalid());
        }
        if self.parts.payments.find_receipt(user_id, charge_id).await?.is_none() {
            // Whatever we think of the attempt: a paid charge is proof.
            self.parts.payments.confirm_if_paid(charge_id).await.map_err(|error| match error {
                ConfirmError::Store(error) => EffectError::Store(error),
                // Whatever it was, the charge can be confirmed again.
                _ => EffectError::Refused(ProofRefusal::Unknown),
            })?;
        }
        let receipt = self.parts.payments.find_receipt(user_id, charge_id).await?;
        match receipt.map(|receipt| receipt.status) {
            Some(ReceiptStatus::Applied) => Ok(()),
            None if attempt.status != AttemptStatus::Closed => Err(EffectError::Refused(ProofRefusal::Unknown)),
            _ => Err(invalid()),
        }
    }

    /// Runs a whole top-up through the sandbox, along the same path as a real one: charge, payment,
    /// confirmation (contract section 4: only there does the seed's bare call work). In the turn of a key it
    /// goes on with the top-up that an earlier try has started.
    ///
    /// # Errors
    /// [`TopUpRefusal`]; `ChargeRefused` where the gateway is not the sandbox.
    pub async fn simulate(
        &self,
        user: &Principal,
        amount: Money,
        client_ip: IpAddr,
        turn: Option<&KeyTurn>,
    ) -> Result<(), EffectError<TopUpRefusal>> {
        let payer = self.parts.sandbox.as_ref().ok_or(EffectError::Refused(TopUpRefusal::ChargeRefused))?;
        let wish = TopUpWish { amount, channel: Channel::Alipay, open_id: None };
        let StartedTopUp { attempt, .. } = self.start_once(user, wish, client_ip, turn).await?;
        let charge_id = attempt.charge_id.ok_or(EffectError::Refused(TopUpRefusal::ChargeUnknown))?;
        if turn.is_some_and(|turn| turn.point.is_some()) && self.redeem(user.id, &charge_id, None).await.is_ok() {
            // An earlier try had paid it already.
            return Ok(());
        }
        payer.pay(&charge_id).await.map_err(|_| EffectError::Refused(TopUpRefusal::ChargeUnknown))?;
        // The charge is paid: whatever the store could not do now is done by whoever hears of it.
        let redeemed = self.redeem(user.id, &charge_id, None).await;
        redeemed.map_err(|error| match error.map_refusal(|_| TopUpRefusal::ChargeUnknown) {
            EffectError::Store(error) => EffectError::Store(error.after_a_committed_step()),
            refused => refused,
        })
    }
}

/// Applies paid charges to top-ups: what [`PaymentService`] calls.
pub struct ConfirmTopUps {
    /// Where top-ups are kept.
    pub store: Arc<dyn TopUpStore>,
    /// Who we are at the gateway.
    pub merchant: Merchant,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

#[async_trait]
impl ApplyCharge for ConfirmTopUps {
    async fn apply_charge(&self, route: &ChargeRoute, charge: &Charge) -> Result<Confirmation, ConfirmError> {
        let ChargeSubject::TopUp(top_up_no) = &route.subject else { return Err(ConfirmError::Unmatched) };
        let command = ConfirmTopUp {
            route: route.clone(),
            top_up_no: top_up_no.clone(),
            charge: charge.clone(),
            merchant: self.merchant.clone(),
            at: self.clock.now(),
            event_id: self.ids.event_id(),
        };
        self.store.confirm_charge(&command, confirm_top_up).await.map_err(|error| match error {
            EffectError::Refused(error) => ConfirmError::Ledger(error),
            EffectError::Store(error) => ConfirmError::Store(error),
        })
    }
}

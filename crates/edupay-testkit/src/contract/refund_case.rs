//! What a claim about refunds works with: paid orders, staff, and the gateway's word.

use super::{Case, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::ids::{ChargeId, RefundNo, UserId};
use edupay_domain::ledger::Wallet;
use edupay_domain::money::Money;
use edupay_domain::orders::Order;
use edupay_domain::payments::{ChargeSubject, GatewayRefund, RefundHeard, RefundStatus};
use edupay_domain::refunds::{
    ClaimRefundWork, ClaimedRefund, DecideRefund, FailRefund, RecordGatewayRefund, Refund, RefundReason, RefundRefusal,
    RefundTarget, RequestRefund, approve_refund, claim_refund_work, fail_refund, record_gateway_refund, reject_refund,
    request_refund,
};
use edupay_domain::store::EffectError;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// Who asks for refunds.
    pub fn staff(&self) -> UserId {
        UserId::try_new(900_000_001).unwrap()
    }

    /// Who approves them.
    pub fn other_staff(&self) -> UserId {
        UserId::try_new(900_000_002).unwrap()
    }

    /// A new refund number.
    pub(super) fn refund_no(&self) -> RefundNo {
        RefundNo::parse(&self.unique("R-")).unwrap()
    }

    /// An order on which a buyer spent all there was: gifts, App Store money, cash.
    pub(super) async fn spent_on(&self, bonus: u32, iap: u32, cash: u32) -> Order {
        let buyer = self.buyer(bonus, iap, cash).await;
        let order = self.order(buyer, bonus.saturating_add(iap).saturating_add(cash)).await;
        self.pay(&order).await.unwrap();
        self.stored(&order).await
    }

    /// An order that a charge paid.
    pub(super) async fn charged(&self, price: u32) -> (Order, ChargeId) {
        let order = self.order(self.user().await.id, price).await;
        let attempt = self.attempt(&order).await;
        let charge = self.charge(&attempt);
        self.confirm(&order, &attempt, &charge).await;
        (self.stored(&order).await, charge.id)
    }

    /// Asks for a refund back the way it came, ten minutes after the start; nothing needs approval.
    pub fn refund_command(&self, user_id: UserId, subject: ChargeSubject, amount: Option<u32>) -> RequestRefund {
        RequestRefund {
            user_id,
            subject,
            refund_no: self.refund_no(),
            amount: amount.map(fen),
            to: RefundTarget::Source,
            reason: RefundReason::parse("课程取消").unwrap(),
            by: self.staff(),
            approval_above: None,
            at: self.minute(10),
            event_id: self.event_id(),
        }
    }

    /// Asks for a refund of an order.
    pub(super) fn order_refund(&self, order: &Order, amount: Option<u32>) -> RequestRefund {
        self.refund_command(order.user_id, ChargeSubject::Order(order.order_no.clone()), amount)
    }

    /// Asks for a refund.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn ask(&self, command: &RequestRefund) -> Result<Refund, EffectError<RefundRefusal>> {
        self.harness().refunds().request(command, request_refund).await
    }

    pub(super) async fn asked(&self, command: &RequestRefund) -> Refund {
        self.ask(command).await.unwrap()
    }

    /// A decision eleven minutes after the start.
    pub fn decision(&self, refund: &Refund, by: UserId) -> DecideRefund {
        DecideRefund {
            user_id: refund.user_id,
            subject: refund.subject.clone(),
            refund_no: refund.refund_no.clone(),
            by,
            at: self.minute(11),
            event_id: self.event_id(),
        }
    }

    pub(super) async fn approved(&self, refund: &Refund) -> Refund {
        let command = self.decision(refund, self.other_staff());
        self.harness().refunds().decide(&command, approve_refund).await.unwrap()
    }

    pub(super) async fn rejected(&self, refund: &Refund) -> Refund {
        self.harness().refunds().decide(&self.decision(refund, self.staff()), reject_refund).await.unwrap()
    }

    /// A claim at one minute, for one minute.
    pub(super) fn work_command(&self, refund: &Refund, minutes: i64) -> ClaimRefundWork {
        let (at, until) = (self.minute(minutes), self.minute(minutes.saturating_add(1)));
        ClaimRefundWork { user_id: refund.user_id, refund_no: refund.refund_no.clone(), at, until }
    }

    pub(super) async fn claimed(&self, refund: &Refund, minutes: i64) -> ClaimedRefund {
        self.harness().refunds().claim(&self.work_command(refund, minutes), claim_refund_work).await.unwrap()
    }

    /// A refund at the gateway is asked for, at minute ten.
    pub(super) async fn at_gateway(&self, command: &RequestRefund) -> Refund {
        match self.claimed(&self.asked(command).await, 10).await {
            ClaimedRefund::Ask(refund) => refund,
            other => unreachable_claim(&other),
        }
    }

    /// What the gateway says of a refund, twelve minutes after the start.
    pub fn gateway_word(
        &self,
        (user_id, subject): (UserId, &ChargeSubject),
        charge_id: &ChargeId,
        (amount, status): (Money, RefundStatus),
        refund_no: Option<&RefundNo>,
    ) -> RecordGatewayRefund {
        let refund = GatewayRefund {
            id: self.refund_id(),
            charge_id: charge_id.clone(),
            gateway_order_no: None,
            amount,
            status,
            failure: (status == RefundStatus::Failed).then(|| "refund_refused".to_owned()),
            refund_no: refund_no.cloned(),
        };
        RecordGatewayRefund {
            user_id,
            subject: subject.clone(),
            refund,
            heard: RefundHeard::Listing,
            at: self.minute(12),
            next_try_at: self.minute(13),
            event_id: self.event_id(),
        }
    }

    /// What the gateway says of one that we asked for.
    pub fn word_of_ours(&self, refund: &Refund, status: RefundStatus) -> RecordGatewayRefund {
        let (whose, charge_id) = ((refund.user_id, &refund.subject), refund.charge_id.as_ref().unwrap());
        self.gateway_word(whose, charge_id, (refund.amount, status), Some(&refund.refund_no))
    }

    /// A refund that was made at the gateway itself, and succeeded.
    pub(super) fn made_there(&self, order: &Order, charge_id: &ChargeId, amount: u32) -> RecordGatewayRefund {
        let subject = ChargeSubject::Order(order.order_no.clone());
        self.gateway_word((order.user_id, &subject), charge_id, (fen(amount), RefundStatus::Succeeded), None)
    }

    /// Books what the gateway says.
    pub async fn told(&self, command: &RecordGatewayRefund) -> Option<Refund> {
        self.harness().refunds().record(command, record_gateway_refund).await.unwrap()
    }

    /// The gateway refuses, twelve minutes after the start.
    pub async fn refused_there(&self, refund: &Refund) -> Refund {
        let command = FailRefund {
            user_id: refund.user_id,
            subject: refund.subject.clone(),
            refund_no: refund.refund_no.clone(),
            failure: "channel_connection_error".to_owned(),
            at: self.minute(12),
            event_id: self.event_id(),
        };
        self.harness().refunds().fail(&command, fail_refund).await.unwrap().unwrap()
    }

    pub(super) async fn refunds(&self, order: &Order) -> Vec<Refund> {
        let subject = ChargeSubject::Order(order.order_no.clone());
        self.harness().refunds().of_subject(order.user_id, &subject).await.unwrap()
    }
}

/// What somebody has: bonus, App Store money, cash, debt.
pub(super) fn parts(wallet: &Wallet) -> [i64; 4] {
    [wallet.bonus, wallet.iap, wallet.cash, wallet.debt].map(Money::fen)
}

#[expect(clippy::panic, reason = "a claim fails by panicking, as a test does")]
pub(super) fn unreachable_claim(claim: &ClaimedRefund) -> ! {
    panic!("a new refund was to be asked for, not {claim:?}")
}

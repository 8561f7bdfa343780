//! The steps of refunds, each with what the model says must come of it.

use super::model::{Said, Stage};
use super::steps::{Change, Step};
use super::world::{Named, World, among, money};
use edupay_domain::ids::RefundNo;
use edupay_domain::payments::RefundStatus;
use edupay_domain::refunds::{
    ClaimRefundWork, ClaimedRefund, DecideRefund, Refund, RefundRefusal, RefundTarget, RequestRefund, approve_refund,
    claim_refund_work, reject_refund,
};
use edupay_domain::store::EffectError;
use edupay_testkit::contract::StoreHarness;
use edupay_testkit::fixtures::{fen, minutes_after};
use proptest::prelude::*;

impl World<'_> {
    pub(super) async fn run_refund(&mut self, step: Step) -> Result<(), TestCaseError> {
        let refund = |index: usize| among(index, self.refunds.len());
        match step {
            Step::Ask { thing, amount, to_source, limit } => {
                if let Some(thing) = among(thing, self.handles.len()) {
                    let amount = amount.map(|amount| self.resolve(amount));
                    let asked = amount.unwrap_or_else(|| self.model.left(thing, None));
                    let limit = limit.map(|off| asked.saturating_add_signed(off.into()));
                    self.ask((thing, amount, to_source), limit).await?;
                }
            }
            Step::AskAgain { refund: index, change } => {
                if let Some(at) = refund(index).filter(|at| self.model.refunds[*at].is_ours) {
                    self.ask_again(at, change).await?;
                }
            }
            Step::Approve { refund: index, by_the_same } => {
                if let Some(at) = refund(index) {
                    self.approve(at, by_the_same).await?;
                }
            }
            Step::Reject(index) => {
                if let Some(at) = refund(index) {
                    self.reject(at).await?;
                }
            }
            Step::Answer(index, status) => {
                if let Some(at) = refund(index) {
                    self.answer(at, status).await?;
                }
            }
            Step::Refuse(index) => {
                if let Some(at) = refund(index) {
                    self.case.refused_there(&self.stored_refund(at).await).await;
                    if self.model.refunds[at].stage == Stage::Asked {
                        self.model.refunds[at].stage = Stage::Failed;
                    }
                }
            }
            Step::MadeThere(index, amount) => {
                if let Some(charge) = among(index, self.charges.len()) {
                    self.made_there(charge, self.resolve(amount)).await?;
                }
            }
            other => panic!("{other:?} is no step of a refund"),
        }
        Ok(())
    }

    pub(super) async fn stored_refund(&self, at: usize) -> Refund {
        self.store.refunds().find(self.buyer, &self.refunds[at].number).await.unwrap().unwrap()
    }

    fn wish(&self, (thing, amount, to_source): (usize, Option<usize>, bool), limit: Option<usize>) -> RequestRefund {
        let command = self.case.refund_command(self.buyer, self.subject(thing), amount.map(money));
        let to = if to_source { RefundTarget::Source } else { RefundTarget::Balance };
        RequestRefund { to, approval_above: limit.map(|limit| fen(money(limit))), ..command }
    }

    async fn ask(&mut self, wish: (usize, Option<usize>, bool), limit: Option<usize>) -> Result<(), TestCaseError> {
        let command = self.wish(wish, limit);
        let left = self.model.left(wish.0, None);
        let answer = self.case.ask(&command).await;
        let said = self.model.ask(wish, limit, None);
        agree(&answer, &said)?;
        match said {
            Said::Yes => {
                let amount = wish.1.unwrap_or(left);
                self.met.refunds_of_all_that_is_left += usize::from(amount == left);
                self.refunds.push(Named { number: command.refund_no, at_gateway: self.case.refund_id() });
                self.claim(self.refunds.len() - 1).await?;
            }
            Said::AboveLeft(left) => {
                self.met.refunds_of_a_fen_too_much += usize::from(left > 0 && wish.1 == Some(left + 1));
            }
            Said::No => {}
        }
        Ok(())
    }

    /// The same number again: the same wish is the same refund, and one that failed is tried again, also the
    /// other way; any other wish is refused.
    async fn ask_again(&mut self, at: usize, change: Change) -> Result<(), TestCaseError> {
        let earlier = self.model.refunds[at].clone();
        let amount = earlier.amount + usize::from(change == Change::Amount);
        let to_source = earlier.to_source != (change == Change::Way);
        let wish = (earlier.thing, Some(amount), to_source);
        // Who was not approved yet is too much for one this time.
        let limit = (change == Change::Nothing).then_some(amount - 1);
        let command = RequestRefund { refund_no: self.refunds[at].number.clone(), ..self.wish(wish, limit) };
        let before = self.stored_refund(at).await;
        let answer = self.case.ask(&command).await;
        if change == Change::Amount {
            return agree(&answer, &Said::No);
        }
        if earlier.stage == Stage::Failed {
            let said = self.model.ask(wish, limit, Some(at));
            agree(&answer, &said)?;
            if said == Said::Yes {
                self.refunds[at].at_gateway = self.case.refund_id();
                self.claim(at).await?;
            }
            return Ok(());
        }
        if change == Change::Way {
            return agree(&answer, &Said::No);
        }
        prop_assert_eq!(answer.ok(), Some(before));
        Ok(())
    }

    /// Whoever works on refunds takes one that is due, so that the gateway is asked.
    async fn claim(&mut self, at: usize) -> Result<(), TestCaseError> {
        let refund = self.stored_refund(at).await;
        let (number, now) = (refund.refund_no, refund.next_try_at);
        let command = ClaimRefundWork { user_id: self.buyer, refund_no: number, at: now, until: minutes_after(now, 1) };
        let claimed = self.store.refunds().claim(&command, claim_refund_work).await.unwrap();
        let is_due = self.model.refunds[at].stage == Stage::Asked;
        prop_assert_eq!(matches!(claimed, ClaimedRefund::Ask(_)), is_due, "{:?}", claimed);
        Ok(())
    }

    async fn approve(&mut self, at: usize, by_the_same: bool) -> Result<(), TestCaseError> {
        let by = if by_the_same { self.case.staff() } else { self.case.other_staff() };
        let command: DecideRefund = self.case.decision(&self.stored_refund(at).await, by);
        let answer = self.store.refunds().decide(&command, approve_refund).await;
        let refund = &self.model.refunds[at];
        let is_again = refund.is_approved && !matches!(refund.stage, Stage::Awaiting | Stage::Rejected);
        let is_due = refund.stage == Stage::Awaiting;
        prop_assert_eq!(answer.is_ok(), !by_the_same && (is_due || is_again), "{:?}", answer);
        if is_due && !by_the_same {
            self.met.approvals += 1;
            self.model.approve(at);
            self.claim(at).await?;
        }
        Ok(())
    }

    async fn reject(&mut self, at: usize) -> Result<(), TestCaseError> {
        let command = self.case.decision(&self.stored_refund(at).await, self.case.staff());
        let answer = self.store.refunds().decide(&command, reject_refund).await;
        let stage = self.model.refunds[at].stage;
        prop_assert_eq!(answer.is_ok(), matches!(stage, Stage::Awaiting | Stage::Rejected), "{:?}", answer);
        if answer.is_ok() {
            self.model.refunds[at].stage = Stage::Rejected;
        }
        Ok(())
    }

    /// The gateway says what became of a refund of ours; it never gives back more than it has.
    async fn answer(&mut self, at: usize, status: RefundStatus) -> Result<(), TestCaseError> {
        let refund = self.model.refunds[at].clone();
        let Some(charge) = self.model.charge_of(at).filter(|_| refund.is_ours) else { return Ok(()) };
        let is_open = matches!(refund.stage, Stage::Asked | Stage::Pending);
        if !is_open && !matches!(refund.stage, Stage::Done | Stage::Failed) {
            return Ok(());
        }
        let status = match status {
            RefundStatus::Succeeded if is_open && refund.amount > self.at_gateway(charge) => RefundStatus::Failed,
            status => status,
        };
        let stored = self.stored_refund(at).await;
        if !is_open && stored.refund_id.is_none() {
            return Ok(());
        }
        let mut word = self.case.word_of_ours(&stored, status);
        word.refund.id = self.refunds[at].at_gateway.clone();
        let told = self.case.told(&word).await;
        prop_assert_eq!(told.map(|told| told.refund_no), Some(stored.refund_no));
        if is_open {
            match status {
                RefundStatus::Pending => self.model.refunds[at].stage = Stage::Pending,
                RefundStatus::Failed => self.model.refunds[at].stage = Stage::Failed,
                RefundStatus::Succeeded => self.model.done(at),
            }
        }
        Ok(())
    }

    async fn made_there(&mut self, charge: usize, amount: usize) -> Result<(), TestCaseError> {
        let amount = amount.min(self.at_gateway(charge));
        if amount == 0 || !self.model.charges[charge].is_applied {
            return Ok(());
        }
        let thing = self.model.charges[charge].thing;
        let (subject, charge_id) = (self.subject(thing), &self.charges[charge].1.id);
        let said = (fen(money(amount)), RefundStatus::Succeeded);
        let word = self.case.gateway_word((self.buyer, &subject), charge_id, said, None);
        self.met.more_given_back_than_is_left += usize::from(amount > self.model.left(thing, None));
        self.model.made_there(charge, amount);
        let told = self.case.told(&word).await;
        let number: RefundNo = told.map(|refund| refund.refund_no).ok_or_else(|| TestCaseError::fail("not booked"))?;
        self.refunds.push(Named { number, at_gateway: word.refund.id.clone() });
        // Once, however often it is said.
        let again = self.case.told(&word).await;
        prop_assert_eq!(again.map(|refund| refund.refund_no), self.refunds.last().map(|named| named.number.clone()));
        Ok(())
    }
}

fn agree(answer: &Result<Refund, EffectError<RefundRefusal>>, said: &Said) -> Result<(), TestCaseError> {
    match (answer, said) {
        (Ok(_), Said::Yes) => {}
        (Err(EffectError::Refused(RefundRefusal::AboveLeft { left })), Said::AboveLeft(expected)) => {
            prop_assert_eq!(*left, fen(money(*expected)));
        }
        (Err(EffectError::Refused(refusal)), Said::No) => {
            prop_assert!(!matches!(refusal, RefundRefusal::AboveLeft { .. }), "{refusal:?}");
        }
        (answer, said) => return Err(TestCaseError::fail(format!("{answer:?}, not {said:?}"))),
    }
    Ok(())
}

//! The steps on the store, each with what the model says must come of it.

use super::model::{Coin, Kind, Model, Tender};
use super::steps::{Amount, Mark, Step, Then};
use edupay_domain::accounts::adjust_balance;
use edupay_domain::ids::{RefundId, RefundNo, TopUpNo, UserId};
use edupay_domain::ledger::Bucket;
use edupay_domain::orders::{Order, PaidOrder, PayRefusal, cancel_order, create_order};
use edupay_domain::packages::PurchaseKind;
use edupay_domain::payments::{
    Channel, Charge, ChargeAttempt, ChargeSubject, Confirmation, GatewayRefund, ReceiptStore, RecordRefund,
    RefundStatus, record_refund,
};
use edupay_domain::products::Course;
use edupay_domain::store::EffectError;
use edupay_domain::top_ups::{BonusTier, Campaign, OpenTopUp, OpenedTopUp, open_top_up};
use edupay_testkit::contract::{Campus, Case, Placed, StoreHarness};
use edupay_testkit::fixtures::fen;
use edupay_testkit::memory::MemoryStore;
use proptest::prelude::*;

/// The campaign: from how much on, and what it gives.
pub(super) const TIERS: [(usize, usize); 2] = [(100, 7), (200, 30)];

pub(super) enum Handle {
    Order(Order),
    Purchase(Box<Placed>),
    TopUp(TopUpNo),
}

/// A refund, as the store and the gateway call it.
pub(super) struct Named {
    pub(super) number: RefundNo,
    pub(super) at_gateway: RefundId,
}

/// How often an amount met a limit exactly, or missed it by a fen.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Met {
    pub(super) paid_with_the_last_fen: usize,
    pub(super) a_fen_short: usize,
    pub(super) refunds_of_all_that_is_left: usize,
    pub(super) refunds_of_a_fen_too_much: usize,
    pub(super) more_given_back_than_is_left: usize,
    pub(super) debts_paid_to_the_fen: usize,
    pub(super) approvals: usize,
}

pub(super) struct World<'a> {
    pub(super) case: Case<'a, MemoryStore>,
    pub(super) store: &'a MemoryStore,
    pub(super) campus: Campus,
    pub(super) buyer: UserId,
    pub(super) courses: Vec<Course>,
    pub(super) handles: Vec<Handle>,
    pub(super) attempts: Vec<(usize, ChargeAttempt)>,
    pub(super) charges: Vec<(ChargeAttempt, Charge)>,
    pub(super) refunds: Vec<Named>,
    pub(super) model: Model,
    pub(super) met: Met,
}

/// One of so many, the newest ones more often.
pub(super) fn among(index: usize, length: usize) -> Option<usize> {
    let of_the_newest = |index: usize| index.checked_rem(length.min(5)).map(|back| length - 1 - back);
    if index < 44 { of_the_newest(index) } else { index.checked_rem(length) }
}

impl<'a> World<'a> {
    pub(super) async fn new(store: &'a MemoryStore) -> Self {
        let case = Case::new(store);
        let campus = case.campus().await;
        let buyer = campus.student;
        let (courses, handles, attempts, charges, refunds) = Default::default();
        let (model, met) = (Model::default(), Met::default());
        Self { case, store, campus, buyer, courses, handles, attempts, charges, refunds, model, met }
    }

    pub(super) fn subject(&self, thing: usize) -> ChargeSubject {
        match &self.handles[thing] {
            Handle::Order(order) => ChargeSubject::Order(order.order_no.clone()),
            Handle::Purchase(placed) => ChargeSubject::Purchase(placed.purchase.purchase_no.clone()),
            Handle::TopUp(number) => ChargeSubject::TopUp(number.clone()),
        }
    }

    /// What an amount is at this moment; at least one fen.
    pub(super) fn resolve(&self, amount: Amount) -> usize {
        let (model, purse) = (&self.model, &self.model.purse);
        let (mark, off) = match amount {
            Amount::Any(amount) => return amount as usize,
            Amount::At(mark, off) => (mark, off),
        };
        let at = match mark {
            Mark::Balance => purse.balance(),
            Mark::Gifts => purse.count(Coin::Gift),
            Mark::GiftsAndApp => purse.count(Coin::Gift) + purse.count(Coin::App),
            Mark::Debt => purse.debt,
            Mark::Missing(index) => among(index, model.things.len())
                .map_or(0, |thing| model.things[thing].price.saturating_sub(purse.balance())),
            Mark::Left(index) => among(index, model.things.len()).map_or(0, |thing| model.left(thing, None)),
            Mark::AtGateway(index) => among(index, model.charges.len()).map_or(0, |charge| self.at_gateway(charge)),
            Mark::Tier(index) => TIERS[index % TIERS.len()].0,
        };
        at.saturating_add_signed(off.into()).max(1)
    }

    /// What the gateway can still give back of a charge.
    pub(super) fn at_gateway(&self, charge: usize) -> usize {
        self.model.charges[charge].amount - self.model.charges[charge].given_back
    }

    pub(super) async fn run(&mut self, step: Step) -> Result<(), TestCaseError> {
        let (things, attempts, charges) = (self.handles.len(), self.attempts.len(), self.charges.len());
        match step {
            Step::Gift(coin, amount) => self.gift(coin, self.resolve(amount)).await,
            Step::TopUp(amount, then) => {
                self.top_up(self.resolve(amount)).await;
                self.at_once(then).await?;
            }
            Step::Order(amount, then) => {
                self.courses.push(self.case.course(money(self.resolve(amount))).await);
                self.order(self.courses.len() - 1).await?;
                self.at_once(then).await?;
            }
            Step::OrderAgain(index) => {
                if let Some(course) = among(index, self.courses.len()) {
                    self.order(course).await?;
                }
            }
            Step::Buy(amount, then) => {
                self.buy(self.resolve(amount)).await;
                self.at_once(then).await?;
            }
            Step::Pay(index) => {
                if let Some(thing) = among(index, things) {
                    self.pay(thing).await?;
                }
            }
            Step::OpenCharge(index, channel) => {
                if let Some(thing) = among(index, things).filter(|thing| self.model.can_be_paid(*thing)) {
                    self.open_charge(thing, channel).await;
                }
            }
            Step::Charge(index, off) => {
                if let Some(attempt) = among(index, attempts) {
                    self.charge(attempt, off).await?;
                }
            }
            Step::ChargeAgain(index) => {
                if let Some(charge) = among(index, charges) {
                    let (attempt, told) = &self.charges[charge];
                    let answer = self.confirm(self.model.charges[charge].thing, attempt, told).await;
                    prop_assert!(matches!(answer, Confirmation::AlreadyConfirmed(_)), "{answer:?}");
                }
            }
            Step::Cancel(index) => {
                if let Some(thing) = among(index, things) {
                    self.cancel(thing).await?;
                }
            }
            Step::SendBack(index) => {
                if let Some(charge) = among(index, charges) {
                    self.send_back(charge).await;
                }
            }
            refund => self.run_refund(refund).await?,
        }
        Ok(())
    }

    /// The newest thing is paid.
    async fn at_once(&mut self, then: Then) -> Result<(), TestCaseError> {
        match then {
            Then::Nothing => Ok(()),
            Then::Pay => self.pay(self.handles.len() - 1).await,
            Then::Charge => self.charge(self.attempts.len() - 1, 0).await,
        }
    }

    async fn gift(&mut self, coin: Coin, amount: usize) {
        let bucket = match coin {
            Coin::Gift => Bucket::Bonus,
            Coin::App => Bucket::Iap,
            Coin::Cash => Bucket::Cash,
        };
        let command = self.case.adjustment(self.buyer, bucket, fen(money(amount)));
        self.store.wallets().adjust_balance(&command, adjust_balance).await.unwrap();
        self.model.give(coin, amount);
    }

    async fn top_up(&mut self, amount: usize) {
        let tier = |(from, bonus)| BonusTier { from: fen(money(from)), bonus: fen(money(bonus)) };
        let campaign = Campaign::try_new(TIERS.map(tier).to_vec()).unwrap();
        let command = OpenTopUp { campaign, ..self.case.top_up_command(self.buyer, money(amount)) };
        let opened = self.store.top_ups().open(&command, open_top_up).await.unwrap();
        let OpenedTopUp::Opened(started) = opened else { panic!("{opened:?}") };
        let gift = match amount {
            200.. => 30,
            100.. => 7,
            _ => 0,
        };
        self.attempts.push((self.handles.len(), started.attempt));
        self.handles.push(Handle::TopUp(command.top_up_no));
        self.model.add(Kind::TopUp { gift }, amount);
    }

    async fn order(&mut self, course: usize) -> Result<(), TestCaseError> {
        let command = self.case.order_command(self.buyer, &self.courses[course..=course]);
        let answer = self.store.orders().create(&command, create_order).await;
        prop_assert_eq!(answer.is_ok(), !self.model.owns(course), "{:?}", answer);
        if answer.is_ok() {
            let order = self.store.orders().find(self.buyer, &command.order_no).await.unwrap().unwrap();
            self.model.add(Kind::Order { course }, fen_of(order.amount));
            self.attempts.push((self.handles.len(), self.case.attempt(&order).await));
            self.handles.push(Handle::Order(order));
        }
        Ok(())
    }

    async fn buy(&mut self, price: usize) {
        let project = self.case.project(self.case.project_draft(self.campus.school.id)).await;
        let packages = self.case.put_packages(vec![self.case.package_draft(&project, money(price))]).await;
        let campus = Campus { project, packages, ..self.campus.clone() };
        let placed = self.case.place(&campus, PurchaseKind::New, &[0]).await;
        self.model.add(Kind::Purchase, price);
        self.attempts.push((self.handles.len(), placed.attempt.clone()));
        self.handles.push(Handle::Purchase(Box::new(placed)));
    }

    async fn pay(&mut self, thing: usize) -> Result<(), TestCaseError> {
        let Handle::Order(order) = &self.handles[thing] else { return Ok(()) };
        let answer = self.case.pay(order).await;
        let (balance, price) = (self.model.purse.balance(), self.model.things[thing].price);
        let (by_balance, is_whole) =
            (matches!(self.model.things[thing].paid, Some(Tender::Coins(_))), self.model.refunded(thing) == 0);
        if by_balance && is_whole {
            prop_assert!(matches!(answer, Ok(PaidOrder::AlreadyPaid { .. })), "{answer:?}");
        } else if self.model.can_be_paid(thing) {
            self.met.a_fen_short += usize::from(balance + 1 == price);
            if self.model.pay(thing) {
                prop_assert!(matches!(answer, Ok(PaidOrder::Paid { .. })), "{answer:?}");
                self.met.paid_with_the_last_fen += usize::from(balance == price);
            } else {
                let is_short = matches!(answer, Err(EffectError::Refused(PayRefusal::InsufficientBalance)));
                prop_assert!(is_short, "{answer:?} with {balance} of {price}");
            }
        } else {
            prop_assert!(matches!(answer, Err(EffectError::Refused(_))), "{answer:?}");
        }
        Ok(())
    }

    async fn open_charge(&mut self, thing: usize, channel: Channel) {
        if let Handle::Order(order) = &self.handles[thing] {
            let attempt = self.case.attempt_by(order, channel).await;
            self.attempts.push((thing, attempt));
        }
    }

    async fn confirm(&self, thing: usize, attempt: &ChargeAttempt, charge: &Charge) -> Confirmation {
        match &self.handles[thing] {
            Handle::Order(order) => self.case.confirm(order, attempt, charge).await,
            Handle::Purchase(placed) => self.case.confirm_purchase(placed, charge).await,
            Handle::TopUp(number) => self.case.confirm_top_up(number, attempt, charge).await,
        }
    }

    async fn charge(&mut self, attempt: usize, off: i8) -> Result<(), TestCaseError> {
        let (thing, attempt) = self.attempts[attempt].clone();
        let amount = fen_of(attempt.amount).saturating_add_signed(off.into());
        if amount == 0 {
            return Ok(());
        }
        let charge = Charge { amount: fen(money(amount)), ..self.case.charge(&attempt) };
        let answer = self.confirm(thing, &attempt, &charge).await;
        let debt = self.model.purse.debt;
        if self.model.charge(thing, amount) {
            prop_assert!(matches!(answer, Confirmation::Applied(_)), "{answer:?}");
            let is_exact = matches!(self.handles[thing], Handle::TopUp(_)) && debt == amount;
            self.met.debts_paid_to_the_fen += usize::from(is_exact);
        } else {
            prop_assert!(matches!(answer, Confirmation::Unapplied(_)), "{answer:?}");
        }
        self.charges.push((attempt, charge));
        Ok(())
    }

    async fn cancel(&mut self, thing: usize) -> Result<(), TestCaseError> {
        if let Handle::Order(order) = &self.handles[thing] {
            let answer = self.store.orders().cancel(&self.case.cancel_command(order), cancel_order).await;
            prop_assert_eq!(answer.is_ok(), self.model.things[thing].paid.is_none(), "{:?}", answer);
            self.model.things[thing].is_cancelled |= answer.is_ok();
        }
        Ok(())
    }

    /// The gateway gives a charge back that was kept; told again, or of one that was applied, it is no news.
    async fn send_back(&mut self, charge: usize) {
        let (attempt, told) = &self.charges[charge];
        let refund = GatewayRefund {
            id: self.case.refund_id(),
            charge_id: told.id.clone(),
            gateway_order_no: Some(attempt.gateway_order_no.clone()),
            amount: told.amount,
            status: RefundStatus::Succeeded,
            failure: None,
            refund_no: None,
        };
        let (at, event_id) = (self.case.minute(9), self.case.event_id());
        let command = RecordRefund { user_id: self.buyer, refund, at, next_try_at: at, event_id };
        self.store.record_refund(&command, record_refund).await.unwrap();
        let kept = &mut self.model.charges[charge];
        if !kept.is_applied {
            kept.given_back = kept.amount;
        }
    }
}

pub(super) fn money(amount: usize) -> u32 {
    u32::try_from(amount).unwrap()
}

pub(super) fn fen_of(amount: edupay_domain::money::Money) -> usize {
    usize::try_from(amount.fen()).unwrap()
}

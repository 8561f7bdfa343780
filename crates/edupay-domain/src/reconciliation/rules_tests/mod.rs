//! Planted differences are all found and nothing else, in whatever order and pages the sides are read.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers and near days in test code")]

mod bill;
mod gateway;
mod runs;

use super::days::Days;
use super::difference::{Difference, DifferenceKind, Thing};
use super::sides::{BookedRefund, OurNumber, OurPayment, OurRefund, PaymentState, TheirPayment, TheirRefund};
use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayOrderNo, RefundId, UserId};
use crate::money::Money;
use crate::packages::Day;
use crate::payments::{Channel, Merchant, Mode, ReceiptStatus, RefundStatus};
use chrono::TimeDelta;
use std::collections::BTreeSet;

pub(super) fn days() -> Days {
    Days::one(Day::parse("2026-11-28").unwrap())
}

pub(super) fn noon() -> Timestamp {
    days().begins_at() + TimeDelta::hours(12)
}

pub(super) fn merchant() -> Merchant {
    Merchant { app_id: "app_1".to_owned(), mode: Mode::Live }
}

pub(super) fn fen(fen: u32) -> Money {
    Money::from_fen_u32(fen)
}

pub(super) fn number(n: usize) -> GatewayOrderNo {
    GatewayOrderNo::parse(&format!("2{n:019}")).unwrap()
}

pub(super) fn charge_id(n: usize) -> ChargeId {
    ChargeId::parse(&format!("ch_{n}")).unwrap()
}

pub(super) fn refund_id(n: usize) -> RefundId {
    RefundId::parse(&format!("re_{n}")).unwrap()
}

/// A payment of theirs that agrees with [`our_payment`] of the same number.
pub(super) fn their_payment(n: usize) -> TheirPayment {
    TheirPayment {
        name: charge_id(n).to_string(),
        charge_id: Some(charge_id(n)),
        number: number(n).to_string(),
        amount: fen(9_900),
        currency: Some("cny".to_owned()),
        app_id: Some("app_1".to_owned()),
        mode: Some(Mode::Live),
        state: PaymentState::Paid,
        paid_at: Some(noon()),
    }
}

pub(super) fn our_payment(n: usize) -> OurPayment {
    OurPayment {
        user_id: UserId::try_new(1).unwrap(),
        charge_id: charge_id(n),
        gateway_order_no: number(n),
        channel: Channel::Wx,
        asked: fen(9_900),
        booked: fen(9_900),
        status: ReceiptStatus::Applied,
        received_at: noon(),
    }
}

/// A refund of theirs that agrees with [`our_refund`] of the same number.
pub(super) fn their_refund(n: usize) -> TheirRefund {
    TheirRefund {
        name: refund_id(n).to_string(),
        refund_id: Some(refund_id(n)),
        charge_id: Some(charge_id(n)),
        number: number(n).to_string(),
        amount: fen(100),
        status: RefundStatus::Succeeded,
        at: Some(noon()),
    }
}

pub(super) fn our_refund(n: usize) -> OurRefund {
    OurRefund {
        user_id: UserId::try_new(1).unwrap(),
        name: format!("R-{n}"),
        refund_id: Some(refund_id(n)),
        charge_id: charge_id(n),
        gateway_order_no: number(n),
        channel: Channel::Wx,
        amount: fen(100),
        stage: BookedRefund::Succeeded,
        at: noon(),
    }
}

/// Our side, as a store answers it.
#[derive(Debug, Default, Clone)]
pub(super) struct Books {
    pub(super) known: BTreeSet<GatewayOrderNo>,
    pub(super) payments: Vec<OurPayment>,
    pub(super) refunds: Vec<OurRefund>,
}

impl Books {
    pub(super) fn numbers(&self, numbers: &[GatewayOrderNo]) -> Vec<OurNumber> {
        let known = numbers.iter().filter(|number| self.known.contains(number));
        let payments = |number: &GatewayOrderNo| {
            let of_number = self.payments.iter().filter(|payment| payment.gateway_order_no == *number);
            of_number.cloned().collect()
        };
        known.map(|number| OurNumber { gateway_order_no: number.clone(), payments: payments(number) }).collect()
    }

    pub(super) fn refunds_of(&self, charges: &[ChargeId]) -> Vec<OurRefund> {
        self.refunds.iter().filter(|refund| charges.contains(&refund.charge_id)).cloned().collect()
    }
}

/// What tells one difference from another in these tests.
pub(super) type Told = (Thing, DifferenceKind, String);

pub(super) fn told<'a>(found: impl IntoIterator<Item = &'a Difference>) -> Vec<Told> {
    let mut told: Vec<_> = found.into_iter().map(|it| (it.thing, it.kind, it.name.clone())).collect();
    told.sort();
    told
}

/// A permutation of so many things that follows from a seed.
pub(super) fn shuffled<T>(mut things: Vec<T>, mut seed: u64) -> Vec<T> {
    for at in (1..things.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(seed >> 33).unwrap() % (at + 1);
        things.swap(at, other);
    }
    things
}

//! A bill file against our books. A bill knows a payment by our number, and no charge id; so what stands
//! under one number is matched as a whole: first equal amounts, then what is left over.

use super::About;
use super::payments;
use super::refunds::{self, ChargeBooked};
use crate::ids::{ChargeId, GatewayOrderNo, RefundId};
use crate::payments::Merchant;
use crate::reconciliation::bill::{Bill, BillFault, BillKind};
use crate::reconciliation::days::Days;
use crate::reconciliation::difference::{Action, Difference, DifferenceKind, Source, Thing};
use crate::reconciliation::sides::{OurNumber, OurPayment, OurRefund, PaymentState, TheirPayment, TheirRefund};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the gateway says of a thing that a bill does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It knows it.
    Found(T),
    /// It does not know it.
    NotFound,
    /// It could not be asked.
    Unanswered,
}

/// Everything of a bill under one number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Lines {
    payments: Vec<TheirPayment>,
    refunds: Vec<TheirRefund>,
}

/// A bill file, and what of ours was found in it.
#[derive(Debug, Clone)]
pub struct BillMatching {
    kind: BillKind,
    merchant: Merchant,
    days: Days,
    lines: BTreeMap<String, Lines>,
    faults: Vec<BillFault>,
    charges: HashSet<ChargeId>,
    /// Of charge and refund: of two charges under one number each has refunds of its own.
    refunds: HashSet<(ChargeId, String)>,
}

impl BillMatching {
    /// A bill of which nothing was matched yet.
    #[must_use]
    pub fn new(kind: BillKind, merchant: Merchant, days: Days, bill: Bill) -> Self {
        let mut lines: BTreeMap<String, Lines> = BTreeMap::new();
        for payment in bill.payments {
            lines.entry(payment.number.clone()).or_default().payments.push(payment);
        }
        for refund in bill.refunds {
            lines.entry(refund.number.clone()).or_default().refunds.push(refund);
        }
        let (faults, charges, refunds) = (bill.faults, HashSet::new(), HashSet::new());
        Self { kind, merchant, days, lines, faults, charges, refunds }
    }

    /// Whose bill it is.
    #[must_use]
    pub fn kind(&self) -> BillKind {
        self.kind
    }

    /// How many payments and refunds of the days it has.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let payments = self.lines.values().flat_map(|lines| &lines.payments);
        let refunds = self.lines.values().flat_map(|lines| &lines.refunds);
        (
            payments.filter(|payment| self.is_of_days(payment)).count(),
            refunds.filter(|refund| self.is_refund_of_days(refund)).count(),
        )
    }

    /// Its numbers above one of them, in their order.
    #[must_use]
    pub fn numbers(&self, above: Option<&str>, limit: usize) -> Vec<String> {
        use std::ops::Bound::{Excluded, Unbounded};
        let range = (above.map_or(Unbounded, Excluded), Unbounded);
        self.lines.range::<str, _>(range).take(limit).map(|(number, _)| number.clone()).collect()
    }

    /// The lines that can't be read.
    #[must_use]
    pub fn unreadable(&self) -> Vec<Difference> {
        let tell = |fault: &BillFault| {
            let name = format!("line {}", fault.line);
            let about = About { source: self.kind.source(), thing: Thing::Line, name: &name, number: None };
            let values = (None, Some(fault.reason.to_owned()));
            about.differs(DifferenceKind::UnreadableThere, &fault.field, values, Action::Review)
        };
        self.faults.iter().map(tell).collect()
    }

    /// Compares everything under these numbers with what we have of them and of their charges.
    pub fn listed(&mut self, numbers: &[String], ours: &[OurNumber], refunds: &[OurRefund]) -> Vec<Difference> {
        let known: HashMap<&str, &OurNumber> =
            ours.iter().map(|number| (number.gateway_order_no.as_str(), number)).collect();
        let mut found = Vec::new();
        for number in numbers {
            let Some(lines) = self.lines.get(number).cloned() else { continue };
            let ours = known.get(number.as_str()).copied();
            found.extend(self.payments(lines.payments, ours));
            let of_number = refunds.iter().filter(|refund| refund.gateway_order_no.as_str() == number);
            found.extend(self.refunds(lines.refunds, of_number.collect(), ours));
        }
        found
    }

    fn payments(&mut self, theirs: Vec<TheirPayment>, ours: Option<&OurNumber>) -> Vec<Difference> {
        let source = self.kind.source();
        let mut theirs: Vec<_> = theirs.into_iter().filter(|line| line.state == PaymentState::Paid).collect();
        theirs.sort_by(|one, other| (one.amount, &one.name).cmp(&(other.amount, &other.name)));
        let mut left: Vec<&OurPayment> = ours.map(|number| number.payments.iter().collect()).unwrap_or_default();
        left.sort_by_key(|payment| (payment.booked, payment.charge_id.clone()));
        let mut pairs = Vec::new();
        theirs.retain(|line| match left.iter().position(|payment| payment.booked == line.amount) {
            Some(at) => {
                pairs.push((line.clone(), left.remove(at)));
                false
            }
            None => true,
        });
        let mut unbooked = Vec::new();
        for line in theirs {
            match left.is_empty() {
                true => unbooked.push(line),
                false => pairs.push((line, left.remove(0))),
            }
        }
        self.charges.extend(pairs.iter().map(|(_, payment)| payment.charge_id.clone()));
        let mut found = Vec::new();
        for (line, payment) in pairs.iter().filter(|(line, _)| self.is_of_days(line)) {
            found.extend(payments::pair(source, &self.merchant, line, payment));
        }
        for (place, line) in unbooked.iter().enumerate().filter(|(_, line)| self.is_of_days(line)) {
            let mut difference = payments::not_booked(source, line, ours);
            // Of several that nobody booked the first is missing, the others are too many.
            if place > 0 && ours.is_some() {
                difference.kind = DifferenceKind::DuplicateThere;
            }
            found.push(difference);
        }
        found
    }

    fn refunds(
        &mut self,
        mut theirs: Vec<TheirRefund>,
        ours: Vec<&OurRefund>,
        number: Option<&OurNumber>,
    ) -> Vec<Difference> {
        let source = self.kind.source();
        theirs.sort_by(|one, other| (one.amount, &one.name).cmp(&(other.amount, &other.name)));
        let mut left: Vec<&OurRefund> = ours;
        left.sort_by_key(|refund| (refund.amount, refund.name.clone()));
        let mut pairs = Vec::new();
        let mut take = |theirs: &mut Vec<TheirRefund>, is_same: fn(&TheirRefund, &OurRefund) -> bool| {
            theirs.retain(|line| match left.iter().position(|refund| is_same(line, refund)) {
                Some(at) => {
                    pairs.push((line.clone(), left.remove(at)));
                    false
                }
                None => true,
            });
        };
        take(&mut theirs, |line, refund| refund.refund_id.is_some() && line.refund_id == refund.refund_id);
        take(&mut theirs, |line, refund| line.amount == refund.amount);
        self.refunds.extend(pairs.iter().map(|(_, refund)| (refund.charge_id.clone(), refund.name.clone())));
        let booked = number.is_some_and(|number| !number.payments.is_empty());
        let charge = if booked { ChargeBooked::Yes } else { ChargeBooked::No };
        let mut found = Vec::new();
        for (line, refund) in pairs.iter().filter(|(line, _)| self.is_refund_of_days(line)) {
            found.extend(refunds::pair(source, line, refund));
        }
        for line in theirs.iter().filter(|line| self.is_refund_of_days(line)) {
            let charge_id = number.and_then(only_charge);
            let difference = refunds::not_booked(source, line, charge);
            found.extend(difference.map(|difference| Difference { charge_id, ..difference }));
        }
        found
    }

    /// Those of our payments that the bill should have and has not.
    #[must_use]
    pub fn unlisted(&self, ours: Vec<OurPayment>) -> Vec<OurPayment> {
        let missing =
            |payment: &OurPayment| self.kind.has(payment.channel) && !self.charges.contains(&payment.charge_id);
        ours.into_iter().filter(missing).collect()
    }

    /// What the gateway says of one of our payments that the bill has not. One that was paid on another day
    /// stands in another bill.
    #[must_use]
    pub fn looked_up(&self, ours: &OurPayment, found: Lookup<&TheirPayment>) -> Option<Difference> {
        match found {
            Lookup::Found(theirs) if theirs.paid_at.is_some_and(|at| !self.days.contains(at)) => None,
            Lookup::Found(_) | Lookup::NotFound | Lookup::Unanswered => {
                Some(payments::not_there(self.kind.source(), ours))
            }
        }
    }

    /// Those of our refunds that the bill should have and has not.
    #[must_use]
    pub fn unlisted_refunds(&self, ours: Vec<OurRefund>) -> Vec<OurRefund> {
        let missing = |refund: &OurRefund| {
            self.kind.has(refund.channel) && !self.refunds.contains(&(refund.charge_id.clone(), refund.name.clone()))
        };
        ours.into_iter().filter(missing).collect()
    }

    /// What the gateway says of one of our refunds that the bill has not: its refunds of the same charge.
    #[must_use]
    pub fn refund_looked_up(&self, ours: &OurRefund, found: Lookup<&[TheirRefund]>) -> Option<Difference> {
        let id: Option<&RefundId> = ours.refund_id.as_ref();
        let of_another_day = match found {
            Lookup::Found(theirs) => {
                let same = theirs.iter().find(|theirs| id.is_some() && theirs.refund_id.as_ref() == id);
                same.and_then(|theirs| theirs.at).is_some_and(|at| !self.days.contains(at))
            }
            Lookup::NotFound | Lookup::Unanswered => false,
        };
        (!of_another_day).then(|| refunds::not_there(self.kind.source(), ours))
    }

    fn is_of_days(&self, theirs: &TheirPayment) -> bool {
        theirs.paid_at.is_some_and(|at| self.days.contains(at))
    }

    fn is_refund_of_days(&self, theirs: &TheirRefund) -> bool {
        theirs.at.is_some_and(|at| self.days.contains(at))
    }

    /// Those of these numbers that have the shape of ours.
    #[must_use]
    pub fn of_our_shape(numbers: &[String]) -> Vec<GatewayOrderNo> {
        numbers.iter().filter_map(|number| GatewayOrderNo::parse(number).ok()).collect()
    }

    /// The other side.
    #[must_use]
    pub fn source(&self) -> Source {
        self.kind.source()
    }
}

fn only_charge(number: &OurNumber) -> Option<ChargeId> {
    match number.payments.as_slice() {
        [only] => Some(only.charge_id.clone()),
        _ => None,
    }
}

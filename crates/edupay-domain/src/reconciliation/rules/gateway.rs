//! The gateway's list against our books, page by page and chunk by chunk, in any order.

use super::About;
use super::payments;
use super::refunds::{self, ChargeBooked};
use crate::ids::{ChargeId, GatewayOrderNo, RefundId};
use crate::payments::Merchant;
use crate::reconciliation::days::Days;
use crate::reconciliation::difference::{Action, Difference, DifferenceKind, Source, Thing};
use crate::reconciliation::sides::{
    ListedCharge, OurNumber, OurPayment, OurRefund, PaymentState, TheirPayment, TheirRefund,
};
use std::collections::{HashMap, HashSet};

const SOURCE: Source = Source::Gateway;

/// What has been seen of the gateway's list. It grows by the id of each charge and refund, and by nothing
/// else.
#[derive(Debug, Clone)]
pub struct GatewayMatching {
    merchant: Merchant,
    days: Days,
    charges: HashSet<ChargeId>,
    refunds: HashSet<RefundId>,
}

impl GatewayMatching {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(merchant: Merchant, days: Days) -> Self {
        Self { merchant, days, charges: HashSet::new(), refunds: HashSet::new() }
    }

    /// Whether a payment of theirs belongs to the days, by its own time.
    #[must_use]
    pub fn is_of_days(&self, theirs: &TheirPayment) -> bool {
        theirs.state == PaymentState::Paid && theirs.paid_at.is_some_and(|at| self.days.contains(at))
    }

    /// Whether a refund of theirs belongs to the days, by its own time.
    #[must_use]
    pub fn is_refund_of_days(&self, theirs: &TheirRefund) -> bool {
        theirs.at.is_some_and(|at| self.days.contains(at))
    }

    /// The numbers of a page that have the shape of ours, each once.
    #[must_use]
    pub fn numbers_of(page: &[ListedCharge]) -> Vec<GatewayOrderNo> {
        let numbers: HashSet<_> =
            page.iter().filter_map(|listed| GatewayOrderNo::parse(&listed.payment.number).ok()).collect();
        numbers.into_iter().collect()
    }

    /// The charges of a page of which something went back or is going back.
    #[must_use]
    pub fn refunded_of(page: &[ListedCharge], ours: &[OurNumber]) -> Vec<ChargeId> {
        let refunded = |listed: &&ListedCharge| !listed.refunds.is_empty() || !listed.amount_refunded.is_zero();
        let theirs = page.iter().filter(refunded).filter_map(|listed| listed.payment.charge_id.clone());
        // And those of ours that may have a refund that they do not tell.
        let ours = ours.iter().flat_map(|number| &number.payments).map(|payment| payment.charge_id.clone());
        theirs.chain(ours).collect::<HashSet<_>>().into_iter().collect()
    }

    /// Compares a page with what we have of its numbers and charges. A charge that was on an earlier page is
    /// left out: lists move while they are read.
    pub fn listed(&mut self, page: &[ListedCharge], ours: &[OurNumber], refunds: &[OurRefund]) -> Vec<Difference> {
        let numbers: HashMap<&str, &OurNumber> =
            ours.iter().map(|number| (number.gateway_order_no.as_str(), number)).collect();
        let mut of_charge: HashMap<&ChargeId, Vec<&OurRefund>> = HashMap::new();
        for refund in refunds {
            of_charge.entry(&refund.charge_id).or_default().push(refund);
        }
        let mut found = Vec::new();
        for listed in page {
            let Some(charge_id) = &listed.payment.charge_id else { continue };
            if !self.charges.insert(charge_id.clone()) {
                continue;
            }
            let number = numbers.get(listed.payment.number.as_str()).copied();
            let booked = number.and_then(|number| booked(number, charge_id));
            if self.is_of_days(&listed.payment) {
                match booked {
                    Some(booked) => found.extend(payments::pair(SOURCE, &self.merchant, &listed.payment, booked)),
                    None => found.push(payments::not_booked(SOURCE, &listed.payment, number)),
                }
            }
            let ours = of_charge.get(charge_id).map_or(&[][..], Vec::as_slice);
            found.extend(self.refunds(listed, booked, ours));
        }
        found
    }

    fn refunds(&mut self, listed: &ListedCharge, booked: Option<&OurPayment>, ours: &[&OurRefund]) -> Vec<Difference> {
        let charge = if booked.is_some() { ChargeBooked::Yes } else { ChargeBooked::No };
        let mut found = Vec::new();
        for theirs in &listed.refunds {
            self.refunds.extend(theirs.refund_id.clone());
            if self.is_refund_of_days(theirs) {
                found.extend(refund(theirs, ours, charge));
            }
        }
        // One cause is told once: the sum only where the refunds themselves are not to blame.
        if found.is_empty()
            && self.is_of_days(&listed.payment)
            && let Some(booked) = booked
        {
            found.extend(refunds::sums(listed, booked, ours));
        }
        found
    }

    /// An object of the list that can't be read.
    #[must_use]
    pub fn unreadable(&self, name: &str) -> Difference {
        let about = About { source: SOURCE, thing: Thing::Line, name, number: None };
        about.differs(DifferenceKind::UnreadableThere, "charge", (None, None), Action::Review)
    }

    /// Those of our payments that were on no page: the gateway is asked for each of them before anything is
    /// said.
    #[must_use]
    pub fn unlisted(&self, ours: Vec<OurPayment>) -> Vec<OurPayment> {
        ours.into_iter().filter(|payment| !self.charges.contains(&payment.charge_id)).collect()
    }

    /// What the gateway's answer about one of our payments makes of it.
    #[must_use]
    pub fn looked_up(&self, ours: &OurPayment, theirs: Option<&TheirPayment>) -> Vec<Difference> {
        match theirs {
            Some(theirs) => payments::pair(SOURCE, &self.merchant, theirs, ours),
            None => vec![payments::not_there(SOURCE, ours)],
        }
    }

    /// Those of our refunds that were on no page.
    #[must_use]
    pub fn unlisted_refunds(&self, ours: Vec<OurRefund>) -> Vec<OurRefund> {
        let seen = |refund: &OurRefund| refund.refund_id.as_ref().is_some_and(|id| self.refunds.contains(id));
        ours.into_iter().filter(|refund| !seen(refund)).collect()
    }

    /// What the gateway's refunds of its charge make of one of our refunds.
    #[must_use]
    pub fn refund_looked_up(&self, ours: &OurRefund, theirs: &[TheirRefund]) -> Option<Difference> {
        match theirs.iter().find(|theirs| is_same(theirs, ours)) {
            Some(theirs) => refunds::pair(SOURCE, theirs, ours),
            None => Some(refunds::not_there(SOURCE, ours)),
        }
    }
}

fn booked<'a>(number: &'a OurNumber, charge_id: &ChargeId) -> Option<&'a OurPayment> {
    number.payments.iter().find(|payment| payment.charge_id == *charge_id)
}

fn refund(theirs: &TheirRefund, ours: &[&OurRefund], charge: ChargeBooked) -> Option<Difference> {
    match ours.iter().find(|ours| is_same(theirs, ours)) {
        Some(ours) => refunds::pair(SOURCE, theirs, ours),
        None => refunds::not_booked(SOURCE, theirs, charge),
    }
}

fn is_same(theirs: &TheirRefund, ours: &OurRefund) -> bool {
    ours.refund_id.is_some() && ours.refund_id == theirs.refund_id
}

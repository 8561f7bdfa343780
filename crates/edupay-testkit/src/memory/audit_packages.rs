//! The audit of purchases and periods, by counts of its own and not by the rules.

use super::State;
use super::breaches::breach;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{Breach, EntryKind};
use edupay_domain::packages::{Day, Purchase, PurchaseState, Selection, ServicePeriod};
use edupay_domain::payments::{ChargeSubject, ReceiptStatus};

pub(super) const CHECKED: [&str; 7] = [
    "purchase_payment_differs_from_entries",
    "purchase_sum_differs_from_records",
    "purchase_number_leads_elsewhere",
    "purchase_not_fulfilled",
    "period_without_payment",
    "periods_overlap",
    "superseded_period_has_no_successor",
];

impl State {
    pub(super) fn audit_purchases(&self, user_id: UserId, breaches: &mut Vec<Breach>) {
        for purchase in self.purchases.get(&user_id).into_iter().flatten() {
            let name = || format!("purchase {}", purchase.purchase_no);
            if !self.is_paid_as_it_says(purchase) {
                let found = format!("{}, {} fen", purchase.state.code(), purchase.amount.fen());
                breach(breaches, "purchase_payment_differs_from_entries", name(), found);
            }
            let sum: i128 = purchase.records.iter().map(|record| i128::from(record.price.fen())).sum();
            if purchase.records.is_empty() || sum != i128::from(purchase.amount.fen()) {
                let found = format!("{} fen, records sum to {sum}", purchase.amount.fen());
                breach(breaches, "purchase_sum_differs_from_records", name(), found);
            }
            let owner = self.purchase_numbers.get(&purchase.purchase_no);
            if owner != Some(&user_id) {
                breach(breaches, "purchase_number_leads_elsewhere", name(), format!("{owner:?}"));
            }
            if !self.is_fulfilled_as_it_says(purchase) {
                breach(breaches, "purchase_not_fulfilled", name(), purchase.record_ids());
            }
        }
        self.audit_periods(user_id, breaches);
    }

    fn is_paid_as_it_says(&self, purchase: &Purchase) -> bool {
        let user_id = purchase.user_id;
        let attempts = self.attempts_of(user_id, &ChargeSubject::Purchase(purchase.purchase_no.clone()));
        let numbers: Vec<_> = attempts.iter().map(|attempt| &attempt.gateway_order_no).collect();
        let receipts = self.receipts.get(&user_id).into_iter().flatten();
        let applied: Vec<_> = receipts
            .filter(|kept| kept.status == ReceiptStatus::Applied && numbers.contains(&&kept.gateway_order_no))
            .map(|kept| (&kept.charge_id, kept.amount))
            .collect();
        match &purchase.state {
            PurchaseState::Paid { charge_id, .. } => {
                let booked = self.booked(user_id, EntryKind::ConfirmPurchaseCharge, charge_id.as_str());
                booked == [purchase.amount.fen()] && applied == [(charge_id, purchase.amount)]
            }
            PurchaseState::Unpaid | PurchaseState::Closed => applied.is_empty(),
        }
    }

    fn is_fulfilled_as_it_says(&self, purchase: &Purchase) -> bool {
        let paid = matches!(purchase.state, PurchaseState::Paid { .. });
        purchase.records.iter().all(|record| {
            let periods = self.periods.get(&purchase.user_id).into_iter().flatten();
            let given: Vec<_> = periods.filter(|held| held.record_id == record.id).map(|held| held.period).collect();
            match record.period {
                Some(period) => paid && given == [period],
                None => !paid && given.is_empty(),
            }
        })
    }

    fn audit_periods(&self, user_id: UserId, breaches: &mut Vec<Breach>) {
        let periods = self.periods.get(&user_id).map(Vec::as_slice).unwrap_or_default();
        for (index, held) in periods.iter().enumerate() {
            let name = || format!("period {}", held.record_id);
            let purchase = held.record_id.purchase_no().and_then(|number| self.purchase(user_id, &number));
            let record = purchase.and_then(|purchase| purchase.records.iter().find(|one| one.id == held.record_id));
            if record.is_none_or(|record| record.package_id != held.package_id || record.period != Some(held.period)) {
                breach(breaches, "period_without_payment", name(), held.package_id.to_string());
            }
            let others = periods.iter().skip(index).skip(1);
            if let Some(other) = others.into_iter().find(|other| self.must_not_meet(held, other)) {
                breach(breaches, "periods_overlap", name(), format!("with {}", other.record_id));
            }
            let follows = |upgrade: &ServicePeriod| {
                held.superseded.as_ref().is_some_and(|by| by.by == upgrade.record_id && by.on == upgrade.period.starts)
                    && upgrade.period.ends == held.period.ends
                    && upgrade.term_starts == held.term_starts
            };
            if held.superseded.is_some() && !periods.iter().any(follows) {
                breach(breaches, "superseded_period_has_no_successor", name(), format!("{:?}", held.superseded));
            }
        }
    }

    fn must_not_meet(&self, one: &ServicePeriod, other: &ServicePeriod) -> bool {
        let several = self.projects.get(&one.project_id).is_some_and(|project| project.selection == Selection::Multi);
        one.project_id == other.project_id
            && (!several || one.package_id == other.package_id)
            && days(one).any(|day| days(other).any(|same| day == same))
    }
}

/// The days that are the student's, one by one: those of an upgrade or a refund left out.
fn days(held: &ServicePeriod) -> impl Iterator<Item = Day> {
    let superseded = held.superseded.clone();
    let until = superseded.as_ref().map(|superseded| superseded.until);
    let counts = move |day: &Day| match until {
        None => true,
        Some(until) => until.is_some_and(|until| *day >= until),
    };
    let (last, ended) = (held.period.ends, held.ended);
    std::iter::successors(Some(held.period.starts), |day| day.next())
        .take_while(move |day| *day <= last && ended.is_none_or(|ended| *day < ended))
        .filter(counts)
}

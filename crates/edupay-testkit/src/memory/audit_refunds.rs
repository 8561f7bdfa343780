//! The audit of refunds, by sums of its own and not by the rules.

use super::State;
use super::breaches::breach;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{Breach, EntryKind, LedgerAccount};
use edupay_domain::orders::OrderState;
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{Refund, RefundStage};

pub(super) const CHECKED: [&str; 7] = [
    "refunds_pass_what_was_paid",
    "order_status_differs_from_refunds",
    "purchase_refunded_differs_from_refunds",
    "refund_differs_from_entries",
    "entry_without_refund",
    "gateway_refund_not_claimed",
    "refunded_purchase_gives_days",
];

const KINDS: [EntryKind; 3] = [EntryKind::RefundOrder, EntryKind::RefundPurchase, EntryKind::ClawBackTopUp];

impl State {
    pub(super) fn audit_refunds(&self, user_id: UserId, breaches: &mut Vec<Breach>) {
        for order in self.orders.get(&user_id).into_iter().flatten() {
            let subject = ChargeSubject::Order(order.order_no.clone());
            let (reserved, refunded) = self.sums(user_id, &subject);
            let (name, amount) = (format!("order {}", order.order_no), i128::from(order.amount.fen()));
            if reserved > amount || (reserved > 0 && order.state.payment().is_none()) {
                breach(breaches, "refunds_pass_what_was_paid", name.clone(), format!("{reserved} of {amount} fen"));
            }
            let expected = match order.state {
                OrderState::Refunded(_) => refunded == amount,
                OrderState::PartlyRefunded(_) => 0 < refunded && refunded < amount,
                OrderState::Unpaid | OrderState::Paid(_) | OrderState::Cancelled | OrderState::Closed => refunded == 0,
            };
            if !expected {
                let found = format!("{}, refunded {refunded} of {amount} fen", order.state.code());
                breach(breaches, "order_status_differs_from_refunds", name, found);
            }
        }
        for purchase in self.purchases.get(&user_id).into_iter().flatten() {
            let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
            let (reserved, refunded) = self.sums(user_id, &subject);
            let (name, amount) = (format!("purchase {}", purchase.purchase_no), i128::from(purchase.amount.fen()));
            if reserved > amount {
                breach(breaches, "refunds_pass_what_was_paid", name.clone(), format!("{reserved} of {amount} fen"));
            }
            if i128::from(purchase.refunded().fen()) != refunded {
                let found = format!("{}, refunded {refunded} fen", purchase.refunded().fen());
                breach(breaches, "purchase_refunded_differs_from_refunds", name.clone(), found);
            }
            let periods = self.periods.get(&user_id).into_iter().flatten();
            let mut own = periods.filter(|held| purchase.records.iter().any(|record| record.id == held.record_id));
            if own.any(|held| held.ended.is_some() != (refunded == amount)) {
                breach(breaches, "refunded_purchase_gives_days", name, format!("refunded {refunded} of {amount} fen"));
            }
        }
        for refund in self.refunds.get(&user_id).into_iter().flatten() {
            self.audit_refund(refund, breaches);
        }
        for row in self.journal.get(&user_id).into_iter().flatten().filter(|row| KINDS.contains(&row.kind)) {
            let mut refunds = self.refunds.get(&user_id).into_iter().flatten();
            if !refunds.any(|refund| refund.refund_no.as_str() == row.reference) {
                breach(
                    breaches,
                    "entry_without_refund",
                    format!("entry {user_id}/{}", row.number),
                    row.reference.clone(),
                );
            }
        }
    }

    fn audit_refund(&self, refund: &Refund, breaches: &mut Vec<Breach>) {
        let kind = match refund.subject {
            ChargeSubject::Order(_) => EntryKind::RefundOrder,
            ChargeSubject::Purchase(_) => EntryKind::RefundPurchase,
            ChargeSubject::TopUp(_) => EntryKind::ClawBackTopUp,
        };
        let reference = refund.refund_no.as_str();
        let booked = match kind {
            // A gift that is taken back with it is no part of the refund.
            EntryKind::ClawBackTopUp => {
                let moved = self.debited(refund.user_id, kind, reference, LedgerAccount::GatewayReceivable);
                moved.into_iter().map(i64::saturating_neg).collect()
            }
            _ => self.booked(refund.user_id, kind, reference),
        };
        let expected = match refund.stage {
            RefundStage::Succeeded => vec![refund.amount.fen()],
            _ => Vec::new(),
        };
        let name = || format!("refund {}", refund.refund_no);
        if booked != expected {
            breach(breaches, "refund_differs_from_entries", name(), format!("{}, {booked:?}", refund.stage.code()));
        }
        let claim = refund.refund_id.as_ref().map(|refund_id| self.refund_claims.get(refund_id));
        if claim.is_some_and(|claim| claim != Some(&(refund.user_id, refund.refund_no.clone()))) {
            breach(breaches, "gateway_refund_not_claimed", name(), format!("{claim:?}"));
        }
    }

    /// What the refunds of one thing reserve of what was earned, and what they have taken, in fen.
    fn sums(&self, user_id: UserId, subject: &ChargeSubject) -> (i128, i128) {
        let refunds = self.refunds.get(&user_id).into_iter().flatten().filter(|refund| refund.subject == *subject);
        let earned =
            |refund: &Refund| i128::from(refund.amount.fen()).saturating_sub(i128::from(refund.recovered.fen()));
        let live =
            refunds.clone().filter(|refund| !matches!(refund.stage, RefundStage::Failed | RefundStage::Rejected));
        let done = refunds.filter(|refund| refund.stage == RefundStage::Succeeded);
        (live.map(earned).sum(), done.map(earned).sum())
    }
}

//! The audit: every invariant recomputed from the rows, by sums of its own and not by the rules.

use super::breaches::breach;
use super::sums::signed;
use super::{JournalRow, State, audit_app_store, audit_packages, audit_refunds};
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{AuditReport, Breach, Bucket, Direction, EntryKind, LedgerAccount};
use edupay_domain::orders::{Order, OrderState, Tender};
use edupay_domain::payments::{AttemptStatus, Receipt, ReceiptStatus, UnappliedReason};
use edupay_domain::top_ups::TopUpState;

const CHECKED: [&str; 11] = [
    "entry_unbalanced",
    "entry_numbers_have_gaps",
    "balance_differs_from_postings",
    "statement_does_not_add_up",
    "order_payment_differs_from_entries",
    "order_not_fulfilled",
    "entitlement_without_payment",
    "receipt_differs_from_entries",
    "charge_claim_differs_from_receipts",
    "paid_without_receipt",
    "bonus_differs_from_promise",
];

impl State {
    pub(super) fn audit(&self) -> AuditReport {
        let rows = || self.journal.values().flatten();
        let mut report = AuditReport {
            users: count(self.users.len()),
            entries: count(rows().count()),
            postings: count(rows().map(|row| row.postings.len()).sum()),
            total_fen: narrow(rows().map(|row| signed(row, |_| true)).sum()),
            checked: [CHECKED.as_slice(), &audit_packages::CHECKED, &audit_app_store::CHECKED, &audit_refunds::CHECKED]
                .concat(),
            breaches: Vec::new(),
        };
        for user_id in self.users.keys() {
            self.audit_journal(*user_id, &mut report.breaches);
            self.audit_orders(*user_id, &mut report.breaches);
            self.audit_purchases(*user_id, &mut report.breaches);
            self.audit_receipts(*user_id, &mut report.breaches);
            self.audit_refunds(*user_id, &mut report.breaches);
        }
        self.audit_claims(&mut report.breaches);
        self.audit_app_store(&mut report.breaches);
        report
    }

    fn audit_journal(&self, user_id: UserId, breaches: &mut Vec<Breach>) {
        let rows = self.journal_of(user_id);
        let Some(wallet) = self.wallet(user_id) else { return };
        let mut before = 0_i64;
        for (expected, row) in (1_i64..).zip(rows) {
            let name = || format!("entry {user_id}/{}", row.number);
            let total = signed(row, |_| true);
            if total != 0 || row.postings.len() < 2 {
                breach(breaches, "entry_unbalanced", name(), format!("debits less credits are {total} fen"));
            }
            if row.number != expected {
                breach(breaches, "entry_numbers_have_gaps", name(), format!("expected number {expected}"));
            }
            let moved = signed(row, |account| matches!(account, LedgerAccount::User(_))).saturating_neg();
            let after = i128::from(before).saturating_add(moved);
            if row.balance_before.fen() != before || i128::from(row.balance_after.fen()) != after {
                let found =
                    format!("{} to {}, postings say {before} to {after}", row.balance_before, row.balance_after);
                breach(breaches, "statement_does_not_add_up", name(), found);
            }
            before = narrow(after);
        }
        if wallet.entries != count(rows.len()) {
            let found = format!("wallet says {}, journal has {}", wallet.entries, rows.len());
            breach(breaches, "entry_numbers_have_gaps", format!("wallet {user_id}"), found);
        }
        for (account, balance, sign) in [
            (LedgerAccount::User(Bucket::Cash), wallet.cash, -1),
            (LedgerAccount::User(Bucket::Iap), wallet.iap, -1),
            (LedgerAccount::User(Bucket::Bonus), wallet.bonus, -1),
            (LedgerAccount::UserDebt, wallet.debt, 1),
        ] {
            let sum: i128 = rows.iter().map(|row| signed(row, |posted| posted == account)).sum();
            let sum = sum.saturating_mul(sign);
            if i128::from(balance.fen()) != sum {
                let found = format!("{} is {} fen, postings sum to {sum}", account.code(), balance.fen());
                breach(breaches, "balance_differs_from_postings", format!("wallet {user_id}"), found);
            }
        }
    }

    fn audit_orders(&self, user_id: UserId, breaches: &mut Vec<Breach>) {
        for order in self.orders.get(&user_id).into_iter().flatten() {
            let name = || format!("order {}", order.order_no);
            let from_balance = self.booked(user_id, EntryKind::PayFromBalance, order.order_no.as_str());
            let amount = order.amount.fen();
            let paid = match order.state.payment().map(|payment| &payment.tender) {
                Some(Tender::Balance(_)) => from_balance == [amount],
                Some(Tender::Charge { charge_id, .. }) => {
                    from_balance.is_empty()
                        && self.booked(user_id, EntryKind::ConfirmOrderCharge, charge_id.as_str()) == [amount]
                        && self.receipt(user_id, charge_id).is_some_and(|kept| kept.status == ReceiptStatus::Applied)
                }
                None => from_balance.is_empty(),
            };
            if !paid {
                let found = format!("{}, entries {from_balance:?}, amount {amount}", order.state.code());
                breach(breaches, "order_payment_differs_from_entries", name(), found);
            }
            if gives_courses(&order.state) && !self.fulfils(order) {
                breach(breaches, "order_not_fulfilled", name(), order.courses());
            }
        }
        for given in self.entitlements.values().filter(|given| given.user_id == user_id) {
            let order = self.order(user_id, &given.order_no).filter(|order| gives_courses(&order.state));
            if !order.is_some_and(|order| order.lines.iter().any(|line| line.course_id == given.course_id)) {
                let row = format!("entitlement {user_id}/{}", given.course_id);
                breach(breaches, "entitlement_without_payment", row, given.order_no.to_string());
            }
        }
    }

    fn fulfils(&self, order: &Order) -> bool {
        order.lines.iter().all(|line| {
            let given = self.entitlements.get(&(order.user_id, line.course_id));
            given.is_some_and(|given| given.order_no == order.order_no)
        })
    }

    fn audit_receipts(&self, user_id: UserId, breaches: &mut Vec<Breach>) {
        for receipt in self.receipts.get(&user_id).into_iter().flatten() {
            if !self.receipt_is_booked(receipt) {
                let found = format!("{} {:?}", receipt.status.code(), receipt.reason.map(UnappliedReason::code));
                breach(breaches, "receipt_differs_from_entries", format!("receipt {}", receipt.charge_id), found);
            }
        }
        for attempt in self.attempts.get(&user_id).into_iter().flatten() {
            let has_receipt =
                attempt.charge_id.as_ref().is_some_and(|charge_id| self.receipt(user_id, charge_id).is_some());
            if attempt.status == AttemptStatus::Paid && !has_receipt {
                let row = format!("attempt {}", attempt.gateway_order_no);
                breach(breaches, "paid_without_receipt", row, format!("{:?}", attempt.charge_id));
            }
        }
    }

    /// Applied exactly once, or kept exactly once and given back at most once.
    fn receipt_is_booked(&self, receipt: &Receipt) -> bool {
        let booked = |kind, reference: &str| self.booked(receipt.user_id, kind, reference);
        let charge_id = receipt.charge_id.as_str();
        let once = vec![receipt.amount.fen()];
        let never = Vec::new();
        let kept = booked(EntryKind::KeepUnappliedReceipt, charge_id);
        let refunded = booked(EntryKind::RefundUnappliedReceipt, charge_id);
        let for_order = booked(EntryKind::ConfirmOrderCharge, charge_id);
        let for_purchase = booked(EntryKind::ConfirmPurchaseCharge, charge_id);
        let for_nothing = for_order == never && for_purchase == never;
        match (receipt.reason, receipt.status) {
            (None, ReceiptStatus::Applied) => {
                let credits = |top_up_no: &str| {
                    self.credited(receipt.user_id, top_up_no, LedgerAccount::GatewayReceivable) == once
                };
                let paid = [&for_order, &for_purchase].map(|paid| *paid == once);
                let applied = paid.contains(&true) || credits(receipt.gateway_order_no.as_str());
                applied && kept == never && refunded == never
            }
            (Some(UnappliedReason::CurrencyDiffers | UnappliedReason::ModeDiffers), ReceiptStatus::Review) => {
                for_nothing && kept == never && refunded == never
            }
            (Some(_), ReceiptStatus::Refunded) => for_nothing && kept == once && refunded == once,
            (Some(_), status) => status != ReceiptStatus::Applied && for_nothing && kept == once && refunded == never,
            (None, _) => false,
        }
    }

    fn audit_claims(&self, breaches: &mut Vec<Breach>) {
        let receipts = self.receipts.values().flatten();
        let claimed = |receipt: &&Receipt| self.charge_owners.get(&receipt.charge_id) == Some(&receipt.user_id);
        let matched = receipts.clone().filter(claimed).count();
        if matched != self.charge_owners.len() || matched != receipts.count() {
            let found = format!("{} claims, {matched} receipts of them", self.charge_owners.len());
            breach(breaches, "charge_claim_differs_from_receipts", "charge claims".to_owned(), found);
        }
        for top_up in self.top_ups.values() {
            if let TopUpState::Credited { charge_id, .. } = &top_up.state
                && self.receipt(top_up.user_id, charge_id).is_none_or(|kept| kept.status != ReceiptStatus::Applied)
            {
                let row = format!("top-up {}", top_up.top_up_no);
                breach(breaches, "paid_without_receipt", row, charge_id.to_string());
            }
            let given = self.credited(top_up.user_id, top_up.top_up_no.as_str(), LedgerAccount::Adjustments);
            let promised = match &top_up.state {
                TopUpState::Pending => Vec::new(),
                TopUpState::Credited { .. } => vec![top_up.bonus.fen()],
            };
            if given != promised {
                let row = format!("top-up {}", top_up.top_up_no);
                breach(breaches, "bonus_differs_from_promise", row, format!("{given:?} against {promised:?}"));
            }
        }
    }

    /// What each entry of this kind and reference moved, in fen: the sum of its debits.
    pub(super) fn booked(&self, user_id: UserId, kind: EntryKind, reference: &str) -> Vec<i64> {
        let rows = self.journal_of(user_id).iter().filter(|row| row.kind == kind && row.reference == reference);
        rows.map(|row| {
            let debits = row.postings.iter().filter(|posting| posting.direction == Direction::Debit);
            narrow(debits.map(|posting| i128::from(posting.amount.fen())).sum())
        })
        .collect()
    }

    /// What a top-up's entries took from one account of the platform: from the gateway what was paid,
    /// from the adjustments what a campaign gave.
    fn credited(&self, user_id: UserId, top_up_no: &str, from: LedgerAccount) -> Vec<i64> {
        self.debited(user_id, EntryKind::CreditTopUp, top_up_no, from)
    }

    /// Debits less credits of one account in each entry of this kind and reference.
    pub(super) fn debited(&self, user_id: UserId, kind: EntryKind, reference: &str, of: LedgerAccount) -> Vec<i64> {
        let is_it = |row: &&JournalRow| row.kind == kind && row.reference == reference;
        let rows = self.journal_of(user_id).iter().filter(is_it);
        rows.map(|row| narrow(signed(row, |account| account == of))).collect()
    }

    fn journal_of(&self, user_id: UserId) -> &[JournalRow] {
        self.journal.get(&user_id).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A paid order gives its courses until it was refunded in full.
fn gives_courses(state: &OrderState) -> bool {
    matches!(state, OrderState::Paid(_) | OrderState::PartlyRefunded(_))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn narrow(fen: i128) -> i64 {
    i64::try_from(fen).unwrap_or(if fen < 0 { i64::MIN } else { i64::MAX })
}

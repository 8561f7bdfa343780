//! The audit of purchases in the App Store, by sums of its own.

use super::State;
use super::breaches::breach;
use super::sums::signed;
use edupay_domain::app_store::StoreEnvironment;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{Breach, EntryKind, LedgerAccount};
use std::collections::BTreeMap;

pub(super) const CHECKED: [&str; 5] = [
    "app_store_purchase_differs_from_entries",
    "app_store_entry_without_purchase",
    "app_store_claim_differs_from_purchases",
    "app_store_refund_not_taken_back",
    "app_store_transaction_credited_twice",
];

const KINDS: [EntryKind; 3] =
    [EntryKind::CreditAppStorePurchase, EntryKind::ClawBackAppStorePurchase, EntryKind::RestoreAppStorePurchase];

impl State {
    pub(super) fn audit_app_store(&self, breaches: &mut Vec<Breach>) {
        self.audit_app_store_purchases(breaches);
        self.audit_app_store_claims(breaches);
        self.audit_app_store_entries(breaches);
    }

    fn audit_app_store_purchases(&self, breaches: &mut Vec<Breach>) {
        for purchase in self.app_store.purchases.values() {
            let name = || format!("app store purchase {}/{}", purchase.user_id, purchase.key);
            let account = match purchase.key.environment {
                StoreEnvironment::Production => LedgerAccount::AppStoreReceivable,
                StoreEnvironment::Sandbox => LedgerAccount::AppStoreSandbox,
            };
            let reference = purchase.key.to_string();
            let rows = self.journal.get(&purchase.user_id).into_iter().flatten();
            let rows = rows.filter(|row| KINDS.contains(&row.kind) && row.reference == reference);
            let sum: i128 = rows.map(|row| signed(row, |posted| posted == account)).sum();
            let (credited, clawed_back) = (i128::from(purchase.credited.fen()), i128::from(purchase.clawed_back.fen()));
            if credited.saturating_sub(clawed_back) != sum {
                let found = format!("{credited} less {clawed_back}, entries sum to {sum}");
                breach(breaches, "app_store_purchase_differs_from_entries", name(), found);
            }
            let Some(claim) = self.app_store.claims.get(&purchase.key) else { continue };
            let share = i128::from(claim.newest.refunded.milli_percent());
            let target = credited.saturating_mul(share).checked_div(100_000).unwrap_or_default();
            let exact = purchase.key.environment == StoreEnvironment::Production;
            if clawed_back > target || (exact && clawed_back != target) {
                let found = format!("{clawed_back} of {target} for {share} of 100000");
                breach(breaches, "app_store_refund_not_taken_back", name(), found);
            }
        }
    }

    fn audit_app_store_claims(&self, breaches: &mut Vec<Breach>) {
        for claim in self.app_store.claims.values() {
            let Some(user_id) = claim.user_id else { continue };
            if !self.app_store.purchases.contains_key(&(user_id, claim.key.clone())) {
                let row = format!("app store claim {}", claim.key);
                let found = format!("no purchase of user {user_id}");
                breach(breaches, "app_store_claim_differs_from_purchases", row, found);
            }
        }
        for purchase in self.app_store.purchases.values() {
            let claim = self.app_store.claims.get(&purchase.key);
            if claim.and_then(|claim| claim.user_id) != Some(purchase.user_id) {
                let row = format!("app store purchase {}/{}", purchase.user_id, purchase.key);
                breach(breaches, "app_store_claim_differs_from_purchases", row, "no claim".to_owned());
            }
        }
    }

    fn audit_app_store_entries(&self, breaches: &mut Vec<Breach>) {
        let has = |user_id: UserId, reference: &str| {
            let mut purchases = self.app_store.purchases.values();
            purchases.any(|purchase| purchase.user_id == user_id && purchase.key.to_string() == reference)
        };
        let mut credits: BTreeMap<&str, usize> = BTreeMap::new();
        for (user_id, rows) in &self.journal {
            for row in rows.iter().filter(|row| KINDS.contains(&row.kind)) {
                if !has(*user_id, &row.reference) {
                    let name = format!("entry {user_id}/{}", row.number);
                    breach(breaches, "app_store_entry_without_purchase", name, row.reference.clone());
                }
                if row.kind == EntryKind::CreditAppStorePurchase {
                    let count = credits.entry(&row.reference).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        for (reference, count) in credits.into_iter().filter(|(_, count)| *count > 1) {
            let found = format!("{count} credits");
            breach(breaches, "app_store_transaction_credited_twice", reference.to_owned(), found);
        }
    }
}

//! The memory store holds every claim; and every claim that is written is run.

use edupay_testkit::memory::MemoryStore;

/// Each claim on a store of its own.
mod alone {
    edupay_testkit::store_contract!(super::MemoryStore::new(), rounds = 200);
    edupay_testkit::delivery_contract!(super::MemoryStore::new(), rounds = 200);
}

/// All claims at the same time on one store: they must not disturb each other.
mod together {
    use std::sync::LazyLock;

    static STORE: LazyLock<super::MemoryStore> = LazyLock::new(super::MemoryStore::new);

    edupay_testkit::store_contract!(STORE.clone());
}

/// Without leases four workers do everything four times.
mod without_leases {
    edupay_testkit::broken_leases!(super::MemoryStore::new());
}

#[test]
fn every_claim_is_in_the_macro() {
    let all = include_str!("../../src/contract/suites.rs");
    let (_, listed) = all.split_once("macro_rules! store_contract").unwrap();
    for source in [
        include_str!("../../src/contract/accounts.rs"),
        include_str!("../../src/contract/app_store.rs"),
        include_str!("../../src/contract/app_store_inbox.rs"),
        include_str!("../../src/contract/app_store_races.rs"),
        include_str!("../../src/contract/balance_payments.rs"),
        include_str!("../../src/contract/campus.rs"),
        include_str!("../../src/contract/catalogue.rs"),
        include_str!("../../src/contract/charges.rs"),
        include_str!("../../src/contract/confirmations.rs"),
        include_str!("../../src/contract/idempotency.rs"),
        include_str!("../../src/contract/idempotency_races.rs"),
        include_str!("../../src/contract/event_delivery.rs"),
        include_str!("../../src/contract/event_delivery_races.rs"),
        include_str!("../../src/contract/inbox.rs"),
        include_str!("../../src/contract/leases.rs"),
        include_str!("../../src/contract/ledger.rs"),
        include_str!("../../src/contract/orders.rs"),
        include_str!("../../src/contract/package_races.rs"),
        include_str!("../../src/contract/packages.rs"),
        include_str!("../../src/contract/products.rs"),
        include_str!("../../src/contract/purchase_charges.rs"),
        include_str!("../../src/contract/races.rs"),
        include_str!("../../src/contract/receipts.rs"),
        include_str!("../../src/contract/reconciliation.rs"),
        include_str!("../../src/contract/refund_races.rs"),
        include_str!("../../src/contract/refunds.rs"),
        include_str!("../../src/contract/refunds_at_gateway.rs"),
        include_str!("../../src/contract/refunds_of_purchases.rs"),
        include_str!("../../src/contract/review.rs"),
        include_str!("../../src/contract/top_ups.rs"),
    ] {
        let names = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('<').next());
        let mut seen = 0;
        for name in names {
            assert!(listed.lines().any(|line| line.trim() == name), "{name} is not run by store_contract!");
            seen += 1;
        }
        assert!(seen > 0);
    }
}

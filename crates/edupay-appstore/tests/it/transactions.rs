//! What a verified transaction says, exactly.

use chrono::TimeDelta;
use edupay_appstore::dev::Revocation;
use edupay_domain::app_store::{
    AppStorePrice, AppStoreSignatures, AppStoreTransaction, Ownership, ProductType, RefundedShare, StoreEnvironment,
};
use edupay_domain::ids::{AppAccountToken, ProductId, TransactionId};

use crate::shop::{PRODUCT, TOKEN, at, purchase, signer, verifier};

fn told(plan: &edupay_appstore::dev::TransactionPlan) -> AppStoreTransaction {
    verifier().transaction(&signer().sign(&plan.payload()).unwrap(), at()).unwrap()
}

#[test]
fn a_purchase_is_read_to_the_last_field() {
    let mut plan = purchase();
    plan.quantity = Some(3);
    plan.purchased_at = at() - TimeDelta::milliseconds(1_234);
    let signed = signer().sign(&plan.payload()).unwrap();
    let expected = AppStoreTransaction {
        id: TransactionId::parse("2000000123456789").unwrap(),
        environment: StoreEnvironment::Sandbox,
        product_id: ProductId::parse(PRODUCT).unwrap(),
        product_type: ProductType::Consumable,
        quantity: 3,
        ownership: Ownership::Purchased,
        app_account_token: Some(AppAccountToken::parse(TOKEN).unwrap()),
        purchased_at: at() - TimeDelta::milliseconds(1_234),
        signed_at: at(),
        refunded: RefundedShare::NONE,
        price: Some(AppStorePrice { milli_units: 6_000, currency: "CNY".to_owned() }),
        signed: signed.clone(),
    };
    assert_eq!(verifier().transaction(&signed, at()), Ok(expected));
}

#[test]
fn what_is_not_said_is_one_piece_without_token_and_price() {
    let mut plan = purchase();
    plan.quantity = None;
    plan.app_account_token = None;
    plan.price = None;
    let transaction = told(&plan);
    assert_eq!((transaction.quantity, transaction.app_account_token, transaction.price), (1, None, None));
}

#[test]
fn a_quantity_is_handed_on_as_it_is() {
    for quantity in [-1, 0, 10, 1_000] {
        let mut plan = purchase();
        plan.quantity = Some(quantity);
        assert_eq!(told(&plan).quantity, quantity);
    }
}

#[test]
fn another_type_and_another_owner_keep_their_names() {
    for name in ["Non-Consumable", "Auto-Renewable Subscription", "Non-Renewing Subscription", "Rental", ""] {
        let mut plan = purchase();
        plan.product_type = name.to_owned();
        assert_eq!(told(&plan).product_type, ProductType::Other(name.to_owned()));
    }
    for name in ["FAMILY_SHARED", "LENT", ""] {
        let mut plan = purchase();
        plan.ownership = name.to_owned();
        assert_eq!(told(&plan).ownership, Ownership::Other(name.to_owned()));
    }
    let mut payload = purchase().payload();
    let fields = payload.as_object_mut().unwrap();
    fields.remove("type");
    fields.remove("inAppOwnershipType");
    let transaction = verifier().transaction(&signer().sign(&payload).unwrap(), at()).unwrap();
    assert_eq!(transaction.product_type, ProductType::Other(String::new()));
    assert_eq!(transaction.ownership, Ownership::Other(String::new()));
}

#[test]
fn a_revocation_tells_how_much_was_given_back() {
    for (kind, milli_percent, share) in [
        (None, None, 100_000),
        (Some("REFUND_FULL"), None, 100_000),
        (Some("REFUND_FULL"), Some(50_000), 100_000),
        (Some("FAMILY_REVOKE"), None, 100_000),
        (Some("REFUND_PRORATED"), Some(33_333), 33_333),
        (Some("REFUND_PRORATED"), Some(0), 0),
        (Some("REFUND_PRORATED"), Some(100_000), 100_000),
        (Some("REFUND_PRORATED"), Some(100_001), 100_000),
        (Some("REFUND_PRORATED"), None, 100_000),
        (Some("REFUND_OF_TOMORROW"), Some(1), 100_000),
    ] {
        let mut plan = purchase();
        plan.revocation = Some(Revocation { at: at(), kind: kind.map(str::to_owned), milli_percent });
        assert_eq!(told(&plan).refunded.milli_percent(), share, "{kind:?} {milli_percent:?}");
    }
}

#[test]
fn without_its_date_a_revocation_is_none() {
    let mut payload = purchase().payload();
    let fields = payload.as_object_mut().unwrap();
    fields.insert("revocationType".to_owned(), "REFUND_FULL".into());
    fields.insert("revocationPercentage".to_owned(), 100_000.into());
    let transaction = verifier().transaction(&signer().sign(&payload).unwrap(), at()).unwrap();
    assert_eq!(transaction.refunded, RefundedShare::NONE);
}

//! What a claim about the App Store works with: products, transactions and commands of its own.

use super::case::Case;
use super::{RecordedEvent, StoreHarness};
use crate::app_store::signed;
use crate::fixtures::{app_store_transaction, fen};
use edupay_domain::accounts::User;
use edupay_domain::app_store::{
    AppStorePurchase, AppStoreRecord, AppStoreTransaction, CreditPolicy, CreditPurchase, CreditVerdict, MissingToken,
    ObserveTransaction, Observed, RedeemRefusal, RefundedShare, SandboxCredit, TextSource, TransactionKey, Unclaimed,
    credit_purchase, observe_transaction,
};
use edupay_domain::ids::{NotificationId, UserId};
use edupay_domain::products::{NewProduct, Product};
use edupay_domain::store::EffectError;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// A new App Store product of this price, added at the start.
    pub async fn product(&self, price: u32) -> Product {
        let product = NewProduct { product_id: self.product_id(), price: fen(price), at: self.start() };
        self.harness().products().create_product(&product).await.unwrap()
    }

    /// A new id of a notification.
    pub fn notification_id(&self) -> NotificationId {
        NotificationId::parse(&self.unique("notice-")).unwrap()
    }

    /// A new transaction in which this user bought one piece, signed one minute after the start.
    pub fn transaction(&self, user: &User, product: &Product) -> AppStoreTransaction {
        let id = self.digits(2);
        app_store_transaction(&id, product.product_id.as_str(), Some(user.app_account_token))
    }

    /// The same transaction, signed so many minutes after the start, so much of it refunded.
    pub fn seen(&self, transaction: &AppStoreTransaction, minute: i64, milli_percent: u32) -> AppStoreTransaction {
        signed(AppStoreTransaction {
            signed_at: self.minute(minute),
            refunded: RefundedShare::from_milli_percent(milli_percent),
            ..transaction.clone()
        })
    }

    /// Credits the transaction to the user, an hour after the start.
    pub fn credit_command(&self, user: &User, transaction: &AppStoreTransaction) -> CreditPurchase {
        CreditPurchase {
            user_id: user.id,
            token: user.app_account_token,
            transaction: transaction.clone(),
            claimed: None,
            source: TextSource::Client,
            policy: CreditPolicy {
                max_quantity: 10,
                missing_token: MissingToken::Refused,
                sandbox: SandboxCredit::Withheld,
            },
            at: self.minute(60),
            event_id: self.event_id(),
        }
    }

    /// Credits the transaction to the user, an hour after the start.
    pub async fn credit(
        &self,
        user: &User,
        transaction: &AppStoreTransaction,
    ) -> Result<CreditVerdict, EffectError<RedeemRefusal>> {
        let command = self.credit_command(user, transaction);
        self.harness().app_store_purchases().credit(&command, credit_purchase).await
    }

    /// A purchase of one piece, credited to the user.
    pub async fn credited(&self, user: &User, product: &Product) -> AppStoreTransaction {
        let transaction = self.transaction(user, product);
        let verdict = self.credit(user, &transaction).await.unwrap();
        assert!(matches!(verdict, CreditVerdict::Credited(_)), "{verdict:?}");
        transaction
    }

    /// Takes note of the transaction, as a notification does, two hours after the start.
    pub fn observe_command(&self, transaction: &AppStoreTransaction) -> ObserveTransaction {
        ObserveTransaction {
            transaction: transaction.clone(),
            unclaimed: Unclaimed::Remembered,
            at: self.minute(120),
            event_id: self.event_id(),
        }
    }

    /// Takes note of the transaction, as a notification does.
    pub async fn observe(&self, transaction: &AppStoreTransaction) -> Observed {
        let command = self.observe_command(transaction);
        self.harness().app_store_purchases().observe(&command, observe_transaction).await.unwrap()
    }

    /// The user's purchases, the last first.
    pub async fn app_store_purchases(&self, user_id: UserId) -> Vec<AppStorePurchase> {
        self.harness().app_store_purchases().purchases(user_id, None, 100).await.unwrap()
    }

    /// What is on record of the transaction.
    pub async fn records_of(&self, key: &TransactionKey) -> Vec<AppStoreRecord> {
        let all = self.harness().app_store_purchases().records(None, u32::MAX).await.unwrap();
        all.into_iter().filter(|record| record.key == *key).collect()
    }

    /// The user's events about the App Store with amount and debt, in the order of their names.
    pub async fn app_store_events(&self, user_id: UserId) -> Vec<(String, String, String)> {
        let events = self.harness().outbox(user_id).await;
        let told = |event: RecordedEvent| {
            let field = |name: &str| event.fields.get(name).cloned().unwrap_or_default();
            (event.kind.clone(), field("amount_fen"), field("debt_fen"))
        };
        let mut found: Vec<_> =
            events.into_iter().filter(|event| event.kind.starts_with("app_store.")).map(told).collect();
        found.sort();
        found
    }
}

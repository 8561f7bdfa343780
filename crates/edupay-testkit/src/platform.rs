//! All services of the domain, wired to memory, the fake gateway and a clock that stands still.

#![expect(clippy::unwrap_used, reason = "this is test code: it fails by panicking")]

use crate::app_store::{FakeAppStore, FakeAppStoreServer};
use crate::clock::FixedClock;
use crate::credentials::PlainCredentials;
use crate::fixtures::{fen, merchant, new_course, new_user};
use crate::gateway::FakeGateway;
use crate::ids::SeededIds;
use crate::memory::MemoryStore;
use chrono::TimeDelta;
use edupay_domain::accounts::{AccountService, Accounts, User, UserStore};
use edupay_domain::app_store::{
    AppStore, AppStorePolicy, AppStoreService, MissingToken, SandboxUser, StoreEnvironment,
};
use edupay_domain::cashier::{Cashier, CashierService};
use edupay_domain::clock::Clock;
use edupay_domain::idempotency::{Idempotency, IdempotencyPolicy, IdempotencyService};
use edupay_domain::ids::{IdSource, Username};
use edupay_domain::ledger::{Bucket, LedgerService, LedgerStore, Wallet};
use edupay_domain::orders::{ConfirmOrders, Order, OrderPolicy, OrderService, Orders};
use edupay_domain::packages::{CampusAdmin, CampusService, ConfirmPurchases, PackagePolicy, PackageService, Packages};
use edupay_domain::payments::{PaymentService, Payments};
use edupay_domain::products::{CourseStore, ProductService};
use edupay_domain::reconciliation::{
    Bill, MockBillReader, Reconciliation, ReconciliationPolicy, ReconciliationService,
};
use edupay_domain::recovery::{Recovery, RecoveryService};
use edupay_domain::refunds::{RecordRefunds, RefundPolicy, RefundService, Refunds};
use edupay_domain::top_ups::{Campaign, ConfirmTopUps, TopUpPolicy, TopUpService, TopUps};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A payment service without a server: what a test of a whole story needs.
///
/// ```
/// use edupay_testkit::platform::Platform;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let platform = Platform::new();
/// let buyer = platform.buyer("xiaoyu", 20_000).await;
/// let order = platform.order(&buyer, 9_900).await;
/// platform.orders.pay_from_balance(buyer.id, order.order_no).await.unwrap();
/// assert_eq!(platform.wallet(&buyer).await.cash.to_string(), "101.00");
/// platform.audit().await;
/// # }
/// ```
pub struct Platform {
    /// Everything that is stored.
    pub store: MemoryStore,
    /// The gateway.
    pub gateway: Arc<FakeGateway>,
    /// The time.
    pub clock: Arc<FixedClock>,
    /// Users.
    pub accounts: AccountService,
    /// Products and courses.
    pub products: ProductService,
    /// Statements.
    pub ledger: LedgerService,
    /// Charges.
    pub payments: PaymentService,
    /// Orders.
    pub orders: OrderService,
    /// Top-ups.
    pub top_ups: TopUpService,
    /// Purchases in the App Store; the user `tester` may have play money.
    pub app_store: AppStoreService,
    /// The App Store's server.
    pub app_store_server: Arc<FakeAppStoreServer>,
    /// Purchases of packages.
    pub packages: PackageService,
    /// Refunds of what was paid; above 300 yuan a second person must approve.
    pub refunds: RefundService,
    /// What was booked against what the gateway tells. Every bill file is an empty one.
    pub reconciliation: ReconciliationService,
    /// What is unfinished, and what waits for a person.
    pub recovery: RecoveryService,
    /// Schools, students, projects.
    pub campus: CampusService,
    /// Links to the cashier page.
    pub cashier: CashierService,
    /// Keys of requests that are done once: kept for 24 hours, left to one worker for 30 seconds.
    pub idempotency: IdempotencyService,
}

/// Where every payer of a test is.
pub const PAYER_IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Platform {
    /// An empty platform: orders, purchases, charges and links live for 24 hours, a top-up is at most 50,000 yuan.
    #[must_use]
    pub fn new() -> Self {
        let store = MemoryStore::new();
        let clock = Arc::new(FixedClock::default());
        let gateway = Arc::new(FakeGateway::new(merchant(), clock.clone()));
        let shared: Arc<dyn Clock> = clock.clone();
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::default());
        let payments = payment_service(&store, &gateway, &shared, &ids);
        let charge_lifetime = TimeDelta::hours(24);
        let app_store_server = Arc::new(FakeAppStoreServer::default());
        let orders = OrderService::new(Orders {
            store: Arc::new(store.clone()),
            payments: payments.clone(),
            policy: OrderPolicy { order_lifetime: TimeDelta::hours(24), charge_lifetime },
            clock: shared.clone(),
            ids: ids.clone(),
        });
        let app_store = AppStoreService::new(AppStore {
            signatures: Arc::new(FakeAppStore),
            server: Some(app_store_server.clone()),
            environment: StoreEnvironment::Production,
            purchases: Arc::new(store.clone()),
            inbox: Arc::new(store.clone()),
            users: Arc::new(store.clone()),
            policy: AppStorePolicy {
                missing_token: MissingToken::Refused,
                sandbox_users: Username::parse("tester").map(SandboxUser::Name).into_iter().collect(),
            },
            clock: shared.clone(),
            ids: ids.clone(),
        });
        let packages = PackageService::new(Packages {
            store: Arc::new(store.clone()),
            payments: payments.clone(),
            policy: PackagePolicy { purchase_lifetime: TimeDelta::hours(24), charge_lifetime },
            clock: shared.clone(),
            ids: ids.clone(),
        });
        let refunds = RefundService::new(Refunds {
            store: Arc::new(store.clone()),
            gateway: gateway.clone(),
            policy: RefundPolicy { approval_above: Some(fen(30_000)) },
            clock: shared.clone(),
            ids: ids.clone(),
        });
        let recovery = RecoveryService::new(Recovery {
            orders: orders.clone(),
            packages: packages.clone(),
            payments: payments.clone(),
            refunds: refunds.clone(),
            app_store: app_store.clone(),
            store: Arc::new(store.clone()),
            clock: shared.clone(),
            ids: ids.clone(),
        });
        Self {
            accounts: AccountService::new(Accounts {
                users: Arc::new(store.clone()),
                wallets: Arc::new(store.clone()),
                credentials: Arc::new(PlainCredentials::default()),
                clock: shared.clone(),
                ids: ids.clone(),
            }),
            products: ProductService::new(
                Arc::new(store.clone()),
                Arc::new(store.clone()),
                shared.clone(),
                fen(5_000_000),
            ),
            ledger: LedgerService::new(Arc::new(store.clone())),
            orders,
            top_ups: TopUpService::new(TopUps {
                store: Arc::new(store.clone()),
                payments: payments.clone(),
                sandbox: Some(gateway.clone()),
                policy: TopUpPolicy {
                    max_amount: fen(5_000_000),
                    charge_lifetime,
                    subject: "充值".to_owned(),
                    campaign: Campaign::default(),
                },
                clock: shared.clone(),
                ids: ids.clone(),
            }),
            app_store,
            app_store_server,
            reconciliation: ReconciliationService::new(Reconciliation {
                gateway: gateway.clone(),
                books: Arc::new(store.clone()),
                store: Arc::new(store.clone()),
                bills: Arc::new(empty_bills()),
                payments: payments.clone(),
                merchant: merchant(),
                policy: ReconciliationPolicy { lookback: TimeDelta::hours(48), refund_lookback: TimeDelta::days(90) },
                clock: shared.clone(),
            }),
            packages,
            refunds,
            campus: CampusService::new(CampusAdmin {
                campus: Arc::new(store.clone()),
                catalogue: Arc::new(store.clone()),
                credentials: Arc::new(PlainCredentials::default()),
                clock: shared.clone(),
                ids: ids.clone(),
                max_price: fen(5_000_000),
            }),
            idempotency: IdempotencyService::new(Idempotency {
                store: Arc::new(store.clone()),
                policy: IdempotencyPolicy { lifetime: TimeDelta::hours(24), lease: TimeDelta::seconds(30) },
                clock: shared.clone(),
                ids,
            }),
            cashier: CashierService::new(Cashier {
                links: Arc::new(store.clone()),
                orders: Arc::new(store.clone()),
                users: Arc::new(store.clone()),
                packages: Arc::new(store.clone()),
                credentials: Arc::new(PlainCredentials::default()),
                link_lifetime: TimeDelta::hours(24),
                clock: shared,
            }),
            payments,
            recovery,
            store,
            gateway,
            clock,
        }
    }

    /// A member with this much cash, in fen.
    pub async fn buyer(&self, username: &str, cash: u32) -> User {
        let user = self.store.create_user(&new_user(username)).await.unwrap();
        if cash > 0 {
            let reason = "a gift for a test".to_owned();
            self.accounts.adjust_balance(user.id, Bucket::Cash, fen(cash), reason).await.unwrap();
        }
        self.accounts.find(user.id).await.unwrap().unwrap()
    }

    /// An order of a new course of this price, in fen.
    pub async fn order(&self, buyer: &User, price: u32) -> Order {
        let course = self.store.create_course(&new_course("collection的使用", fen(price))).await.unwrap();
        self.orders.create(buyer.id, vec![course.id]).await.unwrap()
    }

    /// The wallet of this moment.
    pub async fn wallet(&self, user: &User) -> Wallet {
        self.accounts.find(user.id).await.unwrap().unwrap().wallet
    }

    /// Panics when anything in the ledger is not as it must be.
    pub async fn audit(&self) {
        let report = self.store.audit().await.unwrap();
        assert_eq!((report.total_fen, report.breaches), (0, Vec::new()));
    }
}

impl Default for Platform {
    fn default() -> Self {
        Self::new()
    }
}

fn empty_bills() -> MockBillReader {
    let mut bills = MockBillReader::new();
    bills.expect_read().returning(|_, _| Ok(Bill::default()));
    bills
}

fn payment_service(
    store: &MemoryStore,
    gateway: &Arc<FakeGateway>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> PaymentService {
    PaymentService::new(Payments {
        gateway: gateway.clone(),
        hasty_gateway: gateway.clone(),
        callbacks: gateway.clone(),
        charges: Arc::new(store.clone()),
        receipts: Arc::new(store.clone()),
        inbox: Arc::new(store.clone()),
        orders: Arc::new(ConfirmOrders {
            store: Arc::new(store.clone()),
            merchant: merchant(),
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        top_ups: Arc::new(ConfirmTopUps {
            store: Arc::new(store.clone()),
            merchant: merchant(),
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        packages: Arc::new(ConfirmPurchases {
            store: Arc::new(store.clone()),
            merchant: merchant(),
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        refunds: Arc::new(RecordRefunds { store: Arc::new(store.clone()), clock: clock.clone(), ids: ids.clone() }),
        clock: clock.clone(),
        ids: ids.clone(),
    })
}

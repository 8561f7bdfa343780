//! A running server on mocked ports. A port that a test does not expect to be called panics.

use crate::client::{Reply, Request};
use crate::fixtures::{GONE, XIAOCHEN, XIAOYU, at, fen, user};
use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use async_trait::async_trait;
use chrono::TimeDelta;
use edupay_domain::accounts::{
    AccountService, Accounts, MockCredentials, MockUserStore, MockWalletStore, TokenDigest, User,
};
use edupay_domain::app_store::{
    AppStore, AppStorePolicy, AppStoreService, MissingToken, MockAppStoreInbox, MockAppStorePurchaseStore, NoAppStore,
};
use edupay_domain::cashier::{Cashier, CashierService, MockCashierLinkStore};
use edupay_domain::clock::MockClock;
use edupay_domain::event_delivery::{
    AddressPolicy, EventDelivery, EventDeliveryService, MockDeliveryStore, MockEndpointStore, MockEventSender,
    MockSecretSource, WebhookSecret,
};
use edupay_domain::idempotency::{Idempotency, IdempotencyPolicy, IdempotencyService, MockIdempotencyStore};
use edupay_domain::ids::{AppAccountToken, Draw, EventId, MockIdSource};
use edupay_domain::ledger::{LedgerService, MockLedgerStore};
use edupay_domain::money::Money;
use edupay_domain::orders::{MockOrderStore, OrderPolicy, OrderService, Orders};
use edupay_domain::packages::{
    CampusAdmin, CampusService, MockCampusStore, MockCatalogueStore, MockPackageStore, PackagePolicy, PackageService,
    Packages,
};
use edupay_domain::payments::{
    InboxStore, MockApplyCharge, MockApplyRefund, MockChargeStore, MockGatewayCallbacks, MockInboxStore,
    MockPaymentGateway, MockReceiptStore, MockSandboxPayer, PaymentService, Payments, SandboxPayer,
};
use edupay_domain::products::{MockCourseStore, MockProductStore, ProductService};
use edupay_domain::reconciliation::{
    MockBillReader, MockGatewayLists, MockOurBooks, MockReconciliationStore, Reconciliation, ReconciliationPolicy,
    ReconciliationService,
};
use edupay_domain::recovery::{MockReviewStore, Recovery, RecoveryService};
use edupay_domain::refunds::{MockRefundStore, RefundPolicy, RefundService, Refunds};
use edupay_domain::top_ups::{Campaign, MockTopUpStore, TopUpPolicy, TopUpService, TopUps};
use edupay_http::{Drain, Family, HttpConfig, Measures, Operations, Readiness, Sample, Server, Services, server};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// The secret that every endpoint gets.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The ports, to be given expectations.
pub(crate) struct Ports {
    pub(crate) users: MockUserStore,
    pub(crate) credentials: MockCredentials,
    pub(crate) ledger: MockLedgerStore,
    pub(crate) products: MockProductStore,
    pub(crate) courses: MockCourseStore,
    pub(crate) orders: MockOrderStore,
    pub(crate) gateway: MockPaymentGateway,
    pub(crate) callbacks: MockGatewayCallbacks,
    pub(crate) charges: MockChargeStore,
    pub(crate) receipts: MockReceiptStore,
    pub(crate) inbox: Arc<dyn InboxStore>,
    pub(crate) top_ups: MockTopUpStore,
    pub(crate) packages: MockPackageStore,
    pub(crate) refunds: MockRefundStore,
    pub(crate) endpoints: MockEndpointStore,
    pub(crate) deliveries: MockDeliveryStore,
    pub(crate) review: MockReviewStore,
    pub(crate) keys: MockIdempotencyStore,
    pub(crate) approval_above: Option<Money>,
    pub(crate) payer: Option<MockSandboxPayer>,
    pub(crate) not_ready: Vec<&'static str>,
    pub(crate) config: HttpConfig,
}

impl Ports {
    /// Ports that know three tokens and nothing else.
    pub(crate) fn new() -> Self {
        let mut users = MockUserStore::new();
        users.expect_find_token().returning(|digest| Ok(user_of(digest)));
        users.expect_find_principal().returning(|digest| Ok(user_of(digest).map(|user| Arc::new(user.principal))));
        let mut credentials = MockCredentials::new();
        credentials.expect_digest().returning(|token| digest_of(token.reveal()));
        Self {
            users,
            credentials,
            ledger: MockLedgerStore::new(),
            products: MockProductStore::new(),
            courses: MockCourseStore::new(),
            orders: MockOrderStore::new(),
            gateway: MockPaymentGateway::new(),
            callbacks: MockGatewayCallbacks::new(),
            charges: MockChargeStore::new(),
            receipts: MockReceiptStore::new(),
            inbox: Arc::new(MockInboxStore::new()),
            top_ups: MockTopUpStore::new(),
            packages: MockPackageStore::new(),
            refunds: MockRefundStore::new(),
            endpoints: MockEndpointStore::new(),
            deliveries: MockDeliveryStore::new(),
            review: MockReviewStore::new(),
            keys: MockIdempotencyStore::new(),
            approval_above: None,
            payer: None,
            not_ready: Vec::new(),
            config: HttpConfig { workers: 1, ..HttpConfig::default() },
        }
    }

    pub(crate) fn serve(self) -> Service {
        let (config, fixed) = (self.config.clone(), Fixed(self.not_ready.clone()));
        Service::start(config, self.into_services(), fixed)
    }

    fn into_services(self) -> Services {
        let mut clock = MockClock::new();
        clock.expect_now().returning(at);
        let mut ids = MockIdSource::new();
        ids.expect_draw().returning(|| Draw::from_random(7));
        ids.expect_event_id().returning(|| EventId::from_random(7));
        ids.expect_app_account_token().returning(|| AppAccountToken::from_random(7));
        let (clock, ids) = (Arc::new(clock), Arc::new(ids));
        let mut secrets = MockSecretSource::new();
        secrets.expect_draw_secret().returning(|| WebhookSecret::parse(SECRET).unwrap());
        let events = EventDeliveryService::new(EventDelivery {
            endpoints: Arc::new(self.endpoints),
            deliveries: Arc::new(self.deliveries),
            sender: Arc::new(MockEventSender::new()),
            secrets: Arc::new(secrets),
            addresses: AddressPolicy::PublicOnly,
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let gateway = Arc::new(self.gateway);
        let payments = PaymentService::new(Payments {
            gateway: gateway.clone(),
            hasty_gateway: gateway.clone(),
            callbacks: Arc::new(self.callbacks),
            charges: Arc::new(self.charges),
            receipts: Arc::new(self.receipts),
            inbox: self.inbox,
            orders: Arc::new(MockApplyCharge::new()),
            top_ups: Arc::new(MockApplyCharge::new()),
            packages: Arc::new(MockApplyCharge::new()),
            refunds: Arc::new(MockApplyRefund::new()),
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let day = TimeDelta::days(1);
        let credentials = Arc::new(self.credentials);
        let orders = OrderService::new(Orders {
            store: Arc::new(self.orders),
            payments: payments.clone(),
            policy: OrderPolicy { order_lifetime: day, charge_lifetime: day },
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let app_store = AppStoreService::new(AppStore {
            signatures: Arc::new(NoAppStore),
            server: None,
            environment: edupay_domain::app_store::StoreEnvironment::Production,
            purchases: Arc::new(MockAppStorePurchaseStore::new()),
            inbox: Arc::new(MockAppStoreInbox::new()),
            users: Arc::new(MockUserStore::new()),
            policy: AppStorePolicy { missing_token: MissingToken::Refused, sandbox_users: Vec::new() },
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let packages = PackageService::new(Packages {
            store: Arc::new(self.packages),
            payments: payments.clone(),
            policy: PackagePolicy { purchase_lifetime: day, charge_lifetime: day },
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let refunds = RefundService::new(Refunds {
            store: Arc::new(self.refunds),
            gateway,
            policy: RefundPolicy { approval_above: self.approval_above },
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let recovery = RecoveryService::new(Recovery {
            orders: orders.clone(),
            packages: packages.clone(),
            payments: payments.clone(),
            refunds: refunds.clone(),
            app_store: app_store.clone(),
            store: Arc::new(self.review),
            clock: clock.clone(),
            ids: ids.clone(),
        });
        Services {
            accounts: AccountService::new(Accounts {
                users: Arc::new(self.users),
                wallets: Arc::new(MockWalletStore::new()),
                credentials: credentials.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            ledger: LedgerService::new(Arc::new(self.ledger)),
            reconciliation: ReconciliationService::new(Reconciliation {
                gateway: Arc::new(MockGatewayLists::new()),
                books: Arc::new(MockOurBooks::new()),
                store: Arc::new(MockReconciliationStore::new()),
                bills: Arc::new(MockBillReader::new()),
                payments: payments.clone(),
                merchant: edupay_testkit::fixtures::merchant(),
                policy: ReconciliationPolicy { lookback: day, refund_lookback: day },
                clock: clock.clone(),
            }),
            products: ProductService::new(
                Arc::new(self.products),
                Arc::new(self.courses),
                clock.clone(),
                fen(5_000_000),
            ),
            orders,
            top_ups: TopUpService::new(TopUps {
                store: Arc::new(self.top_ups),
                payments: payments.clone(),
                sandbox: self.payer.map(|payer| Arc::new(payer) as Arc<dyn SandboxPayer>),
                policy: TopUpPolicy {
                    max_amount: fen(5_000_000),
                    charge_lifetime: day,
                    subject: "top-up".to_owned(),
                    campaign: Campaign::default(),
                },
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            app_store,
            packages,
            refunds,
            campus: CampusService::new(CampusAdmin {
                campus: Arc::new(MockCampusStore::new()),
                catalogue: Arc::new(MockCatalogueStore::new()),
                credentials: credentials.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                max_price: fen(5_000_000),
            }),
            idempotency: IdempotencyService::new(Idempotency {
                store: Arc::new(self.keys),
                policy: IdempotencyPolicy { lifetime: day, lease: TimeDelta::seconds(30) },
                clock: clock.clone(),
                ids,
            }),
            cashier: CashierService::new(Cashier {
                links: Arc::new(MockCashierLinkStore::new()),
                orders: Arc::new(MockOrderStore::new()),
                users: Arc::new(MockUserStore::new()),
                packages: Arc::new(MockPackageStore::new()),
                credentials,
                link_lifetime: day,
                clock,
            }),
            events,
            payments,
            recovery,
        }
    }
}

pub(crate) fn user_of(digest: TokenDigest) -> Option<User> {
    let tokens = [(XIAOCHEN, 1), (XIAOYU, 2), (GONE, 3)];
    tokens.into_iter().find(|(token, _)| digest_of(token) == digest).map(|(_, id)| user(id))
}

fn digest_of(token: &str) -> TokenDigest {
    let mut digest = [0; 32];
    digest.copy_from_slice(&token.as_bytes()[8..]);
    TokenDigest(digest)
}

/// Ready, or not for these reasons.
#[derive(Clone)]
pub(crate) struct Fixed(pub(crate) Vec<&'static str>);

#[async_trait]
impl Measures for Fixed {
    async fn families(&self) -> Vec<Family> {
        vec![Family::gauge("edupay_fixed", "A number of the test.", vec![Sample::new(7)])]
    }
}

#[async_trait]
impl Readiness for Fixed {
    async fn reasons(&self) -> Vec<&'static str> {
        self.0.clone()
    }
}

/// A running server; dropped, it stops.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
    drain: Option<Drain>,
}

impl Service {
    /// Serves on a thread of its own.
    pub(crate) fn start(config: HttpConfig, services: Services, fixed: Fixed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            System::new().block_on(async move {
                let fixed = Arc::new(fixed);
                let operations = Operations { readiness: fixed.clone(), measures: fixed };
                let Server { running, drain } = server(config, services, operations, listener).unwrap();
                send.send((running.handle(), drain)).unwrap();
                running.await
            })
        });
        let (handle, drain) = receive.recv().unwrap();
        Self { address, handle, drain: Some(drain) }
    }

    pub(crate) fn call(&self, request: Request) -> Reply {
        let reply = request.send(self.address);
        assert!(reply.header("X-Request-Id").is_some_and(|id| !id.is_empty()), "{reply:?}");
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"), "{reply:?}");
        assert!(reply.header("Cache-Control").is_some() && reply.header("Content-Security-Policy").is_some());
        reply
    }
}

impl Service {
    /// Ends as the program does, on a thread of its own, which ends when the end has come.
    pub(crate) fn end(&mut self) -> thread::JoinHandle<()> {
        let drain = self.drain.take().unwrap();
        thread::spawn(move || System::new().block_on(drain.run(Duration::ZERO)))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

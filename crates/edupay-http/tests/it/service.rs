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
use edupay_domain::refunds::{MockRefundStore, RefundPolicy, RefundService, Refunds};
use edupay_domain::top_ups::{Campaign, MockTopUpStore, TopUpPolicy, TopUpService, TopUps};
use edupay_http::{HttpConfig, Readiness, Services, server};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;

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
            keys: MockIdempotencyStore::new(),
            approval_above: None,
            payer: None,
            not_ready: Vec::new(),
            config: HttpConfig { workers: 1, ..HttpConfig::default() },
        }
    }

    pub(crate) fn serve(self) -> Service {
        let (config, readiness) = (self.config.clone(), Fixed(self.not_ready.clone()));
        Service::start(config, self.into_services(), readiness)
    }

    fn into_services(self) -> Services {
        let mut clock = MockClock::new();
        clock.expect_now().returning(at);
        let mut ids = MockIdSource::new();
        ids.expect_draw().returning(|| Draw::from_random(7));
        ids.expect_event_id().returning(|| EventId::from_random(7));
        ids.expect_app_account_token().returning(|| AppAccountToken::from_random(7));
        let (clock, ids) = (Arc::new(clock), Arc::new(ids));
        let gateway = Arc::new(self.gateway);
        let payments = PaymentService::new(Payments {
            gateway: gateway.clone(),
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
        Services {
            accounts: AccountService::new(Accounts {
                users: Arc::new(self.users),
                wallets: Arc::new(MockWalletStore::new()),
                credentials: credentials.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            ledger: LedgerService::new(Arc::new(self.ledger)),
            products: ProductService::new(
                Arc::new(self.products),
                Arc::new(self.courses),
                clock.clone(),
                fen(5_000_000),
            ),
            orders: OrderService::new(Orders {
                store: Arc::new(self.orders),
                payments: payments.clone(),
                policy: OrderPolicy { order_lifetime: day, charge_lifetime: day },
                clock: clock.clone(),
                ids: ids.clone(),
            }),
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
            app_store: AppStoreService::new(AppStore {
                signatures: Arc::new(NoAppStore),
                server: None,
                environment: edupay_domain::app_store::StoreEnvironment::Production,
                purchases: Arc::new(MockAppStorePurchaseStore::new()),
                inbox: Arc::new(MockAppStoreInbox::new()),
                users: Arc::new(MockUserStore::new()),
                policy: AppStorePolicy { missing_token: MissingToken::Refused, sandbox_users: Vec::new() },
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            packages: PackageService::new(Packages {
                store: Arc::new(self.packages),
                payments: payments.clone(),
                policy: PackagePolicy { purchase_lifetime: day, charge_lifetime: day },
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            refunds: RefundService::new(Refunds {
                store: Arc::new(self.refunds),
                gateway,
                policy: RefundPolicy { approval_above: self.approval_above },
                clock: clock.clone(),
                ids: ids.clone(),
            }),
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
            payments,
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
pub(crate) struct Fixed(pub(crate) Vec<&'static str>);

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
}

impl Service {
    /// Serves on a thread of its own.
    pub(crate) fn start(config: HttpConfig, services: Services, readiness: Fixed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            System::new().block_on(async move {
                let server = server(config, services, Arc::new(readiness), listener).unwrap();
                send.send(server.handle()).unwrap();
                server.await
            })
        });
        Self { address, handle: receive.recv().unwrap() }
    }

    pub(crate) fn call(&self, request: Request) -> Reply {
        let reply = request.send(self.address);
        assert!(reply.header("X-Request-Id").is_some_and(|id| !id.is_empty()), "{reply:?}");
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"), "{reply:?}");
        assert!(reply.header("Cache-Control").is_some() && reply.header("Content-Security-Policy").is_some());
        reply
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

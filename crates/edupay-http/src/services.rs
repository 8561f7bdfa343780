//! What the handlers work with: the domain's services, and whether the program is ready.

use crate::config::HttpConfig;
use crate::streams::Streams;
use crate::throttle::LoginLimiter;
use async_trait::async_trait;
use edupay_domain::accounts::AccountService;
use edupay_domain::app_store::AppStoreService;
use edupay_domain::cashier::CashierService;
use edupay_domain::ledger::LedgerService;
use edupay_domain::orders::OrderService;
use edupay_domain::packages::{CampusService, PackageService};
use edupay_domain::payments::PaymentService;
use edupay_domain::products::ProductService;
use edupay_domain::recovery::RecoveryService;
use edupay_domain::refunds::RefundService;
use edupay_domain::top_ups::TopUpService;
use std::sync::Arc;

/// The services of the domain, ready to be called.
#[derive(Clone)]
pub struct Services {
    /// Who is asking.
    pub accounts: AccountService,
    /// The statement.
    pub ledger: LedgerService,
    /// Products and courses.
    pub products: ProductService,
    /// Orders.
    pub orders: OrderService,
    /// Money into the balance.
    pub top_ups: TopUpService,
    /// Purchases in the App Store.
    pub app_store: AppStoreService,
    /// Packages, bought for students.
    pub packages: PackageService,
    /// Refunds of what was paid.
    pub refunds: RefundService,
    /// Schools, students and the catalogue of packages.
    pub campus: CampusService,
    /// Links to the cashier page.
    pub cashier: CashierService,
    /// Charges and callbacks.
    pub payments: PaymentService,
    /// What is unfinished, and what waits for a person.
    pub recovery: RecoveryService,
}

/// Whether requests can be answered: `GET /readyz`.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Why not, as stable codes (`database_unreachable`, `schema_outdated`); empty when ready.
    /// Anybody can read them, so they MUST NOT name hosts, paths or causes. An answer that takes
    /// longer than two seconds counts as not ready.
    async fn reasons(&self) -> Vec<&'static str>;
}

/// What every handler can see.
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) config: HttpConfig,
    pub(crate) logins: Option<LoginLimiter>,
    pub(crate) streams: Streams,
}

impl State {
    pub(crate) fn new(config: HttpConfig, services: Services, readiness: Arc<dyn Readiness>) -> Self {
        let logins = config.login_throttle.map(LoginLimiter::new);
        Self { services, readiness, config, logins, streams: Streams::default() }
    }
}

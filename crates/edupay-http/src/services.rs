//! What the handlers work with: the domain's services, and whether the program is ready.

use crate::admission::Admission;
use crate::config::HttpConfig;
use crate::drain::Draining;
use crate::metrics::{Family, Requests};
use crate::rates::{CallLimits, LoginLimiter};
use crate::routes;
use crate::streams::Streams;
use async_trait::async_trait;
use edupay_domain::accounts::AccountService;
use edupay_domain::app_store::AppStoreService;
use edupay_domain::cashier::CashierService;
use edupay_domain::event_delivery::EventDeliveryService;
use edupay_domain::idempotency::IdempotencyService;
use edupay_domain::ledger::LedgerService;
use edupay_domain::orders::OrderService;
use edupay_domain::packages::{CampusService, PackageService};
use edupay_domain::payments::PaymentService;
use edupay_domain::products::ProductService;
use edupay_domain::reconciliation::ReconciliationService;
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
    /// What we booked against what others tell.
    pub reconciliation: ReconciliationService,
    /// Schools, students and the catalogue of packages.
    pub campus: CampusService,
    /// Links to the cashier page.
    pub cashier: CashierService,
    /// Requests that are done once per key.
    pub idempotency: IdempotencyService,
    /// Events out.
    pub events: EventDeliveryService,
    /// Charges and callbacks.
    pub payments: PaymentService,
    /// What is unfinished, and what waits for a person.
    pub recovery: RecoveryService,
}

/// Whether requests can be answered: `GET /readyz`.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Why not, as stable codes (`database_unreachable`, `database_not_writable`); empty when ready.
    /// Anybody can read them, so they MUST NOT name hosts, paths or causes. An answer that takes
    /// longer than two seconds counts as not ready.
    async fn reasons(&self) -> Vec<&'static str>;
}

/// What is counted outside of this crate: a part of `GET /metrics`.
#[async_trait]
pub trait Measures: Send + Sync {
    /// Everything, as it is now. Anybody can read it: see [`crate::Sample`] for what MUST NOT be told. What
    /// takes longer than two seconds is left out of the page.
    async fn families(&self) -> Vec<Family>;
}

/// What this crate asks of who runs it.
#[derive(Clone)]
pub struct Operations {
    /// Whether requests can be answered.
    pub readiness: Arc<dyn Readiness>,
    /// What else is counted.
    pub measures: Arc<dyn Measures>,
}

/// What every handler can see.
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) operations: Operations,
    pub(crate) config: HttpConfig,
    pub(crate) logins: Option<LoginLimiter>,
    pub(crate) calls: CallLimits,
    pub(crate) admission: Admission,
    pub(crate) draining: Draining,
    pub(crate) requests: Requests,
    pub(crate) streams: Streams,
}

impl State {
    pub(crate) fn new(config: HttpConfig, services: Services, operations: Operations) -> Self {
        Self {
            services,
            operations,
            logins: config.login_throttle.map(LoginLimiter::new),
            calls: CallLimits::new(config.rates),
            admission: Admission::new(config.admission),
            draining: Draining::default(),
            requests: Requests::new(routes::patterns()),
            streams: Streams::default(),
            config,
        }
    }
}

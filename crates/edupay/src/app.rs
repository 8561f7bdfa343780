//! Wires adapters to services.

use crate::adapters::{Argon2Credentials, SystemClock, SystemEntropy};
use crate::app_store;
use crate::error::{Context, Failure};
use crate::gateway::{self, Gateway};
use crate::settings::{PreparedStatementsSetting, Settings};
use async_trait::async_trait;
use chrono::TimeDelta;
use edupay_domain::accounts::{AccountService, Accounts, Credentials};
use edupay_domain::app_store::{AppStore, AppStoreService, NoAppStore};
use edupay_domain::cashier::{Cashier, CashierService};
use edupay_domain::clock::Clock;
use edupay_domain::idempotency::{Idempotency, IdempotencyService};
use edupay_domain::ids::IdSource;
use edupay_domain::ledger::LedgerService;
use edupay_domain::money::Money;
use edupay_domain::orders::{ConfirmOrders, OrderPolicy, OrderService, Orders};
use edupay_domain::packages::{CampusAdmin, CampusService, ConfirmPurchases, PackagePolicy, PackageService, Packages};
use edupay_domain::payments::{PaymentService, Payments};
use edupay_domain::products::ProductService;
use edupay_domain::refunds::{RecordRefunds, RefundPolicy, RefundService, Refunds};
use edupay_domain::top_ups::{ConfirmTopUps, TopUpPolicy, TopUpService, TopUps};
use edupay_http::{BusinessFailureStatus, ForwardedFor, HttpConfig, LoginThrottle, Readiness, Services};
use edupay_persistence::{PreparedStatements, SqlStore, StoreOptions};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Opens the database that the settings name. Its schema is not looked at.
pub(crate) fn open_store(settings: &Settings) -> Result<SqlStore, Failure> {
    let options = StoreOptions {
        postgres_connections: settings.database.postgres_connections,
        postgres_lanes: settings.database.postgres_lanes,
        lane_bound: settings.database.lane_bound,
        sqlite_readers: settings.database.sqlite_readers,
        prepared_statements: match settings.database.prepared_statements {
            PreparedStatementsSetting::Auto => PreparedStatements::Auto,
            PreparedStatementsSetting::On => PreparedStatements::On,
            PreparedStatementsSetting::Off => PreparedStatements::Off,
        },
        ..StoreOptions::default()
    };
    SqlStore::connect(&settings.database()?, options).context("database_url")
}

/// Opens the database and refuses a schema that is not the program's.
pub(crate) fn open_checked_store(settings: &Settings) -> Result<SqlStore, Failure> {
    let store = open_store(settings)?;
    store.check_schema().context("database_url")?;
    Ok(store)
}

/// What all services share.
struct Shared {
    store: Arc<SqlStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    credentials: Arc<dyn Credentials>,
    max_amount: Money,
}

/// The services of the domain on this store and the gateway of the settings.
pub(crate) fn services(settings: &Settings, store: &SqlStore) -> Result<Services, Failure> {
    let gateway = gateway::build(settings)?;
    let app_store::AppStore { signatures, server } = app_store::build(settings)?;
    let (client, sandbox) = (gateway.client.clone(), gateway.sandbox.clone());
    let shared = Shared {
        store: Arc::new(store.clone()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemEntropy),
        credentials: Arc::new(Argon2Credentials::new().context("the password hash could not be made")?),
        max_amount: settings.max_amount()?,
    };
    let payments = shared.payments(gateway);
    let Shared { store, clock, ids, credentials, max_amount } = shared;
    let keys = IdempotencyService::new(Idempotency {
        store: store.clone(),
        policy: settings.idempotency.policy(),
        clock: clock.clone(),
        ids: ids.clone(),
    });
    Ok(Services {
        accounts: AccountService::new(Accounts {
            users: store.clone(),
            wallets: store.clone(),
            credentials: credentials.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        ledger: LedgerService::new(store.clone()),
        products: ProductService::new(store.clone(), store.clone(), clock.clone(), max_amount),
        orders: OrderService::new(Orders {
            store: store.clone(),
            payments: payments.clone(),
            policy: OrderPolicy {
                order_lifetime: minutes(settings.orders.lifetime_minutes),
                charge_lifetime: minutes(settings.orders.charge_lifetime_minutes),
            },
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        top_ups: TopUpService::new(TopUps {
            store: store.clone(),
            payments: payments.clone(),
            sandbox,
            policy: TopUpPolicy {
                max_amount,
                charge_lifetime: minutes(settings.top_ups.charge_lifetime_minutes),
                subject: settings.top_ups.subject.clone(),
                campaign: settings.campaign()?,
            },
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        app_store: AppStoreService::new(AppStore {
            signatures: signatures.unwrap_or_else(|| Arc::new(NoAppStore)),
            server,
            environment: app_store::environment(settings),
            purchases: store.clone(),
            inbox: store.clone(),
            users: store.clone(),
            policy: app_store::policy(settings)?,
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        packages: PackageService::new(Packages {
            store: store.clone(),
            payments: payments.clone(),
            policy: PackagePolicy {
                purchase_lifetime: minutes(settings.packages.lifetime_minutes),
                charge_lifetime: minutes(settings.packages.charge_lifetime_minutes),
            },
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        refunds: RefundService::new(Refunds {
            store: store.clone(),
            gateway: client,
            policy: RefundPolicy { approval_above: settings.refund_approval_above()? },
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        campus: CampusService::new(CampusAdmin {
            campus: store.clone(),
            catalogue: store.clone(),
            credentials: credentials.clone(),
            clock: clock.clone(),
            ids,
            max_price: max_amount,
        }),
        cashier: CashierService::new(Cashier {
            links: store.clone(),
            orders: store.clone(),
            users: store.clone(),
            packages: store,
            credentials,
            link_lifetime: minutes(settings.cashier.link_lifetime_minutes),
            clock,
        }),
        idempotency: keys,
        payments,
    })
}

impl Shared {
    /// Charges, and whom each kind of them is handed to when it is paid.
    fn payments(&self, gateway: Gateway) -> PaymentService {
        let (store, merchant, clock, ids) = (&self.store, &gateway.merchant, &self.clock, &self.ids);
        PaymentService::new(Payments {
            gateway: gateway.client,
            callbacks: gateway.callbacks,
            charges: store.clone(),
            receipts: store.clone(),
            inbox: store.clone(),
            orders: Arc::new(ConfirmOrders {
                store: store.clone(),
                merchant: merchant.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            top_ups: Arc::new(ConfirmTopUps {
                store: store.clone(),
                merchant: merchant.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            packages: Arc::new(ConfirmPurchases {
                store: store.clone(),
                merchant: merchant.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            }),
            refunds: Arc::new(RecordRefunds { store: store.clone(), clock: clock.clone(), ids: ids.clone() }),
            clock: clock.clone(),
            ids: ids.clone(),
        })
    }
}

fn minutes(count: u32) -> TimeDelta {
    TimeDelta::minutes(i64::from(count))
}

/// The HTTP face's part of the settings. Where no public address is set, links lead to the one that is
/// listened on.
pub(crate) fn http_config(settings: &Settings, address: SocketAddr) -> Result<HttpConfig, Failure> {
    let count = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Ok(HttpConfig {
        business_failure_status: match settings.business_failure_status {
            400 => BusinessFailureStatus::BadRequest400,
            _ => BusinessFailureStatus::Ok200,
        },
        campus_web_path: settings.web_path()?,
        public_url: match settings.public_url.trim_end_matches('/') {
            "" => format!("http://{address}"),
            url => url.to_owned(),
        },
        max_amount: settings.max_amount()?,
        login_throttle: Some(LoginThrottle {
            burst: count(settings.limits.login_burst),
            per_minute: count(settings.limits.logins_per_minute),
        }),
        trust_forwarded_for: if settings.http.trust_forwarded_for {
            ForwardedFor::LastEntry
        } else {
            ForwardedFor::Ignored
        },
        body_deadline: Duration::from_secs(settings.http.body_deadline_seconds.max(1)),
        max_connections: settings.http.max_connections.max(1),
        workers: settings.http.workers.max(1),
        shutdown_timeout: Duration::from_secs(settings.http.shutdown_seconds),
        ..HttpConfig::default()
    })
}

/// Ready is a database that answers; its schema was checked at the start.
pub(crate) struct StoreReadiness(pub(crate) SqlStore);

#[async_trait]
impl Readiness for StoreReadiness {
    async fn reasons(&self) -> Vec<&'static str> {
        match self.0.ping().await {
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
                vec!["database_unreachable"]
            }
        }
    }
}

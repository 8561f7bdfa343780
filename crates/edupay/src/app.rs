//! Wires adapters to services.

use crate::adapters::{Argon2Credentials, SystemClock, SystemEntropy};
use crate::app_store;
use crate::error::{Context, Failure};
use crate::gateway::{self, Gateway};
use crate::hasty_gateway::HastyGateway;
use crate::settings::{LimitSettings, PreparedStatementsSetting, Settings};
use chrono::TimeDelta;
use edupay_bills::BillFiles;
use edupay_domain::accounts::{AccountService, Accounts, Credentials};
use edupay_domain::app_store::{AppStore, AppStoreService, NoAppStore};
use edupay_domain::cashier::{Cashier, CashierService};
use edupay_domain::clock::Clock;
use edupay_domain::event_delivery::{EventDelivery, EventDeliveryService};
use edupay_domain::idempotency::{Idempotency, IdempotencyService};
use edupay_domain::ids::IdSource;
use edupay_domain::ledger::LedgerService;
use edupay_domain::money::Money;
use edupay_domain::orders::{ConfirmOrders, OrderPolicy, OrderService, Orders};
use edupay_domain::packages::{CampusAdmin, CampusService, ConfirmPurchases, PackagePolicy, PackageService, Packages};
use edupay_domain::payments::{PaymentService, Payments};
use edupay_domain::products::ProductService;
use edupay_domain::reconciliation::{Reconciliation, ReconciliationPolicy, ReconciliationService};
use edupay_domain::recovery::{Recovery, RecoveryService};
use edupay_domain::refunds::{RecordRefunds, RefundPolicy, RefundService, Refunds};
use edupay_domain::top_ups::{ConfirmTopUps, TopUpPolicy, TopUpService, TopUps};
use edupay_http::{
    AdmissionLimits, BusinessFailureStatus, ForwardedFor, HttpConfig, LoginThrottle, Rate, Rates, Services,
};
use edupay_persistence::{PreparedStatements, SqlStore, StoreOptions};
use edupay_pingpp::circuit::ChargeCircuit;
use edupay_webhooks::{SenderSettings, WebhookSender};
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

/// The services, and what of their adapters an operator looks at.
pub(crate) struct Built {
    pub(crate) services: Services,
    pub(crate) circuit: Arc<ChargeCircuit>,
}

/// The services of the domain on this store and the gateway of the settings.
pub(crate) fn services(settings: &Settings, store: &SqlStore) -> Result<Services, Failure> {
    build(settings, store).map(|built| built.services)
}

/// The same, with what an operator looks at.
pub(crate) fn build(settings: &Settings, store: &SqlStore) -> Result<Built, Failure> {
    let gateway = gateway::build(settings)?;
    let app_store::AppStore { signatures, server } = app_store::build(settings)?;
    let (client, sandbox) = (gateway.client.clone(), gateway.sandbox.clone());
    let circuit = Arc::clone(&gateway.circuit);
    let (lists, merchant) = (gateway.lists.clone(), gateway.merchant.clone());
    let shared = Shared {
        store: Arc::new(store.clone()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemEntropy),
        credentials: Arc::new(Argon2Credentials::new().context("the password hash could not be made")?),
        max_amount: settings.max_amount()?,
    };
    let payments = shared.payments(gateway);
    let events = shared.events(settings)?;
    let Shared { store, clock, ids, credentials, max_amount } = shared;
    let keys = IdempotencyService::new(Idempotency {
        store: store.clone(),
        policy: settings.idempotency.policy(),
        clock: clock.clone(),
        ids: ids.clone(),
    });
    let orders = OrderService::new(Orders {
        store: store.clone(),
        payments: payments.clone(),
        policy: OrderPolicy {
            order_lifetime: minutes(settings.orders.lifetime_minutes),
            charge_lifetime: minutes(settings.orders.charge_lifetime_minutes),
        },
        clock: clock.clone(),
        ids: ids.clone(),
    });
    let app_store = AppStoreService::new(AppStore {
        signatures: signatures.unwrap_or_else(|| Arc::new(NoAppStore)),
        server,
        environment: app_store::environment(settings),
        purchases: store.clone(),
        inbox: store.clone(),
        users: store.clone(),
        policy: app_store::policy(settings)?,
        clock: clock.clone(),
        ids: ids.clone(),
    });
    let packages = PackageService::new(Packages {
        store: store.clone(),
        payments: payments.clone(),
        policy: PackagePolicy {
            purchase_lifetime: minutes(settings.packages.lifetime_minutes),
            charge_lifetime: minutes(settings.packages.charge_lifetime_minutes),
        },
        clock: clock.clone(),
        ids: ids.clone(),
    });
    let refunds = RefundService::new(Refunds {
        store: store.clone(),
        gateway: client,
        policy: RefundPolicy { approval_above: settings.refund_approval_above()? },
        clock: clock.clone(),
        ids: ids.clone(),
    });
    let recovery = RecoveryService::new(Recovery {
        orders: orders.clone(),
        packages: packages.clone(),
        payments: payments.clone(),
        refunds: refunds.clone(),
        app_store: app_store.clone(),
        store: store.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
    });
    let services = Services {
        accounts: AccountService::new(Accounts {
            users: store.clone(),
            wallets: store.clone(),
            credentials: credentials.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        }),
        ledger: LedgerService::new(store.clone()),
        products: ProductService::new(store.clone(), store.clone(), clock.clone(), max_amount),
        orders,
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
        reconciliation: ReconciliationService::new(Reconciliation {
            gateway: lists,
            books: store.clone(),
            store: store.clone(),
            bills: Arc::new(BillFiles),
            payments: payments.clone(),
            merchant,
            policy: reconciliation_policy(settings),
            clock: clock.clone(),
        }),
        app_store,
        packages,
        refunds,
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
        events,
        payments,
        recovery,
    };
    Ok(Built { services, circuit })
}

impl Shared {
    /// Events on their way out.
    fn events(&self, settings: &Settings) -> Result<EventDeliveryService, Failure> {
        let addresses = settings.addresses()?;
        Ok(EventDeliveryService::new(EventDelivery {
            endpoints: self.store.clone(),
            deliveries: self.store.clone(),
            sender: Arc::new(WebhookSender::new(SenderSettings::new(addresses))),
            secrets: Arc::new(SystemEntropy),
            addresses,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }))
    }

    /// Charges, and whom each kind of them is handed to when it is paid.
    fn payments(&self, gateway: Gateway) -> PaymentService {
        let (store, merchant, clock, ids) = (&self.store, &gateway.merchant, &self.clock, &self.ids);
        PaymentService::new(Payments {
            hasty_gateway: Arc::new(HastyGateway(gateway.client.clone())),
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

/// The gateway's list is asked for by when a charge was made: the longest life of a charge before the days, and a
/// day more, since a setting may have been longer before.
fn reconciliation_policy(settings: &Settings) -> ReconciliationPolicy {
    const MARGIN: TimeDelta = TimeDelta::hours(24);
    let lives = [
        settings.orders.charge_lifetime_minutes,
        settings.top_ups.charge_lifetime_minutes,
        settings.packages.charge_lifetime_minutes,
    ];
    let longest = minutes(lives.into_iter().max().unwrap_or_default());
    ReconciliationPolicy {
        lookback: longest.checked_add(&MARGIN).unwrap_or(longest),
        refund_lookback: TimeDelta::days(i64::from(settings.reconciliation.refund_lookback_days)),
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
        admission: AdmissionLimits {
            in_flight: settings.limits.in_flight,
            waiting: settings.limits.waiting,
            wait: Duration::from_millis(settings.limits.waiting_milliseconds),
            bodies: settings.limits.awaited_bodies,
        },
        rates: rates(&settings.limits),
        handler_deadline: Duration::from_secs(settings.http.handler_deadline_seconds.max(1)),
        trust_forwarded_for: if settings.http.trust_forwarded_for {
            ForwardedFor::LastEntry
        } else {
            ForwardedFor::Ignored
        },
        body_deadline: Duration::from_secs(settings.http.body_deadline_seconds.max(1)),
        max_connections: settings.http.max_connections.max(1),
        workers: settings.http.workers.max(1),
        linger: Duration::from_millis(settings.http.linger_milliseconds),
        shutdown_timeout: Duration::from_secs(settings.http.shutdown_seconds),
        ..HttpConfig::default()
    })
}

/// A rate of 0 a minute is none.
fn rates(limits: &LimitSettings) -> Rates {
    let rate = |per_minute: u32, burst: u32| {
        let per_minute = NonZeroU32::new(per_minute)?;
        Some(Rate { burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN), per_minute })
    };
    Rates {
        payments: rate(limits.payments_per_minute, limits.payment_burst),
        reads: rate(limits.reads_per_minute, limits.read_burst),
        bad_tokens: rate(limits.bad_tokens_per_minute, limits.bad_token_burst),
    }
}

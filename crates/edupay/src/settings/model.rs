//! The settings and their defaults.

use super::app_store::AppStoreSection;
use super::idempotency::IdempotencySettings;
use edupay_persistence::StoreOptions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Text that is never shown.
#[derive(Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// For the one place that needs it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Whether PostgreSQL's statements are kept prepared.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PreparedStatementsSetting {
    /// Where that is safe.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// Every setting.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) database_url: Secret,
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) public_url: String,
    pub(crate) business_failure_status: u16,
    pub(crate) migrate_on_start: bool,
    pub(crate) log: LogSettings,
    pub(crate) http: HttpSettings,
    pub(crate) database: DatabaseSettings,
    pub(crate) orders: OrderSettings,
    pub(crate) top_ups: TopUpSettings,
    pub(crate) campus: CampusSettings,
    pub(crate) packages: PackageSettings,
    pub(crate) cashier: CashierSettings,
    pub(crate) refunds: RefundSettings,
    pub(crate) idempotency: IdempotencySettings,
    pub(crate) pingpp: PingppSettings,
    pub(crate) appstore: AppStoreSection,
    pub(crate) limits: LimitSettings,
    pub(crate) worker: WorkerSettings,
    pub(crate) webhooks: WebhookSettings,
    pub(crate) reconciliation: ReconciliationSettings,
}

/// What is logged, to standard error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

/// How requests are taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpSettings {
    pub(crate) workers: usize,
    pub(crate) max_connections: usize,
    pub(crate) trust_forwarded_for: bool,
    pub(crate) body_deadline_seconds: u64,
    pub(crate) handler_deadline_seconds: u64,
    pub(crate) grace_seconds: u64,
    pub(crate) linger_milliseconds: u64,
    pub(crate) shutdown_seconds: u64,
}

/// How many connections, and how their statements are sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DatabaseSettings {
    pub(crate) postgres_connections: u32,
    pub(crate) postgres_lanes: u32,
    pub(crate) lane_bound: u32,
    pub(crate) sqlite_readers: u32,
    pub(crate) prepared_statements: PreparedStatementsSetting,
}

/// How long an order and its charge live.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OrderSettings {
    pub(crate) lifetime_minutes: u32,
    pub(crate) charge_lifetime_minutes: u32,
}

/// What the payer of a top-up reads, and how long its charge lives.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TopUpSettings {
    pub(crate) subject: String,
    pub(crate) charge_lifetime_minutes: u32,
    pub(crate) bonus: Vec<BonusSetting>,
}

/// What is given to a top-up from an amount on, both in yuan.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BonusSetting {
    pub(crate) from: String,
    pub(crate) bonus: String,
}

/// Where the campus API begins.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CampusSettings {
    pub(crate) web_path: String,
}

/// How long a purchase of packages and its charge live.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PackageSettings {
    pub(crate) lifetime_minutes: u32,
    pub(crate) charge_lifetime_minutes: u32,
}

/// How long a link to the cashier page opens anything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CashierSettings {
    pub(crate) link_lifetime_minutes: u32,
}

/// Above which amount, in yuan, a second member of staff must approve a refund; empty: never.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RefundSettings {
    pub(crate) approval_above: String,
}

/// The gateway, and who we are there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PingppSettings {
    pub(crate) api_base: String,
    pub(crate) api_key: Secret,
    pub(crate) app_id: String,
    pub(crate) private_key_file: Option<PathBuf>,
    pub(crate) public_key_files: Vec<PathBuf>,
    pub(crate) verify_replies: bool,
    pub(crate) connect_timeout_seconds: u64,
    pub(crate) total_timeout_seconds: u64,
    pub(crate) extra: BTreeMap<String, BTreeMap<String, String>>,
}

/// What is too much.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitSettings {
    pub(crate) max_amount: String,
    pub(crate) logins_per_minute: u32,
    pub(crate) login_burst: u32,
    pub(crate) in_flight: usize,
    pub(crate) waiting: usize,
    pub(crate) waiting_milliseconds: u64,
    pub(crate) awaited_bodies: usize,
    pub(crate) payments_per_minute: u32,
    pub(crate) payment_burst: u32,
    pub(crate) reads_per_minute: u32,
    pub(crate) read_burst: u32,
    pub(crate) bad_tokens_per_minute: u32,
    pub(crate) bad_token_burst: u32,
}

/// The background work.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkerSettings {
    pub(crate) interval_milliseconds: u64,
}

/// Where events may be sent to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebhookSettings {
    /// For development: plain http, and addresses of one's own machine and network.
    pub(crate) allow_private_addresses: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: Secret::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            data_dir: PathBuf::from("edupay-data"),
            public_url: String::new(),
            business_failure_status: 200,
            migrate_on_start: true,
            log: LogSettings::default(),
            http: HttpSettings::default(),
            database: DatabaseSettings::default(),
            orders: OrderSettings::default(),
            top_ups: TopUpSettings::default(),
            campus: CampusSettings::default(),
            packages: PackageSettings::default(),
            cashier: CashierSettings::default(),
            refunds: RefundSettings::default(),
            idempotency: IdempotencySettings::default(),
            pingpp: PingppSettings::default(),
            appstore: AppStoreSection::default(),
            limits: LimitSettings::default(),
            worker: WorkerSettings::default(),
            webhooks: WebhookSettings::default(),
            reconciliation: ReconciliationSettings::default(),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info,actix_server=warn".to_owned() }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            workers: 2,
            max_connections: 1_024,
            trust_forwarded_for: false,
            body_deadline_seconds: 10,
            handler_deadline_seconds: 10,
            grace_seconds: 2,
            linger_milliseconds: 300,
            shutdown_seconds: 25,
        }
    }
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        let options = StoreOptions::default();
        Self {
            postgres_connections: options.postgres_connections,
            postgres_lanes: options.postgres_lanes,
            lane_bound: options.lane_bound,
            sqlite_readers: options.sqlite_readers,
            prepared_statements: PreparedStatementsSetting::Auto,
        }
    }
}

impl Default for OrderSettings {
    fn default() -> Self {
        Self { lifetime_minutes: 24 * 60, charge_lifetime_minutes: 24 * 60 }
    }
}

impl Default for TopUpSettings {
    fn default() -> Self {
        Self { subject: "Balance top-up".to_owned(), charge_lifetime_minutes: 24 * 60, bonus: Vec::new() }
    }
}

impl Default for PackageSettings {
    fn default() -> Self {
        Self { lifetime_minutes: 24 * 60, charge_lifetime_minutes: 24 * 60 }
    }
}

impl Default for CashierSettings {
    fn default() -> Self {
        Self { link_lifetime_minutes: 24 * 60 }
    }
}

impl Default for PingppSettings {
    fn default() -> Self {
        Self {
            api_base: "https://api.pingxx.com".to_owned(),
            api_key: Secret::default(),
            app_id: String::new(),
            private_key_file: None,
            public_key_files: Vec::new(),
            verify_replies: false,
            connect_timeout_seconds: 3,
            total_timeout_seconds: 8,
            extra: BTreeMap::new(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            max_amount: "50000.00".to_owned(),
            logins_per_minute: 10,
            login_burst: 10,
            in_flight: 128,
            waiting: 32,
            waiting_milliseconds: 25,
            awaited_bodies: 512,
            payments_per_minute: 0,
            payment_burst: 20,
            reads_per_minute: 0,
            read_burst: 60,
            bad_tokens_per_minute: 60,
            bad_token_burst: 60,
        }
    }
}

/// Comparing what we booked with what the gateway tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReconciliationSettings {
    pub(crate) daily: bool,
    pub(crate) daily_hour: u32,
    pub(crate) refund_lookback_days: u32,
}

impl Default for ReconciliationSettings {
    fn default() -> Self {
        Self { daily: true, daily_hour: 10, refund_lookback_days: 90 }
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self { interval_milliseconds: 2_000 }
    }
}

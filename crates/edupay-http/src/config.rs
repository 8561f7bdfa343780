//! What an operator decides about this face. Where the settings come from is not here.

use edupay_domain::money::Money;
use std::num::NonZeroU32;
use std::time::Duration;

/// The HTTP status of a business failure of the 益安 API (`{"status":-4,…}`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BusinessFailureStatus {
    /// 200, as its clients expect.
    #[default]
    Ok200,
    /// 400, for clients that look at the status first.
    BadRequest400,
}

/// Whether a payer's address is read from `X-Forwarded-For`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedFor {
    /// The address of the connection counts; the header is ignored.
    #[default]
    Ignored,
    /// The last entry counts: the one that our own proxy added. Earlier ones are the client's word.
    LastEntry,
}

/// How many log-ins one name may try from one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginThrottle {
    /// How many at once.
    pub burst: NonZeroU32,
    /// How many a minute in the long run.
    pub per_minute: NonZeroU32,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        const TEN: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
        Self { burst: TEN, per_minute: TEN }
    }
}

/// The settings of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// The status of a business failure of the 益安 API.
    pub business_failure_status: BusinessFailureStatus,
    /// The most that an amount may be.
    pub max_amount: Money,
    /// How log-ins are slowed down; `None` is not at all.
    pub login_throttle: Option<LoginThrottle>,
    /// Whose word counts for a payer's address.
    pub trust_forwarded_for: ForwardedFor,
    /// The longest body, in bytes.
    pub body_limit: usize,
    /// The longest body of a callback, in bytes.
    pub webhook_body_limit: usize,
    /// For how long a body may take to arrive.
    pub body_deadline: Duration,
    /// For how long the head of a request may take to arrive.
    pub client_request_timeout: Duration,
    /// For how long an idle connection is kept.
    pub keep_alive: Duration,
    /// The most connections of one worker.
    pub max_connections: usize,
    /// How many threads answer requests.
    pub workers: usize,
    /// For how long running requests are waited for at the end, in whole seconds.
    pub shutdown_timeout: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        const KIB: usize = 1024;
        Self {
            business_failure_status: BusinessFailureStatus::default(),
            max_amount: Money::from_fen_u32(5_000_000),
            login_throttle: Some(LoginThrottle::default()),
            trust_forwarded_for: ForwardedFor::default(),
            body_limit: 64 * KIB,
            webhook_body_limit: 256 * KIB,
            body_deadline: Duration::from_secs(10),
            client_request_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            max_connections: 1_024,
            workers: 2,
            shutdown_timeout: Duration::from_secs(25),
        }
    }
}

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

/// How many requests are worked on at once, and how many may wait for that. A quarter of both is kept for
/// callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// How many are worked on.
    pub in_flight: usize,
    /// How many wait; who comes then is turned away at once.
    pub waiting: usize,
    /// For how long one waits.
    pub wait: Duration,
    /// How many bodies may be on their way without having arrived in full.
    pub bodies: usize,
}

impl Default for AdmissionLimits {
    fn default() -> Self {
        Self { in_flight: 128, waiting: 32, wait: Duration::from_millis(40), bodies: 512 }
    }
}

/// So many in a minute in the long run, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: NonZeroU32,
    /// How many a minute in the long run.
    pub per_minute: NonZeroU32,
}

/// How often one may call; `None` is as often as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Calls of one token that pay, top up or make an order.
    pub payments: Option<Rate>,
    /// All other calls of one token.
    pub reads: Option<Rate>,
    /// Tokens that are none, from one address.
    pub bad_tokens: Option<Rate>,
}

/// The path before `/api/Pay/…` of the campus API: empty, or slashes and names in plain ASCII. The case
/// of its letters does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebPath(String);

impl WebPath {
    /// None.
    pub(crate) const ROOT: Self = Self(String::new());

    /// Reads a path with a slash before each name and none at its end; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        let named = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(plain);
        let readable = match text.strip_prefix('/') {
            Some(names) => names.split('/').all(named),
            None => text.is_empty(),
        };
        readable.then(|| Self(text.to_owned()))
    }

    /// Whether a request's path is this call's below this path, in any case, with or without the
    /// trailing slash.
    pub(crate) fn leads_to(&self, call: &str, path: &str) -> bool {
        let path = path.strip_suffix('/').unwrap_or(path);
        path.split_at_checked(self.0.len())
            .is_some_and(|(web_path, rest)| rest.eq_ignore_ascii_case(call) && web_path.eq_ignore_ascii_case(&self.0))
    }
}

/// The settings of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// The status of a business failure of the 益安 API.
    pub business_failure_status: BusinessFailureStatus,
    /// Where the campus API begins.
    pub campus_web_path: WebPath,
    /// The address under which the outside reaches the service, without a slash at its end: what links
    /// begin with.
    pub public_url: String,
    /// The most that an amount may be.
    pub max_amount: Money,
    /// How log-ins are slowed down; `None` is not at all.
    pub login_throttle: Option<LoginThrottle>,
    /// How many requests are worked on at once.
    pub admission: AdmissionLimits,
    /// How often one may call.
    pub rates: Rates,
    /// For how long a client waits for the answer once its request is worked on; the work goes on.
    pub handler_deadline: Duration,
    /// Whose word counts for a payer's address.
    pub trust_forwarded_for: ForwardedFor,
    /// The longest body, in bytes.
    pub body_limit: usize,
    /// The longest body of a callback, in bytes.
    pub webhook_body_limit: usize,
    /// For how long a body may take to arrive.
    pub body_deadline: Duration,
    /// The longest bill file that staff may send, in bytes.
    pub bill_body_limit: usize,
    /// For how long a bill file may take to arrive.
    pub bill_body_deadline: Duration,
    /// For how long the head of a request may take to arrive.
    pub client_request_timeout: Duration,
    /// For how long an idle connection is kept.
    pub keep_alive: Duration,
    /// The most connections of one worker.
    pub max_connections: usize,
    /// How many threads answer requests.
    pub workers: usize,
    /// How long nothing must have come, at the end, before the rest of the kept connections is closed.
    pub linger: Duration,
    /// For how long running requests are waited for at the end, in whole seconds.
    pub shutdown_timeout: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        const KIB: usize = 1024;
        Self {
            business_failure_status: BusinessFailureStatus::default(),
            campus_web_path: WebPath::default(),
            public_url: String::new(),
            max_amount: Money::from_fen_u32(5_000_000),
            login_throttle: Some(LoginThrottle::default()),
            admission: AdmissionLimits::default(),
            rates: Rates::default(),
            handler_deadline: Duration::from_secs(10),
            trust_forwarded_for: ForwardedFor::default(),
            body_limit: 64 * KIB,
            webhook_body_limit: 256 * KIB,
            body_deadline: Duration::from_secs(10),
            bill_body_limit: 16 * 1024 * KIB,
            bill_body_deadline: Duration::from_secs(60),
            client_request_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            max_connections: 1_024,
            workers: 2,
            linger: Duration::from_millis(300),
            shutdown_timeout: Duration::from_secs(25),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_path_is_empty_or_names_behind_slashes() {
        for path in ["", "/Web", "/a/b-c_d.e~1"] {
            assert!(WebPath::parse(path).is_some(), "{path}");
        }
        for path in ["/", "Web", "/Web/", "//", "/a//b", "/a b", "/%41", "/{a}", "/校", "/..", "/a/./b", "/a?b"] {
            assert!(WebPath::parse(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_call_is_found_in_any_case_and_nowhere_else() {
        let web_path = WebPath::parse("/Web").unwrap();
        for (path, found) in [
            ("/Web/api/Pay/PayMoney", true),
            ("/web/API/pay/paymoney", true),
            ("/WEB/api/Pay/PayMoney/", true),
            ("/web/api/pay/paymoney//", false),
            ("/web/api/pay/paymone", false),
            ("/api/Pay/PayMoney", false),
            ("/we\u{212a}/api/Pay/PayMoney", false),
            ("", false),
        ] {
            assert_eq!(web_path.leads_to("/api/Pay/PayMoney", path), found, "{path}");
        }
        assert!(WebPath::ROOT.leads_to("/api/Pay/PayMoney", "/API/PAY/PAYMONEY/"));
    }
}

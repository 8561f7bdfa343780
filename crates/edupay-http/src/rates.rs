//! How often one may call: log-ins per name and address; payments and other calls per token; tokens that
//! are none per address. Names and tokens are not kept: a key is a keyed hash.

use crate::config::{LoginThrottle, Rate, Rates};
use crate::failure::{Failure, whole_seconds};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many keys are kept at most.
const MAX_KEYS: usize = 100_000;
/// Past that number, new keys share one of this many.
const SHARED_KEYS: u64 = 1_024;
/// After how many calls keys that no longer matter are dropped.
const SWEEP_EVERY: u32 = 1_024;

/// What a call counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It pays, tops up or makes what is to be paid.
    Payment,
    /// Anything else.
    Read,
}

/// Counts the calls of those who have a token.
pub(crate) struct CallLimits {
    payments: Option<Limiter>,
    reads: Option<Limiter>,
    bad_tokens: Option<Limiter>,
}

impl CallLimits {
    pub(crate) fn new(rates: Rates) -> Self {
        let limiter = |rate: Option<Rate>| rate.map(|rate| Limiter::new(rate, MAX_KEYS));
        Self { payments: limiter(rates.payments), reads: limiter(rates.reads), bad_tokens: limiter(rates.bad_tokens) }
    }

    /// Whether any call of a token is counted.
    pub(crate) fn are_counted(&self) -> bool {
        self.payments.is_some() || self.reads.is_some()
    }

    /// Counts one call of this token, before anything is asked of the database.
    ///
    /// # Errors
    /// `Throttled`, with the seconds to wait.
    pub(crate) fn check(&self, pace: Pace, token: &str) -> Result<(), Failure> {
        let limiter = match pace {
            Pace::Payment => &self.payments,
            Pace::Read => &self.reads,
        };
        limiter.as_ref().map_or(Ok(()), |limiter| limiter.check(token, ()))
    }

    /// Counts one token that is none. Who has a good token is never kept out by others of the same
    /// address: a good one is not counted and not refused here.
    ///
    /// # Errors
    /// `Throttled`, with the seconds to wait.
    pub(crate) fn check_bad_token(&self, address: IpAddr) -> Result<(), Failure> {
        self.bad_tokens.as_ref().map_or(Ok(()), |limiter| limiter.check(address, ()))
    }
}

/// Counts log-ins.
pub(crate) struct LoginLimiter(Limiter);

impl LoginLimiter {
    pub(crate) fn new(throttle: LoginThrottle) -> Self {
        let LoginThrottle { burst, per_minute } = throttle;
        Self(Limiter::new(Rate { burst, per_minute }, MAX_KEYS))
    }

    /// Counts one log-in. Where too many names are tried, those of one address are counted together.
    ///
    /// # Errors
    /// `Throttled`, with the seconds to wait.
    pub(crate) fn check(&self, name: &str, address: IpAddr) -> Result<(), Failure> {
        self.0.check(address, name)
    }
}

/// One rate, for each key apart.
struct Limiter {
    limiter: DefaultKeyedRateLimiter<u64>,
    clock: DefaultClock,
    hasher: RandomState,
    seen: AtomicU32,
    max_keys: usize,
}

impl Limiter {
    fn new(rate: Rate, max_keys: usize) -> Self {
        let quota = Quota::per_minute(rate.per_minute).allow_burst(rate.burst);
        Self {
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            hasher: RandomState::new(),
            seen: AtomicU32::new(0),
            max_keys,
        }
    }

    /// Counts one; when there are too many keys, only by the group.
    fn check(&self, group: impl Hash + Copy, within: impl Hash) -> Result<(), Failure> {
        if self.seen.fetch_add(1, Ordering::Relaxed).checked_rem(SWEEP_EVERY) == Some(0) {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let key = if self.limiter.len() < self.max_keys {
            self.hasher.hash_one((group, within))
        } else {
            self.hasher.hash_one(group).checked_rem(SHARED_KEYS).unwrap_or_default()
        };
        self.limiter
            .check_key(&key)
            .map_err(|refused| Failure::Throttled { seconds: whole_seconds(refused.wait_time_from(self.clock.now())) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::num::NonZeroU32;
    use std::time::Duration;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

    fn two() -> Rate {
        Rate { burst: NonZeroU32::new(2).unwrap(), per_minute: NonZeroU32::new(1).unwrap() }
    }

    fn login_limiter() -> LoginLimiter {
        LoginLimiter::new(LoginThrottle { burst: two().burst, per_minute: two().per_minute })
    }

    #[test]
    fn each_name_and_each_address_is_counted_alone() {
        let limiter = login_limiter();
        assert!(limiter.check("a", HERE).is_ok());
        assert!(limiter.check("a", HERE).is_ok());
        assert!(matches!(limiter.check("a", HERE), Err(Failure::Throttled { seconds: 1..=60 })));
        assert!(limiter.check("b", HERE).is_ok());
        assert!(limiter.check("a", THERE).is_ok());
    }

    #[test]
    fn payments_and_reads_of_a_token_are_counted_apart_and_a_rate_of_none_counts_nothing() {
        let limits = CallLimits::new(Rates { payments: Some(two()), reads: None, bad_tokens: Some(two()) });
        assert!(limits.check(Pace::Payment, "a").is_ok() && limits.check(Pace::Payment, "a").is_ok());
        assert!(matches!(limits.check(Pace::Payment, "a"), Err(Failure::Throttled { .. })));
        assert!(limits.check(Pace::Payment, "b").is_ok());
        assert!((0..1_000).all(|_| limits.check(Pace::Read, "a").is_ok()));
        assert!(limits.check_bad_token(HERE).is_ok() && limits.check_bad_token(HERE).is_ok());
        assert!(limits.check_bad_token(HERE).is_err());
        assert!(limits.check_bad_token(THERE).is_ok());
    }

    #[test]
    fn a_flood_of_names_does_not_grow_the_memory_without_end() {
        let limiter = Limiter::new(two(), 100);
        let passed = (0..10_000).filter(|number: &u32| limiter.check(HERE, number.to_string()).is_ok()).count();
        assert!(limiter.limiter.len() <= 101, "{}", limiter.limiter.len());
        assert!(passed <= 102, "{passed}");
    }

    #[test]
    fn the_wait_is_rounded_up_to_whole_seconds() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(6)), 6);
    }
}

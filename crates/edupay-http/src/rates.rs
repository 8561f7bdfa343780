//! Slows log-ins down, per name and address. Names are not kept: a key is a keyed hash of both.

use crate::config::LoginThrottle;
use crate::failure::Failure;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How many keys are kept at most.
const MAX_KEYS: usize = 100_000;
/// Past that number, all names of an address share one of this many keys.
const SHARED_KEYS: u64 = 1_024;
/// After how many log-ins keys that no longer matter are dropped.
const SWEEP_EVERY: u32 = 1_024;

/// Counts log-ins.
pub(crate) struct LoginLimiter {
    limiter: DefaultKeyedRateLimiter<u64>,
    clock: DefaultClock,
    hasher: RandomState,
    seen: AtomicU32,
    max_keys: usize,
}

impl LoginLimiter {
    pub(crate) fn new(throttle: LoginThrottle) -> Self {
        Self::with_max_keys(throttle, MAX_KEYS)
    }

    fn with_max_keys(throttle: LoginThrottle, max_keys: usize) -> Self {
        let quota = Quota::per_minute(throttle.per_minute).allow_burst(throttle.burst);
        Self {
            limiter: DefaultKeyedRateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            hasher: RandomState::new(),
            seen: AtomicU32::new(0),
            max_keys,
        }
    }

    /// Counts one log-in.
    ///
    /// # Errors
    /// `Throttled`, with the seconds to wait.
    pub(crate) fn check(&self, name: &str, address: IpAddr) -> Result<(), Failure> {
        if self.seen.fetch_add(1, Ordering::Relaxed).checked_rem(SWEEP_EVERY) == Some(0) {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let key = if self.limiter.len() < self.max_keys {
            self.hasher.hash_one((name, address))
        } else {
            self.hasher.hash_one(address).checked_rem(SHARED_KEYS).unwrap_or_default()
        };
        self.limiter
            .check_key(&key)
            .map_err(|refused| Failure::Throttled { seconds: whole_seconds(refused.wait_time_from(self.clock.now())) })
    }
}

/// Rounded up, and at least one.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::num::NonZeroU32;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn throttle() -> LoginThrottle {
        LoginThrottle { burst: NonZeroU32::new(2).unwrap(), per_minute: NonZeroU32::new(1).unwrap() }
    }

    #[test]
    fn each_name_and_each_address_is_counted_alone() {
        let limiter = LoginLimiter::new(throttle());
        assert!(limiter.check("a", HERE).is_ok());
        assert!(limiter.check("a", HERE).is_ok());
        assert!(matches!(limiter.check("a", HERE), Err(Failure::Throttled { seconds: 1..=60 })));
        assert!(limiter.check("b", HERE).is_ok());
        assert!(limiter.check("a", IpAddr::V4(Ipv4Addr::BROADCAST)).is_ok());
    }

    #[test]
    fn a_flood_of_names_does_not_grow_the_memory_without_end() {
        let limiter = LoginLimiter::with_max_keys(throttle(), 100);
        let passed = (0..10_000).filter(|number| limiter.check(&number.to_string(), HERE).is_ok()).count();
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

//! How often readers of an unfinished thing may ask the gateway about it.
//!
//! What is absent: the looks of the background work, which have a schedule of their own. Each process
//! remembers its own readers; what it forgets costs a call to the gateway.

use crate::clock::Timestamp;
use crate::ids::GatewayOrderNo;
use chrono::TimeDelta;
use std::collections::HashMap;

/// After a few looks at once an attempt may be looked at this often.
const INTERVAL: TimeDelta = TimeDelta::seconds(3);
/// How far ahead of its interval an attempt may be: three looks at once. A client that pays and reads again at
/// once is answered at once.
const AHEAD: TimeDelta = TimeDelta::seconds(6);
/// How many attempts are remembered before those are forgotten that may be looked at anyway.
const REMEMBERED: usize = 4_096;

/// Which attempts were looked at by readers a moment ago.
#[derive(Debug, Default)]
pub(super) struct RecentLooks {
    /// When each attempt has earned its looks so far.
    earned_at: HashMap<GatewayOrderNo, Timestamp>,
}

impl RecentLooks {
    /// Whether this attempt may be looked at now; if so, it counts as looked at.
    pub(super) fn grants(&mut self, number: &GatewayOrderNo, now: Timestamp) -> bool {
        if self.earned_at.len() >= REMEMBERED {
            self.earned_at.retain(|_, earned_at| *earned_at > now);
        }
        let earned = self.earned_at.get(number).copied().unwrap_or(now).max(now);
        if earned.signed_duration_since(now) > AHEAD || self.earned_at.len() >= REMEMBERED.saturating_mul(4) {
            return false;
        }
        let next = earned.checked_add_signed(INTERVAL).unwrap_or(earned);
        self.earned_at.insert(number.clone(), next);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> GatewayOrderNo {
        GatewayOrderNo::parse(text).unwrap()
    }

    fn second(seconds: i64) -> Timestamp {
        crate::schedule::later(Timestamp::default(), TimeDelta::seconds(seconds))
    }

    #[test]
    fn a_reader_who_asks_again_and_again_is_granted_three_looks_and_then_one_each_interval() {
        let mut recent = RecentLooks::default();
        let granted: Vec<_> = (0..30).filter(|at| recent.grants(&number("1"), second(*at))).collect();
        assert_eq!(granted.len(), 12, "{granted:?}");
        let at_once: Vec<_> = (0..10).filter(|_| recent.grants(&number("2"), second(0))).collect();
        assert_eq!(at_once.len(), 3);
        assert!(recent.grants(&number("1"), second(60)), "whoever pauses is served again");
    }

    #[test]
    fn what_was_earned_long_ago_is_forgotten() {
        let mut recent = RecentLooks::default();
        for attempt in 0..REMEMBERED {
            assert!(recent.grants(&number(&attempt.to_string()), second(0)));
        }
        assert!(recent.grants(&number("x"), second(10)));
        assert_eq!(recent.earned_at.len(), 1);
    }
}

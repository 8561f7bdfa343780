//! Time that moves only when it is told to.

use chrono::{DateTime, TimeDelta};
use edupay_domain::clock::{Clock, Timestamp, whole_micros};
use std::sync::{Mutex, PoisonError};

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct FixedClock {
    now: Mutex<Timestamp>,
}

impl FixedClock {
    /// A clock that stands at this moment, cut to whole microseconds.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { now: Mutex::new(whole_micros(now)) }
    }

    /// Puts it to another moment, earlier or later.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = whole_micros(now);
    }

    /// Moves it on, or back by a negative step; answers the new time. A step out of the calendar
    /// moves nothing.
    pub fn step(&self, by: TimeDelta) -> Timestamp {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add_signed(by).map_or(*now, whole_micros);
        *now
    }
}

/// The moment of seed 001: 2016-06-15 03:53:50.598744 UTC.
impl Default for FixedClock {
    fn default() -> Self {
        Self::new(DateTime::from_timestamp_micros(1_465_962_830_598_744).unwrap_or_default())
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told_to() {
        let clock = FixedClock::default();
        assert_eq!(clock.now().to_rfc3339(), "2016-06-15T03:53:50.598744+00:00");
        assert_eq!(clock.now(), clock.now());
        let later = clock.step(TimeDelta::nanoseconds(1_500));
        assert_eq!(later.to_rfc3339(), "2016-06-15T03:53:50.598745+00:00");
        clock.step(TimeDelta::MAX);
        assert_eq!(clock.now(), later);
    }
}

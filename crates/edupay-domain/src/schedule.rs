//! When what is unfinished is looked at again: one schedule for everything that waits for a gateway.
//!
//! It is a function of when a thing began and of the time, so nothing counts its tries and a program that
//! was down goes on as if it had not been. It holds where the gateway was heard: what the gateway did not
//! answer waits for the end of its lease only, see [`LEASE`].

use crate::clock::Timestamp;
use chrono::TimeDelta;

/// How old a thing is when it is looked at, as long as it is not finished.
pub const STEPS: [TimeDelta; 7] = [
    TimeDelta::seconds(10),
    TimeDelta::minutes(1),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(6),
    TimeDelta::hours(24),
];

/// How often after the last step.
pub const EVERY: TimeDelta = TimeDelta::hours(24);

/// From this age on a person is told; looking goes on.
pub const FOR_A_PERSON: TimeDelta = TimeDelta::hours(24);

/// How long whoever works on a thing has it alone. It is longer than the calls of one try may take, and short
/// enough that what a gateway out of reach left undone is done within a minute of its return.
pub const LEASE: TimeDelta = TimeDelta::seconds(45);

/// For how long a lease must still run when something begins that must not be done twice.
const HALF_A_LEASE: TimeDelta = TimeDelta::milliseconds(22_500);
/// The shortest time between two looks: a step that is nearer has been taken by the look before it.
const APART: TimeDelta = TimeDelta::seconds(5);

/// When a thing that began then is looked at next: at the first step that is still to come, then every
/// [`EVERY`]. It is always later than now.
#[must_use]
pub fn next(began: Timestamp, now: Timestamp) -> Timestamp {
    let soonest = later(now, APART);
    let step = STEPS.iter().map(|age| later(began, *age)).find(|at| *at >= soonest);
    step.unwrap_or_else(|| daily(began, soonest))
}

/// The lease of who begins to work now.
#[must_use]
pub fn leased(now: Timestamp) -> Timestamp {
    later(now, LEASE)
}

/// Whether what must not be done twice may still be begun under this lease: in its first half only, so that it
/// has ended before somebody else takes over, however slow the steps before it were.
#[must_use]
pub fn may_begin(leased_until: Timestamp, now: Timestamp) -> bool {
    later(now, HALF_A_LEASE) <= leased_until
}

/// So much later; a moment that no calendar has is as good as never, and stays.
#[must_use]
pub fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(at)
}

/// The first moment from `soonest` on that is whole days after the thing began.
fn daily(began: Timestamp, soonest: Timestamp) -> Timestamp {
    let days = soonest.signed_duration_since(began).num_seconds().checked_div(EVERY.num_seconds()).unwrap_or(0);
    let whole = |days: i64| TimeDelta::try_days(days).and_then(|age| began.checked_add_signed(age));
    let candidates = [days, days.saturating_add(1)].into_iter().filter_map(whole);
    candidates.filter(|at| *at >= soonest).min().unwrap_or_else(|| later(soonest, EVERY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn second(seconds: i64) -> Timestamp {
        later(Timestamp::default(), TimeDelta::seconds(seconds))
    }

    #[test]
    fn a_thing_is_looked_at_at_each_step_and_then_every_day() {
        let steps = [10, 60, 300, 1_800, 7_200, 21_600, 86_400, 172_800, 259_200, 345_600];
        let mut now = second(0);
        for step in steps {
            now = next(second(0), now);
            assert_eq!(now, second(step));
        }
    }

    #[test]
    fn a_late_look_takes_the_steps_that_have_passed_with_it() {
        for (age, then) in [(0, 10), (4, 10), (6, 60), (11, 60), (299, 1_800), (8_000, 21_600), (86_399, 172_800)] {
            assert_eq!(next(second(0), second(age)), second(then), "at the age of {age} s");
        }
    }

    #[test]
    fn a_program_that_was_down_for_days_goes_on_with_the_day() {
        assert_eq!(next(second(0), second(259_207)), second(345_600));
    }

    proptest! {
        #[test]
        fn the_next_look_is_later_than_now_and_within_a_day(began in -10_000_000_i64..10_000_000, age in -90_000_i64..40_000_000) {
            let (began, now) = (second(began), second(began.saturating_add(age)));
            let at = next(began, now);
            prop_assert!(at >= later(now, APART));
            let first = later(began, TimeDelta::seconds(10));
            prop_assert!(at <= first.max(later(later(now, EVERY), APART)), "{at}");
        }

        #[test]
        fn later_looks_are_never_planned_for_earlier(age in 0_i64..1_000_000, more in 0_i64..1_000_000) {
            prop_assert!(next(second(0), second(age)) <= next(second(0), second(age.saturating_add(more))));
        }

        #[test]
        fn between_two_steps_there_is_one_look(step in 0_usize..6, part in 0_u32..100) {
            let (one, two) = (STEPS[step].num_seconds(), STEPS[step.saturating_add(1)].num_seconds());
            let at = one.saturating_add(two.saturating_sub(one.saturating_add(6)).saturating_mul(part.into()).saturating_div(100));
            prop_assert_eq!(next(second(0), second(at)), second(two));
        }

        #[test]
        fn nothing_begins_in_the_second_half_of_a_lease(after in 0_i64..100) {
            prop_assert_eq!(may_begin(leased(second(0)), second(after)), after <= 22);
        }

        #[test]
        fn a_lease_is_over_within_a_minute(now in 0_i64..1_000_000) {
            let until = leased(second(now));
            prop_assert!(until > second(now) && until < second(now.saturating_add(60)));
        }
    }
}

//! When an attempt is looked at: by the common schedule, shortly before its charge's time ends, and shortly
//! after.

use super::model::{AttemptStatus, ChargeAttempt, ClaimLook, ScheduleLook};
use crate::clock::Timestamp;
use crate::schedule::{self, later};
use chrono::TimeDelta;

/// How long before the end of its time a charge is looked at: a payment of which nobody told is found while
/// what it pays for still waits for it.
const BEFORE_THE_END: TimeDelta = TimeDelta::seconds(60);

/// When to look next at an attempt whose gateway has answered. Until its time ends the schedule counts from
/// the request; from then on it counts from the end, since a channel may take a while to tell of a payment
/// made at the last moment.
#[must_use]
pub fn next_look(attempt: &ChargeAttempt, now: Timestamp) -> Timestamp {
    let end = attempt.expires_at;
    if end <= now {
        return schedule::next(end, now);
    }
    let before = attempt.expires_at.checked_sub_signed(BEFORE_THE_END).filter(|at| *at > now);
    let next = schedule::next(attempt.requested_at, now);
    next.min(before.unwrap_or(end))
}

/// The claim of a look: granted when the attempt is unfinished and due.
#[must_use]
pub fn claim_look(command: &ClaimLook, attempt: &ChargeAttempt) -> Option<ChargeAttempt> {
    let due = is_unfinished(attempt) && attempt.look_at <= command.at;
    due.then(|| ChargeAttempt { look_at: command.until, ..attempt.clone() })
}

/// The look was made and the gateway has answered: the next one is due by the schedule. Only whoever holds the
/// lease may say so; meanwhile what the attempt pays for may have ended, and then it is due at once.
#[must_use]
pub fn schedule_look(command: &ScheduleLook, attempt: &ChargeAttempt) -> ChargeAttempt {
    let mut next = attempt.clone();
    if is_unfinished(attempt) && attempt.look_at == command.claimed_until {
        next.look_at = next_look(attempt, command.at);
    }
    next
}

fn is_unfinished(attempt: &ChargeAttempt) -> bool {
    matches!(attempt.status, AttemptStatus::Requested | AttemptStatus::Open)
}

/// The first look at a new attempt: somebody asks for its charge meanwhile.
#[must_use]
pub fn first_look(at: Timestamp) -> Timestamp {
    later(at, schedule::STEPS[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{GatewayOrderNo, OrderNo, UserId};
    use crate::money::Money;
    use crate::payments::{Channel, ChargeSubject};
    use proptest::prelude::*;

    fn second(seconds: i64) -> Timestamp {
        later(Timestamp::default(), TimeDelta::seconds(seconds))
    }

    /// Requested at 0, with this much time.
    fn attempt(life: i64) -> ChargeAttempt {
        ChargeAttempt {
            user_id: UserId::try_new(1).unwrap(),
            gateway_order_no: GatewayOrderNo::parse("12134676899915430002").unwrap(),
            subject: ChargeSubject::Order(OrderNo::parse("12134676899915430002").unwrap()),
            channel: Channel::Wx,
            amount: Money::try_from_fen(100).unwrap(),
            status: AttemptStatus::Open,
            charge_id: None,
            document: None,
            requested_at: second(0),
            expires_at: second(life),
            look_at: second(10),
        }
    }

    /// Every look from the first on, as seconds.
    fn looks(life: i64, count: usize) -> Vec<i64> {
        let (attempt, mut now) = (attempt(life), second(0));
        let mut next = || {
            now = next_look(&attempt, now);
            now.timestamp()
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn whoever_asks_for_a_charge_has_ten_seconds_for_it() {
        assert_eq!(first_look(second(5)), second(15));
    }

    #[test]
    fn a_charge_is_looked_at_by_the_schedule_and_around_its_end() {
        let hour = [10, 60, 300, 1_800, 3_540, 3_600, 3_610, 3_660, 3_900, 5_400, 10_800];
        assert_eq!(looks(3_600, hour.len()), hour);
        let day = [10, 60, 300, 1_800, 7_200, 21_600, 86_340, 86_400, 86_410, 86_460, 86_700, 88_200];
        assert_eq!(looks(86_400, day.len()), day);
        assert_eq!(looks(90, 6), [10, 30, 60, 90, 100, 150]);
    }

    #[test]
    fn only_who_holds_the_lease_plans_the_next_look() {
        let (user_id, gateway_order_no) = (attempt(3_600).user_id, attempt(3_600).gateway_order_no);
        let claim = ClaimLook {
            user_id,
            gateway_order_no: gateway_order_no.clone(),
            at: second(10),
            until: schedule::leased(second(10)),
        };
        let claimed = claim_look(&claim, &attempt(3_600)).unwrap();
        let command = ScheduleLook { user_id, gateway_order_no, claimed_until: claimed.look_at, at: second(11) };
        assert_eq!(schedule_look(&command, &claimed).look_at, second(60));
        // Its order was cancelled meanwhile, which made it due.
        let cancelled = ChargeAttempt { look_at: second(11), ..claimed.clone() };
        assert_eq!(schedule_look(&command, &cancelled), cancelled);
        let paid = ChargeAttempt { status: AttemptStatus::Paid, ..claimed };
        assert_eq!(schedule_look(&command, &paid), paid);
    }

    proptest! {
        #[test]
        fn a_look_is_always_ahead_and_the_end_is_never_missed(life in 90_i64..200_000, age in 0_i64..1_000_000) {
            let (attempt, now) = (attempt(life), second(age));
            let next = next_look(&attempt, now);
            prop_assert!(next > now && next <= later(later(now, schedule::EVERY), TimeDelta::seconds(5)));
            prop_assert!(now >= attempt.expires_at || next <= attempt.expires_at);
        }
    }
}

//! When a delivery is tried again.

use super::super::model::Delivery;
use chrono::TimeDelta;

/// The pauses after the first attempt, the second and so on, in seconds: 5 s, 5 min, 30 min, 2 h, 5 h,
/// 10 h, 14 h, 20 h, 24 h. After the attempt that follows the last one nothing more is tried, three days
/// after the first.
pub const PAUSES: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Into how many steps the longest lengthening of a pause is divided.
const STEPS: u128 = 1_000;
/// What share of a pause it is lengthened by at most: a fifth.
const SHARE: i64 = 5;

/// How long after an attempt that failed the next one is made; `None` when there is none. Lengthened by up
/// to a fifth, by the event's name and the attempt, so that what failed together does not come again
/// together.
#[must_use]
pub fn pause_before(delivery: &Delivery) -> Option<TimeDelta> {
    let index = usize::try_from(delivery.tries.saturating_sub(1)).ok()?;
    let pause = TimeDelta::seconds(*PAUSES.get(index)?);
    // The names are random, so their digits are; each attempt takes others of them.
    let random = delivery.event_id.bits().rotate_left(delivery.attempts.wrapping_mul(7)).checked_rem(STEPS)?;
    let steps = i64::try_from(STEPS).ok()?.checked_mul(SHARE)?;
    let more = pause.num_milliseconds().checked_mul(i64::try_from(random).ok()?)?.checked_div(steps)?;
    pause.checked_add(&TimeDelta::milliseconds(more))
}

#[cfg(test)]
mod tests {
    use super::super::super::rules_tests::delivery;
    use super::*;

    #[test]
    fn pauses_grow_over_more_than_a_day_and_end() {
        let mut all = 0;
        let mut last = TimeDelta::zero();
        for (tries, seconds) in (1..).zip(PAUSES) {
            let pause = pause_before(&Delivery { tries, attempts: tries, ..delivery(7) }).unwrap();
            assert!(
                pause >= TimeDelta::seconds(seconds) && pause <= TimeDelta::seconds(seconds + seconds / 5),
                "{pause}"
            );
            assert!(pause > last);
            (last, all) = (pause, all + seconds);
        }
        assert!(all > 24 * 3_600, "{all}");
        assert_eq!(pause_before(&Delivery { tries: 10, ..delivery(7) }), None);
    }

    #[test]
    fn what_failed_together_does_not_come_again_together() {
        let pauses: std::collections::BTreeSet<_> = (0..100_u128)
            .map(|n| delivery(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
            .filter_map(|delivery| pause_before(&Delivery { tries: 3, attempts: 3, ..delivery }))
            .collect();
        assert!(pauses.len() > 80, "{}", pauses.len());
    }
}

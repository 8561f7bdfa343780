//! The rule of the circuit: it opens when at least half of at least 20 calls of the last 30 seconds had no
//! answer. Then one call in ten seconds is let through; when that one is answered, the circuit is closed.
//! Time is told, never asked for.

use std::time::Duration;

/// How far back calls count.
const WINDOW: usize = 30;
/// Of fewer calls nothing is concluded.
const LEAST: u32 = 20;
/// Between two tries while the circuit is open.
const PAUSE: Duration = Duration::from_secs(10);

/// What may be done with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send it.
    Send,
    /// Send it: it is the one that tries whether the gateway answers again.
    Try,
    /// Don't.
    HoldBack,
}

/// Whether the gateway said anything; a refusal is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Yes,
    No,
}

/// The circuit.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    seconds: [Second; WINDOW],
    /// While it is open: when the next call is let through.
    open: Option<Duration>,
}

/// The calls that ended within one second.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    number: u64,
    calls: u32,
    unanswered: u32,
}

impl Breaker {
    /// What may be done with a call now.
    pub(super) fn ask(&mut self, now: Duration) -> Verdict {
        match self.open {
            None => Verdict::Send,
            Some(next) if now < next => Verdict::HoldBack,
            Some(_) => {
                self.open = Some(now.saturating_add(PAUSE));
                Verdict::Try
            }
        }
    }

    /// Notes what came of a call that was sent.
    pub(super) fn note(&mut self, now: Duration, verdict: Verdict, answered: Answered) {
        match (verdict, answered) {
            (Verdict::HoldBack, _) | (Verdict::Try, Answered::No) => {}
            (Verdict::Try, Answered::Yes) => *self = Self::default(),
            // What was sent before it opened says nothing new.
            (Verdict::Send, _) if self.open.is_some() => {}
            (Verdict::Send, _) => {
                self.count(now.as_secs(), answered);
                if self.is_broken(now.as_secs()) {
                    self.open = Some(now.saturating_add(PAUSE));
                }
            }
        }
    }

    /// For how long it stays open; `None` when it is closed.
    pub(super) fn open_for(&self, now: Duration) -> Option<Duration> {
        self.open.map(|next| next.saturating_sub(now))
    }

    fn count(&mut self, number: u64, answered: Answered) {
        let window = u64::try_from(WINDOW).unwrap_or(u64::MAX);
        let slot = number.checked_rem(window).and_then(|slot| usize::try_from(slot).ok());
        let Some(second) = slot.and_then(|slot| self.seconds.get_mut(slot)) else { return };
        if second.number != number {
            *second = Second { number, ..Second::default() };
        }
        second.calls = second.calls.saturating_add(1);
        second.unanswered = second.unanswered.saturating_add(u32::from(answered == Answered::No));
    }

    fn is_broken(&self, number: u64) -> bool {
        let window = u64::try_from(WINDOW).unwrap_or(u64::MAX);
        let counts = self.seconds.iter().filter(|second| number.saturating_sub(second.number) < window);
        let (calls, unanswered) = counts.fold((0_u32, 0_u32), |(calls, unanswered), second| {
            (calls.saturating_add(second.calls), unanswered.saturating_add(second.unanswered))
        });
        calls >= LEAST && unanswered.saturating_mul(2) >= calls
    }
}

#[cfg(test)]
mod tests {
    use super::Answered::{No, Yes};
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// So many calls with and without an answer, one after the other within that second.
    fn sent(breaker: &mut Breaker, second: u64, calls: &[(u32, Answered)]) {
        for (count, answered) in calls {
            for _ in 0..*count {
                let verdict = breaker.ask(at(second));
                breaker.note(at(second), verdict, *answered);
            }
        }
    }

    #[test]
    fn it_opens_at_half_of_twenty_calls_and_not_before() {
        for (calls, opens) in [
            (&[(19, No)][..], false),
            (&[(20, No)], true),
            (&[(11, Yes), (9, No)], false),
            (&[(10, Yes), (10, No)], true),
            (&[(100, Yes), (99, No)], false),
            (&[(100, Yes), (100, No)], true),
            (&[(1_000, Yes)], false),
        ] {
            let mut breaker = Breaker::default();
            sent(&mut breaker, 5, calls);
            assert_eq!(breaker.open_for(at(5)).is_some(), opens, "{calls:?}");
        }
    }

    #[test]
    fn calls_count_for_thirty_seconds() {
        for (later, opens) in [(0, true), (29, true), (30, false), (3_000, false)] {
            let mut breaker = Breaker::default();
            sent(&mut breaker, 7, &[(19, No)]);
            sent(&mut breaker, 7 + later, &[(1, No)]);
            assert_eq!(breaker.open_for(at(7 + later)).is_some(), opens, "{later} s later");
        }
        let mut breaker = Breaker::default();
        for second in 0..300 {
            sent(&mut breaker, second, &[(1, Yes), (u32::from(second % 3 == 0), No)]);
        }
        assert_eq!(breaker.open_for(at(300)), None);
    }

    #[test]
    fn while_it_is_open_one_call_in_ten_seconds_is_sent() {
        let mut breaker = Breaker::default();
        sent(&mut breaker, 100, &[(20, No)]);
        for (second, verdict) in [
            (100, Verdict::HoldBack),
            (109, Verdict::HoldBack),
            (110, Verdict::Try),
            (110, Verdict::HoldBack),
            (119, Verdict::HoldBack),
            (125, Verdict::Try),
            (134, Verdict::HoldBack),
        ] {
            assert_eq!(breaker.ask(at(second)), verdict, "at {second} s");
            breaker.note(at(second), verdict, No);
        }
        assert_eq!(breaker.open_for(at(134)), Some(at(1)));
    }

    #[test]
    fn one_answer_to_the_call_that_tries_closes_it_and_no_other_does() {
        let mut breaker = Breaker::default();
        let early = breaker.ask(at(100));
        sent(&mut breaker, 100, &[(20, No)]);
        breaker.note(at(101), early, Yes);
        assert!(breaker.open_for(at(101)).is_some(), "one that was sent before it opened");
        assert_eq!(breaker.ask(at(110)), Verdict::Try);
        breaker.note(at(112), Verdict::Try, Yes);
        assert_eq!((breaker.open_for(at(112)), breaker.ask(at(112))), (None, Verdict::Send));
        sent(&mut breaker, 113, &[(19, No)]);
        assert_eq!(breaker.open_for(at(113)), None, "what was before is forgotten");
    }
}

//! One gate: a number of places, and a short line in front of it. On the way in there is one atomic
//! exchange as long as there are places.

use super::Crowd;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Why a request was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The line was full.
    Line,
    /// It stood in the line for as long as anybody may.
    Waited,
    /// Too many bodies are still on their way.
    Bodies,
}

pub(super) struct Gate {
    places: usize,
    line: usize,
    wait: Duration,
    in_flight: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

/// A place among those that are worked on.
pub(crate) struct Permit<'a>(&'a Gate);

impl Gate {
    pub(super) fn new(places: usize, line: usize, wait: Duration) -> Self {
        Self {
            places: places.max(1),
            line,
            wait,
            in_flight: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    pub(super) fn crowd(&self) -> Crowd {
        Crowd { in_flight: self.in_flight.load(Ordering::Relaxed), waiting: self.waiting.load(Ordering::Relaxed) }
    }

    pub(super) async fn enter(&self) -> Result<Permit<'_>, Busy> {
        // Who comes while others wait goes behind them.
        if self.waiting.load(Ordering::Relaxed) == 0
            && let Some(permit) = self.try_enter()
        {
            return Ok(permit);
        }
        let _standing = Standing::join(self).ok_or(Busy::Line)?;
        let until = Instant::now().checked_add(self.wait).unwrap_or_else(Instant::now);
        loop {
            let mut freed = pin!(self.freed.notified());
            // Listening comes before looking, so that no place that is freed in between is missed.
            freed.as_mut().enable();
            if let Some(permit) = self.try_enter() {
                return Ok(permit);
            }
            if timeout_at(until, freed).await.is_err() {
                return self.try_enter().ok_or(Busy::Waited);
            }
        }
    }

    fn try_enter(&self) -> Option<Permit<'_>> {
        let one_more = |count: usize| count.checked_add(1).filter(|count| *count <= self.places);
        self.in_flight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).ok().map(|_| Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            self.0.freed.notify_one();
        }
    }
}

/// Somebody in the line.
struct Standing<'a>(&'a Gate);

impl<'a> Standing<'a> {
    fn join(gate: &'a Gate) -> Option<Self> {
        let one_more = |count: usize| count.checked_add(1).filter(|count| *count <= gate.line);
        gate.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).ok().map(|_| Self(gate))
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::join_all;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn who_finds_no_place_and_no_room_in_the_line_is_turned_away_at_once() {
        let gate = Gate::new(2, 1, LONG);
        let _held = (gate.enter().await.unwrap(), gate.enter().await.unwrap());
        let mut third = pin!(gate.enter());
        assert!(third.as_mut().now_or_never().is_none(), "it waits");
        assert_eq!(gate.crowd(), Crowd { in_flight: 2, waiting: 1 });
        assert_eq!(gate.enter().now_or_never().unwrap().err(), Some(Busy::Line));
    }

    #[tokio::test]
    async fn a_freed_place_goes_to_who_waits_longest() {
        let gate = Gate::new(1, 2, LONG);
        let held = gate.enter().await.unwrap();
        let (mut first, mut second) = (Box::pin(gate.enter()), Box::pin(gate.enter()));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        drop(held);
        assert!(second.as_mut().now_or_never().is_none());
        let entered = first.as_mut().now_or_never().unwrap().unwrap();
        drop(first);
        drop(entered);
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn the_wait_has_an_end() {
        let gate = Gate::new(1, 1, Duration::from_millis(1));
        let _held = gate.enter().await.unwrap();
        assert_eq!(gate.enter().await.err(), Some(Busy::Waited));
        assert_eq!(gate.crowd(), Crowd { in_flight: 1, waiting: 0 });
    }

    #[tokio::test]
    async fn who_goes_away_leaves_neither_place_nor_line_taken() {
        let gate = Gate::new(1, 1, LONG);
        let held = gate.enter().await.unwrap();
        let mut waiting = Box::pin(gate.enter());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(waiting);
        drop(held);
        assert_eq!(gate.crowd(), Crowd { in_flight: 0, waiting: 0 });
        assert!(gate.enter().now_or_never().is_some_and(|entered| entered.is_ok()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_more_than_the_places_are_in_at_once_and_nobody_is_forgotten() {
        static GATE: std::sync::OnceLock<Gate> = std::sync::OnceLock::new();
        let gate = GATE.get_or_init(|| Gate::new(3, 10_000, LONG));
        let crossing = |_| {
            tokio::spawn(async move {
                let permit = gate.enter().await.unwrap();
                let most = gate.crowd().in_flight;
                tokio::task::yield_now().await;
                drop(permit);
                most
            })
        };
        let most = join_all((0..2_000).map(crossing)).await.into_iter().map(Result::unwrap).max();
        assert!(most <= Some(3), "{most:?}");
        assert_eq!(gate.crowd(), Crowd { in_flight: 0, waiting: 0 });
    }
}

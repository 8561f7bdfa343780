//! Admission: how many requests are worked on at once, decided before anything is asked of the database.
//! A request that finds no place waits in a short line; one that finds the line full is turned away at
//! once, so that what was admitted stays as fast as ever.
//!
//! A quarter of everything is kept for callbacks: money that has been paid is never starved by readers.
//! What tells how the program is does not come through here.

mod gate;

pub(crate) use gate::{Busy, Permit};

use crate::config::AdmissionLimits;
use gate::Gate;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often a flood is mentioned in the log.
const MENTION_EVERY: Duration = Duration::from_secs(10);

/// The gates of the server.
pub(crate) struct Admission {
    general: Gate,
    callbacks: Gate,
    bodies: Bodies,
    callback_bodies: Bodies,
    started: Instant,
    mentioned: AtomicU64,
}

/// Which gate a request comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Everybody's.
    General,
    /// That of the callbacks.
    Callbacks,
    /// None: it tells how the program is, and nothing it does waits for the database.
    Outside,
}

impl Entrance {
    /// The entrance of a path.
    pub(crate) fn of(path: &str) -> Self {
        match path.strip_suffix('/').unwrap_or(path) {
            "/healthz" | "/readyz" | "/metrics" | "/openapi.json" | "/docs" => Self::Outside,
            path if path.starts_with("/webhooks/") => Self::Callbacks,
            path if path.starts_with("/docs/") => Self::Outside,
            _ => Self::General,
        }
    }
}

/// How full one gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) in_flight: usize,
    pub(crate) waiting: usize,
}

impl Admission {
    pub(crate) fn new(limits: AdmissionLimits) -> Self {
        let quarter = |all: usize| all.div_ceil(4);
        let (places, line) = (quarter(limits.in_flight), quarter(limits.waiting));
        Self {
            general: Gate::new(
                limits.in_flight.saturating_sub(places),
                limits.waiting.saturating_sub(line),
                limits.wait,
            ),
            callbacks: Gate::new(places, line, limits.wait),
            bodies: Bodies::new(limits.bodies),
            callback_bodies: Bodies::new(quarter(limits.bodies)),
            started: Instant::now(),
            mentioned: AtomicU64::new(0),
        }
    }

    /// Lets a request in, at once or after a short wait. Its place is free again when the permit is
    /// dropped.
    ///
    /// # Errors
    /// [`Busy`]: nothing was done.
    pub(crate) async fn enter(&self, entrance: Entrance) -> Result<Option<Permit<'_>>, Busy> {
        let gate = match entrance {
            Entrance::General => &self.general,
            Entrance::Callbacks => &self.callbacks,
            Entrance::Outside => return Ok(None),
        };
        let entered = gate.enter().await;
        if entered.is_err() {
            self.mention();
        }
        entered.map(Some)
    }

    /// Counts a body that is still on its way. Those of callbacks are counted apart, so that no slow sender
    /// keeps them out by the others' paths.
    ///
    /// # Errors
    /// [`Busy`]: too many are.
    pub(crate) fn await_body(&self, entrance: Entrance) -> Result<AwaitedBody<'_>, Busy> {
        let bodies = match entrance {
            Entrance::Callbacks => &self.callback_bodies,
            Entrance::General | Entrance::Outside => &self.bodies,
        };
        let before = bodies.count.fetch_add(1, Ordering::Relaxed);
        let awaited = AwaitedBody(bodies);
        if before < bodies.limit { Ok(awaited) } else { Err(Busy::Bodies) }
    }

    pub(crate) fn general(&self) -> Crowd {
        self.general.crowd()
    }

    pub(crate) fn callbacks(&self) -> Crowd {
        self.callbacks.crowd()
    }

    /// How many requests are worked on.
    pub(crate) fn in_flight(&self) -> usize {
        self.general().in_flight.saturating_add(self.callbacks().in_flight)
    }

    /// How many bodies are still on their way.
    pub(crate) fn awaited_bodies(&self) -> usize {
        let count = |bodies: &Bodies| bodies.count.load(Ordering::Relaxed);
        count(&self.bodies).saturating_add(count(&self.callback_bodies))
    }

    /// A flood is one line now and then, and not one for each request.
    fn mention(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let before = self.mentioned.load(Ordering::Relaxed);
        let pause = u64::try_from(MENTION_EVERY.as_millis()).unwrap_or(u64::MAX);
        let due = before == 0 || now.saturating_sub(before) >= pause;
        if due && self.mentioned.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let Crowd { in_flight, waiting } = self.general();
            tracing::warn!(in_flight, waiting, "more requests come than can be worked on; some are turned away");
        }
    }
}

/// Bodies that have not arrived in full. They hold no place among those that are worked on.
struct Bodies {
    limit: usize,
    count: AtomicUsize,
}

impl Bodies {
    fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), count: AtomicUsize::new(0) }
    }
}

/// One of them.
pub(crate) struct AwaitedBody<'a>(&'a Bodies);

impl Drop for AwaitedBody<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_have_an_entrance_of_their_own_and_probes_need_none() {
        for (path, entrance) in [
            ("/pay/pay_in_balance/", Entrance::General),
            ("/v1/me", Entrance::General),
            ("/", Entrance::General),
            ("/healthzz", Entrance::General),
            ("/webhooks/pingpp", Entrance::Callbacks),
            ("/webhooks/app-store/", Entrance::Callbacks),
            ("/healthz", Entrance::Outside),
            ("/readyz/", Entrance::Outside),
            ("/metrics", Entrance::Outside),
            ("/openapi.json", Entrance::Outside),
            ("/docs/swagger-ui.css", Entrance::Outside),
        ] {
            assert_eq!(Entrance::of(path), entrance, "{path}");
        }
    }

    #[tokio::test]
    async fn a_flood_of_readers_leaves_a_quarter_to_the_callbacks() {
        let limits = AdmissionLimits { in_flight: 8, waiting: 0, wait: Duration::ZERO, bodies: 1 };
        let admission = Admission::new(limits);
        let mut held = Vec::new();
        while let Ok(permit) = admission.enter(Entrance::General).await {
            held.push(permit);
        }
        assert_eq!(held.len(), 6);
        assert!(admission.enter(Entrance::Callbacks).await.is_ok_and(|permit| permit.is_some()));
        assert!(admission.enter(Entrance::Outside).await.is_ok_and(|permit| permit.is_none()));
        assert_eq!(admission.in_flight(), 6);
    }

    #[test]
    fn bodies_that_do_not_come_are_bounded() {
        let admission = Admission::new(AdmissionLimits { bodies: 2, ..AdmissionLimits::default() });
        let held = [admission.await_body(Entrance::General), admission.await_body(Entrance::General)];
        assert_eq!(admission.await_body(Entrance::General).err(), Some(Busy::Bodies));
        assert!(admission.await_body(Entrance::Callbacks).is_ok(), "callbacks are not kept out by others");
        drop(held);
        assert_eq!(admission.awaited_bodies(), 0);
        assert!(admission.await_body(Entrance::General).is_ok());
    }
}

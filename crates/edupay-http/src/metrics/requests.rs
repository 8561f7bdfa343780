//! Requests: how many, how they ended, how long they took, and which were turned away.

use super::page::{Family, Histogram, Sample, seconds};
use crate::admission::Busy;
use crate::failure::Failure;
use actix_web::http::Method;
use edupay_domain::payments::Postponement;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The statuses that this server gives; any other is counted as 0.
const STATUSES: [u16; 22] =
    [200, 201, 204, 303, 304, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 422, 429, 500, 503, 504];
const METHODS: [Method; 5] = [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::HEAD];
/// The upper bounds of the buckets, in microseconds and as they are read.
const BOUNDS: [u64; 13] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
];
const READ_BOUNDS: [&str; 13] =
    ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10"];
/// Requests of which no route is known: turned away, or of a path that is nobody's.
const NO_ROUTE: &str = "none";

/// Why a request was not worked on, or not to its end while its client waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The line in front of the gate was full.
    LineFull,
    /// It stood in that line too long.
    Waited,
    /// Too many bodies were on their way.
    Bodies,
    /// The body did not arrive in time.
    BodyTimeout,
    /// One called too often.
    Throttled,
    /// The work takes longer than the client may wait; it goes on.
    Deadline,
    /// No charges are asked for, since the gateway does not answer.
    ChargesHalted,
    /// The gateway asked for fewer charges.
    GatewayThrottled,
    /// There was no connection to the gateway, or no place among the charges that are asked for.
    GatewayUnreached,
    /// The server is ending.
    Draining,
}

impl Refused {
    const ALL: [(Self, &'static str); 10] = [
        (Self::LineFull, "line_full"),
        (Self::Waited, "waited"),
        (Self::Bodies, "bodies"),
        (Self::BodyTimeout, "body_timeout"),
        (Self::Throttled, "throttled"),
        (Self::Deadline, "deadline"),
        (Self::ChargesHalted, "charges_halted"),
        (Self::GatewayThrottled, "gateway_throttled"),
        (Self::GatewayUnreached, "gateway_unreached"),
        (Self::Draining, "draining"),
    ];

    /// Why this failure turned somebody away, if that is what it did.
    fn of(failure: &Failure) -> Option<Self> {
        match failure {
            Failure::Busy(Busy::Line) => Some(Self::LineFull),
            Failure::Busy(Busy::Waited) => Some(Self::Waited),
            Failure::Busy(Busy::Bodies) => Some(Self::Bodies),
            Failure::BodyTimeout => Some(Self::BodyTimeout),
            Failure::Throttled { .. } => Some(Self::Throttled),
            Failure::Late => Some(Self::Deadline),
            Failure::ChargePostponed(Postponement::Halted { .. }) => Some(Self::ChargesHalted),
            Failure::ChargePostponed(Postponement::Throttled) => Some(Self::GatewayThrottled),
            Failure::ChargePostponed(Postponement::Unreached) => Some(Self::GatewayUnreached),
            Failure::Draining => Some(Self::Draining),
            _ => None,
        }
    }
}

/// The counters of all routes, made once.
pub(crate) struct Requests {
    routes: HashMap<&'static str, RouteCounts>,
    others: RouteCounts,
    refused: [AtomicU64; Refused::ALL.len()],
}

/// What one route has answered.
struct RouteCounts {
    /// By method (the last is any other) and status (the last is any other).
    answers: [[AtomicU64; STATUSES.len() + 1]; METHODS.len() + 1],
    latency: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Requests {
    /// Counters for these routes.
    pub(crate) fn new(routes: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            routes: routes.into_iter().map(|route| (route, RouteCounts::new())).collect(),
            others: RouteCounts::new(),
            refused: zeros(),
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, route: &str, method: &Method, status: u16, took: Duration) {
        self.routes.get(route).unwrap_or(&self.others).count(method, status, took);
    }

    /// Counts a failure that turned somebody away.
    pub(crate) fn failed(&self, failure: &Failure) {
        if let Some(why) = Refused::of(failure) {
            self.refuse(why);
        }
    }

    fn refuse(&self, why: Refused) {
        let position = Refused::ALL.iter().position(|(each, _)| *each == why);
        if let Some(count) = position.and_then(|position| self.refused.get(position)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted so far.
    pub(crate) fn families(&self) -> Vec<Family> {
        let mut routes: Vec<_> = self.routes.iter().map(|(route, counts)| (*route, counts)).collect();
        routes.sort_unstable_by_key(|(route, _)| *route);
        routes.push((NO_ROUTE, &self.others));
        let answers = routes.iter().flat_map(|(route, counts)| counts.answers(route)).collect();
        let latencies = routes.iter().filter_map(|(route, counts)| counts.latencies(route)).collect();
        let refused = Refused::ALL
            .iter()
            .zip(&self.refused)
            .map(|((_, name), count)| Sample::new(count.load(Ordering::Relaxed)).with("reason", *name));
        vec![
            Family::counter("edupay_http_requests_total", "Requests answered.", answers),
            Family::histogram(
                "edupay_http_request_duration_seconds",
                "From the head of a request to its answer.",
                latencies,
            ),
            Family::counter(
                "edupay_http_refused_total",
                "Requests that were turned away, or not waited for to their end.",
                refused.collect(),
            ),
        ]
    }
}

impl RouteCounts {
    fn new() -> Self {
        Self { answers: std::array::from_fn(|_| zeros()), latency: zeros(), micros: AtomicU64::new(0) }
    }

    fn count(&self, method: &Method, status: u16, took: Duration) {
        let method = METHODS.iter().position(|each| each == method).unwrap_or(METHODS.len());
        let status = STATUSES.iter().position(|each| *each == status).unwrap_or(STATUSES.len());
        if let Some(count) = self.answers.get(method).and_then(|statuses| statuses.get(status)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.latency.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn answers(&self, route: &str) -> Vec<Sample> {
        let methods = METHODS.iter().map(Method::as_str).chain(["other"]);
        let of_method = methods.zip(&self.answers).flat_map(|(method, statuses)| {
            let statuses = STATUSES.iter().copied().chain([0]).zip(statuses);
            let seen = statuses.map(|(status, count)| (status, count.load(Ordering::Relaxed)));
            seen.filter(|(_, count)| *count > 0).map(move |(status, count)| {
                Sample::new(count).with("route", route).with("method", method).with("status", status.to_string())
            })
        });
        of_method.collect()
    }

    /// `None` as long as nobody was answered.
    fn latencies(&self, route: &str) -> Option<Histogram<'static>> {
        let counts: Vec<_> = self.latency.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        counts.iter().any(|count| *count > 0).then(|| Histogram {
            labels: vec![("route", route.to_owned())],
            bounds: &READ_BOUNDS,
            counts,
            sum: seconds(self.micros.load(Ordering::Relaxed)),
        })
    }
}

fn zeros<const COUNT: usize>() -> [AtomicU64; COUNT] {
    std::array::from_fn(|_| AtomicU64::new(0))
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;

    #[test]
    fn answers_are_counted_by_route_method_and_status_and_never_by_path() {
        let requests = Requests::new(["/v1/me", "/v1/orders"]);
        requests.answered("/v1/me", &Method::GET, 200, Duration::from_millis(2));
        requests.answered("/v1/me", &Method::GET, 200, Duration::from_secs(20));
        requests.answered("/v1/me", &Method::PATCH, 418, Duration::ZERO);
        requests.answered("/somebody/15201052252", &Method::GET, 404, Duration::ZERO);
        requests.failed(&Failure::Busy(Busy::Line));
        requests.failed(&Failure::NotFound);
        let page = render(&requests.families());
        for line in [
            "edupay_http_requests_total{route=\"/v1/me\",method=\"GET\",status=\"200\"} 2",
            "edupay_http_requests_total{route=\"/v1/me\",method=\"other\",status=\"0\"} 1",
            "edupay_http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1",
            "edupay_http_request_duration_seconds_bucket{route=\"/v1/me\",le=\"0.001\"} 1",
            "edupay_http_request_duration_seconds_bucket{route=\"/v1/me\",le=\"0.0025\"} 2",
            "edupay_http_request_duration_seconds_bucket{route=\"/v1/me\",le=\"+Inf\"} 3",
            "edupay_http_request_duration_seconds_sum{route=\"/v1/me\"} 20.002000",
            "edupay_http_refused_total{reason=\"line_full\"} 1",
            "edupay_http_refused_total{reason=\"draining\"} 0",
        ] {
            assert!(page.lines().any(|each| each == line), "{line}\n{page}");
        }
        assert!(!page.contains("15201052252") && !page.contains("/v1/orders"), "{page}");
    }

    #[test]
    fn every_bound_is_read_as_it_is() {
        for (micros, read) in BOUNDS.iter().zip(READ_BOUNDS) {
            assert_eq!(seconds(*micros).trim_end_matches('0').trim_end_matches('.'), read);
        }
    }
}

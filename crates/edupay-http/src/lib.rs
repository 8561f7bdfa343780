//! The HTTP face of edupay: one route table, one decoder for bodies, three error dialects.
//!
//! A request makes these hops, none of which both decides and does I/O: [`server`] accepts it, the
//! boundary gives it an id, the route table finds its handler, the extractors authenticate and
//! decode it, the handler calls a service of the domain and renders what it answers. Whatever goes
//! wrong on the way is one `Failure`; the boundary writes it in the dialect of the path.
//!
//! What is absent: rules, SQL and the gateway's protocol. This crate knows the domain's services and
//! none of their ports, and it holds no money in anything but the domain's `Money`.

mod admission;
mod boundary;
mod campus;
mod cashier;
mod config;
mod dialects;
mod drain;
mod excel;
mod extract;
mod failure;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod language;
mod latecomers;
mod links;
mod metrics;
mod once;
mod openapi;
mod ops;
mod pattern;
mod rates;
mod routes;
mod server;
mod services;
mod streams;
mod v1;
mod webhooks;
mod wire;
mod yian;

pub use config::{
    AdmissionLimits, BusinessFailureStatus, ForwardedFor, HttpConfig, LoginThrottle, Rate, Rates, WebPath,
};
pub use drain::Drain;
pub use excel::{differences_csv_head, differences_csv_line};
pub use metrics::{Family, Histogram, Kind, Sample};
pub use server::{Server, server};
pub use services::{Measures, Operations, Readiness, Services};

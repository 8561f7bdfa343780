//! A closed loop over HTTP: so many clients, each with one request under way. One thread, requests
//! made before the clock starts, nothing allocated per request: it shares its cores with what it
//! measures.

mod client;
mod reply;
mod requests;

pub(crate) use client::{Answers, Loop};
pub(crate) use requests::{Requests, refusals_among};

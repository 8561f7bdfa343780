//! Load over HTTP: a closed loop of so many clients, each with one request under way, a flood that comes
//! whether or not anybody answers, and connections that drip. One thread each, requests made before the clock
//! starts, nothing allocated per request: it shares its cores with what it measures.

mod client;
mod connection;
mod drip;
mod flood;
mod reply;
mod requests;

pub(crate) use client::{Answers, Loop};
pub(crate) use drip::Drip;
pub(crate) use flood::Flood;
pub(crate) use requests::{Requests, refusals_among};

//! What the server counts of itself, and the page on which everything that is counted is read
//! (`GET /metrics`, in Prometheus' text format). Counting a request is a few additions to atomics that
//! were made when the server started; nothing is looked up by the text of a path, and no label names
//! anybody.

mod page;
mod requests;

pub(crate) use page::render;
pub use page::{Family, Histogram, Kind, Sample};
pub(crate) use requests::Requests;

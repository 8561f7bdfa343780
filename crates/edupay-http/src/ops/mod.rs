//! For operators and integrators: whether the program lives and is ready, and the API's documents.

mod docs;
mod health;
mod metrics;

pub(crate) use docs::{docs_file, docs_folder, openapi};
pub(crate) use health::{healthz, readyz};
pub(crate) use metrics::metrics;

#[cfg(test)]
pub(crate) mod paths {
    //! The documented operations of this folder.
    pub(crate) use super::docs::__path_openapi;
    pub(crate) use super::health::{__path_healthz, __path_readyz};
    pub(crate) use super::metrics::__path_metrics;
}

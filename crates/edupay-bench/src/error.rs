//! Why the benchmark could not go on, with what was being done.

use std::error::Error as StdError;
use std::fmt::Display;

/// A failure with its causes.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Failure {
    what: String,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// A failure that says everything itself.
    pub(crate) fn new(what: impl Display) -> Self {
        Self { what: what.to_string(), source: None }
    }

    /// The failure and its causes on one line.
    pub(crate) fn line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            line.push_str(&format!(": {error}"));
            cause = error.source();
        }
        line
    }
}

/// Says what was being done when something failed.
pub(crate) trait Context<T> {
    fn context(self, what: impl Display) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Context<T> for Result<T, E> {
    fn context(self, what: impl Display) -> Result<T, Failure> {
        self.map_err(|error| Failure { what: what.to_string(), source: Some(error.into()) })
    }
}

//! Why the program could not do what it was asked: one line for whoever started it.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io::Write;

/// A failure of the program, with its causes.
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

    /// What was being done, and why it failed.
    pub(crate) fn caused(what: impl Display, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { what: what.to_string(), source: Some(source.into()) }
    }

    /// A setting that can't be used; the name comes first.
    pub(crate) fn setting(name: &str, why: impl Display) -> Self {
        Self::new(format!("{name}: {why}"))
    }

    /// Writes one line to standard error.
    pub(crate) fn print(&self) {
        let mut line = format!("edupay: {self}");
        let mut cause = self.source();
        while let Some(error) = cause {
            line.push_str(&format!(": {error}"));
            cause = error.source();
        }
        let _ = writeln!(std::io::stderr(), "{}", line.replace('\n', " "));
    }
}

/// Says what was being done when something failed.
pub(crate) trait Context<T> {
    fn context(self, what: &str) -> Result<T, Failure>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Context<T> for Result<T, E> {
    fn context(self, what: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::caused(what, error))
    }
}

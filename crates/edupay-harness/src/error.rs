//! Why the harness itself could not go on. What it finds wrong with the service is no failure of it.

use std::error::Error;
use std::fmt::Display;

/// One line that says it.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Says what was being done when something failed.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl Display) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Display) -> Result<T, Failure> {
        self.map_err(|error| {
            let error: Failure = error.into();
            let mut line = format!("{what}: {error}");
            let mut cause = error.source();
            while let Some(deeper) = cause {
                line.push_str(&format!(": {deeper}"));
                cause = deeper.source();
            }
            line.into()
        })
    }
}

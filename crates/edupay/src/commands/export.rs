//! CSV on standard output, as `import` reads it.

use crate::error::{Context, Failure};
use csv::Writer;
use std::io::{Stdout, stdout};

/// A table on its way out.
pub(super) struct Table(Writer<Stdout>);

impl Table {
    /// Writes the names of the fields.
    pub(super) fn new(fields: &[&str]) -> Result<Self, Failure> {
        let mut writer = Writer::from_writer(stdout());
        writer.write_record(fields).context("standard output")?;
        Ok(Self(writer))
    }

    /// Writes a row, whose fields are in the order of their names.
    pub(super) fn row(&mut self, fields: Vec<(&'static str, String)>) -> Result<(), Failure> {
        self.0.write_record(fields.into_iter().map(|(_, text)| text)).context("standard output")
    }

    /// Writes what is left. Dropped without it, the last rows could be missing unnoticed.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.0.flush().context("standard output")
    }
}

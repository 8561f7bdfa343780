//! `edupay config`.

use crate::error::{Context, Failure};
use crate::settings::{self, Overrides};

pub(super) fn run(overrides: &Overrides) -> Result<(), Failure> {
    let (_, figment) = settings::load(overrides)?;
    settings::print(&figment, &mut std::io::stdout().lock()).context("standard output")
}

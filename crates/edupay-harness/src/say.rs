//! What is said to whoever started the program: results on standard output, progress beside them.

use std::fmt::Display;
use std::io::Write;

/// A line of the result.
pub(crate) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// A line for a person.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

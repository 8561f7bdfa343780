//! What is said to whoever started the program: results on standard output, progress beside them.

use std::fmt::Display;
use std::io::Write;

/// A line of the result.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line of progress.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

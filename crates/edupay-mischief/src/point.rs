//! The fail point that the environment names.

use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The variable that names it.
const VARIABLE: &str = "MISCHIEF_POINT";
/// Longer than a client of the database waits, shorter than a run.
const LONG: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Exit,
    Panic,
    Sleep,
}

#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    name: String,
    action: Action,
    /// It happens when the point is reached for this time.
    at: u64,
}

static WANTED: LazyLock<Option<Wanted>> = LazyLock::new(|| parse(&std::env::var(VARIABLE).ok()?));
static REACHED: AtomicU64 = AtomicU64::new(0);

/// The point of this name is reached.
#[expect(clippy::panic, reason = "a panic is what the harness asks for")]
pub fn reach(name: &str) {
    let Some(wanted) = WANTED.as_ref().filter(|wanted| wanted.name == name) else { return };
    if REACHED.fetch_add(1, Ordering::SeqCst).saturating_add(1) != wanted.at {
        return;
    }
    let _ = writeln!(std::io::stderr(), "fail point {name}: {:?}", wanted.action);
    match wanted.action {
        // Without a word to anybody: no destructor runs, nothing is flushed.
        Action::Exit => std::process::exit(86),
        Action::Panic => panic!("fail point {name}"),
        Action::Sleep => std::thread::sleep(LONG),
    }
}

/// From `tx.commit.after=exit@3`.
fn parse(text: &str) -> Option<Wanted> {
    let (name, rest) = text.split_once('=')?;
    let (action, at) = rest.split_once('@').unwrap_or((rest, "1"));
    let action = match action {
        "exit" => Action::Exit,
        "panic" => Action::Panic,
        "sleep" => Action::Sleep,
        _ => return None,
    };
    Some(Wanted { name: name.to_owned(), action, at: at.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_named_with_what_happens_and_when() {
        let wanted = |at| Some(Wanted { name: "a.b".to_owned(), action: Action::Exit, at });
        assert_eq!(parse("a.b=exit@3"), wanted(3));
        assert_eq!(parse("a.b=exit"), wanted(1));
        for text in ["a.b", "a.b=explode", "a.b=exit@x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

//! What the service wrote of itself.

use super::Violation;
use crate::error::{Doing, Failure};
use crate::world::CANARY;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

/// I14, of what was written since the last look; `read_to` is moved there.
pub(crate) fn check_log(path: &Path, read_to: &mut u64, may_panic: bool) -> Result<Vec<Violation>, Failure> {
    let mut file = File::open(path).doing("the service's log")?;
    file.seek(SeekFrom::Start(*read_to)).doing("the service's log")?;
    let mut reader = BufReader::new(file);
    let mut found = Vec::new();
    let mut line = Vec::new();
    while let Ok(count @ 1..) = reader.read_until(b'\n', &mut line) {
        *read_to = read_to.saturating_add(u64::try_from(count).unwrap_or_default());
        let text = String::from_utf8_lossy(&line);
        if [CANARY, "sk_test_", "whsec_"].into_iter().any(|secret| text.contains(secret)) {
            found.push(Violation::new("I14", format!("a secret is in the log: {}", text.trim())));
        }
        if !may_panic && text.contains("panicked at") {
            found.push(Violation::new("I14", text.trim()));
        }
        line.clear();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_secrets_are_found_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("service.log");
        let lines = format!("all is well\nthread 'lane-0' panicked at src/x.rs:1:1:\nToken {CANARY}00\n");
        std::fs::write(&log, lines).unwrap();
        let mut read_to = 0;
        assert_eq!(check_log(&log, &mut read_to, false).unwrap().len(), 2);
        assert!(check_log(&log, &mut read_to, false).unwrap().is_empty());
    }
}

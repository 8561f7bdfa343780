//! What no program may tell in its log, whatever a test does with it: every log of every suite is looked
//! through when its program ends.

use super::shop::{XIAOCHEN, XIAOYU};
use std::fs;
use std::path::Path;

/// The demo's: the sandbox's key, and the tokens and the password of its users.
const OF_THE_DEMO: [&str; 4] = ["sk_test_edupay000000000000000000", XIAOCHEN, XIAOYU, "demo-pass"];

/// The first secret that is in this text: one of the demo's, or a line of a private key in this folder.
pub(crate) fn told(text: &str, folder: &Path) -> Option<String> {
    let fixed = OF_THE_DEMO.iter().find(|secret| text.contains(**secret)).map(|secret| (*secret).to_owned());
    fixed.or_else(|| key_lines(folder).into_iter().find(|line| text.contains(line)))
}

fn key_lines(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() {
            found.extend(key_lines(&path));
        } else if path.extension().is_some_and(|extension| extension == "pem" || extension == "p8") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            if text.contains("PRIVATE KEY") {
                // The first line is the same for every key of a kind, and the last may be short.
                let lines = text.lines().filter(|line| !line.starts_with("--")).skip(1);
                found.extend(lines.filter(|line| line.len() > 20).map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn a_token_and_a_line_of_a_key_are_found() {
    let folder = tempfile::TempDir::new().expect("a temporary directory");
    fs::create_dir(folder.path().join("keys")).expect("a folder");
    let line = "canary-line-of-a-private-key-0123456789";
    let key = format!("-----BEGIN PRIVATE KEY-----\nMII\n{line}\n-----END PRIVATE KEY-----\n");
    fs::write(folder.path().join("keys/a.pem"), key).expect("a file");
    assert_eq!(told("nothing", folder.path()), None);
    assert_eq!(told(&format!("a {line} b"), folder.path()).as_deref(), Some(line));
    assert_eq!(told(&format!("token={XIAOYU}"), folder.path()).as_deref(), Some(XIAOYU));
}

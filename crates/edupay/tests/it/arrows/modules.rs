//! The arrows between the domain's modules, over its source text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module of the domain may use besides itself.
const ALLOWED: &[(&str, &[&str])] = &[
    // The ground everybody stands on.
    ("money", &[]),
    ("clock", &[]),
    ("ids", &["clock"]),
    ("store", &[]),
    ("events", &["money", "ids", "clock"]),
    ("schedule", &["clock"]),
    // The contexts.
    ("ledger", GROUND),
    ("idempotency", &["clock", "ids", "store"]),
    ("products", GROUND),
    ("payments", &["money", "clock", "ids", "store", "events", "schedule", "ledger"]),
    ("accounts", &["money", "clock", "ids", "store", "events", "ledger", "products"]),
    (
        "orders",
        &["money", "clock", "ids", "store", "events", "ledger", "idempotency", "accounts", "products", "payments"],
    ),
    ("packages", &["money", "clock", "ids", "store", "events", "ledger", "idempotency", "accounts", "payments"]),
    ("event_delivery", &["clock", "ids", "store", "events"]),
    ("reconciliation", &["money", "clock", "ids", "store", "packages", "payments"]),
    (
        "app_store",
        &["money", "clock", "ids", "store", "events", "schedule", "ledger", "accounts", "products", "payments"],
    ),
    (
        "refunds",
        &[
            "money", "clock", "ids", "store", "events", "schedule", "ledger", "orders", "packages", "payments",
            "top_ups",
        ],
    ),
    (
        "recovery",
        &[
            "money",
            "clock",
            "ids",
            "store",
            "events",
            "schedule",
            "app_store",
            "orders",
            "packages",
            "payments",
            "refunds",
        ],
    ),
    ("cashier", &["money", "clock", "ids", "store", "accounts", "orders", "packages"]),
    (
        "top_ups",
        &["money", "clock", "ids", "store", "events", "ledger", "idempotency", "accounts", "products", "payments"],
    ),
];

const GROUND: &[&str] = &["money", "clock", "ids", "store", "events"];

/// A module and one that it uses.
type Arrow = (String, String);

fn breaches(arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let allowed = |from: &str| ALLOWED.iter().find(|(name, _)| *name == from).map(|(_, to)| *to);
    let mut found = Vec::new();
    for (from, to) in arrows {
        match allowed(from) {
            None => found.push(format!("{from} is not in the list of modules")),
            Some(targets) if from == to || targets.contains(&to.as_str()) => {}
            Some(_) => found.push(format!("{from} -> {to} is no allowed arrow")),
        }
    }
    found
}

/// The modules that a text names as `crate::module`, or in a group `crate::{one, two::three}`.
fn named_modules(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = code.collect::<Vec<_>>().join("\n");
    for (at, matched) in code.match_indices("crate::") {
        // `my_crate::` is somebody else.
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = code[at + matched.len()..].trim_start();
        match rest.strip_prefix('{') {
            Some(group) => found.extend(first_segments(group)),
            None => found.extend(identifier(rest)),
        }
    }
    found
}

/// The first segment of each path in a group, up to the brace that closes it.
fn first_segments(group: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_u32;
    let mut starts = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts = true,
            c if starts && !c.is_whitespace() => {
                found.extend(identifier(&group[at..]));
                starts = false;
            }
            _ => {}
        }
    }
    found
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    // Modules are lower case; `crate::Something` is a re-export of the root.
    name.starts_with(|c: char| c.is_ascii_lowercase()).then_some(name)
}

fn arrows() -> BTreeSet<Arrow> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../edupay-domain/src");
    let mut arrows = BTreeSet::new();
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).expect("below the root");
        let first = inside.components().next().expect("a file").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        // The root names all modules, and so do the tests of the codes of all of them.
        if module == "lib" || module == "codes_tests" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        arrows.extend(named_modules(&text).into_iter().map(|to| (module.to_owned(), to)));
    }
    arrows
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_module_of_the_domain_uses_one_above_it() {
    let arrows = arrows();
    assert!(!arrows.is_empty(), "the domain's source was not found");
    assert_eq!(breaches(&arrows), Vec::<String>::new());
}

#[test]
fn an_import_added_by_hand_is_noticed() {
    for (from, to) in [
        ("ledger", "accounts"),
        ("money", "ledger"),
        ("payments", "orders"),
        ("orders", "top_ups"),
        ("packages", "orders"),
        ("payments", "packages"),
        ("payments", "refunds"),
        ("payments", "recovery"),
        ("orders", "refunds"),
        ("products", "accounts"),
        ("newcomer", "money"),
    ] {
        let mut arrows = arrows();
        arrows.insert((from.to_owned(), to.to_owned()));
        assert_eq!(breaches(&arrows).len(), 1, "{from} -> {to}");
    }
}

#[test]
fn imports_are_found_however_they_are_written() {
    let source = "use crate::money::Money;\n\
        use crate::{ids::{UserId, OrderNo}, clock, ledger::Posting};\n\
        // use crate::absent::Comment;\n\
        fn f() -> crate::orders::Order { my_crate::other::g() }\n\
        use crate::Root;\n";
    let expected = ["clock", "ids", "ledger", "money", "orders"];
    assert_eq!(named_modules(source), expected.map(str::to_owned).into());
}

//! The arrows between crates, over `cargo metadata`.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::BTreeSet;

/// One line of a manifest: `from` depends on `to`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Arrow {
    from: String,
    to: String,
    kind: Kind,
    optional: bool,
}

/// Build dependencies count as normal ones: both end up in what is shipped or in how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Shipped,
    TestsOnly,
}

/// Our own crates: every arrow there may be.
const ALLOWED: &[(&str, &[&str])] = &[
    ("edupay-domain", &[]),
    ("edupay-persistence", &["edupay-domain", "edupay-mischief"]),
    ("edupay-pingpp", &["edupay-domain", "edupay-mischief"]),
    ("edupay-appstore", &["edupay-domain"]),
    ("edupay-webhooks", &["edupay-domain"]),
    ("edupay-http", &["edupay-domain", "edupay-mischief"]),
    ("edupay-bills", &["edupay-domain"]),
    ("edupay-sandbox", &["edupay-pingpp"]),
    ("edupay-testkit", &["edupay-domain"]),
    // Measures the program from outside.
    ("edupay-bench", &[]),
    // Empty in whatever ships.
    ("edupay-mischief", &[]),
    // Breaks the program from outside.
    ("edupay-harness", &[]),
    (
        "edupay",
        &[
            "edupay-domain",
            "edupay-persistence",
            "edupay-pingpp",
            "edupay-appstore",
            "edupay-webhooks",
            "edupay-bills",
            "edupay-http",
            "edupay-mischief",
            "edupay-sandbox",
        ],
    ),
];

/// What the domain is built from, and whether it is optional. Whoever embeds it pays for each.
const DOMAIN: &[(&str, bool)] =
    &[("async-trait", false), ("chrono", false), ("mockall", true), ("rust_decimal", false), ("thiserror", false)];

/// Crates that only some of ours may ship with.
const CONFINED: &[(&str, &[&str])] = &[
    ("diesel", &["edupay-persistence"]),
    ("diesel_migrations", &["edupay-persistence"]),
    ("actix-web", &["edupay-http", "edupay-sandbox", "edupay"]),
    ("ureq", &["edupay-pingpp", "edupay-appstore", "edupay-webhooks", "edupay-sandbox"]),
];

/// Each arrow that the lists above do not allow, as a sentence.
fn breaches(arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let mut found = Vec::new();
    for arrow in arrows {
        let Arrow { from, to, kind, optional } = arrow;
        if to == "edupay-testkit" {
            if *kind == Kind::Shipped {
                found.push(format!("{from} ships the testkit"));
            }
            continue;
        }
        if *kind == Kind::TestsOnly {
            continue;
        }
        match ALLOWED.iter().find(|(name, _)| name == from) {
            None => found.push(format!("{from} is not in the list of crates")),
            Some((_, allowed)) => {
                if to.starts_with("edupay") && !allowed.contains(&to.as_str()) {
                    found.push(format!("{from} -> {to} is no allowed arrow"));
                }
            }
        }
        if from == "edupay-domain" && !DOMAIN.contains(&(to.as_str(), *optional)) {
            found.push(format!("the domain depends on {to} (optional: {optional})"));
        }
        if let Some((_, homes)) = CONFINED.iter().find(|(name, _)| name == to)
            && !homes.contains(&from.as_str())
        {
            found.push(format!("{from} uses {to}, whose place is {homes:?}"));
        }
    }
    for (needed, optional) in DOMAIN {
        let there = arrows
            .iter()
            .any(|arrow| arrow.from == "edupay-domain" && arrow.to == *needed && arrow.kind == Kind::Shipped);
        if !there {
            found.push(format!("the domain no longer uses {needed} (optional: {optional}); shorten the list"));
        }
    }
    found
}

fn arrows(metadata: &Metadata) -> BTreeSet<Arrow> {
    let packages = metadata.workspace_packages();
    let lines = packages.iter().flat_map(|package| {
        package.dependencies.iter().map(|dependency| Arrow {
            from: package.name.to_string(),
            to: dependency.name.clone(),
            kind: match dependency.kind {
                DependencyKind::Development => Kind::TestsOnly,
                _ => Kind::Shipped,
            },
            optional: dependency.optional,
        })
    });
    lines.collect()
}

pub(super) fn workspace() -> Metadata {
    // The manifests alone say it; resolving them would need the registry.
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata")
}

#[test]
fn no_crate_depends_on_one_it_may_not_know() {
    assert_eq!(breaches(&arrows(&workspace())), Vec::<String>::new());
}

#[test]
fn an_arrow_added_by_hand_is_noticed() {
    let honest = arrows(&workspace());
    let shipped =
        |from: &str, to: &str| Arrow { from: from.to_owned(), to: to.to_owned(), kind: Kind::Shipped, optional: false };
    for added in [
        shipped("edupay-http", "edupay-persistence"),
        shipped("edupay-domain", "edupay-pingpp"),
        shipped("edupay-sandbox", "edupay-domain"),
        shipped("edupay-domain", "serde"),
        shipped("edupay-domain", "mockall"),
        shipped("edupay-http", "diesel"),
        shipped("edupay-persistence", "actix-web"),
        shipped("edupay", "ureq"),
        shipped("edupay", "edupay-testkit"),
        shipped("edupay-newcomer", "edupay-domain"),
    ] {
        let mut arrows = honest.clone();
        arrows.insert(added.clone());
        assert!(!breaches(&arrows).is_empty(), "{added:?}");
    }
}

#[test]
fn the_testkit_may_be_used_by_the_tests_of_anyone() {
    let mut arrows = arrows(&workspace());
    arrows.insert(Arrow {
        from: "edupay-pingpp".to_owned(),
        to: "edupay-testkit".to_owned(),
        kind: Kind::TestsOnly,
        optional: false,
    });
    assert_eq!(breaches(&arrows), Vec::<String>::new());
}

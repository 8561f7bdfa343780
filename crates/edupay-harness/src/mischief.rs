//! The planted bugs and the fail points that the program can be built with. Its sources name them too;
//! a test holds the two lists together.

use crate::kinds::{Fault, Store};

/// A planted bug, and where it shows.
#[derive(Debug)]
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) db: Store,
    pub(crate) fault: Fault,
}

const fn bug(name: &'static str, db: Store, fault: Fault) -> Bug {
    Bug { name, db, fault }
}

/// All of them; what lies in the money path of both databases on both.
pub(crate) const BUGS: &[Bug] = &[
    bug("ack_without_commit", Store::Sqlite, Fault::Kill),
    bug("ack_without_commit", Store::Postgres, Fault::Kill),
    bug("asynchronous_commit", Store::Postgres, Fault::Pgkill),
    bug("unknown_commit_is_failure", Store::Postgres, Fault::Cut),
    bug("timeout_is_refusal", Store::Sqlite, Fault::Gateway),
    bug("refund_without_listing", Store::Sqlite, Fault::Gateway),
    bug("claim_skipped", Store::Sqlite, Fault::Gateway),
    bug("course_owned_twice", Store::Sqlite, Fault::Kill),
    bug("event_not_written", Store::Sqlite, Fault::Kill),
    bug("event_not_written", Store::Postgres, Fault::Kill),
    bug("amount_not_compared", Store::Sqlite, Fault::Gateway),
    bug("signature_not_verified", Store::Sqlite, Fault::Kill),
    bug("wallet_not_written", Store::Sqlite, Fault::Kill),
    bug("line_not_written", Store::Sqlite, Fault::Kill),
    bug("line_not_written", Store::Postgres, Fault::Kill),
    bug("requests_cut_at_the_end", Store::Sqlite, Fault::Term),
    bug("token_in_log", Store::Sqlite, Fault::Kill),
    bug("charges_not_looked_after", Store::Sqlite, Fault::Gateway),
    bug("receipts_not_sent_back", Store::Sqlite, Fault::Kill),
    bug("delivery_not_repeated", Store::Sqlite, Fault::Kill),
    bug("transaction_credited_again", Store::Sqlite, Fault::Kill),
    bug("transaction_credited_again", Store::Postgres, Fault::Kill),
    bug("other_users_principal", Store::Sqlite, Fault::Kill),
];

/// All of them: before or after a step.
pub(crate) const POINTS: &[&str] = &[
    "tx.begin.before",
    "tx.commit.before",
    "tx.commit.after",
    "lane.load.after",
    "lane.decide.after",
    "lane.answer.before",
    "lane.answer.after",
    "effect.work.before",
    "effect.work.after",
    "gateway.create_charge.before",
    "gateway.create_charge.after",
    "gateway.find_charge.before",
    "gateway.find_charge.after",
    "gateway.find_charges.before",
    "gateway.find_charges.after",
    "gateway.reverse_charge.before",
    "gateway.reverse_charge.after",
    "gateway.create_refund.before",
    "gateway.create_refund.after",
    "gateway.list_refunds.before",
    "gateway.list_refunds.after",
    "worker.step.before",
    "worker.step.after",
];

/// What can happen at one.
pub(crate) const ACTIONS: [&str; 3] = ["exit", "panic", "sleep"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The names between this and the next quotation mark, in all sources but the harness's own and
    /// the documentation of the macros.
    fn names_after(mark: &str) -> BTreeSet<String> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut names = BTreeSet::new();
        let mut folders: Vec<_> = std::fs::read_dir(crates)
            .unwrap()
            .flatten()
            .map(|each| each.path())
            .filter(|path| !path.ends_with("edupay-harness") && !path.ends_with("edupay-mischief"))
            .map(|path| path.join("src"))
            .collect();
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|each| each.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|kind| kind == "rs") {
                    let text = std::fs::read_to_string(path).unwrap();
                    names.extend(text.split(mark).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                }
            }
        }
        names
    }

    #[test]
    fn every_planted_bug_and_every_fail_point_of_the_sources_is_listed() {
        let bugs = BUGS.iter().map(|bug| bug.name.to_owned()).collect();
        assert_eq!(names_after("planted!(\""), bugs);
        let points = POINTS.iter().map(|point| (*point).to_owned()).collect();
        assert_eq!(names_after("failpoint!(\""), points);
    }
}

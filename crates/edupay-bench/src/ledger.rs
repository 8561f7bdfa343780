//! What the benchmark needs from a database: seeds before a run, counts after it.

use crate::error::{Context, Failure};
use crate::orders::{Orders, Payers};
use std::path::Path;
use std::process::Command;

/// What a seeded wallet holds, and in how many adjustments it came there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wealth {
    pub(crate) entries: u64,
    pub(crate) fen_per_entry: u64,
}

/// Ten million yuan: enough for all payments of a whole evening.
pub(crate) const RICH: Wealth = Wealth { entries: 1, fen_per_entry: 1_000_000_000 };
/// Nothing, and no entry.
pub(crate) const BROKE: Wealth = Wealth { entries: 0, fen_per_entry: 0 };

/// What the books of all users say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Books {
    /// Debits less credits.
    pub(crate) difference: i64,
    /// What the wallets hold, less what was posted to them.
    pub(crate) drift: i64,
    /// How many wallets have a balance below zero.
    pub(crate) below_zero: i64,
}

/// A database that the service keeps its data in, with the service's schema.
pub(crate) trait Ledger {
    /// Its address, as the service is told.
    fn url(&self) -> &str;
    /// Adds users with tokens and wallets.
    fn add_users(&mut self, users: Payers, wealth: Wealth) -> Result<(), Failure>;
    /// Adds unpaid orders of one course each, and the courses.
    fn add_orders(&mut self, orders: &Orders) -> Result<(), Failure>;
    /// Gathers statistics and cleans up, after seeding.
    fn tidy(&mut self) -> Result<(), Failure>;
    /// Cleans up and writes out what earlier runs have left, so that no run pays for another's: the later
    /// ones of a round would otherwise be slower by a tenth.
    fn checkpoint(&mut self) -> Result<(), Failure>;
    /// How many of these orders are paid, and have an entry in the journal.
    fn paid(&mut self, orders: &Orders) -> Result<(u64, u64), Failure>;
    /// The sums of everything.
    fn books(&mut self) -> Result<Books, Failure>;
}

/// After a run: what was acknowledged is there, nothing more, and the books are right.
pub(crate) fn check(
    ledger: &mut dyn Ledger,
    name: impl std::fmt::Display,
    acknowledged: &[(Orders, u64)],
) -> Result<(), Failure> {
    for (orders, acknowledged) in acknowledged {
        let (paid, booked) = ledger.paid(orders)?;
        if paid != *acknowledged || booked != *acknowledged {
            return Err(Failure::new(format!(
                "{name}: {acknowledged} payments were acknowledged, {paid} orders are paid, {booked} are booked"
            )));
        }
    }
    match ledger.books()? {
        Books { difference: 0, drift: 0, below_zero: 0 } => Ok(()),
        wrong => Err(Failure::new(format!("{name}: the books are wrong: {wrong:?}"))),
    }
}

/// A command of the service on this database, with nothing of the caller's settings.
pub(crate) fn command(service: &Path, url: &str, folder: &Path) -> Command {
    let mut command = Command::new(service);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EDUPAY_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).env("EDUPAY_DATABASE_URL", url).env("EDUPAY_DATA_DIR", folder.join("data"));
    command
}

/// Brings the schema up to the service's.
pub(crate) fn migrate(service: &Path, url: &str, folder: &Path) -> Result<(), Failure> {
    finish(command(service, url, folder).arg("migrate"), "edupay migrate")
}

/// The service's own audit of every invariant.
pub(crate) fn verify(service: &Path, url: &str, folder: &Path) -> Result<(), Failure> {
    finish(command(service, url, folder).arg("verify"), "edupay verify")
}

fn finish(command: &mut Command, name: &str) -> Result<(), Failure> {
    let output = command.output().context(format!("{name} can't be started"))?;
    if output.status.success() {
        return Ok(());
    }
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(Failure::new(format!("{name} failed ({}): {} {}", output.status, said.trim(), wrong.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told {
        paid: (u64, u64),
        books: Books,
    }

    impl Ledger for Told {
        fn url(&self) -> &str {
            ""
        }
        fn add_users(&mut self, _: Payers, _: Wealth) -> Result<(), Failure> {
            Ok(())
        }
        fn add_orders(&mut self, _: &Orders) -> Result<(), Failure> {
            Ok(())
        }
        fn tidy(&mut self) -> Result<(), Failure> {
            Ok(())
        }
        fn checkpoint(&mut self) -> Result<(), Failure> {
            Ok(())
        }
        fn paid(&mut self, _: &Orders) -> Result<(u64, u64), Failure> {
            Ok(self.paid)
        }
        fn books(&mut self) -> Result<Books, Failure> {
            Ok(self.books)
        }
    }

    const RIGHT: Books = Books { difference: 0, drift: 0, below_zero: 0 };

    fn passes(paid: (u64, u64), books: Books) -> bool {
        let payers = Payers { first: 1, count: 1 };
        let orders = Orders { payers, first_number: 0, first_pk: 1, count: 9 };
        check(&mut Told { paid, books }, "a run", &[(orders, 5)]).is_ok()
    }

    #[test]
    fn only_what_was_acknowledged_may_be_paid_and_booked() {
        assert!(passes((5, 5), RIGHT));
        for wrong in [(4, 5), (6, 6), (5, 4)] {
            assert!(!passes(wrong, RIGHT), "{wrong:?}");
        }
    }

    #[test]
    fn wrong_books_fail_a_run() {
        for wrong in [Books { difference: 1, ..RIGHT }, Books { drift: -1, ..RIGHT }, Books { below_zero: 1, ..RIGHT }]
        {
            assert!(!passes((5, 5), wrong), "{wrong:?}");
        }
    }
}

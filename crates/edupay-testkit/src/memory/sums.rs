//! What an entry moves, added up from its postings.

use super::JournalRow;
use edupay_domain::ledger::{Direction, LedgerAccount};

/// Debits less credits of some accounts of one entry, in fen.
pub(super) fn signed(row: &JournalRow, of: impl Fn(LedgerAccount) -> bool) -> i128 {
    let postings = row.postings.iter().filter(|posting| of(posting.account));
    postings
        .map(|posting| match posting.direction {
            Direction::Debit => i128::from(posting.amount.fen()),
            Direction::Credit => i128::from(posting.amount.fen()).saturating_neg(),
        })
        .sum()
}

//! Double entry. An entry is balanced by construction and applied to the wallet by one function, so
//! a balance can't drift from its postings.
//!
//! No account of the platform has a balance row: platform sides are postings only, summed on
//! demand, so that no two payments of different users ever wait for one row.

mod entries;
#[cfg(test)]
mod entries_tests;
mod error;
mod model;
mod ports;
mod returns;
mod rules;
mod service;

pub use entries::{
    MoneyBack, adjust_balance, claw_back_app_store_play_money, claw_back_app_store_purchase, claw_back_top_up,
    confirm_order_charge, confirm_purchase_charge, credit_app_store_play_money, credit_app_store_purchase,
    credit_top_up, keep_unapplied_receipt, pay_from_balance, refund_order, refund_purchase, refund_unapplied_receipt,
    restore_app_store_play_money, restore_app_store_purchase,
};
pub use error::LedgerError;
pub use model::{
    Bucket, Direction, EntryKind, JournalEntry, LedgerAccount, PostedEntry, Posting, Recovery, Return, Split, Transfer,
    Wallet,
};
pub use ports::{AuditReport, Breach, LedgerStore, StatementCursor, StatementLine};
pub use returns::{give_back, take_back};
pub use rules::{post, split_spend};
pub use service::LedgerService;

#[cfg(feature = "mocks")]
pub use ports::MockLedgerStore;

//! Reconciliation: what we booked of charges and refunds against what the gateway, WeChat and Alipay tell
//! of the same days, in both directions.
//!
//! A run compares, and keeps what it found; it changes nothing else. What can be repaired is repaired by the
//! paths that a callback takes: the gateway is asked for the charge or the refund, and its answer is booked.
//! Both sides are read in pages and chunks. All that is remembered of a page is the ids of what was on it.
//!
//! What is absent: any edit of a balance, reading of files (see [`BillReader`]), and trust in a bill file:
//! money is only ever booked on the gateway's own word.

mod bill;
mod days;
mod difference;
mod error;
mod ports;
mod rules;
#[cfg(test)]
mod rules_tests;
mod run;
mod service;
mod sides;

pub use bill::{Bill, BillError, BillFault, BillKind};
pub use days::{Days, DaysError};
pub use difference::{Action, Difference, DifferenceKind, KeptDifference, Repair, Source, Standing, Thing};
pub use error::ReconcileError;
pub use ports::{
    BeginRunRule, BillReader, BooksCursor, GatewayLists, ListOnly, ListPage, ListQuery, OurBooks, Progress,
    ReconciliationStore, Silent, Stage,
};
pub use rules::{Begin, BillMatching, GatewayMatching, Lookup, begin_run, standing};
pub use run::{BeginRun, Counts, Daily, FinishRun, Run, RunStatus};
pub use service::{Reconciliation, ReconciliationPolicy, ReconciliationService, Repaired, WantedRun};
pub use sides::{
    BookedRefund, ListedCharge, OurNumber, OurPayment, OurRefund, PaymentState, TheirPayment, TheirRefund,
};

#[cfg(feature = "mocks")]
pub use ports::{MockBillReader, MockGatewayLists, MockOurBooks, MockReconciliationStore};

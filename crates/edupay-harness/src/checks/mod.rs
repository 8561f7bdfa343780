//! The invariants. They are written apart from the program's own audit, by other questions, so that
//! one mistake can't hide in both.
//!
//! | | what holds |
//! |---|---|
//! | I1 | all balances, the platform's included, sum to nothing |
//! | I2 | every entry has lines, and moves the balance as it says |
//! | I3 | every balance is the sum of its lines, and every entry is counted |
//! | I4 | no balance is below zero |
//! | I5 | what was acknowledged is there, as it was acknowledged |
//! | I6 | what was refused, and nothing else, left nothing |
//! | I7 | an order and a purchase are settled once if they are paid, else never; a course is owned through one paid order |
//! | I8 | each charge that the gateway calls paid is booked exactly once, and no other is |
//! | I9 | no more goes back than came in, and the gateway's refunds are ours |
//! | I10 | a purchase in the App Store is credited once |
//! | I11 | what happened has its event, once, and no event is of what did not happen; each is delivered, as it is, and nothing else |
//! | I12 | nothing is left unfinished that could be finished |
//! | I13 | whoever reads meanwhile sees sums that hold |
//! | I14 | the log has no panic and no secret |
//! | verify | the program's own audit finds nothing |

mod acknowledged;
mod deliveries;
mod gateway;
mod logs;
mod purchases;
mod statements;

use crate::database::Eye;
use crate::error::Failure;
use crate::history::Done;
use crate::sandbox::GatewayState;
use std::fmt;

pub(crate) use acknowledged::Applied;
pub(crate) use deliveries::{Hearsay, event_ids};
pub(crate) use logs::check_log;
pub(crate) use statements::{undelivered, unfinished};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// What must hold of the books at any moment, also in the middle of a run: one snapshot.
pub(crate) fn check_books(eye: &mut Eye) -> Result<Vec<Violation>, Failure> {
    in_one_snapshot(eye, |eye| statements::ask(eye, statements::BOOKS))
}

/// What others know: asked before the database is, so that nothing is expected there that was not there yet.
pub(crate) struct Known<'a> {
    pub(crate) done: &'a [Done],
    pub(crate) gateway: &'a GatewayState,
    pub(crate) hearsay: &'a Hearsay,
    /// Whether a request that was repeated under its key must not be done twice.
    pub(crate) once: bool,
}

/// What one look at everything has seen.
pub(crate) struct Seen {
    /// What must not be.
    pub(crate) found: Vec<Violation>,
    /// What is unfinished or undelivered at this moment.
    pub(crate) unfinished: Vec<Violation>,
    /// What became of requests whose answer was lost.
    pub(crate) applied: Applied,
}

/// What must hold after everything has come to rest: one snapshot, with what the clients, the gateway and
/// the receiver of events know.
pub(crate) fn check_all(eye: &mut Eye, known: &Known<'_>) -> Result<Seen, Failure> {
    in_one_snapshot(eye, |eye| {
        let mut found = statements::ask(eye, statements::BOOKS)?;
        found.extend(statements::ask(eye, statements::SETTLEMENTS)?);
        found.extend(gateway::check(eye, known.gateway)?);
        found.extend(deliveries::check(eye, known.hearsay)?);
        let (more, applied) = acknowledged::check(eye, known.done, known.once)?;
        found.extend(more);
        let mut unfinished = statements::ask(eye, statements::UNFINISHED)?;
        unfinished.extend(statements::ask(eye, statements::UNDELIVERED)?);
        Ok(Seen { found, unfinished, applied })
    })
}

fn in_one_snapshot<T>(eye: &mut Eye, look: impl FnOnce(&mut Eye) -> Result<T, Failure>) -> Result<T, Failure> {
    eye.look_down()?;
    let seen = look(eye);
    eye.look_up()?;
    seen
}

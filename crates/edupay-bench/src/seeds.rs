//! Who and what is in the database before a round: users by turns, users without money, one hot
//! account for each run that needs one, and the orders of every run.

use crate::error::Failure;
use crate::ledger::{BROKE, Ledger, RICH, Wealth};
use crate::options::Plan;
use crate::orders::{Numbering, Orders, Payers};
use crate::results::{Database, Mix, Run, Who};

/// How many users have nothing.
const BROKE_USERS: u64 = 500;

/// A run with the orders it will pay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) run: Run,
    /// Paid before the clock starts.
    pub(crate) warm: Orders,
    /// Paid while it runs.
    pub(crate) timed: Orders,
}

/// What a database was given.
pub(crate) struct Seeds {
    spread: Payers,
    broke: Orders,
    last: Payers,
    numbering: Numbering,
}

/// The token of a user.
pub(crate) fn token(user: u64) -> String {
    format!("{user:040x}")
}

impl Seeds {
    /// Adds the users that all rounds share, and the orders that nobody can pay.
    pub(crate) fn plant(ledger: &mut dyn Ledger, users: u64, wealth: Wealth) -> Result<Self, Failure> {
        let spread = Payers { first: 1, count: users };
        let poor = spread.after(BROKE_USERS);
        let mut numbering = Numbering::new();
        let broke = numbering.take(poor, poor.count);
        ledger.add_users(spread, wealth)?;
        ledger.add_users(poor, BROKE)?;
        ledger.add_orders(&broke)?;
        Ok(Self { spread, broke, last: poor, numbering })
    }

    /// The orders that must be refused.
    pub(crate) fn broke(&self) -> &Orders {
        &self.broke
    }

    /// Adds the orders of one run, at so many percent of the fastest rate.
    pub(crate) fn add(
        &mut self,
        ledger: &mut dyn Ledger,
        plan: &Plan,
        run: Run,
        percent: u64,
    ) -> Result<Planned, Failure> {
        let payers = match run.mix {
            Mix::Hot => {
                self.last = self.last.after(1);
                ledger.add_users(self.last, RICH)?;
                self.last
            }
            Mix::Spread | Mix::Refusals | Mix::Statement => self.spread,
        };
        let warm = self.numbering.take(payers, plan.capacity(percent, plan.warm_seconds()));
        let timed = self.numbering.take(payers, plan.capacity(percent, plan.seconds));
        if run.mix != Mix::Statement {
            ledger.add_orders(&warm)?;
            ledger.add_orders(&timed)?;
        }
        Ok(Planned { run, warm, timed })
    }
}

/// The runs of a round that the plan asks for.
pub(crate) fn chosen<'a>(
    plan: &'a Plan,
    database: Database,
    runs: &'a [(Who, Mix, u32, u64)],
) -> impl Iterator<Item = (Run, u64)> + 'a {
    let is_wanted = |who, mix, clients| match who {
        // The library has no clients to choose by.
        Who::Library(_) => plan.has_baseline() && plan.includes_mix(mix),
        Who::Pgbench => plan.has_baseline() && plan.includes(clients, mix),
        Who::Service => plan.includes(clients, mix),
    };
    let wanted = runs.iter().copied().filter(move |(who, mix, clients, _)| is_wanted(*who, *mix, *clients));
    wanted.map(move |(who, mix, clients, percent)| (Run::new(database, who, mix, clients), percent))
}

/// Every other round goes backwards: whoever comes later finds larger tables, and it should not
/// always be the same.
pub(crate) fn turn(planned: &mut [Planned], round: usize) {
    if round.is_multiple_of(2) {
        planned.reverse();
    }
}

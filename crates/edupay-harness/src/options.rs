//! The command line.

use crate::kinds::{Fault, Store};
use crate::mischief::{BUGS, Bug};
use clap::Parser;
use std::path::PathBuf;

/// Breaks the real service in every way that is asked for, under load, and then looks for money that
/// was lost, doubled or made up. Exit status 1 when an invariant is violated.
#[derive(Debug, Clone, Parser)]
#[command(name = "edupay-harness", version)]
pub(crate) struct Options {
    /// Where the service keeps its data
    #[arg(long, value_enum, required_unless_present = "planted")]
    db: Option<Store>,
    /// What is done to it
    #[arg(long, value_enum, required_unless_present = "planted")]
    fault: Option<Fault>,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) rounds: u32,
    /// What decides everything that is random [default: of this moment]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Go on with rounds until at least so many operations about money were acknowledged
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) operations: u64,
    /// Go on with rounds until at least so many orders were made
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) orders: u64,
    /// Append the figures to this file, as a row of a Markdown table
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The service's program
    #[arg(long, value_name = "FILE", default_value = "target/release/edupay")]
    pub(crate) service: PathBuf,
    /// Keep everything in this folder, also when all is well
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// How many clients are busy at once
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) clients: u64,
    /// All invariants are checked after so many rounds, and at the end
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) check_every: u32,
    /// Where initdb and pg_ctl are [default: found]
    #[arg(long, value_name = "DIR")]
    pub(crate) postgres_bin: Option<PathBuf>,
    /// The service has this planted bug, or one after the other all of them, and it must be caught
    /// (exit status 0 when it is)
    #[arg(long, value_name = "NAME|all")]
    planted: Option<String>,
    /// Only fail points whose name begins so
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) point: String,
}

/// What is done in one run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) db: Store,
    pub(crate) fault: Fault,
    pub(crate) planted: Option<&'static str>,
    pub(crate) seed: u64,
}

impl Options {
    /// The runs that are asked for, or why there can be none.
    pub(crate) fn plans(&self) -> Result<Vec<Plan>, &'static str> {
        if !self.service.is_file() {
            return Err("--service: there is no such program");
        }
        let seed = self.seed();
        let plan = |db, fault, planted| Plan { options: self.clone(), db, fault, planted, seed };
        let bugs = match self.planted.as_deref() {
            None => {
                let (Some(db), Some(fault)) = (self.db, self.fault) else { return Err("--db and --fault are needed") };
                let of_postgres = matches!(fault, Fault::Pgkill | Fault::Pgbackend | Fault::Cut);
                if of_postgres && db == Store::Sqlite {
                    return Err("this fault needs --db postgres");
                }
                return Ok(vec![plan(db, fault, None)]);
            }
            Some("all") => BUGS.iter().collect(),
            Some(name) => BUGS.iter().filter(|bug| bug.name == name).collect::<Vec<_>>(),
        };
        // What is planted on both databases is looked for on the one that is asked for, and once.
        let elsewhere = |bug: &Bug| self.db.is_some_and(|db| db != bug.db);
        let twins = |bug: &Bug| bugs.iter().filter(|other| other.name == bug.name).count() > 1;
        let bugs: Vec<_> = bugs.iter().filter(|bug| !(elsewhere(bug) && twins(bug))).collect();
        if bugs.is_empty() {
            return Err("--planted: there is no such bug");
        }
        let run =
            |bug: &&&'static Bug| plan(self.db.unwrap_or(bug.db), self.fault.unwrap_or(bug.fault), Some(bug.name));
        Ok(bugs.iter().map(run).collect())
    }

    /// The seed that was asked for, or one that nobody chose.
    fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |now| u64::from(now.subsec_micros()).wrapping_add(now.as_secs() << 20)) & 0xFFFF_FFFF
        })
    }
}

impl Plan {
    /// The command that does the same again.
    pub(crate) fn again(&self) -> String {
        let Options { rounds, operations, orders, clients, check_every, service, point, .. } = &self.options;
        let Self { db, fault, seed, .. } = self;
        let mut line = format!(
            "edupay-harness --db {db} --fault {fault} --rounds {rounds} --seed {seed} --operations {operations} \
             --orders {orders} --clients {clients} --check-every {check_every} --service {}",
            service.display()
        );
        if let Some(planted) = self.planted {
            line.push_str(&format!(" --planted {planted}"));
        }
        if !point.is_empty() {
            line.push_str(&format!(" --point {point}"));
        }
        line
    }
}

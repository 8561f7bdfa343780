//! What was measured under more load than the service holds, each figure with its target.

use super::spread;
use super::table::Table;
use crate::overload::Overload;
use crate::results::Database;

pub(super) const HEAD: &str = "\n## Overload\n\n\
    What it holds is what as many clients get as it has places. Then five times as many requests come, whether or \
    not they are answered; their times run from when they should have been sent. Afterwards the database held exactly \
    what was acknowledged. A missed target fails nothing.\n\n";

pub(super) fn table(measured: &[Overload]) -> Table {
    let mut table = Table::new(&["what", "measured", "target", ""]);
    for one in measured {
        let name = match one.database {
            Database::Sqlite => "SQLite",
            Database::Postgres | Database::SmallLedger | Database::LargeLedger => "PostgreSQL",
        };
        let mut row = |what: &str, measured: String, target: &str, is_met: Option<bool>| {
            let verdict = is_met.map_or("", |is_met| if is_met { "met" } else { "missed" });
            table.row(vec![format!("{name}: {what}"), measured, target.to_owned(), verdict.to_owned()]);
        };
        let (held, admitted) = (one.held.p99 / 1_000.0, one.admitted.p99 / 1_000.0);
        let (away, p99, slowest) = one.away;
        row("holds", format!("{:.0}/s with {} clients, p99 {held:.2} ms", one.held.rate, one.places), "", None);
        row("came", format!("{:.0}/s, at worst {:.1} ms late", one.came, one.behind), "", None);
        row("admitted", format!("{:.0}/s", one.admitted.rate), "", None);
        let twice = format!("≤ {:.2} ms and 1 s", held * 2.0);
        row(
            "p99 of what was admitted",
            format!("{admitted:.2} ms"),
            &twice,
            Some(admitted <= (held * 2.0).min(1_000.0)),
        );
        let turned = format!("{away} within {p99:.1} ms (99 %), {slowest:.1} ms (all)");
        row("turned away", turned, "≤ 50 ms", Some(slowest <= 50.0));
        let normal = one.normal_in.map_or_else(|| "no".to_owned(), |second| format!("in second {second}"));
        row("normal again", normal, "≤ 5 s", Some(one.normal_in.is_some_and(|second| second <= 5)));
        row("most memory", format!("{:.0} MiB", one.memory), "≤ 256 MiB", Some(one.memory <= 256.0));
        let drips = format!("{}, {} thrown out", spread(Some(one.dripped), 2, 1.0), one.thrown_out);
        row("p99 beside 200 dripping connections / without", drips, "≤ 1.20", Some(one.dripped.median <= 1.2));
    }
    table
}

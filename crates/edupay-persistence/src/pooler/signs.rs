//! What gives a pooler away, as rules over what was seen: no connection, no clock.

use crate::statements::{CacheReason, PreparedStatements, StatementCache, Statements};
use std::time::Duration;

/// How much older than our connection its server process may seem. A server starts a connection's
/// process after we began to connect and reads its age before we read the answer, so however slow
/// the network and the machines are, it is never older; this much is for clocks that run unevenly.
const TOLERANCE: Duration = Duration::from_millis(250);

/// How often statements must have been found again on another server process than before.
const MOVES: usize = 3;

/// The server process that answered. Process numbers repeat on another host of the same URL and
/// after a restart; together with the microsecond of the start they don't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) started_at: Option<i64>,
}

/// How old a connection and the process that answered it were, at its first answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    pub(super) of_process: Duration,
    /// Since just before we began to connect.
    pub(super) of_connection: Duration,
}

/// What a few new connections saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// Who answered the first one, each time that it asked outside of a transaction.
    pub(super) own: Vec<Process>,
    /// Who answered the others, in a transaction, while the first one was open.
    pub(super) others: Vec<Process>,
    pub(super) ages: Vec<Age>,
}

/// What gave a pooler away. Without one, a process serves one connection from its start to its
/// end, so none of these can be seen, but for a clock that is set forward (see [`seen`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Two open connections were served by one process.
    Shared,
    /// One connection was served by two processes.
    Moved,
    /// The process was older than the connection, so it had served somebody else.
    Older,
}

impl Sign {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Moved => "moved",
            Self::Older => "older",
        }
    }
}

impl Look {
    pub(super) fn sign(&self) -> Option<Sign> {
        let shared = self.own.iter().any(|process| self.others.contains(process));
        let moved = self.own.iter().zip(self.own.iter().skip(1)).any(|(before, after)| before != after);
        let older = self.ages.iter().any(|age| age.of_process > age.of_connection.saturating_add(TOLERANCE));
        match (shared, moved, older) {
            (true, _, _) => Some(Sign::Shared),
            (_, true, _) => Some(Sign::Moved),
            (_, _, true) => Some(Sign::Older),
            _ => None,
        }
    }
}

/// What lies between us and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Direct,
    Pooler(Sign),
    Unclear,
}

/// Whether another look is worth its time: nothing was seen, or an age alone.
pub(super) fn undecided(looks: &[Look]) -> bool {
    matches!(looks.last().map(Look::sign), None | Some(Some(Sign::Older)))
}

/// What the looks show together. An age needs a second look with new connections: a server's clock
/// that is set forward between a process's start and its answer makes the process look old, but
/// that does not happen in two looks in a row. The other signs don't depend on a clock.
pub(super) fn seen(looks: &[Look]) -> Seen {
    match looks.last().map(Look::sign) {
        None => Seen::Unclear,
        Some(None) => Seen::Direct,
        Some(Some(Sign::Older)) if looks.len() < 2 => Seen::Unclear,
        Some(Some(sign)) => Seen::Pooler(sign),
    }
}

/// One run of a prepared statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Echo {
    pub(super) pid: i32,
    pub(super) answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// What only our own statement can answer.
    Ours,
    /// Anything else.
    Foreign,
}

/// Whether the client found its own statement again wherever it was sent. One that never moved has
/// shown nothing.
pub(super) fn kept_apart(echoes: &[Echo]) -> bool {
    let moves = echoes.iter().zip(echoes.iter().skip(1)).filter(|(before, after)| before.pid != after.pid).count();
    moves >= MOVES && echoes.iter().all(|echo| echo.answer == Answer::Ours)
}

/// What follows from the setting and from what was seen.
pub(super) fn judge(setting: PreparedStatements, seen: Seen, kept_apart: bool) -> Statements {
    let (cache, reason) = match (setting, seen) {
        (PreparedStatements::On, _) => (StatementCache::On, CacheReason::Setting),
        (PreparedStatements::Off, _) => (StatementCache::Off, CacheReason::Setting),
        (PreparedStatements::Auto, Seen::Direct) => (StatementCache::On, CacheReason::Direct),
        (PreparedStatements::Auto, Seen::Unclear) => (StatementCache::Off, CacheReason::Unclear),
        (PreparedStatements::Auto, Seen::Pooler(_)) if kept_apart => {
            (StatementCache::On, CacheReason::PoolerKeepsThemApart)
        }
        (PreparedStatements::Auto, Seen::Pooler(_)) => (StatementCache::Off, CacheReason::Pooler),
    };
    Statements { cache, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PreparedStatements::{Auto, Off, On};

    fn processes(pids: &[i32]) -> Vec<Process> {
        pids.iter().map(|pid| Process { pid: *pid, started_at: Some(1_700_000_000_000_000) }).collect()
    }

    /// Ages in milliseconds: of the process, of the connection.
    fn look(own: &[i32], others: &[i32], ages: &[(u64, u64)]) -> Look {
        let age = |(process, connection): &(u64, u64)| Age {
            of_process: Duration::from_millis(*process),
            of_connection: Duration::from_millis(*connection),
        };
        Look { own: processes(own), others: processes(others), ages: ages.iter().map(age).collect() }
    }

    #[test]
    fn a_pooler_is_known_by_what_its_connections_do() {
        let direct = look(&[1, 1, 1, 1], &[2, 2], &[(2, 5), (2, 4)]);
        let aged = look(&[1, 1, 1, 1], &[2, 2], &[(60_000, 5), (2, 4)]);
        let moved = look(&[1, 3], &[2], &[(2, 5), (2, 4)]);
        for (what, looks, expected) in [
            ("each its own process", vec![direct.clone()], Seen::Direct),
            ("clocks that run unevenly", vec![look(&[1, 1], &[2], &[(251, 2), (200, 2)])], Seen::Direct),
            ("a slow way to the server", vec![look(&[1, 1], &[2], &[(2, 30_000), (9_000, 30_000)])], Seen::Direct),
            ("ages are not told", vec![look(&[1, 1], &[2], &[])], Seen::Direct),
            ("one process for two", vec![look(&[1], &[1], &[(2, 5)])], Seen::Pooler(Sign::Shared)),
            ("one that asked before", vec![look(&[1, 2], &[3, 1], &[])], Seen::Pooler(Sign::Shared)),
            ("another process than before", vec![moved.clone()], Seen::Pooler(Sign::Moved)),
            ("and back again", vec![look(&[1, 1, 3, 1], &[2, 2], &[])], Seen::Pooler(Sign::Moved)),
            ("old processes, twice", vec![aged.clone(), aged.clone()], Seen::Pooler(Sign::Older)),
            ("an old one, then another sign", vec![aged.clone(), moved], Seen::Pooler(Sign::Moved)),
            ("a clock that was set forward", vec![aged.clone(), direct], Seen::Direct),
            ("an old one, and no second look", vec![aged], Seen::Unclear),
            ("nothing was answered", vec![], Seen::Unclear),
        ] {
            assert_eq!(seen(&looks), expected, "{what}");
        }
    }

    #[test]
    fn the_same_number_on_another_host_is_another_process() {
        let mut look = look(&[7, 7], &[7], &[]);
        look.others = vec![Process { pid: 7, started_at: Some(1_700_000_000_000_001) }];
        assert_eq!(seen(&[look]), Seen::Direct);
    }

    #[test]
    fn another_look_is_taken_only_where_it_can_tell_more() {
        assert!(undecided(&[]));
        assert!(undecided(&[look(&[1, 1], &[2], &[(60_000, 5)])]));
        assert!(!undecided(&[look(&[1, 1], &[2], &[(2, 5)])]));
        assert!(!undecided(&[look(&[1], &[1], &[(60_000, 5)])]));
    }

    #[test]
    fn statements_are_kept_apart_if_each_answer_is_ours_wherever_it_came_from() {
        let ours =
            |pids: &[i32]| -> Vec<Echo> { pids.iter().map(|pid| Echo { pid: *pid, answer: Answer::Ours }).collect() };
        let mut one_foreign = ours(&[1, 2, 1, 2, 1]);
        one_foreign[3].answer = Answer::Foreign;
        for (what, echoes, expected) in [
            ("moved and found again", ours(&[1, 2, 1, 2, 1]), true),
            ("moved three times", ours(&[1, 1, 2, 2, 3, 3, 1]), true),
            ("moved too seldom", ours(&[1, 2, 2, 2, 1]), false),
            ("never moved", ours(&[1, 1, 1, 1, 1]), false),
            ("one wrong answer", one_foreign, false),
            ("no answer", vec![], false),
        ] {
            assert_eq!(kept_apart(&echoes), expected, "{what}");
        }
    }

    #[test]
    fn statements_are_prepared_where_that_is_known_to_be_safe_or_said_so() {
        let pooler = Seen::Pooler(Sign::Shared);
        let old = Seen::Pooler(Sign::Older);
        for (setting, seen, kept_apart, cache, reason) in [
            (Auto, Seen::Direct, false, StatementCache::On, CacheReason::Direct),
            (Auto, Seen::Unclear, false, StatementCache::Off, CacheReason::Unclear),
            (Auto, pooler, false, StatementCache::Off, CacheReason::Pooler),
            (Auto, pooler, true, StatementCache::On, CacheReason::PoolerKeepsThemApart),
            (Auto, old, false, StatementCache::Off, CacheReason::Pooler),
            (Auto, old, true, StatementCache::On, CacheReason::PoolerKeepsThemApart),
            (On, pooler, false, StatementCache::On, CacheReason::Setting),
            (On, Seen::Unclear, false, StatementCache::On, CacheReason::Setting),
            (Off, Seen::Direct, false, StatementCache::Off, CacheReason::Setting),
            (Off, pooler, true, StatementCache::Off, CacheReason::Setting),
        ] {
            let decided = judge(setting, seen, kept_apart);
            assert_eq!(decided, Statements { cache, reason }, "{setting:?} {seen:?} {kept_apart}");
        }
    }
}

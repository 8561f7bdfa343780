//! The database alone: pgbench calls `bench_pay`, each client for orders of its own.

use crate::error::{Context, Failure};
use crate::orders::{Orders, STRIDE};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Client c's nth call pays the order c + n * clients: neighbours in time are neighbours in number,
/// as they are for the service.
const SCRIPT: &str = "\\set k :n * :clients + :client_id\n\
    \\set n :n + 1\n\
    \\set payer :first_payer + (:k * :stride) % :payers\n\
    \\set no :first_number + :k\n\
    SELECT bench_pay(:payer::BIGINT, '1' || :no::TEXT);\n";

/// How pgbench is called.
pub(super) struct Pgbench<'a> {
    pub(super) program: PathBuf,
    pub(super) url: &'a str,
    pub(super) folder: &'a Path,
}

/// What it measured.
pub(super) struct Measured {
    pub(super) payments: u64,
    pub(super) elapsed: Duration,
    /// In microseconds.
    pub(super) latencies: Vec<u32>,
}

impl Pgbench<'_> {
    /// Pays these orders for so many seconds.
    pub(super) fn run(&self, orders: &Orders, clients: u32, seconds: u64) -> Result<Measured, Failure> {
        let script = self.folder.join("pay.sql");
        fs::write(&script, SCRIPT).context("pgbench's script can't be written")?;
        let logs = self.folder.join(format!("latencies-{}", orders.number(0)));
        let mut command = Command::new(&self.program);
        command.args(["--no-vacuum", "--protocol=prepared", "--log", "--random-seed=1"]);
        command.arg(format!("--log-prefix={}", logs.display()));
        command.args([
            format!("--client={clients}"),
            format!("--jobs={}", clients.min(2)),
            format!("--time={seconds}"),
        ]);
        for (name, value) in [
            ("n", 0),
            ("clients", u64::from(clients)),
            ("stride", STRIDE),
            ("first_payer", orders.payers.first),
            ("payers", orders.payers.count),
            ("first_number", orders.first_number),
        ] {
            command.arg(format!("--define={name}={value}"));
        }
        command.arg("--file").arg(&script).arg(self.url);
        let output = command.output().context("pgbench can't be started")?;
        let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(Failure::new(format!("pgbench failed (too few orders? see --capacity): {}", wrong.trim())));
        }
        let (payments, elapsed) =
            summary(&said).ok_or_else(|| Failure::new(format!("pgbench's summary can't be read: {said}")))?;
        let latencies = self.latencies(&logs)?;
        Ok(Measured { payments, elapsed, latencies })
    }

    /// From all files that pgbench's threads have written, which are then removed.
    fn latencies(&self, prefix: &Path) -> Result<Vec<u32>, Failure> {
        let prefix = prefix.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut all = Vec::new();
        for file in fs::read_dir(self.folder).context("pgbench's logs")? {
            let file = file.context("pgbench's logs")?;
            if file.file_name().to_string_lossy().starts_with(&prefix) {
                let text = fs::read_to_string(file.path()).context("pgbench's logs")?;
                all.extend(text.lines().filter_map(latency));
                fs::remove_file(file.path()).context("pgbench's logs")?;
            }
        }
        Ok(all)
    }
}

/// The third field of a line is the transaction's time in microseconds.
fn latency(line: &str) -> Option<u32> {
    line.split(' ').nth(2)?.parse().ok()
}

/// How many transactions, and in what time. The last rate is the one without connecting.
fn summary(said: &str) -> Option<(u64, Duration)> {
    let after = |name| said.lines().rev().find_map(|line| line.strip_prefix(name));
    let count = after("number of transactions actually processed: ")?;
    let count: u64 = count.split('/').next()?.trim().parse().ok()?;
    let rate: f64 = after("tps = ")?.split(' ').next()?.parse().ok()?;
    (count > 0).then_some(())?;
    Some((count, Duration::try_from_secs_f64(count as f64 / rate).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_any_version_is_read() {
        let new = "number of clients: 8\nnumber of transactions actually processed: 300\n\
            number of failed transactions: 0 (0.000%)\ninitial connection time = 5.1 ms\n\
            tps = 150.000000 (without initial connection time)\n";
        assert_eq!(summary(new), Some((300, Duration::from_secs(2))));
        let old = "number of transactions actually processed: 300/300\ntps = 140.0 (including connections establishing)\n\
            tps = 150.0 (excluding connections establishing)\n";
        assert_eq!(summary(old), Some((300, Duration::from_secs(2))));
        assert_eq!(summary("number of transactions actually processed: 0\ntps = 0.0 (x)\n"), None);
    }

    #[test]
    fn a_latency_is_the_third_field() {
        assert_eq!(latency("0 199 2241 0 1175850568 995598"), Some(2_241));
        assert_eq!(latency(""), None);
    }
}

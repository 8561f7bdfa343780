//! What the machine says of itself, under `/proc`.

use crate::error::{Context, Failure};
use std::fs;
use std::path::Path;

/// A line of the report's head: a name and what is to be known of it.
pub(crate) type Fact = (&'static str, String);

/// How much memory a process has, in MiB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) peak: f64,
}

/// Since the start of the machine, in ticks: how much time there was, and how much the host gave to
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    /// Now.
    pub(crate) fn now() -> Self {
        fs::read_to_string("/proc/stat").ok().and_then(|text| ticks(&text)).unwrap_or(Self { all: 0, stolen: 0 })
    }

    /// The share that was stolen since then, in percent.
    pub(crate) fn stolen_since(self) -> f64 {
        let now = Self::now();
        let all = now.all.saturating_sub(self.all).max(1);
        100.0 * now.stolen.saturating_sub(self.stolen) as f64 / all as f64
    }
}

fn ticks(stat: &str) -> Option<Ticks> {
    let mut words = stat.lines().next()?.split_whitespace();
    (words.next()? == "cpu").then_some(())?;
    // user, nice, system, idle, iowait, irq, softirq, steal; the guests after them are in user already.
    let fields: Vec<u64> = words.take(8).map_while(|word| word.parse().ok()).collect();
    Some(Ticks { all: fields.iter().sum(), stolen: fields.get(7).copied()? })
}

/// The memory of a process.
pub(crate) fn memory(pid: u32) -> Result<Memory, Failure> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("the service's memory can't be read")?;
    let mib = |name| kib(&text, name).map(|kib| kib as f64 / 1_024.0);
    match (mib("VmRSS:"), mib("VmHWM:")) {
        (Some(resident), Some(peak)) => Ok(Memory { resident, peak }),
        _ => Err(Failure::new("the service's memory can't be read")),
    }
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The processor time of a process so far, in microseconds. Linux counts it in hundredths of a second.
pub(crate) fn processor_time(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields after it are numbers.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map_while(|word| word.parse::<u64>().ok());
    Some(fields.next()?.saturating_add(fields.next()?).saturating_mul(10_000))
}

/// Processors and kernel, as lines for a person.
pub(crate) fn facts() -> Vec<Fact> {
    let cores = std::thread::available_parallelism().map_or_else(|_| "unknown".to_owned(), |cores| cores.to_string());
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| model(&text));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        ("cores", cores),
        ("processor", model.unwrap_or_else(|| "unknown".to_owned())),
        ("kernel", kernel.trim().to_owned()),
    ]
}

fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The kind of file system that holds this path, such as `ext4`.
pub(crate) fn file_system(path: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    holder(&mounts, &path).unwrap_or_else(|| "unknown".to_owned())
}

fn holder(mounts: &str, path: &Path) -> Option<String> {
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        Some((words.next()?, words.next()?))
    });
    let holding = mounted.filter(|(point, _)| path.starts_with(point));
    holding.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_the_eighth_field_of_the_first_line() {
        assert_eq!(ticks("cpu  10 0 5 80 1 0 1 3 9 9\ncpu0 1"), Some(Ticks { all: 100, stolen: 3 }));
        assert_eq!(ticks("intr 1"), None);
    }

    #[test]
    fn memory_is_read_by_its_name() {
        assert_eq!(kib("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n", "VmRSS:"), Some(1_024));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    fn the_longest_mount_point_holds_a_path() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(holder(mounts, Path::new("/tmp/x")).as_deref(), Some("tmpfs"));
        assert_eq!(holder(mounts, Path::new("/tmpx")).as_deref(), Some("ext4"));
    }
}

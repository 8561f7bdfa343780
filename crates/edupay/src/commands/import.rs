//! Rows of a CSV file, stored in chunks: what is wrong with a row is told with its line, and the others
//! go on. Only ids are remembered of what was read, so a file may be larger than the memory.

mod table;

use super::say;
use crate::error::{Context, Failure};
use clap::Args;
use csv::ByteRecord;
use edupay_domain::packages::{ImportMode, RowError};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::HashSet;
use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// How many rows are stored in one transaction.
const CHUNK: usize = 500;

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A CSV file in UTF-8 whose first line names the fields, as `export` writes one
    file: PathBuf,
    /// Names every bad row and changes nothing
    #[arg(long)]
    dry_run: bool,
}

/// A row that a chunk's rule refused.
pub(super) struct Refused {
    /// Which of the chunk.
    pub(super) row: usize,
    /// The field to blame, as the file names it.
    pub(super) field: &'static str,
    /// Why, for programs.
    pub(super) reason: &'static str,
}

/// What is imported: how a row is read, by what it is known, how a chunk is stored.
pub(super) trait Importer {
    /// A row that was read.
    type Draft;
    /// The names of the fields.
    const FIELDS: &'static [&'static str];

    fn parse(&self, fields: &[(&str, &str)]) -> Result<Self::Draft, Vec<RowError>>;

    /// What no other row of the file may have: the field and its text.
    fn keys(&self, draft: &Self::Draft) -> Vec<(&'static str, String)>;

    async fn put(&self, rows: Vec<Self::Draft>, mode: ImportMode) -> Result<Vec<Refused>, Failure>;
}

/// Imports a file. It fails when one row or more was refused; the others are stored.
pub(super) async fn run<I: Importer>(importer: &I, arguments: &Import) -> Result<ExitCode, Failure> {
    let file = File::open(&arguments.file).context("the file")?;
    let progress = progress(file.metadata().map_or(0, |metadata| metadata.len()));
    let mut reader = table::reader(file);
    let header = table::header(reader.byte_headers().context("the file")?, I::FIELDS)?;
    let mode = if arguments.dry_run { ImportMode::DryRun } else { ImportMode::Write };
    let mut import =
        Running { importer, mode, progress, chunk: Vec::new(), seen: HashSet::new(), counts: Counts::default() };
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).context("the file")? {
        import.progress.set_position(reader.position().byte());
        let line = record.position().map_or(0, csv::Position::line);
        import.take(line, &header, &record);
        if import.chunk.len() >= CHUNK {
            import.store().await?;
        }
    }
    import.store().await?;
    Ok(import.finish())
}

/// On a terminal only: a log is not to be filled with bars.
fn progress(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[derive(Default)]
struct Counts {
    rows: u64,
    taken: u64,
    refused: u64,
}

/// An import on its way.
struct Running<'a, I: Importer> {
    importer: &'a I,
    mode: ImportMode,
    progress: ProgressBar,
    /// Rows with their lines.
    chunk: Vec<(u64, I::Draft)>,
    /// The keys of all rows so far: two chunks must not store one thing twice.
    seen: HashSet<(&'static str, String)>,
    counts: Counts,
}

impl<I: Importer> Running<'_, I> {
    /// Reads a row; what is wrong with it is told.
    fn take(&mut self, line: u64, header: &[String], record: &ByteRecord) {
        self.counts.rows = self.counts.rows.saturating_add(1);
        let faults = match self.read(header, record) {
            Ok(draft) => {
                let keys = self.importer.keys(&draft);
                match keys.iter().find(|key| self.seen.contains(key)) {
                    Some((field, _)) => vec![((*field).to_owned(), "repeated")],
                    None => {
                        self.seen.extend(keys);
                        self.chunk.push((line, draft));
                        return;
                    }
                }
            }
            Err(faults) => faults,
        };
        self.counts.refused = self.counts.refused.saturating_add(1);
        for (field, reason) in faults {
            self.tell(line, &field, reason);
        }
    }

    fn read(&self, header: &[String], record: &ByteRecord) -> Result<I::Draft, Vec<(String, &'static str)>> {
        let fields = table::fields(header, record).map_err(|fault| vec![fault])?;
        let told = |error: RowError| (error.field, error.fault.code());
        self.importer.parse(&fields).map_err(|errors| errors.into_iter().map(told).collect())
    }

    /// Stores the chunk, or only judges it.
    async fn store(&mut self) -> Result<(), Failure> {
        let (lines, rows): (Vec<_>, Vec<_>) = std::mem::take(&mut self.chunk).into_iter().unzip();
        let Some(first) = lines.first() else { return Ok(()) };
        let (count, what) = (rows.len(), format!("the rows from line {first} on are not stored, those before are"));
        let refused = self.importer.put(rows, self.mode).await.context(&what)?;
        for row in &refused {
            self.tell(lines.get(row.row).copied().unwrap_or_default(), row.field, row.reason);
        }
        let (count, refused) =
            (u64::try_from(count).unwrap_or(u64::MAX), u64::try_from(refused.len()).unwrap_or(u64::MAX));
        self.counts.refused = self.counts.refused.saturating_add(refused);
        self.counts.taken = self.counts.taken.saturating_add(count.saturating_sub(refused));
        Ok(())
    }

    fn tell(&self, line: u64, field: &str, reason: &str) {
        self.progress.suspend(|| say(json!({ "line": line, "field": field, "reason": reason })));
    }

    fn finish(self) -> ExitCode {
        self.progress.finish_and_clear();
        let Counts { rows, taken, refused } = self.counts;
        say(json!({ "rows": rows, "taken": taken, "refused": refused, "dry_run": self.mode == ImportMode::DryRun }));
        if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

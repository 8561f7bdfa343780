//! What a run found: a table, a CSV file for spreadsheets, JSON.

use crate::commands::say;
use crate::error::{Context, Failure};
use edupay_domain::clock::Timestamp;
use edupay_domain::money::Money;
use edupay_domain::reconciliation::{KeptDifference, ReconciliationService, Repair, Repaired, Run, Source};
use edupay_http::{differences_csv_head, differences_csv_line};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// How many differences are read at once.
const PAGE: u32 = 500;
/// The columns of the table with their widths.
const COLUMNS: [(&str, usize); 7] =
    [("standing", 8), ("kind", 23), ("of", 8), ("name", 30), ("ours", 12), ("theirs", 12), ("action", 13)];

/// Where it goes.
pub(super) struct Output {
    csv: Option<BufWriter<File>>,
    json: Option<Json>,
}

enum Json {
    Stdout,
    File(BufWriter<File>),
}

impl Output {
    pub(super) fn open(csv: Option<&Path>, json: Option<&Path>) -> Result<Self, Failure> {
        let create = |path: &Path| File::create(path).map(BufWriter::new).context(&path.display().to_string());
        let json = match json {
            None => None,
            Some(path) if path == Path::new("-") => Some(Json::Stdout),
            Some(path) => Some(Json::File(create(path)?)),
        };
        Ok(Self { csv: csv.map(create).transpose()?, json })
    }

    pub(super) async fn write(
        mut self,
        service: &ReconciliationService,
        run: &Run,
        repaired: Option<Repaired>,
    ) -> Result<(), Failure> {
        // Standard output is either for programs or for people.
        let table = !matches!(self.json, Some(Json::Stdout));
        let mut rows = Vec::new();
        if let Some(csv) = &mut self.csv {
            csv.write_all(differences_csv_head().as_bytes()).context("--csv")?;
        }
        let mut above = 0;
        let mut headed = false;
        loop {
            let page = service.differences(run.id, above, PAGE).await.context("reconcile")?;
            let Some(last) = page.last() else { break };
            above = last.ordinal;
            for kept in &page {
                if let Some(csv) = &mut self.csv {
                    csv.write_all(differences_csv_line(run.id, kept).as_bytes()).context("--csv")?;
                }
                if table {
                    if !headed {
                        say(line(COLUMNS.map(|(name, _)| name.to_owned())));
                        headed = true;
                    }
                    say(line(cells(kept)));
                }
                if self.json.is_some() {
                    rows.push(difference(kept));
                }
            }
        }
        if let Some(csv) = &mut self.csv {
            csv.flush().context("--csv")?;
        }
        if table {
            say(summary(run, repaired));
        }
        let Some(json) = self.json else { return Ok(()) };
        let document = json!({ "run": view(run), "repaired": repaired.map(repair_counts), "differences": rows });
        match json {
            Json::Stdout => say(document),
            Json::File(mut file) => {
                writeln!(file, "{document}").and_then(|()| file.flush()).context("--json")?;
            }
        }
        Ok(())
    }
}

fn cells(kept: &KeptDifference) -> [String; 7] {
    let difference = &kept.difference;
    let is_amount = difference.field.ends_with("_fen");
    let value = |value: &Option<String>| match value {
        None => "-".to_owned(),
        Some(fen) if is_amount => yuan(fen).unwrap_or_else(|| fen.clone()),
        Some(value) => value.clone(),
    };
    [
        kept.standing.code().to_owned(),
        difference.kind.code().to_owned(),
        difference.thing.code().to_owned(),
        difference.name.clone(),
        value(&difference.ours),
        value(&difference.theirs),
        match &kept.repair {
            Repair::Open => difference.action.code().to_owned(),
            repair => repair.code().to_owned(),
        },
    ]
}

fn yuan(fen: &str) -> Option<String> {
    Some(Money::try_from_fen(fen.parse().ok()?).ok()?.to_string())
}

fn line(cells: [String; 7]) -> String {
    let padded = cells.iter().zip(COLUMNS).map(|(cell, (_, width))| format!("{cell:width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn summary(run: &Run, repaired: Option<Repaired>) -> String {
    let counts = run.counts;
    let sources = run.sources.iter().map(|source| source.code()).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "run {}: {} to {}, {sources}; payments: {} here, {} there; refunds: {} here, {} there; \
         {} differences ({} new), {} gone, {} hints",
        run.id,
        run.days.from(),
        run.days.to(),
        counts.our_payments,
        counts.their_payments,
        counts.our_refunds,
        counts.their_refunds,
        counts.differences,
        counts.new,
        counts.gone,
        counts.hints,
    );
    if let Some(Repaired { done, for_a_person, failed }) = repaired {
        text.push_str(&format!("; {done} repaired, {for_a_person} for a person, {failed} to be tried again"));
    }
    text
}

fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

fn view(run: &Run) -> Value {
    let counts = run.counts;
    json!({
        "id": run.id.get(),
        "from": run.days.from().to_string(),
        "to": run.days.to().to_string(),
        "sources": run.sources.iter().copied().map(Source::code).collect::<Vec<_>>(),
        "status": run.status.code(),
        "previous_id": run.previous.map(|id| id.get()),
        "started_at": time(run.started_at),
        "finished_at": run.finished_at.map(time),
        "our_payments": counts.our_payments,
        "their_payments": counts.their_payments,
        "our_refunds": counts.our_refunds,
        "their_refunds": counts.their_refunds,
        "differences": counts.differences,
        "new": counts.new,
        "gone": counts.gone,
        "hints": counts.hints,
    })
}

fn repair_counts(repaired: Repaired) -> Value {
    json!({ "done": repaired.done, "for_a_person": repaired.for_a_person, "failed": repaired.failed })
}

fn difference(kept: &KeptDifference) -> Value {
    let difference = &kept.difference;
    json!({
        "place": kept.ordinal,
        "standing": kept.standing.code(),
        "source": difference.source.code(),
        "thing": difference.thing.code(),
        "kind": difference.kind.code(),
        "field": difference.field,
        "name": difference.name,
        "gateway_order_no": difference.gateway_order_no,
        "charge_id": difference.charge_id.as_ref().map(|id| id.as_str()),
        "refund_id": difference.refund_id.as_ref().map(|id| id.as_str()),
        "ours": difference.ours,
        "theirs": difference.theirs,
        "action": difference.action.code(),
        "repair": kept.repair.code(),
    })
}

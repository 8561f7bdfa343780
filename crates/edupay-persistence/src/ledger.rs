//! The statement of a user.

use crate::audit;
use crate::codes::{Corrupt, coded, moment, money};
use crate::conn::on;
use crate::database::SqlStore;
use crate::schema::journal_entries;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{AuditReport, EntryKind, LedgerStore, StatementCursor, StatementLine};
use edupay_domain::store::StoreError;

#[derive(Queryable)]
struct EntryRow {
    number: i64,
    kind: String,
    reference: String,
    balance_before_fen: i64,
    balance_after_fen: i64,
    occurred_at: i64,
}

fn line(row: EntryRow) -> Result<StatementLine, Corrupt> {
    Ok(StatementLine {
        number: row.number,
        kind: coded("journal_entries.kind", &row.kind, &EntryKind::ALL, EntryKind::code)?,
        reference: row.reference,
        balance_before: money("journal_entries.balance_before_fen", row.balance_before_fen)?,
        balance_after: money("journal_entries.balance_after_fen", row.balance_after_fen)?,
        at: moment("journal_entries.occurred_at", row.occurred_at)?,
    })
}

#[async_trait]
impl LedgerStore for SqlStore {
    async fn statement(
        &self,
        user_id: UserId,
        below: StatementCursor,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError> {
        self.read(move |conn| {
            // By key from the newest down: a page costs the same wherever it lies.
            let query = journal_entries::table
                .filter(journal_entries::user_id.eq(user_id.get()))
                .filter(journal_entries::number.lt(below.unwrap_or(i64::MAX)))
                .order(journal_entries::number.desc())
                .limit(i64::from(limit))
                .select((
                    journal_entries::number,
                    journal_entries::kind,
                    journal_entries::reference,
                    journal_entries::balance_before_fen,
                    journal_entries::balance_after_fen,
                    journal_entries::occurred_at,
                ));
            let rows: Vec<EntryRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(line).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        self.read_snapshot(audit::report).await
    }
}

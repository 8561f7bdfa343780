//! Columns are found by their names, since their order has changed before.

use edupay_domain::reconciliation::{BillError, BillFault};

/// The columns that a header names.
#[derive(Debug)]
pub(crate) struct Columns {
    names: Vec<String>,
}

/// A line with its columns.
pub(crate) struct Row<'a> {
    columns: &'a Columns,
    fields: Vec<String>,
    line: u64,
}

impl Columns {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { names: names.into_iter().map(|name| named(&name)).collect() }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// The first of these columns that is there.
    pub(crate) fn first(&self, names: &[&'static str]) -> Result<&'static str, BillError> {
        let found = names.iter().copied().find(|name| self.has(name));
        found.ok_or_else(|| BillError::MissingColumn(names.first().copied().unwrap_or_default().to_owned()))
    }

    pub(crate) fn expect(&self, names: &[&'static str]) -> Result<(), BillError> {
        names.iter().try_for_each(|name| self.first(&[name]).map(|_| ()))
    }

    /// A line's fields, as many as there are columns or more: the last one may hold commas.
    pub(crate) fn row(&self, line: u64, fields: Vec<String>) -> Result<Row<'_>, BillFault> {
        if fields.len() < self.names.len() {
            return Err(BillFault { line, field: "row".to_owned(), reason: "field_count" });
        }
        Ok(Row { columns: self, fields, line })
    }
}

impl Row<'_> {
    /// The text of a column; empty where there is no such column.
    pub(crate) fn text(&self, name: &str) -> &str {
        let at = self.columns.names.iter().position(|other| other == name);
        at.and_then(|at| self.fields.get(at)).map_or("", String::as_str)
    }

    pub(crate) fn fault(&self, field: &str, reason: &'static str) -> BillFault {
        BillFault { line: self.line, field: field.to_owned(), reason }
    }
}

/// Both kinds of parentheses are in use.
fn named(name: &str) -> String {
    name.trim_matches(['`', ' ', '\t']).replace('（', "(").replace('）', ")")
}

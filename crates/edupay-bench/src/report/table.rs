//! A Markdown table whose columns also line up as plain text.

/// Rows under a head.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub(super) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            text.push('|');
            for (cell, width) in row.iter().zip(&widths) {
                text.push_str(&format!(" {cell:width$} |"));
            }
            text.push('\n');
            if index == 0 {
                text.push('|');
                for width in &widths {
                    text.push_str(&format!("-{}-|", "-".repeat(*width)));
                }
                text.push('\n');
            }
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["what", "–"]);
        table.row(vec!["a".to_owned(), "12".to_owned()]);
        assert_eq!(table.render(), "| what | –  |\n|------|----|\n| a    | 12 |\n");
    }
}

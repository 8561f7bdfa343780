//! From bytes to lines and fields.

use edupay_domain::reconciliation::BillError;
use encoding_rs::GBK;
use std::iter;

const BOM: char = '\u{feff}';

/// The text: UTF-8 where it is that, GBK otherwise. Nothing is replaced.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, BillError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let decoded = GBK.decode_without_bom_handling_and_without_replacement(bytes);
            decoded.ok_or(BillError::Unreadable)?.into_owned()
        }
    };
    Ok(text.strip_prefix(BOM).map(str::to_owned).unwrap_or(text))
}

/// The lines with their numbers from 1, without their ends.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    iter::successors(Some(1_u64), |number| number.checked_add(1)).zip(text.lines())
}

/// The fields of a line between commas. Quotes hold commas when they close on the same line; otherwise they
/// are what somebody wrote.
pub(crate) fn fields(line: &str) -> Vec<String> {
    if !line.contains('"') {
        return line.split(',').map(plain).collect();
    }
    let (mut found, mut rest) = (Vec::new(), line);
    loop {
        let (field, behind) = match quoted(rest) {
            Some(split) => split,
            None => match rest.split_once(',') {
                Some((field, behind)) => (plain(field), Some(behind)),
                None => (plain(rest), None),
            },
        };
        found.push(field);
        match behind {
            Some(behind) => rest = behind,
            None => return found,
        }
    }
}

/// A field in quotes and what follows its comma.
fn quoted(text: &str) -> Option<(String, Option<&str>)> {
    let mut rest = text.trim_start().strip_prefix('"')?;
    let mut field = String::new();
    loop {
        let (part, behind) = rest.split_once('"')?;
        field.push_str(part);
        if let Some(behind) = behind.strip_prefix('"') {
            field.push('"');
            rest = behind;
            continue;
        }
        let behind = behind.trim_start_matches([' ', '\t']);
        return match behind.strip_prefix(',') {
            Some(behind) => Some((plain(&field), Some(behind))),
            None if behind.is_empty() => Some((plain(&field), None)),
            None => None,
        };
    }
}

/// Without the blanks that keep a spreadsheet from taking numbers for numbers.
fn plain(field: &str) -> String {
    field.trim_matches([' ', '\t']).to_owned()
}

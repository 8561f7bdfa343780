//! A CSV file: a line that names the fields, then a row each.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

use crate::error::Failure;
use csv::{ByteRecord, Reader, ReaderBuilder};
use std::io::Read;

/// Reads the file row by row, also those that have too many fields or too few.
pub(super) fn reader<R: Read>(file: R) -> Reader<R> {
    ReaderBuilder::new().flexible(true).from_reader(file)
}

/// The fields that the first line names: each known, none twice.
pub(super) fn header(line: &ByteRecord, known: &[&str]) -> Result<Vec<String>, Failure> {
    let names: Vec<_> = line.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    for (index, name) in names.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            return Err(Failure::new(format!("line 1: there is no field {name:?}; there are {}", known.join(", "))));
        }
        if names.iter().take(index).any(|other| other == name) {
            return Err(Failure::new(format!("line 1: the field {name:?} is named twice")));
        }
    }
    Ok(names)
}

/// The fields of a row with their names, or the one to blame and why.
pub(super) fn fields<'a>(
    header: &'a [String],
    record: &'a ByteRecord,
) -> Result<Vec<(&'a str, &'a str)>, (String, &'static str)> {
    if record.len() != header.len() {
        return Err(("row".to_owned(), "field_count"));
    }
    let mut fields = Vec::with_capacity(header.len());
    for (name, value) in header.iter().zip(record) {
        match std::str::from_utf8(value) {
            Ok(text) => fields.push((name.as_str(), text)),
            Err(_) => return Err((name.clone(), "text_invalid")),
        }
    }
    Ok(fields)
}

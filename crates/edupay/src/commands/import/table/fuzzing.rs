//! What must hold of files that are imported, whatever stands in them: a function of bytes that panics when it
//! is broken. A fuzz target calls it, and so does a test, over the target's seeds.

use super::{fields, header, reader};
use csv::{ByteRecord, Writer};
use edupay_domain::money::Money;
use edupay_domain::packages::{PACKAGE_FIELDS, STUDENT_FIELDS, parse_package_row, parse_student_row};

/// A row that is read and written as CSV is read again as the same.
pub(crate) fn import(data: &[u8]) {
    for known in [&STUDENT_FIELDS[..], &PACKAGE_FIELDS[..]] {
        let mut reader = reader(data);
        let Ok(names) = reader.byte_headers().map_or(Ok(Vec::new()), |line| header(line, known)) else { continue };
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).is_ok_and(|more| more) {
            let Ok(row) = fields(&names, &record) else { continue };
            assert_eq!(row.len(), names.len());
            let student = parse_student_row(&row);
            let package = parse_package_row(&row, Money::from_fen_u32(5_000_000));
            if student.is_ok() || package.is_ok() {
                again(&names, &row);
            }
        }
    }
}

fn again(names: &[String], row: &[(&str, &str)]) {
    let mut writer = Writer::from_writer(Vec::new());
    let written = writer.write_record(names).and_then(|()| writer.write_record(row.iter().map(|(_, value)| value)));
    let file = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    let mut reader = reader(file.as_slice());
    let mut record = ByteRecord::new();
    assert!(reader.read_byte_record(&mut record).is_ok_and(|more| more));
    assert_eq!(fields(names, &record).as_deref(), Ok(row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_stands_in_a_file_its_rows_are_read_or_refused() {
        hold("import", import);
    }
}

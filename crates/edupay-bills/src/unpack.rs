//! What a file holds: itself, what was gzipped, or the files of a zip. No more is unpacked than a bill may
//! have.

use edupay_domain::reconciliation::BillError;
use flate2::read::{DeflateDecoder, GzDecoder};
use std::io::Read;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";
const DIRECTORY_END: &[u8] = b"PK\x05\x06";
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// The most files of a zip that are looked at.
const MAX_FILES: usize = 64;

pub(crate) fn parts(file: &[u8]) -> Result<Vec<Vec<u8>>, BillError> {
    if file.len() > BillError::MAX_BYTES {
        return Err(BillError::TooLarge);
    }
    if file.starts_with(GZIP) {
        return Ok(vec![bounded(GzDecoder::new(file))?]);
    }
    if file.starts_with(ZIP) {
        return zipped(file);
    }
    Ok(vec![file.to_vec()])
}

fn bounded(reader: impl Read) -> Result<Vec<u8>, BillError> {
    let limit = u64::try_from(BillError::MAX_BYTES).unwrap_or(u64::MAX);
    let mut unpacked = Vec::new();
    let read = reader.take(limit.saturating_add(1)).read_to_end(&mut unpacked);
    read.map_err(|_| BillError::Unreadable)?;
    if unpacked.len() > BillError::MAX_BYTES { Err(BillError::TooLarge) } else { Ok(unpacked) }
}

/// The files of a zip by its directory, which stands at its end. What is encrypted, split, or larger than 4 GiB
/// is not read.
fn zipped(file: &[u8]) -> Result<Vec<Vec<u8>>, BillError> {
    let end = file.windows(DIRECTORY_END.len()).rposition(|window| window == DIRECTORY_END);
    let end = end.ok_or(BillError::Unreadable)?;
    let mut at = long(file, end.saturating_add(16))?;
    let (mut found, mut room) = (Vec::new(), BillError::MAX_BYTES);
    while found.len() < MAX_FILES && slice(file, at, 4) == Ok(DIRECTORY_ENTRY) {
        let method = short(file, at.saturating_add(10))?;
        let packed = long(file, at.saturating_add(20))?;
        let name = short(file, at.saturating_add(28))?;
        let extra = short(file, at.saturating_add(30))?;
        let comment = short(file, at.saturating_add(32))?;
        let local = long(file, at.saturating_add(42))?;
        let begins = local
            .saturating_add(30)
            .saturating_add(short(file, local.saturating_add(26))?)
            .saturating_add(short(file, local.saturating_add(28))?);
        let data = slice(file, begins, packed)?;
        let unpacked = match method {
            0 => data.to_vec(),
            8 => bounded(DeflateDecoder::new(data))?,
            _ => return Err(BillError::Unreadable),
        };
        room = room.checked_sub(unpacked.len()).ok_or(BillError::TooLarge)?;
        found.push(unpacked);
        at = at.saturating_add(46).saturating_add(name).saturating_add(extra).saturating_add(comment);
    }
    Ok(found)
}

fn slice(file: &[u8], at: usize, length: usize) -> Result<&[u8], BillError> {
    file.get(at..at.saturating_add(length)).ok_or(BillError::Unreadable)
}

fn short(file: &[u8], at: usize) -> Result<usize, BillError> {
    let bytes: [u8; 2] = slice(file, at, 2)?.try_into().map_err(|_| BillError::Unreadable)?;
    Ok(usize::from(u16::from_le_bytes(bytes)))
}

fn long(file: &[u8], at: usize) -> Result<usize, BillError> {
    let bytes: [u8; 4] = slice(file, at, 4)?.try_into().map_err(|_| BillError::Unreadable)?;
    usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| BillError::Unreadable)
}

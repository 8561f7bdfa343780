//! Gzipped files and zips.

use super::wechat::{bill, payment};
use edupay_bills::{BillFiles, read};
use edupay_domain::reconciliation::{BillError, BillKind, BillReader};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::io::Write;

fn text() -> String {
    bill(&[payment("1", "1.00", "a")])
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip of these files: by turns as they are and packed.
fn zip(files: &[&[u8]]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (place, content) in files.iter().enumerate() {
        let packed = if place % 2 == 0 { deflated(content) } else { content.to_vec() };
        let method: u16 = if place % 2 == 0 { 8 } else { 0 };
        let at = u32::try_from(zip.len()).unwrap();
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        zip.extend_from_slice(b"PK\x03\x04\x14\x00\x00\x00");
        zip.extend_from_slice(&method.to_le_bytes());
        zip.extend_from_slice(&[0; 16]);
        zip.extend_from_slice(&[1, 0, 0, 0]);
        zip.push(b'a');
        zip.extend_from_slice(&packed);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00\x14\x00\x00\x00");
        directory.extend_from_slice(&method.to_le_bytes());
        directory.extend_from_slice(&[0; 8]);
        directory.extend_from_slice(&size(&packed));
        directory.extend_from_slice(&size(content));
        directory.extend_from_slice(&[1, 0]);
        directory.extend_from_slice(&[0; 12]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.push(b'a');
    }
    let at = u32::try_from(zip.len()).unwrap();
    zip.extend_from_slice(&directory);
    zip.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00");
    zip.extend_from_slice(&at.to_le_bytes());
    zip.extend_from_slice(&[0, 0]);
    zip
}

#[test]
fn a_packed_bill_is_the_bill() {
    let plain = read(BillKind::Wechat, text().as_bytes()).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text().as_bytes()).unwrap();
    assert_eq!(read(BillKind::Wechat, &encoder.finish().unwrap()), Ok(plain.clone()));
    for files in [&[text().as_bytes()][..], &[b"#summary\n", text().as_bytes()]] {
        assert_eq!(read(BillKind::Wechat, &zip(files)), Ok(plain.clone()));
    }
}

#[test]
fn broken_packing_and_bombs_are_refused() {
    assert_eq!(read(BillKind::Wechat, &[0x1f, 0x8b, 1, 2, 3]), Err(BillError::Unreadable));
    assert_eq!(read(BillKind::Wechat, b"PK\x03\x04 and no directory"), Err(BillError::Unreadable));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0_u8; 1024 * 1024];
    for _ in 0..=BillError::MAX_BYTES / zeros.len() {
        encoder.write_all(&zeros).unwrap();
    }
    assert_eq!(read(BillKind::Wechat, &encoder.finish().unwrap()), Err(BillError::TooLarge));
}

#[tokio::test]
async fn the_port_reads_the_same() {
    let bill = BillFiles.read(BillKind::Wechat, text().into_bytes()).await;
    assert_eq!(bill, read(BillKind::Wechat, text().as_bytes()));
}

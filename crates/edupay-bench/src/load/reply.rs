//! How a reply is read: its end by its Content-Length, its kind by a mark in its body.

use super::requests::Marks;
use memchr::memmem;

/// What is in the buffer so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Not all of it.
    Partial,
    /// All of it, and nothing else.
    Whole(Kind),
    /// What no client could go on after.
    Broken,
}

/// What a reply says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Done,
    Refused,
    /// Nothing was done, and it says when to come back.
    TurnedAway,
    Other,
}

/// Reads the buffer of one connection, on which one request is under way.
pub(super) fn read(buffer: &[u8], marks: Marks) -> Reading {
    let Some(head_length) = memmem::find(buffer, b"\r\n\r\n") else { return Reading::Partial };
    let Some((head, rest)) = buffer.split_at_checked(head_length) else { return Reading::Partial };
    let Some(length) = content_length(head) else { return Reading::Broken };
    let body = rest.get(4..).unwrap_or_default();
    match body.len().cmp(&length) {
        std::cmp::Ordering::Less => Reading::Partial,
        std::cmp::Ordering::Equal => Reading::Whole(kind(head, body, marks)),
        std::cmp::Ordering::Greater => Reading::Broken,
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        name.eq_ignore_ascii_case(NAME).then_some(value)
    })?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

fn kind(head: &[u8], body: &[u8], marks: Marks) -> Kind {
    if head.starts_with(b"HTTP/1.1 503 ") && memmem::find(head, b"retry-after: ").is_some() {
        Kind::TurnedAway
    } else if !head.starts_with(b"HTTP/1.1 200 ") {
        Kind::Other
    } else if memmem::find(body, marks.done).is_some() {
        Kind::Done
    } else if memmem::find(body, marks.refused).is_some() {
        Kind::Refused
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKS: Marks = Marks { done: b"\"status\":1,", refused: b"\"status\":-4," };
    const PAID: &str = "HTTP/1.1 200 OK\r\ncontent-length: 23\r\nx-a: b\r\n\r\n{\"status\":1,\"flag\":1,..";

    #[test]
    fn a_reply_is_whole_when_its_last_byte_is_there() {
        for length in 0..PAID.len() {
            assert_eq!(read(&PAID.as_bytes()[..length], MARKS), Reading::Partial);
        }
        assert_eq!(read(PAID.as_bytes(), MARKS), Reading::Whole(Kind::Done));
        assert_eq!(read(format!("{PAID}H").as_bytes(), MARKS), Reading::Broken);
    }

    #[test]
    fn a_refusal_and_an_error_are_not_payments() {
        let refused = "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{\"status\":-4,\"message\":\"\"}";
        assert_eq!(read(refused.as_bytes(), MARKS), Reading::Whole(Kind::Refused));
        assert_eq!(read(PAID.replace("200 OK", "500 No").as_bytes(), MARKS), Reading::Whole(Kind::Other));
        let unpaid = PAID.replace("\"status\":1,", "\"status\":0,");
        assert_eq!(read(unpaid.as_bytes(), MARKS), Reading::Whole(Kind::Other));
        assert_eq!(read(b"HTTP/1.1 200 OK\r\n\r\n", MARKS), Reading::Broken);
        let away = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(read(away.as_bytes(), MARKS), Reading::Whole(Kind::TurnedAway));
        let unknown = away.replace("retry-after: 1\r\n", "");
        assert_eq!(read(unknown.as_bytes(), MARKS), Reading::Whole(Kind::Other));
    }
}

//! The requests of a run, one after another in one buffer. All have the same length.

use crate::orders::{Orders, Payers};
use crate::seeds::token;

/// Every so many requests one is to be refused: 5 %.
const REFUSED_EVERY: u64 = 20;

/// How many of so many answers must be refusals: the second request is one, and every twentieth after it.
pub(crate) fn refusals_among(answers: u64) -> u64 {
    answers.saturating_add(REFUSED_EVERY.saturating_sub(2)).div_euclid(REFUSED_EVERY)
}

/// What a reply must hold to count as what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) done: &'static [u8],
    pub(crate) refused: &'static [u8],
}

/// Requests, ready to be sent.
pub(crate) struct Requests {
    bytes: Vec<u8>,
    length: usize,
    pub(crate) marks: Marks,
}

impl Requests {
    /// Pays each of these orders from the balance; among them, if asked for, orders that nobody can pay.
    pub(crate) fn payments(orders: &Orders, broke: Option<&Orders>) -> Self {
        let mut bytes = Vec::new();
        let mut length = 0;
        for index in 0..orders.count {
            let request = payment(orders, index);
            length = request.len();
            bytes.extend_from_slice(request.as_bytes());
            let turn = index.checked_rem(REFUSED_EVERY.saturating_sub(1));
            if let (Some(broke), Some(0)) = (broke, turn) {
                let index = index.div_euclid(REFUSED_EVERY).checked_rem(broke.count).unwrap_or_default();
                bytes.extend_from_slice(payment(broke, index).as_bytes());
            }
        }
        Self { bytes, length, marks: Marks { done: b"\"status\":1,", refused: b"\"status\":-4," } }
    }

    /// Reads the first page of the statement of these users, by turns.
    pub(crate) fn statements(users: Payers, count: u64) -> Self {
        let mut bytes = Vec::new();
        let mut length = 0;
        for index in 0..count {
            let request = statement(users.of(index));
            length = request.len();
            bytes.extend_from_slice(request.as_bytes());
        }
        Self { bytes, length, marks: Marks { done: b"\"items\":[{", refused: b"\"status\":-4," } }
    }

    /// Each request in turn.
    pub(crate) fn iter(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.length.max(1))
    }
}

fn payment(orders: &Orders, index: u64) -> String {
    let body = format!("order_no={}&channel=balance", orders.number(index));
    format!(
        "PUT /pay/pay_in_balance/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Token {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        token(orders.payers.of(index)),
        body.len()
    )
}

fn statement(user: u64) -> String {
    format!("GET /v1/ledger/entries HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Token {}\r\n\r\n", token(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: Orders = Orders {
        payers: Payers { first: 1, count: 7 },
        first_number: 1_000_000_000_000_000_000,
        first_pk: 1,
        count: 38,
    };

    #[test]
    fn every_order_is_asked_for_once() {
        let requests = Requests::payments(&ORDERS, None);
        assert_eq!(requests.iter().count(), 38);
        for (index, request) in requests.iter().enumerate() {
            let text = std::str::from_utf8(request).unwrap();
            assert!(text.starts_with("PUT /pay/pay_in_balance/ HTTP/1.1\r\n"));
            let number = ORDERS.number(u64::try_from(index).unwrap());
            assert!(text.ends_with(&format!("Content-Length: 45\r\n\r\norder_no={number}&channel=balance")));
        }
    }

    #[test]
    fn one_of_twenty_is_an_order_that_nobody_can_pay() {
        let broke = Orders { first_number: 9_000_000_000_000_000_000, count: 2, ..ORDERS };
        let requests = Requests::payments(&ORDERS, Some(&broke));
        let refused = requests.iter().filter(|request| request.windows(12).any(|part| part == b"order_no=190"));
        assert_eq!((requests.iter().count(), refused.count()), (40, 2));
        assert_eq!([1, 2, 21, 22, 40].map(refusals_among), [0, 1, 1, 2, 2]);
    }
}

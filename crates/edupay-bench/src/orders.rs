//! Which orders a run pays, and whose they are. All of it is arithmetic over an index, so that the
//! seeds, the load generator and pgbench agree without asking each other.

/// What every order costs, in fen.
pub(crate) const PRICE_FEN: u64 = 100;

/// Neighbours in a run are this many payers apart, so that payments don't walk through the indexes
/// in order. It is prime: with any count of payers that it does not divide, everyone has a turn.
pub(crate) const STRIDE: u64 = 7_919;

/// The first of all order numbers, without their leading 1.
const FIRST_NUMBER: u64 = 1_000_000_000_000_000_000;
/// How many numbers each range of orders has for itself.
const BLOCK: u64 = 10_000_000_000;

/// Users that pay by turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payers {
    /// The first one's id.
    pub(crate) first: u64,
    /// How many there are, with ids without a gap.
    pub(crate) count: u64,
}

impl Payers {
    /// Who owns the order with this index.
    pub(crate) fn of(self, index: u64) -> u64 {
        let turn = index.wrapping_mul(STRIDE).checked_rem(self.count).unwrap_or_default();
        self.first.saturating_add(turn)
    }

    /// The last one's id.
    pub(crate) fn last(self) -> u64 {
        self.first.saturating_add(self.count).saturating_sub(1)
    }

    /// The users after these.
    pub(crate) fn after(self, count: u64) -> Self {
        Self { first: self.first.saturating_add(self.count), count }
    }
}

/// Orders of one run, with numbers that no other run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Whose they are, by turns.
    pub(crate) payers: Payers,
    /// The first one's number, without its leading 1.
    pub(crate) first_number: u64,
    /// The first one's ordinal within its payer, which is also its course.
    pub(crate) first_pk: u64,
    /// How many there are.
    pub(crate) count: u64,
}

impl Orders {
    /// The number of the order with this index: twenty digits.
    pub(crate) fn number(&self, index: u64) -> String {
        spelled(self.first_number.saturating_add(index))
    }

    /// The number behind the last one.
    pub(crate) fn end(&self) -> String {
        self.number(self.count)
    }

    /// The ordinal of the order with this index within its payer.
    pub(crate) fn pk(&self, index: u64) -> u64 {
        self.first_pk.saturating_add(index.checked_div(self.payers.count).unwrap_or_default())
    }

    /// The last ordinal within any payer.
    pub(crate) fn last_pk(&self) -> u64 {
        self.first_pk.saturating_add(turns(self.count, self.payers)).saturating_sub(1)
    }
}

fn spelled(number: u64) -> String {
    format!("1{number:019}")
}

/// How many orders at most one payer has of so many.
fn turns(count: u64, payers: Payers) -> u64 {
    count.div_ceil(payers.count.max(1))
}

/// Gives each range of orders its numbers.
#[derive(Debug)]
pub(crate) struct Numbering {
    next_block: u64,
    next_pk: u64,
}

impl Numbering {
    pub(crate) fn new() -> Self {
        Self { next_block: 0, next_pk: 1 }
    }

    /// New orders of these payers. No course is in two orders of one payer.
    pub(crate) fn take(&mut self, payers: Payers, count: u64) -> Orders {
        let first_number = FIRST_NUMBER.saturating_add(self.next_block.saturating_mul(BLOCK));
        let orders = Orders { payers, first_number, first_pk: self.next_pk, count };
        self.next_block = self.next_block.saturating_add(1);
        self.next_pk = self.next_pk.saturating_add(turns(count, payers));
        orders
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_payer_has_a_turn_before_anyone_has_two() {
        let payers = Payers { first: 5, count: 2_000 };
        let turn: HashSet<u64> = (0..2_000).map(|index| payers.of(index)).collect();
        assert_eq!(turn.len(), 2_000);
        assert_eq!((turn.iter().min(), turn.iter().max()), (Some(&5), Some(&payers.last())));
    }

    #[test]
    fn numbers_have_twenty_digits_and_ranges_never_meet() {
        let mut numbering = Numbering::new();
        let payers = Payers { first: 1, count: 10 };
        let (one, other) = (numbering.take(payers, 25), numbering.take(payers, 5));
        assert_eq!(one.number(0), "11000000000000000000");
        assert_eq!(one.number(24), "11000000000000000024");
        assert_eq!(other.number(0), "11000000010000000000");
        assert!(one.end() < other.number(0));
    }

    #[test]
    fn a_payer_has_no_ordinal_twice() {
        let mut numbering = Numbering::new();
        let payers = Payers { first: 1, count: 10 };
        let (one, other) = (numbering.take(payers, 25), numbering.take(payers, 5));
        assert_eq!((one.pk(0), one.pk(24), one.last_pk()), (1, 3, 3));
        assert_eq!((other.first_pk, other.last_pk()), (4, 4));
    }
}

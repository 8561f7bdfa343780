//! The claims about the domain's own parsers, without a fuzzer.

use super::*;

#[test]
fn whatever_a_text_says_it_is_read_or_refused() {
    hold("money", money);
    hold("names", names);
    hold("days", days);
    hold("rows", rows);
}

#[test]
#[should_panic(expected = "money: the claim is broken by")]
fn a_claim_that_is_broken_is_told_with_its_input() {
    hold("money", |data| assert!(data.len() < 4));
}

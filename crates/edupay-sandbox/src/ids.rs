//! Random ids and texts in the shapes Ping++ uses, and the seeded draws of the fault plan.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `prefix` and 24 letters and digits.
pub(crate) fn id(prefix: &str) -> String {
    format!("{prefix}{}", alphanumeric(24))
}

pub(crate) fn alphanumeric(length: usize) -> String {
    pick(length, ALPHANUMERIC)
}

pub(crate) fn digits(length: usize) -> String {
    pick(length, b"0123456789")
}

pub(crate) fn lower_hex(length: usize) -> String {
    pick(length, b"0123456789abcdef")
}

/// A stand-in for a channel's signature: base64 of 24 random characters.
pub(crate) fn fake_signature() -> String {
    STANDARD.encode(alphanumeric(24))
}

/// A seed that a person can type again.
pub(crate) fn seed() -> u64 {
    u64::from(getrandom::u32().unwrap_or(1))
}

fn pick(length: usize, alphabet: &[u8]) -> String {
    let mut bytes = vec![0_u8; length];
    if getrandom::fill(&mut bytes).is_err() {
        // Without randomness the ids repeat, which a sandbox reports soon enough.
        bytes.fill(0);
    }
    let size = alphabet.len().max(1);
    bytes
        .iter()
        .filter_map(|byte| alphabet.get(usize::from(*byte).checked_rem(size)?))
        .map(|byte| char::from(*byte))
        .collect()
}

/// SplitMix64: small, seedable, the same on every machine; for fault draws only.
#[derive(Debug)]
pub(crate) struct Draws {
    state: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }
}

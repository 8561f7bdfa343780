//! Chance that can be repeated: a test prints its seed, and `EDUPAY_TEST_SEED` brings it back.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator (SplitMix64): the same numbers for the same seed on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    /// A new seed, or the one of `EDUPAY_TEST_SEED`; printed, and shown when the test fails.
    pub(crate) fn new() -> Self {
        let seed = match env::var("EDUPAY_TEST_SEED") {
            Ok(text) => text.parse().expect("EDUPAY_TEST_SEED is a number"),
            Err(_) => {
                SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").subsec_nanos().into()
            }
        };
        eprintln!("EDUPAY_TEST_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("fits");
        usize::try_from(self.next() % bound).expect("fits")
    }
}

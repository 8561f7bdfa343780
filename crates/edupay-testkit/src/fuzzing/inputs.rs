//! Inputs without a fuzzer: the seeds of a target, and what becomes of them by small changes.

#![expect(clippy::panic, reason = "this is test code: it fails by panicking")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// How many changed inputs a claim is tried with.
const ROUNDS: u64 = 3_000;
/// The longest input.
const LONGEST: usize = 4_096;
/// Bytes that mean something to one parser or another.
const TELLING: &[u8] = b"\0\t\n\r \"#%&'+,-./0123456789:;<=>?@E[\\]_`aefintux{|}~\x7f\x80\xbf\xc3\xe4\xef\xf0\xff";

/// Calls a claim with every seed of the target, then with some thousand inputs that are seeds changed here
/// and there, the same ones on every run.
///
/// # Panics
/// When the claim is broken, with the input; or when the target has no seeds.
pub fn hold(target: &str, claim: fn(&[u8])) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "the target {target} has no seeds");
    for seed in &seeds {
        check(target, claim, seed);
    }
    let mut changes = Changes(target.bytes().fold(42, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into())));
    for _ in 0..ROUNDS {
        check(target, claim, &changes.input(&seeds));
    }
}

fn check(target: &str, claim: fn(&[u8]), input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| claim(input))).is_err() {
        panic!("{target}: the claim is broken by \"{}\"", input.escape_ascii());
    }
}

/// The seeds, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../edupay-fuzz/seeds").join(target);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path()).collect();
    files.sort();
    files.iter().filter_map(|file| fs::read(file).ok()).collect()
}

/// SplitMix64.
struct Changes(u64);

impl Changes {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not zero.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next().checked_rem(bound).unwrap_or_default()).unwrap_or_default()
    }

    fn seed<'a>(&mut self, seeds: &'a [Vec<u8>]) -> &'a [u8] {
        let at = self.below(seeds.len());
        seeds.get(at).map_or(&[], Vec::as_slice)
    }

    fn byte(&mut self) -> u8 {
        match self.below(4) {
            0 => u8::try_from(self.below(256)).unwrap_or_default(),
            _ => {
                let at = self.below(TELLING.len());
                TELLING.get(at).copied().unwrap_or_default()
            }
        }
    }

    /// A seed with one to four changes.
    fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.seed(seeds).to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut input, seeds);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(input.len().saturating_add(1));
        let to = at.saturating_add(self.below(9)).min(input.len());
        match self.below(7) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..to)),
            2 => input.insert(at, self.byte()),
            3 => {
                let part: Vec<u8> = input.get(at..to).unwrap_or_default().to_vec();
                drop(input.splice(at..at, part));
            }
            4 => {
                let other = self.seed(seeds).to_vec();
                let from = self.below(other.len().saturating_add(1));
                drop(input.splice(at..to, other.into_iter().skip(from)));
            }
            _ => {
                let byte = self.byte();
                if let Some(place) = input.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }
}

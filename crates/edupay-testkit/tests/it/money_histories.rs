//! Random histories of everything that moves a user's money on the memory store: presents, top-ups, orders,
//! packages, charges, refunds and debts, side by side, with amounts that meet balances, prices, debts and
//! what is left to refund exactly or miss them by a fen. The model was written independently of the rules.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a model in a test fails by panicking, and shows its seed"
)]

mod holds;
mod model;
mod refunding;
mod steps;
mod world;

use edupay_testkit::memory::MemoryStore;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
use steps::{Step, step};
use world::{Met, World};

async fn live(steps: Vec<Step>) -> Result<Met, TestCaseError> {
    let store = MemoryStore::new();
    let mut world = World::new(&store).await;
    for step in steps {
        world.run(step).await?;
        world.check().await?;
    }
    Ok(world.met)
}

fn both(one: Met, other: Met) -> Met {
    Met {
        paid_with_the_last_fen: one.paid_with_the_last_fen + other.paid_with_the_last_fen,
        a_fen_short: one.a_fen_short + other.a_fen_short,
        refunds_of_all_that_is_left: one.refunds_of_all_that_is_left + other.refunds_of_all_that_is_left,
        refunds_of_a_fen_too_much: one.refunds_of_a_fen_too_much + other.refunds_of_a_fen_too_much,
        more_given_back_than_is_left: one.more_given_back_than_is_left + other.more_given_back_than_is_left,
        debts_paid_to_the_fen: one.debts_paid_to_the_fen + other.debts_paid_to_the_fen,
        approvals: one.approvals + other.approvals,
    }
}

#[test]
fn random_histories_of_all_money_agree_with_a_model_of_single_coins() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (seed, cases) = (number("EDUPAY_HISTORY_SEED", 20_160_615), number("EDUPAY_HISTORY_CASES", 300));
    eprintln!("histories are drawn from EDUPAY_HISTORY_SEED={seed}, EDUPAY_HISTORY_CASES={cases}");
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: u32::try_from(cases).unwrap(), failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let totals = Cell::new(Met::default());
    TestRunner::new_with_rng(config, rng)
        .run(&prop::collection::vec(step(), 1..100), |steps| {
            let met = runtime.block_on(live(steps))?;
            totals.set(both(totals.get(), met));
            Ok(())
        })
        .unwrap();
    // The generators are worth something only if the limits are met often.
    let met = totals.get();
    eprintln!("{met:?}");
    let often = [
        met.paid_with_the_last_fen,
        met.a_fen_short,
        met.refunds_of_all_that_is_left,
        met.more_given_back_than_is_left,
    ];
    let seldom = [met.refunds_of_a_fen_too_much, met.debts_paid_to_the_fen, met.approvals];
    let histories = usize::try_from(cases).unwrap();
    assert!(often.iter().all(|count| *count >= histories / 4), "{met:?}");
    assert!(seldom.iter().all(|count| *count >= histories / 100), "{met:?}");
}

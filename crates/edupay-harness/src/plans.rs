//! Plans by which the sandbox misbehaves: three calls in ten go wrong somehow.

use crate::random::Random;
use serde_json::{Map, Value, json};

/// Faults of a call that every operation knows.
const OF_CALLS: [&str; 9] = [
    "drop_before",
    "error_before",
    "throttle",
    "refuse",
    "drop_after_processing",
    "error_after_processing",
    "garbage",
    "truncated",
    "unsigned",
];
const OF_CHARGES: [&str; 2] = ["wrong_amount", "wrong_livemode"];
const OPERATIONS: [&str; 6] = ["create", "retrieve", "list", "reverse", "refund", "refund_list"];

/// The share of calls that each of `count` faults spoils, so that all of them together spoil three in
/// ten.
pub(crate) fn share(count: usize) -> Value {
    let per_mille = 300_usize.checked_div(count).unwrap_or_default();
    format!("0.{per_mille:03}").parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}

/// Another plan each time.
pub(crate) fn plan(random: &mut Random) -> Value {
    let mut plan = Map::new();
    plan.insert("seed".to_owned(), (random.next() >> 16).into());
    for operation in OPERATIONS {
        let faults: Vec<&str> = (0..3).filter_map(|_| random.pick(&OF_CALLS).copied()).collect();
        let mut calls = Map::new();
        for fault in &faults {
            calls.insert((*fault).to_owned(), json!({ "probability": share(faults.len()) }));
        }
        if operation == "create" && random.chance(20) {
            let fault = random.pick(&OF_CHARGES).copied().unwrap_or("wrong_amount");
            calls.insert(fault.to_owned(), json!({ "probability": share(30) }));
        }
        if operation == "retrieve" && random.chance(20) {
            calls.insert("wrong_amount".to_owned(), json!({ "probability": share(10) }));
        }
        if operation == "refund" && random.chance(50) {
            calls.insert("fail_later".to_owned(), json!({ "probability": share(6) }));
        }
        if random.chance(30) {
            // Some are later than the service waits.
            let latency = random.between(50, 2_600);
            calls.insert("latency_after_ms".to_owned(), json!({ "ms": latency, "probability": share(4) }));
        }
        plan.insert(operation.to_owned(), Value::Object(calls));
    }
    plan.insert("webhooks".to_owned(), webhooks(random));
    Value::Object(plan)
}

fn webhooks(random: &mut Random) -> Value {
    let mut faults = Map::new();
    let copies = random.between(1, 4);
    faults.insert("duplicate".to_owned(), json!({ "n": copies, "probability": share(1) }));
    faults.insert("never".to_owned(), json!({ "probability": share(2) }));
    faults.insert("bad_signature".to_owned(), json!({ "probability": share(3) }));
    if random.chance(50) {
        faults.insert("shuffle".to_owned(), json!({ "probability": share(1) }));
    }
    if random.chance(40) {
        faults.insert("wrong_amount".to_owned(), json!({ "probability": share(4) }));
    }
    if random.chance(50) {
        let delay = random.between(10, 2_000);
        faults.insert("delay_ms".to_owned(), json!({ "ms": delay, "probability": share(2) }));
    }
    Value::Object(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_follows_from_its_seed() {
        let plans = |seed| {
            let mut random = Random::new(seed);
            (0..5).map(|_| plan(&mut random)).collect::<Vec<_>>()
        };
        assert_eq!(plans(3), plans(3));
        assert_ne!(plans(3), plans(4));
        assert_eq!(share(3).to_string(), "0.1");
    }
}

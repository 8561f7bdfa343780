//! What must hold of what the sandbox is told, whatever it is. Each claim is a function of bytes that panics
//! when it is broken; the fuzz targets call it, and so does a test, over the seeds of the target.
//!
//! It is there for tests and for cargo-fuzz alone, which sets `cfg(fuzzing)`.

use serde_json::Value;

use crate::faults::{Faults, Operation, Plan};
use crate::params::{Channel, CreateCharge, CreateRefund, ListCharges, ListRefunds, Query};
use crate::routes::read;

const OPERATIONS: [Operation; 8] = [
    Operation::Create,
    Operation::Retrieve,
    Operation::List,
    Operation::Reverse,
    Operation::Refund,
    Operation::RefundRetrieve,
    Operation::RefundList,
    Operation::Event,
];
/// In 2026.
const NOW: i64 = 1_772_366_400;

/// A plan that is taken is shown as one that is taken again and says the same; its faults can be drawn; and
/// two runs of one seed draw the same.
pub fn fault_plans(data: &[u8]) {
    let Ok(plan) = read::<Plan>(data) else { return };
    let shown = serde_json::to_vec(&plan).unwrap_or_default();
    let again = read::<Plan>(&shown).ok().and_then(|again| serde_json::to_value(&again).ok());
    let first = serde_json::to_value(&plan).ok();
    assert!(
        first.as_ref().zip(again.as_ref()).is_some_and(|(first, again)| alike(first, again)),
        "{first:?} {again:?}"
    );
    let drawn = |plan: &Plan| {
        let mut faults = Faults::new(plan.clone());
        let mut drawn = Vec::new();
        for operation in OPERATIONS {
            drawn.push(format!("{:?}", faults.of_request(operation)));
        }
        let delivery = faults.of_delivery();
        assert!((1..=101).contains(&delivery.copies));
        drawn.push(format!("{delivery:?} {}", faults.pays_before_reply()));
        drawn
    };
    assert_eq!(drawn(&plan), drawn(&plan));
}

/// The same values; a probability may differ in its last digit after it was written.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| alike(value, other)))
        }
        (Value::Number(one), Value::Number(other)) => match (one.as_u64(), other.as_u64()) {
            (None, None) => close(one.as_f64(), other.as_f64()),
            (one, other) => one == other,
        },
        (one, other) => one == other,
    }
}

#[expect(clippy::float_arithmetic, reason = "a probability, not money")]
fn close(one: Option<f64>, other: Option<f64>) -> bool {
    one.zip(other).is_some_and(|(one, other)| (one - other).abs() < 1e-12)
}

/// A charge or a refund that is taken is one that Ping++ would take; a page has a length. The input is a
/// query, a line's end, and a body.
pub fn sandbox_calls(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (query, body) = data.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    if let Ok(charge) = CreateCharge::parse(body, NOW) {
        assert!(charge.amount > 0 && charge.currency == "cny" && charge.time_expire > NOW);
        let Channel { order_no_min, order_no_max, .. } = charge.channel;
        assert!((order_no_min..=order_no_max).contains(&&charge.order_no.len()));
        assert!((1..=32).contains(&charge.subject.chars().count()) && charge.metadata.len() <= 20);
        let content = charge.content();
        assert_eq!(CreateCharge::parse(body, NOW).ok().map(|again| again.content()), Some(content));
    }
    if let Ok(refund) = CreateRefund::parse(body) {
        assert!(refund.amount.is_none_or(|amount| amount > 0));
        assert!((1..=255).contains(&refund.description.chars().count()));
    }
    let Ok(query) = std::str::from_utf8(query) else { return };
    let query = Query::parse(query);
    if let Ok(list) = ListCharges::parse(&query, NOW) {
        assert!((1..=100).contains(&list.page.limit));
    }
    if let Ok(list) = ListRefunds::parse(&query) {
        assert!((1..=100).contains(&list.page.limit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_the_sandbox_is_told_it_takes_it_or_refuses_it() {
        hold("fault_plans", fault_plans);
        hold("sandbox_calls", sandbox_calls);
    }
}

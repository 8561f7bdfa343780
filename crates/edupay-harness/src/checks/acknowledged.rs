//! What the clients were told against what is there.

use super::Violation;
use super::purchases::Purchases;
use crate::database::Eye;
use crate::error::Failure;
use crate::history::{Done, Outcome, Wish};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Of the requests whose clients know nothing: how many there are, and how many were applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) unknown: u64,
    pub(crate) applied: u64,
}

/// What is there.
struct There {
    /// By user and amount, which nobody uses twice: all top-ups that may come to money, and those that did.
    top_ups: HashMap<(i64, i64), (u64, u64)>,
    top_up_numbers: HashSet<String>,
    /// By number: amount, status, and what it was paid through.
    orders: HashMap<String, (i64, String, String)>,
    charges: HashSet<String>,
    credited_charges: HashSet<String>,
    purchases: HashSet<String>,
    refunds: HashMap<String, String>,
    app_store: Purchases,
}

/// A try for which the gateway gave no charge comes to nothing; its repeat starts another top-up.
const TOP_UPS: &str = "SELECT t.user_id, t.amount_fen, t.status, t.top_up_no, \
       (SELECT count(*) FROM charge_attempts a WHERE a.user_id = t.user_id AND a.subject = 'top_up' \
         AND a.subject_no = t.top_up_no AND a.status = 'refused') AS has_no_charge FROM top_ups t";

/// I5 and I6; `once` says whether a request that was repeated under its key must not be done twice.
pub(super) fn check(eye: &mut Eye, done: &[Done], once: bool) -> Result<(Vec<Violation>, Applied), Failure> {
    let there = There::read(eye)?;
    let mut found: Vec<Violation> = done.iter().filter_map(|done| wrong(done, &there)).collect();
    if once {
        found.extend(done.iter().filter_map(|done| twice(done, &there)));
    }
    found.extend(paid_though_refused(done, &there));
    found.extend(there.app_store.check(done));
    let unknown = done.iter().filter(|done| matches!(done.outcome, Outcome::Unknown | Outcome::NothingWritten));
    let applied: Vec<bool> = unknown.filter_map(|done| was_applied(done, &there)).collect();
    let count = |count: usize| u64::try_from(count).unwrap_or_default();
    let known = Applied { unknown: count(applied.len()), applied: count(applied.iter().filter(|it| **it).count()) };
    Ok((found, known))
}

impl There {
    fn read(eye: &mut Eye) -> Result<Self, Failure> {
        let mut top_ups: HashMap<_, (u64, u64)> = HashMap::new();
        let mut top_up_numbers = HashSet::new();
        for row in eye.rows(TOP_UPS)? {
            if let [user, fen, status, number, has_no_charge] = row.as_slice() {
                let known = top_ups.entry((user.parse()?, fen.parse()?)).or_default();
                known.0 = known.0.saturating_add(u64::from(has_no_charge == "0"));
                known.1 = known.1.saturating_add(u64::from(status == "credited"));
                top_up_numbers.insert(number.clone());
            }
        }
        let mut orders = HashMap::new();
        for row in eye.rows("SELECT order_no, amount_fen, status, COALESCE(paid_through, '') FROM orders")? {
            if let [number, fen, status, through] = row.as_slice() {
                orders.insert(number.clone(), (fen.parse()?, status.clone(), through.clone()));
            }
        }
        let set = |rows: Vec<Vec<String>>| rows.into_iter().map(|row| row.concat()).collect();
        Ok(Self {
            top_ups,
            top_up_numbers,
            orders,
            charges: set(eye.rows("SELECT charge_id FROM charge_attempts WHERE charge_id IS NOT NULL")?),
            credited_charges: set(eye.rows("SELECT charge_id FROM top_ups WHERE status = 'credited'")?),
            purchases: set(eye.rows("SELECT purchase_no FROM purchases")?),
            refunds: eye
                .rows("SELECT refund_no, status FROM refunds")?
                .into_iter()
                .filter_map(|row| <[String; 2]>::try_from(row).ok().map(|[number, status]| (number, status)))
                .collect(),
            app_store: Purchases::read(eye)?,
        })
    }

    fn credited(&self, user: i64, fen: i64) -> u64 {
        self.top_ups.get(&(user, fen)).copied().unwrap_or_default().1
    }

    fn is_paid(&self, order: &str) -> bool {
        self.orders
            .get(order)
            .is_some_and(|(_, status, _)| matches!(status.as_str(), "paid" | "partly_refunded" | "refunded"))
    }
}

fn text<'a>(answer: &'a Value, path: &str) -> &'a str {
    answer.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// One request whose answer was clear.
fn wrong(done: &Done, there: &There) -> Option<Violation> {
    let Done { user, wish, outcome } = done;
    let missing = |what: &str| Some(Violation::new("I5", format!("acknowledged to user {user} and {what}: {wish:?}")));
    let made_up =
        |what: &str| Some(Violation::new("I6", format!("refused to user {user} and {what}: {wish:?} {outcome:?}")));
    match (wish, outcome) {
        (Wish::BareTopUp { fen }, Outcome::Acknowledged(_)) if there.credited(*user, *fen) == 0 => {
            missing("not credited")
        }
        (Wish::BareTopUp { fen }, Outcome::Refused(_)) if there.credited(*user, *fen) > 0 => made_up("credited"),
        (Wish::StartTopUp { .. }, Outcome::Acknowledged(answer)) => {
            let right = there.top_up_numbers.contains(text(answer, "/top_up_no"))
                && there.charges.contains(text(answer, "/charge_id"));
            if right { None } else { missing("not there") }
        }
        (Wish::BareTopUp { fen } | Wish::StartTopUp { fen }, Outcome::NothingWritten)
            if there.top_ups.contains_key(&(*user, *fen)) =>
        {
            made_up("begun")
        }
        (Wish::Cancel { order }, Outcome::NothingWritten)
            if there.orders.get(order).is_some_and(|(_, status, _)| status == "cancelled") =>
        {
            made_up("cancelled")
        }
        (Wish::StartTopUp { fen }, Outcome::Refused(_)) if there.credited(*user, *fen) > 0 => made_up("credited"),
        (Wish::Redeem { charge, fen }, Outcome::Acknowledged(_)) => {
            let right = there.credited_charges.contains(charge) && there.credited(*user, *fen) > 0;
            if right { None } else { missing("not credited") }
        }
        (Wish::MakeOrder { .. }, Outcome::Acknowledged(answer)) => {
            let fen = answer.pointer("/amount_fen").and_then(Value::as_i64);
            let known = there.orders.get(text(answer, "/order_no"));
            if known.map(|(fen, ..)| *fen) == fen { None } else { missing("not there, or of another amount") }
        }
        (Wish::Cancel { order }, Outcome::Acknowledged(_)) => {
            let known = there.orders.get(order).map(|(_, status, _)| status.as_str());
            if known == Some("cancelled") { None } else { missing("not cancelled") }
        }
        (Wish::PayFromBalance { order }, Outcome::Acknowledged(_)) => {
            let known = there.orders.get(order).map(|(_, _, through)| through.as_str());
            if there.is_paid(order) && known == Some("balance") { None } else { missing("not paid from it") }
        }
        (Wish::ChargeOrder { .. }, Outcome::Acknowledged(answer))
            if !there.charges.contains(text(answer, "/ch/id")) =>
        {
            missing("unknown")
        }
        (Wish::PayMoney { .. }, Outcome::Acknowledged(answer)) => {
            let number =
                text(answer, "/data/recordIDs").split(',').next().and_then(|id| id.get(..id.len().checked_sub(2)?));
            let right = number.is_some_and(|number| there.purchases.contains(number));
            if right { None } else { missing("not there") }
        }
        (Wish::Refund { number, .. }, Outcome::Acknowledged(_)) if !there.refunds.contains_key(number) => {
            missing("not there")
        }
        (Wish::Refund { number, .. }, Outcome::Refused(_) | Outcome::NothingWritten)
            if there.refunds.contains_key(number) =>
        {
            made_up("there")
        }
        _ => None,
    }
}

/// What was asked for under one key is there once, however often it was repeated.
fn twice(done: &Done, there: &There) -> Option<Violation> {
    let (Wish::BareTopUp { fen } | Wish::StartTopUp { fen }) = &done.wish else { return None };
    let (count, _) = there.top_ups.get(&(done.user, *fen)).copied().unwrap_or_default();
    (count > 1).then(|| Violation::new("I5", format!("user {}: {:?} was done {count} times", done.user, done.wish)))
}

/// An order that was asked to be paid from the balance, and never with another answer than no.
fn paid_though_refused(done: &[Done], there: &There) -> Vec<Violation> {
    let mut hopes: HashMap<&str, bool> = HashMap::new();
    for done in done {
        if let Wish::PayFromBalance { order } = &done.wish {
            let no = matches!(done.outcome, Outcome::Refused(_) | Outcome::NothingWritten);
            hopes.entry(order).and_modify(|all| *all &= no).or_insert(no);
        }
    }
    let refused = hopes.into_iter().filter(|(_, all_no)| *all_no).map(|(order, _)| order);
    let paid = refused.filter(|order| there.orders.get(*order).is_some_and(|(_, _, through)| through == "balance"));
    paid.map(|order| Violation::new("I6", format!("order {order} was refused and paid from the balance"))).collect()
}

/// Whether something was done of which its client knows nothing, where that can be seen.
fn was_applied(done: &Done, there: &There) -> Option<bool> {
    Some(match &done.wish {
        Wish::BareTopUp { fen } => there.credited(done.user, *fen) > 0,
        Wish::StartTopUp { fen } => there.top_ups.contains_key(&(done.user, *fen)),
        Wish::Redeem { charge, .. } => there.credited_charges.contains(charge),
        Wish::PayFromBalance { order } => there.orders.get(order).is_some_and(|(_, _, through)| through == "balance"),
        Wish::Cancel { order } => there.orders.get(order).is_some_and(|(_, status, _)| status == "cancelled"),
        Wish::Refund { number, .. } => there.refunds.contains_key(number),
        Wish::RedeemPurchase { transaction, .. } => there.app_store.is_credited(transaction),
        Wish::MakeOrder { .. }
        | Wish::ChargeOrder { .. }
        | Wish::PayMoney { .. }
        | Wish::StealPurchase { .. }
        | Wish::TellPurchase { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there() -> There {
        There {
            top_ups: HashMap::from([((1, 3_000), (1, 1)), ((1, 3_001), (1, 0))]),
            top_up_numbers: HashSet::new(),
            orders: HashMap::from([
                ("10".to_owned(), (900, "paid".to_owned(), "balance".to_owned())),
                ("11".to_owned(), (900, "unpaid".to_owned(), String::new())),
            ]),
            charges: HashSet::new(),
            credited_charges: HashSet::new(),
            purchases: HashSet::new(),
            refunds: HashMap::from([("R1".to_owned(), "succeeded".to_owned())]),
            app_store: Purchases::default(),
        }
    }

    fn done(wish: Wish, outcome: Outcome) -> Done {
        Done { user: 1, wish, outcome }
    }

    fn ok() -> Outcome {
        Outcome::Acknowledged(Value::Null)
    }

    fn no() -> Outcome {
        Outcome::Refused("no".to_owned())
    }

    #[test]
    fn what_was_acknowledged_and_is_not_there_is_lost() {
        assert_eq!(wrong(&done(Wish::BareTopUp { fen: 3_000 }, ok()), &there()), None);
        let pay = |order: &str| Wish::PayFromBalance { order: order.to_owned() };
        assert_eq!(wrong(&done(pay("10"), ok()), &there()), None);
        for lost in [Wish::BareTopUp { fen: 3_001 }, Wish::BareTopUp { fen: 9 }, pay("11"), pay("12")] {
            let found = wrong(&done(lost.clone(), ok()), &there());
            assert_eq!(found.map(|violation| violation.invariant), Some("I5"), "{lost:?}");
        }
    }

    #[test]
    fn what_was_refused_and_is_there_was_made_up() {
        assert_eq!(wrong(&done(Wish::BareTopUp { fen: 3_001 }, no()), &there()), None);
        let refund = Wish::Refund { order: "10".to_owned(), number: "R1".to_owned() };
        for made_up in [Wish::BareTopUp { fen: 3_000 }, refund] {
            let found = wrong(&done(made_up.clone(), no()), &there());
            assert_eq!(found.map(|violation| violation.invariant), Some("I6"), "{made_up:?}");
        }
        let pay = Wish::PayFromBalance { order: "10".to_owned() };
        assert_eq!(paid_though_refused(&[done(pay.clone(), no())], &there()).len(), 1);
        assert!(paid_though_refused(&[done(pay.clone(), no()), done(pay, Outcome::Unknown)], &there()).is_empty());
    }
}

//! What the gateway knows against what we have booked.

use super::Violation;
use crate::database::Eye;
use crate::error::Failure;
use crate::sandbox::{GatewayCharge, GatewayRefund, GatewayState};
use std::collections::HashMap;

/// What we have of a charge.
struct Receipt {
    amount: i64,
    status: String,
    reason: String,
    refund: String,
}

/// Reasons for which what was told of a charge is not what the gateway has.
const TOLD_WRONGLY: [&str; 4] = ["amount_differs", "currency_differs", "mode_differs", "app_differs"];
/// Reasons for which nothing is booked.
const NOT_BOOKED: [&str; 2] = ["currency_differs", "mode_differs"];

const RECEIPTS: &str =
    "SELECT charge_id, amount_fen, status, COALESCE(reason, ''), COALESCE(refund_id, '') FROM receipts";
/// Every entry by which money of a charge came in, with the charge and what it came to.
const BOOKED: &str = "SELECT charge_id, count(*), sum(fen) FROM (\
       SELECT e.reference AS charge_id, sum(l.amount_fen) AS fen FROM journal_entries e \
         JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number AND l.debit = 'gateway_receivable' \
         WHERE e.kind IN ('confirm_order_charge', 'confirm_purchase_charge', 'keep_unapplied_receipt') \
         GROUP BY e.user_id, e.number, e.reference \
       UNION ALL SELECT t.charge_id, sum(l.amount_fen) FROM journal_entries e \
         JOIN top_ups t ON t.user_id = e.user_id AND t.top_up_no = e.reference \
         JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number AND l.debit = 'gateway_receivable' \
         WHERE e.kind = 'credit_top_up' GROUP BY e.user_id, e.number, t.charge_id) AS came GROUP BY charge_id";
/// Every entry by which an unapplied receipt went back.
const SENT_BACK: &str = "SELECT e.reference, count(*) FROM journal_entries e WHERE e.kind = 'refund_unapplied_receipt' \
       GROUP BY e.reference";
const REFUNDS: &str =
    "SELECT refund_id, charge_id, amount_fen, status, refund_no FROM refunds WHERE refund_id IS NOT NULL";

/// I8 and I9.
pub(super) fn check(eye: &mut Eye, gateway: &GatewayState) -> Result<Vec<Violation>, Failure> {
    let mut receipts: HashMap<String, Vec<Receipt>> = HashMap::new();
    for row in eye.rows(RECEIPTS)? {
        let [charge, amount, status, reason, refund] = cells(row)?;
        let amount = amount.parse().unwrap_or(-1);
        receipts.entry(charge).or_default().push(Receipt { amount, status, reason, refund });
    }
    let mut booked: HashMap<String, (i64, i64)> = HashMap::new();
    for row in eye.rows(BOOKED)? {
        let [charge, count, fen] = cells(row)?;
        booked.insert(charge, (count.parse().unwrap_or(-1), fen.parse().unwrap_or(-1)));
    }
    let sent_back: HashMap<String, String> = eye
        .rows(SENT_BACK)?
        .into_iter()
        .map(|row| cells(row).map(|[charge, count]| (charge, count)))
        .collect::<Result<_, _>>()?;
    let mut found: Vec<Violation> = Vec::new();
    found.extend(receipts.iter().filter_map(|(charge, ours)| wrongly_sent_back(charge, ours, sent_back.get(charge))));
    for charge in &gateway.charges {
        let ours = receipts.remove(&charge.id).unwrap_or_default();
        found.extend(wrong_charge(charge, &ours, booked.remove(&charge.id)));
        found.extend(wrong_refunds(charge, &ours, &gateway.refunds));
    }
    found.extend(
        receipts.keys().map(|charge| Violation::new("I8", format!("{charge} is booked and the gateway has none"))),
    );
    found.extend(
        booked.keys().map(|charge| Violation::new("I8", format!("{charge} is booked and the gateway has none"))),
    );
    let ours: Vec<[String; 5]> = eye.rows(REFUNDS)?.into_iter().map(cells).collect::<Result<_, _>>()?;
    found.extend(refunds_without_ours(gateway, &ours, eye)?);
    Ok(found)
}

/// A paid charge has one receipt and is booked once for what was paid; another has neither.
fn wrong_charge(charge: &GatewayCharge, ours: &[Receipt], booked: Option<(i64, i64)>) -> Option<Violation> {
    let (count, fen) = booked.unwrap_or_default();
    let GatewayCharge { id, order_no, amount, paid, .. } = charge;
    let wrong = |what: String| Some(Violation::new("I8", format!("charge {id} ({order_no}, {amount} fen) {what}")));
    match (paid, ours) {
        (false, []) if count == 0 => None,
        (false, _) => wrong(format!("is not paid, and booked {count} times with {} receipts", ours.len())),
        (true, [receipt]) => {
            let expected = i64::from(!NOT_BOOKED.contains(&receipt.reason.as_str()));
            let told_wrongly = TOLD_WRONGLY.contains(&receipt.reason.as_str());
            if count != expected {
                return wrong(format!("is paid and {}, and booked {count} times", receipt.status));
            }
            if !told_wrongly && (receipt.amount != *amount || fen != *amount) {
                return wrong(format!("is booked for {fen}, its receipt is of {}", receipt.amount));
            }
            None
        }
        (true, _) => wrong(format!("is paid and has {} receipts and {count} entries", ours.len())),
    }
}

/// A receipt that is refunded is booked as such once, and another never.
fn wrongly_sent_back(charge: &str, ours: &[Receipt], booked: Option<&String>) -> Option<Violation> {
    let refunded = |receipt: &&Receipt| receipt.status == "refunded" && !NOT_BOOKED.contains(&receipt.reason.as_str());
    let expected = ours.iter().filter(refunded).count();
    let count = booked.map_or("0", String::as_str);
    let what = format!("receipt {charge} is refunded {expected} times, and booked so {count} times");
    (count != expected.to_string()).then(|| Violation::new("I9", what))
}

/// No more of a charge goes back than came in; an unapplied one goes back once and whole.
fn wrong_refunds(charge: &GatewayCharge, ours: &[Receipt], refunds: &[GatewayRefund]) -> Option<Violation> {
    let of_it: Vec<&GatewayRefund> = refunds.iter().filter(|refund| refund.charge == charge.id).collect();
    let gone = of_it.iter().filter(|refund| refund.status != "failed").map(|refund| refund.amount);
    let gone = gone.fold(0_i64, i64::saturating_add);
    if gone > charge.amount {
        return Some(Violation::new("I9", format!("of charge {} went {gone} of {} back", charge.id, charge.amount)));
    }
    let receipt = ours.iter().find(|receipt| receipt.status == "refunded")?;
    let right = of_it.iter().any(|refund| refund.id == receipt.refund && refund.status == "succeeded");
    if right && gone == charge.amount {
        return None;
    }
    let what = format!("receipt {} is refunded by {:?}, the gateway gave {gone} back", charge.id, receipt.refund);
    Some(Violation::new("I9", what))
}

/// Each of the gateway's refunds is one of ours, and the other way round. Nobody refunds there by
/// hand in a run, so a refund that we believe was made there is one that we made twice.
fn refunds_without_ours(
    gateway: &GatewayState,
    ours: &[[String; 5]],
    eye: &mut Eye,
) -> Result<Vec<Violation>, Failure> {
    let mut found = Vec::new();
    let of_receipts = eye.rows("SELECT refund_id FROM receipts WHERE refund_id IS NOT NULL")?;
    let of_receipts: Vec<String> = of_receipts.into_iter().map(|row| row.concat()).collect();
    for refund in gateway.refunds.iter().filter(|refund| refund.status != "failed") {
        let known = ours.iter().filter(|[id, ..]| *id == refund.id).count();
        let known = known.saturating_add(of_receipts.iter().filter(|id| **id == refund.id).count());
        if known != 1 {
            let GatewayRefund { id, charge, amount, status } = refund;
            found.push(Violation::new(
                "I9",
                format!("refund {id} of {charge} ({amount} fen, {status}) is {known} of ours"),
            ));
        }
    }
    for [id, charge, amount, status, number] in ours {
        let there = gateway.refunds.iter().find(|refund| refund.id == *id);
        let right = there.is_some_and(|there| {
            there.charge == *charge && there.amount.to_string() == *amount && (there.status == *status)
        });
        if !right {
            let there = there.map(|there| there.status.clone()).unwrap_or_default();
            found
                .push(Violation::new("I9", format!("our refund {number} is {status}, at the gateway it is {there:?}")));
        }
        if number.starts_with("gw-") {
            found.push(Violation::new("I9", format!("refund {id} of {charge} is none that was asked for")));
        }
    }
    Ok(found)
}

fn cells<const N: usize>(row: Vec<String>) -> Result<[String; N], Failure> {
    row.try_into().map_err(|row: Vec<String>| format!("{} columns instead of {N}", row.len()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(paid: bool) -> GatewayCharge {
        GatewayCharge { id: "ch_1".to_owned(), order_no: "1".to_owned(), amount: 100, paid, reversed: false }
    }

    fn receipt(amount: i64, status: &str, reason: &str) -> Receipt {
        Receipt { amount, status: status.to_owned(), reason: reason.to_owned(), refund: String::new() }
    }

    #[test]
    fn a_paid_charge_is_booked_once_and_for_what_was_paid() {
        let applied = [receipt(100, "applied", "")];
        assert_eq!(wrong_charge(&charge(true), &applied, Some((1, 100))), None);
        assert_eq!(wrong_charge(&charge(false), &[], None), None);
        for booked in [None, Some((2, 200)), Some((1, 99))] {
            assert!(wrong_charge(&charge(true), &applied, booked).is_some(), "{booked:?}");
        }
        assert!(wrong_charge(&charge(true), &[], None).is_some(), "lost");
        assert!(wrong_charge(&charge(false), &applied, Some((1, 100))).is_some(), "made up");
    }

    #[test]
    fn what_went_back_is_no_more_than_came_in() {
        let refund = |id: &str, status: &str| GatewayRefund {
            id: id.to_owned(),
            charge: "ch_1".to_owned(),
            amount: 100,
            status: status.to_owned(),
        };
        let refunded = [Receipt { refund: "re_1".to_owned(), ..receipt(100, "refunded", "paid_already") }];
        assert_eq!(wrong_refunds(&charge(true), &refunded, &[refund("re_1", "succeeded")]), None);
        let twice = [refund("re_1", "succeeded"), refund("re_2", "pending")];
        assert!(wrong_refunds(&charge(true), &refunded, &twice).is_some());
        assert!(wrong_refunds(&charge(true), &refunded, &[]).is_some(), "believed, and never made");
    }
}

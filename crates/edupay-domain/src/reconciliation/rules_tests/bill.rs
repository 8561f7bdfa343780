//! Bill files.

use super::{
    Books, Told, days, fen, merchant, noon, number, our_payment, our_refund, shuffled, their_payment, their_refund,
    told,
};
use crate::payments::Channel;
use crate::reconciliation::bill::{Bill, BillFault, BillKind};
use crate::reconciliation::difference::{Action, Difference, DifferenceKind, Thing};
use crate::reconciliation::rules::{BillMatching, Lookup};
use crate::reconciliation::sides::{OurPayment, OurRefund, TheirPayment, TheirRefund};
use chrono::TimeDelta;
use proptest::prelude::*;

fn line(n: usize, name: &str) -> TheirPayment {
    let unsaid = TheirPayment { charge_id: None, app_id: None, mode: None, ..their_payment(n) };
    TheirPayment { name: name.to_owned(), ..unsaid }
}

fn refund_line(n: usize, name: &str) -> TheirRefund {
    TheirRefund { name: name.to_owned(), charge_id: None, ..their_refund(n) }
}

fn reconcile(bill: &Bill, books: &Books, chunk: usize, seed: u64) -> Vec<Difference> {
    let bill = Bill {
        payments: shuffled(bill.payments.clone(), seed),
        refunds: shuffled(bill.refunds.clone(), seed ^ 1),
        faults: bill.faults.clone(),
    };
    let mut matching = BillMatching::new(BillKind::Wechat, merchant(), days(), bill);
    let mut found = matching.unreadable();
    let mut above: Option<String> = None;
    loop {
        let numbers = matching.numbers(above.as_deref(), chunk);
        let Some(last) = numbers.last() else { break };
        above = Some(last.clone());
        let ours = books.numbers(&BillMatching::of_our_shape(&numbers));
        let charges: Vec<_> = ours.iter().flat_map(|it| &it.payments).map(|it| it.charge_id.clone()).collect();
        found.extend(matching.listed(&numbers, &ours, &books.refunds_of(&charges)));
    }
    let of_days = |at| days().contains(at);
    let ours: Vec<OurPayment> = books.payments.iter().filter(|it| of_days(it.received_at)).cloned().collect();
    for ours in matching.unlisted(shuffled(ours, seed)) {
        found.extend(matching.looked_up(&ours, Lookup::NotFound));
    }
    let ours: Vec<OurRefund> = books.refunds.iter().filter(|it| of_days(it.at)).cloned().collect();
    for ours in matching.unlisted_refunds(shuffled(ours, seed)) {
        found.extend(matching.refund_looked_up(&ours, Lookup::Unanswered));
    }
    found
}

#[derive(Debug, Clone, Copy)]
enum Plant {
    Agreed,
    AnotherChannel,
    MissingHere,
    Stranger,
    MissingThere,
    Amount,
    Twice,
    TwiceBooked,
    OfAnotherDay,
    RefundAgreed,
    RefundByAmount,
    RefundMissingHere,
    RefundMissingThere,
}

const PLANTS: [Plant; 13] = [
    Plant::Agreed,
    Plant::AnotherChannel,
    Plant::MissingHere,
    Plant::Stranger,
    Plant::MissingThere,
    Plant::Amount,
    Plant::Twice,
    Plant::TwiceBooked,
    Plant::OfAnotherDay,
    Plant::RefundAgreed,
    Plant::RefundByAmount,
    Plant::RefundMissingHere,
    Plant::RefundMissingThere,
];

fn plant(plant: Plant, n: usize, bill: &mut Bill, books: &mut Books) -> Option<Told> {
    let (mut theirs, mut ours) = (line(n, &format!("wx{n}")), our_payment(n));
    books.known.insert(number(n));
    let payment = |kind, name: String| Some((Thing::Payment, kind, name));
    let expected = match plant {
        Plant::Agreed => None,
        Plant::AnotherChannel => {
            ours.channel = Channel::Alipay;
            books.payments.push(ours);
            return None;
        }
        Plant::MissingHere => {
            bill.payments.push(theirs);
            return payment(DifferenceKind::MissingHere, format!("wx{n}"));
        }
        Plant::Stranger => {
            books.known.remove(&number(n));
            bill.payments.push(theirs);
            return payment(DifferenceKind::MissingHere, format!("wx{n}"));
        }
        Plant::MissingThere => {
            let name = ours.charge_id.to_string();
            books.payments.push(ours);
            return payment(DifferenceKind::MissingThere, name);
        }
        Plant::Amount => {
            theirs.amount = fen(1);
            payment(DifferenceKind::AmountDiffers, format!("wx{n}"))
        }
        Plant::Twice => {
            bill.payments.push(line(n, &format!("wx{n}-again")));
            payment(DifferenceKind::DuplicateThere, format!("wx{n}-again"))
        }
        Plant::TwiceBooked => {
            bill.payments.push(line(n, &format!("wx{n}-again")));
            books.payments.push(OurPayment { charge_id: super::charge_id(1_000_000 + n), ..our_payment(n) });
            None
        }
        Plant::OfAnotherDay => {
            theirs.paid_at = Some(noon() + TimeDelta::days(1));
            bill.payments.push(theirs);
            return None;
        }
        Plant::RefundAgreed => {
            bill.refunds.push(refund_line(n, "r"));
            books.refunds.push(our_refund(n));
            None
        }
        Plant::RefundByAmount => {
            bill.refunds.push(TheirRefund { refund_id: None, ..refund_line(n, "r") });
            books.refunds.push(our_refund(n));
            None
        }
        Plant::RefundMissingHere => {
            bill.refunds.push(refund_line(n, &format!("r{n}")));
            Some((Thing::Refund, DifferenceKind::MissingHere, format!("r{n}")))
        }
        Plant::RefundMissingThere => {
            let refund = our_refund(n);
            let name = refund.refund_id.as_ref().unwrap().to_string();
            books.refunds.push(refund);
            Some((Thing::Refund, DifferenceKind::MissingThere, name))
        }
    };
    books.payments.push(ours);
    bill.payments.push(theirs);
    expected
}

proptest! {
    #[test]
    fn planted_differences_of_a_bill_are_all_found_and_nothing_else(
        plants in proptest::collection::vec(proptest::sample::select(&PLANTS[..]), 0..60),
        seed in any::<u64>(),
        chunk in 1_usize..12,
    ) {
        let (mut bill, mut books) = (Bill::default(), Books::default());
        let planted = plants.iter().enumerate();
        let mut expected: Vec<Told> = planted.filter_map(|(n, kind)| plant(*kind, n, &mut bill, &mut books)).collect();
        expected.sort();
        prop_assert_eq!(told(&reconcile(&bill, &books, chunk, seed)), expected);
    }
}

#[test]
fn a_payment_that_was_paid_on_another_day_stands_in_another_bill() {
    let matching = BillMatching::new(BillKind::Wechat, merchant(), days(), Bill::default());
    let paid_before = TheirPayment { paid_at: Some(days().begins_at() - TimeDelta::seconds(1)), ..their_payment(1) };
    assert_eq!(matching.looked_up(&our_payment(1), Lookup::Found(&paid_before)), None);
    for found in [Lookup::Found(&their_payment(1)), Lookup::NotFound, Lookup::Unanswered] {
        let difference = matching.looked_up(&our_payment(1), found).unwrap();
        assert_eq!(difference.kind, DifferenceKind::MissingThere, "{found:?}");
    }
}

#[test]
fn a_refund_that_was_made_on_another_day_stands_in_another_bill() {
    let matching = BillMatching::new(BillKind::Wechat, merchant(), days(), Bill::default());
    let before = Some(days().begins_at() - TimeDelta::seconds(1));
    let made_before = TheirRefund { at: before, ..their_refund(1) };
    assert_eq!(matching.refund_looked_up(&our_refund(1), Lookup::Found(&[their_refund(2), made_before])), None);
    let another = TheirRefund { at: before, ..their_refund(2) };
    for found in [Lookup::Found(&[their_refund(1)][..]), Lookup::Found(&[another]), Lookup::NotFound] {
        let difference = matching.refund_looked_up(&our_refund(1), found).unwrap();
        assert_eq!(difference.kind, DifferenceKind::MissingThere, "{found:?}");
    }
}

#[test]
fn a_line_that_cannot_be_read_is_told_by_line_and_field() {
    let fault = BillFault { line: 12, field: "amount".to_owned(), reason: "amount_not_a_number" };
    let bill = Bill { faults: vec![fault], ..Bill::default() };
    let found = reconcile(&bill, &Books::default(), 5, 0);
    assert_eq!(told(&found), [(Thing::Line, DifferenceKind::UnreadableThere, "line 12".to_owned())]);
    assert_eq!((found[0].field.as_str(), found[0].theirs.as_deref()), ("amount", Some("amount_not_a_number")));
}

#[test]
fn a_refund_that_is_not_booked_names_the_charge_when_there_is_only_one() {
    let two = |n| OurPayment { charge_id: super::charge_id(1_000_000), ..our_payment(n) };
    for (payments, expected) in
        [(vec![our_payment(1)], Some(our_payment(1).charge_id)), (vec![our_payment(1), two(1)], None), (vec![], None)]
    {
        let bill = Bill { refunds: vec![refund_line(1, "r1")], ..Bill::default() };
        let mut books = Books::default();
        books.known.insert(number(1));
        books.payments.extend(payments.clone());
        let found = reconcile(&bill, &books, 5, 0);
        let refund = found.iter().find(|difference| difference.thing == Thing::Refund).unwrap();
        assert_eq!((refund.kind, &refund.charge_id), (DifferenceKind::MissingHere, &expected), "{payments:?}");
        let action = if payments.is_empty() { Action::Review } else { Action::RecordRefund };
        assert_eq!(refund.action, action, "{payments:?}");
    }
}

#[test]
fn a_refund_with_our_id_is_ours_whatever_its_amount() {
    let (one, two) = (
        our_refund(1),
        OurRefund { refund_id: Some(super::refund_id(2)), name: "R-2".to_owned(), amount: fen(200), ..our_refund(1) },
    );
    let crossed = |n, amount| TheirRefund {
        refund_id: Some(super::refund_id(n)),
        amount: fen(amount),
        ..refund_line(1, &format!("r{n}"))
    };
    let mut books = Books { payments: vec![our_payment(1)], refunds: vec![one, two], ..Books::default() };
    books.known.insert(number(1));
    for (amounts, expected) in [((100, 200), 0), ((200, 100), 2)] {
        let bill = Bill {
            payments: vec![line(1, "wx1")],
            refunds: vec![crossed(1, amounts.0), crossed(2, amounts.1)],
            ..Bill::default()
        };
        let found = reconcile(&bill, &books, 5, 0);
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(found.iter().all(|difference| difference.kind == DifferenceKind::AmountDiffers));
    }
}

#[test]
fn payments_of_one_number_are_matched_by_their_amounts_first() {
    let ours = |n, amount| OurPayment {
        charge_id: super::charge_id(n),
        booked: fen(amount),
        asked: fen(amount),
        ..our_payment(1)
    };
    let theirs = |amount| TheirPayment { amount: fen(amount), ..line(1, &format!("wx{amount}")) };
    let mut books = Books { payments: vec![ours(1, 9_900), ours(2, 100)], ..Books::default() };
    books.known.insert(number(1));
    let bill = Bill { payments: vec![theirs(100), theirs(9_900)], ..Bill::default() };
    assert_eq!(reconcile(&bill, &books, 5, 0), []);
    // Of two that nobody booked one is missing and the other too many.
    books.payments.clear();
    let found = reconcile(&bill, &books, 5, 0);
    let name = |amount| format!("wx{amount}");
    assert_eq!(
        told(&found),
        [
            (Thing::Payment, DifferenceKind::MissingHere, name(100)),
            (Thing::Payment, DifferenceKind::DuplicateThere, name(9_900)),
        ]
    );
}

#[test]
fn a_bill_counts_what_is_of_its_days_and_tells_of_nothing_else() {
    let before = Some(days().begins_at() - TimeDelta::seconds(1));
    let bill = Bill {
        payments: vec![line(1, "wx1"), line(2, "wx2"), TheirPayment { paid_at: before, ..line(3, "wx3") }],
        refunds: vec![
            refund_line(4, "r4"),
            TheirRefund { at: before, ..refund_line(5, "r5") },
            TheirRefund { at: None, ..refund_line(6, "r6") },
        ],
        ..Bill::default()
    };
    assert_eq!(BillMatching::new(BillKind::Wechat, merchant(), days(), bill.clone()).counts(), (2, 1));
    let names: Vec<_> = reconcile(&bill, &Books::default(), 5, 0).into_iter().map(|found| found.name).collect();
    assert_eq!(names, ["wx1", "wx2", "r4"]);
}

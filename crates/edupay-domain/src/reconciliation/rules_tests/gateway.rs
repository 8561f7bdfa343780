//! The gateway's list.

use super::{
    Books, Told, charge_id, days, fen, merchant, noon, number, our_payment, our_refund, refund_id, shuffled,
    their_payment, their_refund, told,
};
use crate::ids::{ChargeId, RefundId};
use crate::money::Money;
use crate::payments::{Mode, ReceiptStatus, RefundStatus};
use crate::reconciliation::difference::{Action, DifferenceKind, Thing};
use crate::reconciliation::rules::GatewayMatching;
use crate::reconciliation::sides::{BookedRefund, ListedCharge, PaymentState, TheirPayment, TheirRefund};
use chrono::TimeDelta;
use proptest::prelude::*;

/// The other side, as the gateway answers it.
#[derive(Debug, Default, Clone)]
struct Lists {
    listed: Vec<ListedCharge>,
    /// What is known when it is asked for and stands on no page.
    unlisted: Vec<ListedCharge>,
}

fn listed(payment: TheirPayment, refunds: Vec<TheirRefund>) -> ListedCharge {
    let succeeded = refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
    let amount_refunded = Money::checked_sum(succeeded.map(|refund| refund.amount)).unwrap();
    ListedCharge { payment, amount_refunded, refunds }
}

fn reconcile(lists: &Lists, books: &Books, pages: usize, seed: u64) -> Vec<crate::reconciliation::Difference> {
    let mut matching = GatewayMatching::new(merchant(), days());
    let mut found = Vec::new();
    for page in shuffled(lists.listed.clone(), seed).chunks(pages) {
        let ours = books.numbers(&GatewayMatching::numbers_of(page));
        let refunds = books.refunds_of(&GatewayMatching::refunded_of(page, &ours));
        found.extend(matching.listed(page, &ours, &refunds));
    }
    let everywhere = || lists.listed.iter().chain(&lists.unlisted);
    let of_days = books.payments.iter().filter(|payment| days().contains(payment.received_at)).cloned().collect();
    for chunk in shuffled::<crate::reconciliation::OurPayment>(of_days, seed ^ 1).chunks(pages) {
        for ours in matching.unlisted(chunk.to_vec()) {
            let theirs = everywhere().find(|it| it.payment.charge_id.as_ref() == Some(&ours.charge_id));
            found.extend(matching.looked_up(&ours, theirs.map(|it| &it.payment)));
        }
    }
    let of_days = books.refunds.iter().filter(|refund| refund.stage == BookedRefund::Succeeded).cloned().collect();
    for chunk in shuffled::<crate::reconciliation::OurRefund>(of_days, seed ^ 2).chunks(pages) {
        for ours in matching.unlisted_refunds(chunk.to_vec()) {
            let theirs: Vec<_> = everywhere()
                .flat_map(|it| it.refunds.clone())
                .filter(|it| it.charge_id.as_ref() == Some(&ours.charge_id))
                .collect();
            found.extend(matching.refund_looked_up(&ours, &theirs));
        }
    }
    found.iter().for_each(names_what_can_be_looked_up);
    found
}

/// Whoever mends a difference has the ids that the gateway is asked by; here they bear the same numbers.
fn names_what_can_be_looked_up(difference: &crate::reconciliation::Difference) {
    let charge = |id: &str| Some(ChargeId::parse(id).unwrap());
    if let Some(number) = difference.name.strip_prefix("re_") {
        assert_eq!(difference.refund_id, Some(RefundId::parse(&difference.name).unwrap()));
        assert_eq!(difference.charge_id, charge(&format!("ch_{number}")));
    } else {
        assert_eq!(difference.charge_id, charge(&difference.name), "{difference:?}");
    }
}

/// How one payment is planted on the two sides.
#[derive(Debug, Clone, Copy)]
enum Plant {
    Agreed,
    MissingHere,
    Stranger,
    MissingThere,
    Amount,
    Currency,
    App,
    Livemode,
    Unpaid,
    Duplicate,
    BookedNextDay,
    PaidLastMonth,
    PaidYesterdayUnbooked,
    RefundAgreed,
    RefundMissingHere,
    RefundMissingThere,
    RefundAmount,
    RefundPending,
    RefundStillPendingThere,
}

const PLANTS: [Plant; 19] = [
    Plant::Agreed,
    Plant::MissingHere,
    Plant::Stranger,
    Plant::MissingThere,
    Plant::Amount,
    Plant::Currency,
    Plant::App,
    Plant::Livemode,
    Plant::Unpaid,
    Plant::Duplicate,
    Plant::BookedNextDay,
    Plant::PaidLastMonth,
    Plant::PaidYesterdayUnbooked,
    Plant::RefundAgreed,
    Plant::RefundMissingHere,
    Plant::RefundMissingThere,
    Plant::RefundAmount,
    Plant::RefundPending,
    Plant::RefundStillPendingThere,
];

/// Plants one, and says what must be found of it.
fn plant(plant: Plant, n: usize, lists: &mut Lists, books: &mut Books) -> Option<Told> {
    let (mut theirs, mut ours) = (their_payment(n), our_payment(n));
    let (mut their_refund, mut our_refund) = (their_refund(n), our_refund(n));
    let (charge, refund) = (charge_id(n).to_string(), refund_id(n).to_string());
    let payment = |kind| Some((Thing::Payment, kind, charge.clone()));
    let of_refund = |kind| Some((Thing::Refund, kind, refund.clone()));
    books.known.insert(number(n));
    let (expected, refunds) = match plant {
        Plant::Agreed => (None, vec![]),
        Plant::MissingHere => {
            lists.listed.push(listed(theirs, vec![]));
            return payment(DifferenceKind::MissingHere);
        }
        Plant::Stranger => {
            books.known.remove(&number(n));
            theirs.number = if n.is_multiple_of(2) { number(n).to_string() } else { "another-shop's".to_owned() };
            lists.listed.push(listed(theirs, vec![]));
            return payment(DifferenceKind::MissingHere);
        }
        Plant::MissingThere => {
            books.payments.push(ours);
            return payment(DifferenceKind::MissingThere);
        }
        Plant::Amount => {
            theirs.amount = fen(9_899);
            (payment(DifferenceKind::AmountDiffers), vec![])
        }
        Plant::Currency => {
            theirs.currency = Some("usd".to_owned());
            (payment(DifferenceKind::CurrencyDiffers), vec![])
        }
        Plant::App => {
            theirs.app_id = Some("app_2".to_owned());
            (payment(DifferenceKind::AppDiffers), vec![])
        }
        Plant::Livemode => {
            theirs.mode = Some(Mode::Test);
            (payment(DifferenceKind::LivemodeDiffers), vec![])
        }
        Plant::Unpaid => {
            (theirs.state, theirs.paid_at) = (PaymentState::Reversed, None);
            books.payments.push(ours);
            lists.unlisted.push(listed(theirs, vec![]));
            return payment(DifferenceKind::StatusDiffers);
        }
        Plant::Duplicate => {
            let second = 1_000_000 + n;
            let again = TheirPayment {
                name: charge_id(second).to_string(),
                charge_id: Some(charge_id(second)),
                ..theirs.clone()
            };
            lists.listed.push(listed(again, vec![]));
            let expected = (Thing::Payment, DifferenceKind::DuplicateThere, charge_id(second).to_string());
            (Some(expected), vec![])
        }
        Plant::BookedNextDay => {
            ours.received_at = noon() + TimeDelta::hours(13);
            (payment(DifferenceKind::PaidDayDiffers), vec![])
        }
        Plant::PaidLastMonth => {
            theirs.paid_at = Some(noon() - TimeDelta::days(30));
            ours.received_at = noon() - TimeDelta::days(30);
            (None, vec![])
        }
        Plant::PaidYesterdayUnbooked => {
            theirs.paid_at = Some(days().begins_at() - TimeDelta::seconds(1));
            lists.listed.push(listed(theirs, vec![]));
            return None;
        }
        Plant::RefundAgreed => {
            books.refunds.push(our_refund);
            (None, vec![their_refund])
        }
        Plant::RefundMissingHere => (of_refund(DifferenceKind::MissingHere), vec![their_refund]),
        Plant::RefundMissingThere => {
            // The charge is of another month: only the refund is of the days.
            theirs.paid_at = Some(noon() - TimeDelta::days(30));
            ours.received_at = noon() - TimeDelta::days(30);
            books.refunds.push(our_refund);
            (of_refund(DifferenceKind::MissingThere), vec![])
        }
        Plant::RefundAmount => {
            our_refund.amount = fen(101);
            books.refunds.push(our_refund);
            (of_refund(DifferenceKind::AmountDiffers), vec![their_refund])
        }
        Plant::RefundPending => {
            our_refund.stage = BookedRefund::AtGateway;
            books.refunds.push(our_refund);
            (of_refund(DifferenceKind::StatusDiffers), vec![their_refund])
        }
        Plant::RefundStillPendingThere => {
            our_refund.stage = BookedRefund::AtGateway;
            their_refund.status = RefundStatus::Pending;
            books.refunds.push(our_refund);
            (None, vec![their_refund])
        }
    };
    books.payments.push(ours);
    lists.listed.push(listed(theirs, refunds));
    expected
}

proptest! {
    #[test]
    fn planted_differences_are_all_found_and_nothing_else(
        plants in proptest::collection::vec(proptest::sample::select(&PLANTS[..]), 0..60),
        seed in any::<u64>(),
        pages in 1_usize..12,
    ) {
        let (mut lists, mut books) = (Lists::default(), Books::default());
        let planted = plants.iter().enumerate();
        let mut expected: Vec<Told> =
            planted.filter_map(|(n, kind)| plant(*kind, n, &mut lists, &mut books)).collect();
        expected.sort();
        let found = reconcile(&lists, &books, pages, seed);
        prop_assert_eq!(told(&found), expected);
        let fingerprints: std::collections::BTreeSet<_> = found.iter().map(|it| it.fingerprint()).collect();
        prop_assert_eq!(fingerprints.len(), found.len());
    }

    #[test]
    fn a_charge_that_is_listed_twice_is_told_once(seed in any::<u64>(), pages in 1_usize..5) {
        let (mut lists, mut books) = (Lists::default(), Books::default());
        for n in 0..6 {
            plant(Plant::MissingHere, n, &mut lists, &mut books);
        }
        lists.listed.extend(lists.listed.clone());
        prop_assert_eq!(reconcile(&lists, &books, pages, seed).len(), 6);
    }
}

#[test]
fn every_difference_says_what_is_to_be_done() {
    for (kind, action) in [
        (Plant::MissingHere, Action::Confirm),
        (Plant::Stranger, Action::Review),
        (Plant::MissingThere, Action::Review),
        (Plant::Amount, Action::Review),
        (Plant::Duplicate, Action::Confirm),
        (Plant::BookedNextDay, Action::Nothing),
        (Plant::RefundMissingHere, Action::RecordRefund),
        (Plant::RefundPending, Action::RecordRefund),
        (Plant::RefundMissingThere, Action::Review),
    ] {
        let (mut lists, mut books) = (Lists::default(), Books::default());
        plant(kind, 1, &mut lists, &mut books);
        let found = reconcile(&lists, &books, 10, 0);
        assert_eq!(found.iter().map(|it| it.action).collect::<Vec<_>>(), [action], "{kind:?}");
        let is_hint = found.iter().any(|it| it.kind.is_hint());
        assert_eq!(is_hint, action == Action::Nothing, "{kind:?}");
    }
}

#[test]
fn both_values_are_told() {
    for (kind, field, ours, theirs) in [
        (Plant::Amount, "amount_fen", "9900", "9899"),
        (Plant::Livemode, "livemode", "true", "false"),
        (Plant::BookedNextDay, "paid_at", "2026-11-28T17:00:00Z", "2026-11-28T04:00:00Z"),
        (Plant::RefundPending, "status", BookedRefund::AtGateway.code(), "succeeded"),
    ] {
        let (mut lists, mut books) = (Lists::default(), Books::default());
        plant(kind, 1, &mut lists, &mut books);
        let found = reconcile(&lists, &books, 10, 0);
        let values = (found[0].field.as_str(), found[0].ours.as_deref(), found[0].theirs.as_deref());
        assert_eq!(values, (field, Some(ours), Some(theirs)));
    }
}

#[test]
fn a_payment_of_another_amount_is_told_until_it_has_gone_back() {
    let (mut lists, mut books) = (Lists::default(), Books::default());
    plant(Plant::Agreed, 1, &mut lists, &mut books);
    // Booked as it came, kept apart because we had asked for another amount.
    books.payments[0].asked = fen(10_000);
    books.payments[0].status = ReceiptStatus::Review;
    let found = reconcile(&lists, &books, 10, 0);
    assert_eq!((found[0].kind, found[0].ours.as_deref()), (DifferenceKind::AmountDiffers, Some("10000")));
    books.payments[0].status = ReceiptStatus::Refunded;
    assert_eq!(reconcile(&lists, &books, 10, 0), []);
}

#[test]
fn what_the_gateway_says_went_back_is_compared_with_all_our_refunds_of_the_charge() {
    let (mut lists, mut books) = (Lists::default(), Books::default());
    plant(Plant::Agreed, 1, &mut lists, &mut books);
    lists.listed[0].amount_refunded = fen(500);
    let found = reconcile(&lists, &books, 10, 0);
    assert_eq!(told(&found), [(Thing::Refund, DifferenceKind::RefundedAmountDiffers, "ch_1".to_owned())]);
    assert_eq!((found[0].ours.as_deref(), found[0].theirs.as_deref()), (Some("0"), Some("500")));
    assert_eq!(found[0].action, Action::RecordRefund);
}

#[test]
fn what_others_write_is_clipped_and_has_no_control_characters() {
    let mut theirs = their_payment(1);
    theirs.number = format!("=1+1\r\n{}", "9".repeat(500));
    let found = GatewayMatching::new(merchant(), days()).listed(&[listed(theirs, vec![])], &[], &[]);
    let number = found[0].gateway_order_no.as_deref().unwrap();
    assert!(number.starts_with("=1+19") && number.len() == 128, "{number}");
}

#[test]
fn a_refund_of_another_day_is_compared_on_its_own_day() {
    let before = TheirRefund { at: Some(days().begins_at() - TimeDelta::seconds(1)), ..their_refund(1) };
    for (refund, expected) in [(before, 0), (their_refund(1), 1)] {
        let (mut lists, mut books) = (Lists::default(), Books::default());
        plant(Plant::Agreed, 1, &mut lists, &mut books);
        lists.listed[0].refunds.push(refund);
        assert_eq!(reconcile(&lists, &books, 10, 0).len(), expected);
    }
}

#[test]
fn refunds_of_one_charge_are_told_apart_by_their_ids() {
    let matching = GatewayMatching::new(merchant(), days());
    let theirs = [their_refund(2), their_refund(1)];
    assert_eq!(matching.refund_looked_up(&our_refund(1), &theirs), None);
    let other = matching.refund_looked_up(&our_refund(3), &theirs).unwrap();
    assert_eq!(other.kind, DifferenceKind::MissingThere);
    let (mut lists, mut books) = (Lists::default(), Books::default());
    plant(Plant::RefundAgreed, 1, &mut lists, &mut books);
    lists.listed[0].refunds.insert(0, TheirRefund { charge_id: Some(charge_id(1)), ..their_refund(2) });
    lists.listed[0].amount_refunded = fen(100);
    let found = GatewayMatching::new(merchant(), days()).listed(
        &lists.listed,
        &books.numbers(&[number(1)]),
        &books.refunds_of(&[charge_id(1)]),
    );
    assert_eq!(told(&found), [(Thing::Refund, DifferenceKind::MissingHere, "re_2".to_owned())]);
}

#[test]
fn refunds_are_asked_for_where_something_went_back_and_of_every_charge_of_ours() {
    let none = listed(their_payment(1), vec![]);
    let told_only = ListedCharge { amount_refunded: fen(1), ..listed(their_payment(2), vec![]) };
    let pending = TheirRefund { status: RefundStatus::Pending, ..their_refund(3) };
    let page = [none, told_only, listed(their_payment(3), vec![pending])];
    let asked = |ours: &Books| {
        let mut charges = GatewayMatching::refunded_of(&page, &ours.numbers(&[number(1)]));
        charges.sort();
        charges
    };
    assert_eq!(asked(&Books::default()), [charge_id(2), charge_id(3)]);
    let ours = Books { known: [number(1)].into(), payments: vec![our_payment(1)], ..Books::default() };
    assert_eq!(asked(&ours), [charge_id(1), charge_id(2), charge_id(3)]);
}

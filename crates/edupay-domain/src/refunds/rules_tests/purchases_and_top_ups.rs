//! What a refund makes of a purchase's days, and of a top-up's gift.

use super::*;
use crate::events::EventBody;
use crate::ids::{PackageId, ProjectId, PurchaseNo, PurchaseRecordId};
use crate::ledger::EntryKind;
use crate::packages::{
    Basis, Day, Holder, Period, Purchase, PurchaseKind, PurchaseRecord, PurchaseState, ServicePeriod, Supersession,
    Term,
};

/// The days of the tests are those around the first moment there is.
fn period() -> Period {
    Period { starts: Day::parse("1970-01-01").unwrap(), ends: Day::parse("1970-12-31").unwrap() }
}

fn purchase_no() -> PurchaseNo {
    PurchaseNo::parse("41").unwrap()
}

fn record_id() -> PurchaseRecordId {
    PurchaseRecordId::of(&purchase_no(), 1).unwrap()
}

fn package_id() -> PackageId {
    PackageId::try_new(1).unwrap()
}

fn project_id() -> ProjectId {
    ProjectId::try_new(1).unwrap()
}

/// A package for 100 fen, paid by a charge.
fn purchase(refunded: u32) -> Purchase {
    let record = PurchaseRecord {
        id: record_id(),
        package_id: package_id(),
        item_name: "package".to_owned(),
        list_price: fen(100),
        price: fen(100),
        term: Term::try_new(12).unwrap(),
        basis: Basis::New,
        period: Some(period()),
    };
    Purchase {
        user_id: user(1),
        purchase_no: purchase_no(),
        buyer: user(2),
        kind: PurchaseKind::New,
        project_id: project_id(),
        project_name: "project".to_owned(),
        holder: Holder::default(),
        records: vec![record],
        amount: fen(100),
        state: PurchaseState::Paid { at: at(1), channel: Channel::Wx, charge_id: charge_id(), refunded: fen(refunded) },
        created_at: at(0),
        expires_at: at(9),
    }
}

fn held(superseded: Option<Supersession>) -> ServicePeriod {
    ServicePeriod {
        user_id: user(1),
        project_id: project_id(),
        record_id: record_id(),
        package_id: package_id(),
        period: period(),
        term_starts: period().starts,
        list_price: fen(100),
        superseded,
        ended: None,
    }
}

fn upgraded() -> Option<Supersession> {
    let by = PurchaseRecordId::parse("4201").unwrap();
    Some(Supersession { by, on: Day::parse("1970-02-01").unwrap(), until: None })
}

fn view(superseded: Option<Supersession>) -> RefundView {
    let paid = Refundable::Purchase { purchase: purchase(0), periods: vec![held(superseded)] };
    RefundView { wallet: Wallet::new(user(1)), paid: Some(paid), refunds: Vec::new(), named: None }
}

fn of_purchase(command: RequestRefund) -> RequestRefund {
    RequestRefund { subject: ChargeSubject::Purchase(purchase_no()), ..command }
}

fn change(plan: RefundingPlan) -> RefundChange {
    match plan {
        RefundingPlan::Change(change) => change,
        RefundingPlan::Keep(refund) => panic!("nothing is written for {refund:?}"),
    }
}

fn kinds(change: &RefundChange) -> Vec<&'static str> {
    change.events.iter().map(|event| event.body.kind()).collect()
}

#[test]
fn a_part_takes_no_day_of_a_package_and_the_whole_takes_them_all() {
    let mut view = view(None);
    let command = of_purchase(wish("R-1", Some(40), RefundTarget::Balance));
    let part = change(request_refund(&command, &view).unwrap());
    assert_eq!(part.purchase, Some(purchase(40)));
    assert_eq!((part.periods.len(), kinds(&part)), (0, vec!["refund.requested", "refund.succeeded"]));
    let posted = part.posted.unwrap();
    assert_eq!((posted.entry.kind(), posted.wallet.cash), (EntryKind::RefundPurchase, fen(40)));
    view.refunds.push(part.refund);
    view.paid = Some(Refundable::Purchase { purchase: purchase(40), periods: vec![held(None)] });
    let command = of_purchase(wish("R-2", Some(60), RefundTarget::Balance));
    let rest = change(request_refund(&command, &view).unwrap());
    assert_eq!(rest.purchase, Some(purchase(100)));
    assert_eq!(rest.periods, [ServicePeriod { ended: Some(Day::of(at(20))), ..held(None) }]);
    assert_eq!(kinds(&rest), ["refund.requested", "refund.succeeded", "period.ended"]);
    let refund_no = number("R-2");
    assert_eq!(rest.events[2].body, EventBody::PeriodEnded { record_id: record_id(), refund_no });
}

#[test]
fn an_upgraded_purchase_goes_back_in_part_only_until_its_upgrade_has() {
    let goes_on = upgraded().map(|superseded| Supersession { until: Some(period().ends), ..superseded });
    for (superseded, amount, expected) in [
        (None, 100, Ok(())),
        (goes_on, 100, Ok(())),
        (upgraded(), 99, Ok(())),
        (upgraded(), 100, Err(RefundRefusal::PurchaseUpgraded)),
    ] {
        let command = of_purchase(wish("R-1", Some(amount), RefundTarget::Balance));
        let answer = request_refund(&command, &view(superseded.clone())).map(|_| ());
        assert_eq!(answer, expected, "{superseded:?} {amount}");
    }
}

#[test]
fn a_purchase_that_was_upgraded_before_the_approval_is_not_refunded_in_full() {
    for (amount, superseded, expected) in
        [(100, None, Ok(())), (99, upgraded(), Ok(())), (100, upgraded(), Err(DecisionRefusal::PurchaseUpgraded))]
    {
        let wish = wish("R-1", Some(amount), RefundTarget::Balance);
        let command = of_purchase(RequestRefund { approval_above: Some(fen(1)), ..wish });
        let asked = change(request_refund(&command, &view(None)).unwrap()).refund;
        let (refunds, named) = (vec![asked.clone()], Some(asked));
        let later = RefundView { refunds, named, ..view(superseded) };
        let decision = DecideRefund {
            user_id: user(1),
            subject: command.subject,
            refund_no: command.refund_no,
            by: user(9),
            at: at(25),
            event_id: EventId::from_random(8),
        };
        assert_eq!(approve_refund(&decision, &later).map(|_| ()), expected, "{amount}");
    }
}

#[test]
fn days_of_an_upgrade_are_left_when_the_gateway_gives_its_base_back() {
    let mut command = word("re_1", 100, RefundStatus::Succeeded, None);
    command.subject = ChargeSubject::Purchase(purchase_no());
    let view = GatewayRefundView { view: view(upgraded()), claimed_for: None };
    let booked = change(record_gateway_refund(&command, &view).unwrap().unwrap());
    assert_eq!(booked.purchase, Some(purchase(100)));
    assert_eq!(booked.periods, [ServicePeriod { ended: Some(Day::of(at(30))), ..held(upgraded()) }]);
    assert_eq!(kinds(&booked), ["refund.succeeded", "period.left"]);
    // Told again under another id, there is nothing left to give: it is the student's.
    let (refunds, mut view) = (vec![booked.refund], view);
    let paid = Refundable::Purchase { purchase: purchase(100), periods: booked.periods };
    view.view = RefundView { refunds, paid: Some(paid), ..view.view };
    command.refund.id = RefundId::parse("re_2").unwrap();
    let again = change(record_gateway_refund(&command, &view).unwrap().unwrap());
    assert_eq!((again.refund.recovered, again.posted.unwrap().wallet.debt), (fen(100), fen(100)));
    assert_eq!((again.purchase, again.periods.len()), (None, 0));
}

#[test]
fn what_an_upgrade_replaced_goes_on_from_the_day_of_its_refund() {
    let day = |text| Day::parse(text).unwrap();
    let base = |on, until| {
        let superseded = Some(Supersession { by: record_id(), on: day(on), until });
        let record_id = PurchaseRecordId::parse("4001").unwrap();
        ServicePeriod { record_id, superseded, ..held(None) }
    };
    let refunded = Day::of(at(20));
    let over = ServicePeriod { period: Period { ends: day("1969-12-31"), ..period() }, ..base("1969-12-01", None) };
    let ended = ServicePeriod { ended: Some(refunded), ..base("1969-12-01", None) };
    for (replaced, goes_on) in [
        (base("1969-12-01", None), Some(base("1969-12-01", Some(refunded)))),
        // An upgrade of days to come never had the place of those before.
        (base("1970-02-01", None), Some(base("1970-02-01", Some(day("1970-02-01"))))),
        (base("1969-12-01", Some(refunded)), None),
        (over, None),
        (ended, None),
    ] {
        let periods = vec![held(None), replaced.clone()];
        let paid = Some(Refundable::Purchase { purchase: purchase(0), periods });
        let command = of_purchase(wish("R-1", Some(100), RefundTarget::Balance));
        let whole = change(request_refund(&command, &RefundView { paid, ..view(None) }).unwrap());
        let own = ServicePeriod { ended: Some(refunded), ..held(None) };
        assert_eq!(whole.periods, [own].into_iter().chain(goes_on).collect::<Vec<_>>(), "{replaced:?}");
    }
}

#[test]
fn a_purchase_says_how_much_of_it_went_back() {
    let kinds = [PurchaseKind::New, PurchaseKind::Upgrade, PurchaseKind::Renewal];
    assert_eq!(kinds.map(PurchaseKind::number), [0, 1, 2], "the numbers of the wire");
    assert_eq!([0, 1, 2].map(PurchaseKind::from_number), kinds.map(Some));
    assert_eq!([-1, 3].map(PurchaseKind::from_number), [None, None]);
    assert_eq!(format!("{:?}", purchase(0).holder), "Holder(…)");
    for (refunded, expected) in [(0, "paid"), (1, "partly_refunded"), (99, "partly_refunded"), (100, "refunded")] {
        assert_eq!(purchase(refunded).status_code(), expected);
    }
    for (state, expected) in [(PurchaseState::Unpaid, "unpaid"), (PurchaseState::Closed, "closed")] {
        assert_eq!(Purchase { state, ..purchase(0) }.status_code(), expected);
    }
}

#[test]
fn an_unpaid_purchase_has_nothing_to_refund() {
    for state in [PurchaseState::Unpaid, PurchaseState::Closed] {
        let paid = Refundable::Purchase { purchase: Purchase { state, ..purchase(0) }, periods: Vec::new() };
        let view = RefundView { paid: Some(paid), ..view(None) };
        let command = of_purchase(wish("R-1", None, RefundTarget::Balance));
        assert_eq!(request_refund(&command, &view), Err(RefundRefusal::NotPaid));
    }
}

/// A top-up of 100 fen that came with a gift of 7.
fn top_up_view(wallet: Wallet, refunds: Vec<Refund>) -> GatewayRefundView {
    let top_up = TopUp {
        user_id: user(1),
        top_up_no: TopUpNo::parse("31").unwrap(),
        amount: fen(100),
        bonus: fen(7),
        state: TopUpState::Credited { at: at(1), charge_id: charge_id() },
        created_at: at(0),
    };
    let view = RefundView { wallet, paid: Some(Refundable::TopUp(top_up)), refunds, named: None };
    GatewayRefundView { view, claimed_for: None }
}

#[test]
fn the_gift_of_a_top_up_goes_with_the_last_fen_of_it_as_far_as_it_is_there() {
    // Held: gifts and cash. Given back, one refund after the other. Left: gifts, cash, debt.
    for ((gifts, cash), given, expected) in [
        ((7, 100), &[99][..], (7, 1, 0)),
        ((7, 100), &[100][..], (0, 0, 0)),
        ((7, 100), &[99, 1][..], (0, 0, 0)),
        ((7, 100), &[60, 39][..], (7, 1, 0)),
        // Gifts of others stay; spent ones are let go.
        ((50, 100), &[100][..], (43, 0, 0)),
        ((3, 100), &[100][..], (0, 0, 0)),
        // What the cash can't give comes out of the gifts, which then are not there to go.
        ((7, 90), &[100][..], (0, 0, 3)),
        ((20, 90), &[100][..], (3, 0, 0)),
        ((0, 40), &[100][..], (0, 0, 60)),
    ] {
        let mut wallet = Wallet { bonus: fen(gifts), cash: fen(cash), ..Wallet::new(user(1)) };
        let mut refunds = Vec::new();
        for (nth, amount) in given.iter().enumerate() {
            let mut command = word(&format!("re_{nth}"), *amount, RefundStatus::Succeeded, None);
            command.subject = ChargeSubject::TopUp(TopUpNo::parse("31").unwrap());
            let plan = record_gateway_refund(&command, &top_up_view(wallet, refunds.clone())).unwrap().unwrap();
            let booked = change(plan);
            let refund = booked.refund;
            assert_eq!((refund.recovered, refund.origin, booked.totals), (fen(*amount), RefundOrigin::Gateway, None));
            let posted = booked.posted.unwrap();
            assert_eq!(posted.entry.kind(), EntryKind::ClawBackTopUp);
            wallet = posted.wallet;
            refunds.push(refund);
        }
        let left = (wallet.bonus, wallet.cash, wallet.debt);
        let (gifts_left, cash_left, debt) = expected;
        assert_eq!(left, (fen(gifts_left), fen(cash_left), fen(debt)), "{gifts} {cash} {given:?}");
    }
}

//! Packages bought through the services, when answers are lost and parents pay twice.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what sets the stage is test code: it fails by panicking"
)]

use chrono::TimeDelta;
use edupay_domain::accounts::{Token, User};
use edupay_domain::cashier::{CashierRefusal, CashierTarget};
use edupay_domain::idempotency::{ClaimedKey, IdempotencyKey, KeyTurn, RecoveryPoint, RequestDigest};
use edupay_domain::ids::{GatewayOrderNo, MockIdSource, OrderNo, PackageId, UserId};
use edupay_domain::packages::{
    ClaimedAmount, Day, ImportMode, MockPackageStore, Package, PackageDraft, PackagePolicy, PackageService, Packages,
    PayForPackages, PlaceRefusal, ProjectKind, PurchaseKind, PurchaseQuery, PurchaseState, PutSchool, SearchKind,
    SearchRefusal, StudentDraft, StudentTexts, SuccessRefusal, Term,
};
use edupay_domain::payments::{AttemptStatus, Channel, Postponement, ReceiptStatus, UnappliedReason};
use edupay_domain::store::EffectError;
use edupay_testkit::contract::StoreHarness;
use edupay_testkit::fixtures::{fen, project_draft};
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::platform::{PAYER_IP, Platform};
use std::sync::Arc;

/// The campus of seed 002: one student, a parent, packages of 158 and 188 yuan a year.
struct Campus {
    platform: Platform,
    parent: User,
    student: UserId,
    packages: Vec<Package>,
}

impl Campus {
    async fn new() -> Self {
        let platform = Platform::new();
        let parent = platform.buyer("parent", 0).await;
        let school = platform.campus.put_school(PutSchool { id: None, name: "实验小学".to_owned() }).await.unwrap();
        let student = UserId::try_new(10_129_580).unwrap();
        let draft = StudentDraft {
            user_id: student,
            school_id: school.id,
            texts: StudentTexts { name: "陈雅诺".to_owned(), ..StudentTexts::default() },
            card_no: None,
            guardians: vec![parent.id],
        };
        platform.campus.put_students(vec![draft], ImportMode::Write).await.unwrap();
        let project = project_draft(Some(school.id), "智慧校园一卡通");
        let project = platform.campus.put_project(project).await.unwrap();
        let draft = |name: &str, price| PackageDraft {
            id: None,
            project_id: project.id,
            name: name.to_owned(),
            price_text: "¥158元/年".to_owned(),
            list_price: fen(price),
            term: Term::try_new(12).unwrap(),
            rank: 0,
            description: String::new(),
            details: Vec::new(),
        };
        let rows = vec![draft("A套餐-不含定位", 15_800), draft("B套餐-含定位", 18_800)];
        let packages = platform.campus.put_packages(rows, ImportMode::Write).await.unwrap().taken;
        Self { platform, parent, student, packages }
    }

    fn wanted(&self, kind: PurchaseKind, package: usize, channel: Channel) -> PayForPackages {
        let package_ids: Vec<PackageId> = vec![self.packages[package].id];
        PayForPackages { user_id: self.student, kind, package_ids, channel, claimed: None, client_ip: PAYER_IP }
    }

    /// Orders and pays, and the callback arrives.
    async fn buy(&self, kind: PurchaseKind, package: usize) -> String {
        let wanted = self.wanted(kind, package, Channel::Wx);
        let placed = self.platform.packages.pay(self.parent.id, &wanted).await.unwrap();
        let charge = self.platform.gateway.payer_pays(placed.attempt.charge_id.as_ref().unwrap()).unwrap();
        self.platform.payments.confirm(&charge).await.unwrap();
        let query = PurchaseQuery::Number(placed.attempt.gateway_order_no);
        let paid = self.platform.packages.success(self.parent.id, self.student, &query).await.unwrap();
        let period = paid[0].record.period.unwrap();
        format!("{} {}..{}", placed.purchase.amount, period.starts, period.ends)
    }
}

#[tokio::test]
async fn a_parent_buys_upgrades_and_renews() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let search = |kind| platform.packages.search(parent, campus.student, ProjectKind::Card, kind);
    let sheet = search(SearchKind::Buying).await.unwrap();
    assert_eq!(sheet.quotes.iter().map(|quote| quote.price.to_string()).collect::<Vec<_>>(), ["158.00", "188.00"]);
    let refused = search(SearchKind::Upgrade).await;
    assert!(matches!(refused, Err(EffectError::Refused(SearchRefusal::NothingToUpgrade))));

    assert_eq!(campus.buy(PurchaseKind::New, 0).await, "158.00 2016-06-15..2017-06-14");
    platform.clock.step(TimeDelta::days(100));
    let sheet = search(SearchKind::Upgrade).await.unwrap();
    assert_eq!(sheet.quotes.iter().map(|quote| quote.price.to_string()).collect::<Vec<_>>(), ["30.00"]);
    assert_eq!(campus.buy(PurchaseKind::Upgrade, 1).await, "30.00 2016-09-23..2017-06-14");
    let sheets = platform.packages.quotes(parent, campus.student, ProjectKind::Card).await.unwrap();
    let quotes: Vec<_> = sheets.iter().flat_map(|sheet| &sheet.quotes).map(|quote| quote.kind).collect();
    assert_eq!(quotes, [PurchaseKind::Renewal]);
    assert_eq!(campus.buy(PurchaseKind::Renewal, 1).await, "188.00 2017-06-15..2018-06-14");
    let listed = platform.packages.list(parent, campus.student, None, 10).await.unwrap().unwrap();
    assert_eq!(listed.len(), 3);
    platform.audit().await;
}

#[tokio::test]
async fn a_try_that_could_not_ask_the_gateway_is_followed_by_another_charge_of_the_same_purchase() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let wanted = campus.wanted(PurchaseKind::New, 0, Channel::Wx);
    let request = platform.idempotency.request(parent, IdempotencyKey::parse("k").unwrap(), RequestDigest([7; 32]));
    let ClaimedKey::Turn(first) = platform.idempotency.claim(request.clone()).await.unwrap() else { panic!() };
    platform.gateway.fail_next(Call::CreateCharge, Fault::Postpone(Postponement::Unreached));
    let said = platform.packages.pay_once(parent, &wanted, Some(&first)).await;
    let postponed = PlaceRefusal::ChargePostponed(Postponement::Unreached);
    assert!(matches!(said, Err(EffectError::Refused(said)) if said == postponed));
    platform.idempotency.give_back(first.claim).await.unwrap();

    let ClaimedKey::Turn(second) = platform.idempotency.claim(request).await.unwrap() else { panic!() };
    let noted = second.point.clone().unwrap();
    let placed = platform.packages.pay_once(parent, &wanted, Some(&second)).await.unwrap();
    assert_eq!(placed.attempt.status, AttemptStatus::Open);
    assert_ne!(placed.attempt.gateway_order_no.as_str(), noted.0);
    assert_eq!(placed.purchase.purchase_no.as_str(), noted.0, "the first attempt had the purchase's own number");
    assert_eq!(platform.gateway.charges().len(), 1);
    platform.audit().await;
}

#[tokio::test]
async fn a_repeat_in_the_turn_of_its_key_goes_on_with_what_the_first_try_made_whatever_became_of_it() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let key = IdempotencyKey::parse("campus-1").unwrap();
    let request = platform.idempotency.request(parent, key, RequestDigest([7; 32]));
    let ClaimedKey::Turn(first) = platform.idempotency.claim(request).await.unwrap() else { panic!() };
    let wanted = campus.wanted(PurchaseKind::New, 0, Channel::Wx);
    let placed = platform.packages.pay_once(parent, &wanted, Some(&first)).await.unwrap();
    let charge = platform.gateway.payer_pays(placed.attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.payments.confirm(&charge).await.unwrap();
    // Placed anew, a package that is held already would be refused.
    let anew = platform.packages.pay(parent, &wanted).await;
    assert!(matches!(anew, Err(EffectError::Refused(_))));
    let point = Some(RecoveryPoint(placed.attempt.gateway_order_no.to_string()));
    let second = KeyTurn { point, ..first };
    let again = platform.packages.pay_once(parent, &wanted, Some(&second)).await.unwrap();
    assert_eq!((again.purchase.purchase_no, again.attempt.status), (placed.purchase.purchase_no, AttemptStatus::Paid));
    let stranger = platform.buyer("stranger", 0).await.id;
    let foreign = platform.packages.pay_once(stranger, &wanted, Some(&second)).await;
    assert!(matches!(foreign, Err(EffectError::Refused(PlaceRefusal::NotYours))));
    assert_eq!(platform.gateway.charges().len(), 1);
}

#[tokio::test]
async fn a_parent_who_pays_twice_gets_the_second_payment_back() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let claimed = Some(ClaimedAmount::parse("158").unwrap());
    let by = |channel| PayForPackages { claimed, ..campus.wanted(PurchaseKind::New, 0, channel) };
    let (first, again) = (
        platform.packages.pay(parent, &by(Channel::Wx)).await.unwrap(),
        platform.packages.pay(parent, &by(Channel::Wx)).await.unwrap(),
    );
    assert_eq!(again, first, "a double click opens one charge");
    let second = platform.packages.pay(campus.student, &by(Channel::AlipayQr)).await.unwrap();
    assert_eq!(second.purchase, first.purchase);
    for placed in [&first, &second] {
        let charge = platform.gateway.payer_pays(placed.attempt.charge_id.as_ref().unwrap()).unwrap();
        platform.payments.confirm(&charge).await.unwrap();
    }

    let number = GatewayOrderNo::of_purchase(&first.purchase.purchase_no);
    let status = || platform.packages.status(parent, campus.student, number.clone());
    let now = status().await.unwrap().unwrap();
    assert!(matches!(now.purchase.state, PurchaseState::Paid { channel: Channel::Wx, .. }));
    let unapplied: Vec<_> = now.unapplied.iter().map(|receipt| (receipt.status, receipt.reason)).collect();
    assert_eq!(unapplied, [(ReceiptStatus::RefundDue, Some(UnappliedReason::PaidAlready))]);
    platform.payments.refund_due(10).await.unwrap();
    assert_eq!(status().await.unwrap().unwrap().unapplied[0].status, ReceiptStatus::Refunded);
    assert_eq!(platform.gateway.refunds().len(), 1);
    platform.audit().await;
}

#[tokio::test]
async fn a_lost_callback_heals_when_the_success_is_asked_for() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let wanted = campus.wanted(PurchaseKind::New, 1, Channel::AlipayWap);
    let placed = platform.packages.pay(parent, &wanted).await.unwrap();
    let query = PurchaseQuery::Records(placed.purchase.records.iter().map(|record| record.id.clone()).collect());
    let success = || platform.packages.success(parent, campus.student, &query);
    assert!(matches!(success().await, Err(EffectError::Refused(SuccessRefusal::NotPaid))));
    assert_eq!(platform.gateway.calls(Call::FindCharge), 1, "the gateway is asked once");

    platform.gateway.payer_pays(placed.attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.gateway.fail_next(Call::FindCharge, Fault::LoseAnswer);
    assert!(matches!(success().await, Err(EffectError::Refused(SuccessRefusal::NotPaid))));
    let paid = success().await.unwrap();
    assert_eq!((paid[0].record.item_name.as_str(), paid[0].holder.name.as_str()), ("B套餐-含定位", "陈雅诺"));
    assert_eq!(paid[0].project_name, "智慧校园一卡通");
    success().await.unwrap();
    assert_eq!(platform.gateway.calls(Call::FindCharge), 3, "what is paid needs no asking");

    let stranger = platform.buyer("stranger", 0).await.id;
    let foreign = platform.packages.success(stranger, campus.student, &query).await;
    assert!(matches!(foreign, Err(EffectError::Refused(SuccessRefusal::NotYours))));
    let unknown = PurchaseQuery::Number(GatewayOrderNo::parse("123456789").unwrap());
    let unknown = platform.packages.success(parent, campus.student, &unknown).await;
    assert!(matches!(unknown, Err(EffectError::Refused(SuccessRefusal::NotFound))));
    platform.audit().await;
}

#[tokio::test]
async fn a_lost_callback_heals_when_the_status_is_repaired_and_not_when_it_is_only_read() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let placed = platform.packages.pay(parent, &campus.wanted(PurchaseKind::New, 1, Channel::Wx)).await.unwrap();
    platform.gateway.payer_pays(placed.attempt.charge_id.as_ref().unwrap()).unwrap();
    let number = || placed.attempt.gateway_order_no.clone();
    let read = platform.packages.status(parent, campus.student, number()).await.unwrap().unwrap();
    assert_eq!(read.purchase.state, PurchaseState::Unpaid);
    let repaired = || platform.packages.repaired_status(parent, campus.student, number());
    assert!(matches!(repaired().await.unwrap().unwrap().purchase.state, PurchaseState::Paid { .. }));
    repaired().await.unwrap().unwrap();
    assert_eq!(platform.gateway.calls(Call::FindCharge), 1, "what is paid needs no asking");
    let stranger = platform.buyer("stranger", 0).await.id;
    assert_eq!(platform.packages.repaired_status(stranger, campus.student, number()).await.unwrap(), None);
    platform.audit().await;
}

#[tokio::test]
async fn a_guardian_is_told_whom_it_may_act_for() {
    let campus = Campus::new().await;
    let wards = campus.platform.packages.wards(campus.parent.id).await.unwrap();
    assert_eq!(wards.iter().map(|ward| ward.user_id).collect::<Vec<_>>(), [campus.student]);
    let stranger = campus.platform.buyer("stranger", 0).await.id;
    assert_eq!(campus.platform.packages.wards(stranger).await.unwrap(), []);
}

/// Between our look at the purchase and the gateway's answer the callback may come.
#[tokio::test]
async fn a_callback_that_comes_while_the_success_is_asked_for_is_seen() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let wanted = campus.wanted(PurchaseKind::New, 1, Channel::AlipayWap);
    let unpaid = platform.packages.pay(parent, &wanted).await.unwrap();
    platform.gateway.payer_pays(unpaid.attempt.charge_id.as_ref().unwrap()).unwrap();
    let ids = unpaid.purchase.records.iter().map(|record| record.id.clone()).collect();
    let query = PurchaseQuery::Records(ids);
    platform.packages.success(parent, campus.student, &query).await.unwrap();
    let paid = platform.packages.list(parent, campus.student, None, 1).await.unwrap().unwrap().remove(0);

    let mut looks = vec![paid, unpaid.purchase];
    let mut store = MockPackageStore::new();
    store.expect_find().times(2).returning(move |_, _, _| Ok(Some(vec![looks.pop().unwrap()])));
    let packages = PackageService::new(Packages {
        store: Arc::new(store),
        payments: platform.payments.clone(),
        policy: PackagePolicy { purchase_lifetime: TimeDelta::hours(24), charge_lifetime: TimeDelta::hours(1) },
        clock: platform.clock.clone(),
        ids: Arc::new(MockIdSource::new()),
    });
    let found = packages.success(parent, campus.student, &query).await.unwrap();
    assert_eq!(found[0].record.item_name, "B套餐-含定位");
}

#[tokio::test]
async fn a_lost_answer_then_a_repeat_gives_the_same_single_charge() {
    for seconds_between in [5, 90] {
        let campus = Campus::new().await;
        let platform = &campus.platform;
        let wanted = campus.wanted(PurchaseKind::New, 0, Channel::Wx);
        platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
        assert!(platform.packages.pay(campus.parent.id, &wanted).await.is_err());
        platform.clock.step(TimeDelta::seconds(seconds_between));
        let placed = platform.packages.pay(campus.parent.id, &wanted).await.unwrap();
        assert_eq!(placed.attempt.status, AttemptStatus::Open);
        assert_eq!(platform.gateway.charges().len(), 1, "{seconds_between} s");
        let request = platform.gateway.requests().into_iter().next().unwrap();
        assert_eq!((request.subject.as_str(), request.body.as_str()), ("智慧校园一卡通", "A套餐-不含定位"));
        assert_eq!(request.amount, fen(15_800));
    }
}

#[tokio::test]
async fn an_expired_purchase_is_closed_unless_it_was_paid_in_time() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let left = platform.packages.pay(parent, &campus.wanted(PurchaseKind::New, 0, Channel::Wx)).await.unwrap();
    let paid = platform.packages.pay(parent, &campus.wanted(PurchaseKind::New, 1, Channel::Wx)).await.unwrap();
    platform.clock.step(TimeDelta::hours(23));
    platform.gateway.payer_pays(paid.attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.clock.step(TimeDelta::hours(2));
    let round = platform.packages.close_expired(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (2, 0));
    let purchases = platform.packages.list(parent, campus.student, None, 10).await.unwrap().unwrap();
    let state = |number| {
        let mut purchases = purchases.iter();
        purchases.find(|purchase| purchase.purchase_no == number).map(|purchase| purchase.state.code())
    };
    assert_eq!(state(left.purchase.purchase_no), Some("closed"));
    assert_eq!(state(paid.purchase.purchase_no), Some("paid"));
    // The day of payment counts, not the day we heard.
    let held = platform.store.packages().offer(parent, campus.student, ProjectKind::Card).await.unwrap().unwrap();
    assert_eq!(held.periods[0].period.starts, Day::parse("2016-06-16").unwrap());
    platform.payments.look_after(10).await.unwrap();
    assert!(platform.gateway.charges().iter().all(|charge| charge.paid || charge.reversed));
    assert_eq!(platform.packages.close_expired(10).await.unwrap().done, 0);
    platform.audit().await;
}

#[tokio::test]
async fn a_cashier_link_opens_for_as_long_as_its_maker_has_the_right() {
    let campus = Campus::new().await;
    let (platform, parent) = (&campus.platform, campus.parent.id);
    let packages = CashierTarget::Packages { user_id: campus.student, kind: ProjectKind::Card };
    let order = platform.order(&campus.parent, 9_900).await;
    let order = CashierTarget::Order { user_id: parent, order_no: order.order_no };
    let stranger = platform.buyer("stranger", 0).await.id;
    for (caller, expected) in [(parent, true), (stranger, false)] {
        assert_eq!(platform.packages.may_act_for(caller, campus.student).await.unwrap(), expected);
    }
    for target in [&packages, &order] {
        let refused = platform.cashier.create(stranger, target.clone()).await;
        assert!(matches!(refused, Err(EffectError::Refused(CashierRefusal::NotYours))));
        let (token, link) = platform.cashier.create(parent, target.clone()).await.unwrap();
        assert_eq!((&link.target, link.created_by), (target, parent));
        assert_eq!(platform.cashier.open(&token).await.unwrap(), link);
    }
    let order_no = OrderNo::parse("12345678901234567890").unwrap();
    let no_order = CashierTarget::Order { user_id: parent, order_no };
    let refused = platform.cashier.create(parent, no_order).await;
    assert!(matches!(refused, Err(EffectError::Refused(CashierRefusal::NotYours))));
    let unknown = platform.cashier.open(&Token::parse(&"f".repeat(40)).unwrap()).await;
    assert!(matches!(unknown, Err(EffectError::Refused(CashierRefusal::Unknown))));

    let (token, link) = platform.cashier.create(parent, packages.clone()).await.unwrap();
    assert!(platform.campus.unbind_guardian(parent, campus.student).await.unwrap());
    let unbound = platform.cashier.open(&token).await;
    assert!(matches!(unbound, Err(EffectError::Refused(CashierRefusal::NotYours))));
    platform.campus.bind_guardian(parent, campus.student).await.unwrap();
    assert!(platform.cashier.open(&token).await.is_ok());
    platform.clock.set(link.expires_at);
    let expired = platform.cashier.open(&token).await;
    assert!(matches!(expired, Err(EffectError::Refused(CashierRefusal::Expired))));
    assert_eq!(platform.cashier.remove_expired(10).await.unwrap(), 0);
    platform.clock.step(TimeDelta::days(31));
    assert_eq!(platform.cashier.remove_expired(10).await.unwrap(), 3);
    let forgotten = platform.cashier.open(&token).await;
    assert!(matches!(forgotten, Err(EffectError::Refused(CashierRefusal::Unknown))));
}

#[tokio::test]
async fn a_key_is_forgotten_when_it_has_expired() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await.id;
    for key in ["a", "b", "c"] {
        let request = platform.idempotency.request(buyer, IdempotencyKey::parse(key).unwrap(), RequestDigest([7; 32]));
        assert!(matches!(platform.idempotency.claim(request).await.unwrap(), ClaimedKey::Turn(_)));
    }
    platform.clock.step(TimeDelta::hours(23));
    assert_eq!(platform.idempotency.remove_expired(10).await.unwrap(), 0);
    platform.clock.step(TimeDelta::hours(2));
    assert_eq!(platform.idempotency.remove_expired(2).await.unwrap(), 2);
    assert_eq!(platform.idempotency.remove_expired(2).await.unwrap(), 1);
}

//! Claims about purchases before they are paid: offered, placed, found, closed.

use super::case::refusal_of;
use super::{Campus, Case, Placed, StoreHarness};
use crate::fixtures::{fen, minutes_after};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{GatewayOrderNo, PackageId, PurchaseRecordId, UserId};
use edupay_domain::packages::{
    Basis, ClosePurchase, Holder, PackageDraft, PlacePlan, PlacePurchase, PlaceRefusal, PlacedPurchase, ProjectDraft,
    ProjectKind, Purchase, PurchaseKind, PurchaseQuery, PurchaseRecord, PurchaseState, Selection, close_purchase,
    place_purchase,
};
use edupay_domain::payments::{
    AttemptStatus, Awaited, Channel, ChargeAttempt, ChargeReply, ChargeRoute, ChargeSubject, ClaimLook, OpenChargePlan,
    RecordChargeReply, claim_look, record_charge_reply,
};

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    async fn purchase_attempts(&self, purchase: &Purchase) -> Vec<ChargeAttempt> {
        let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
        self.harness().charges().attempts_of(purchase.user_id, &subject).await.unwrap()
    }

    async fn is_expired(&self, purchase: &Purchase, now: Timestamp) -> bool {
        let expired = self.harness().packages().expired(now, 100_000).await.unwrap();
        expired.contains(&(purchase.user_id, purchase.purchase_no.clone(), purchase.expires_at))
    }

    async fn found(&self, caller: UserId, user_id: UserId, query: &PurchaseQuery) -> Option<Vec<Purchase>> {
        self.harness().packages().find(caller, user_id, query).await.unwrap()
    }
}

fn numbered(placed: &Placed) -> PurchaseQuery {
    PurchaseQuery::Number(GatewayOrderNo::of_purchase(&placed.purchase.purchase_no))
}

/// The projects of the kind that are open to the school, whatever can be bought of them; and what the
/// student has of them.
pub async fn an_offer_shows_a_kinds_projects_with_packages_and_periods<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let everyones = case.project(ProjectDraft { school_id: None, ..case.project_draft(campus.school.id) }).await;
    let sms = case.project(ProjectDraft { kind: ProjectKind::Sms, ..case.project_draft(campus.school.id) }).await;
    let elsewhere = case.campus().await;
    let message = case.put_packages(vec![case.package_draft(&sms, 30)]).await;
    let shared = case.put_packages(vec![case.package_draft(&everyones, 40)]).await;
    let withdrawn = case.withdraw(campus.packages.first().unwrap().id, case.start()).await;
    case.pay_purchase(&case.place(&campus, PurchaseKind::New, &[1]).await).await;
    for caller in [campus.student, campus.guardian] {
        let offer = harness.packages().offer(caller, campus.student, ProjectKind::Card).await.unwrap().unwrap();
        assert_eq!(offer.student, harness.campus().find_student(campus.student).await.unwrap().unwrap());
        // Other claims may have projects for every school too.
        let ids: Vec<_> = offer.projects.iter().map(|project| project.id).collect();
        assert!(ids.contains(&campus.project.id) && ids.contains(&everyones.id));
        assert!(!ids.contains(&sms.id) && !ids.contains(&elsewhere.project.id));
        assert!(offer.projects.iter().all(|project| project.is_open_to(campus.school.id)));
        let of_project: Vec<_> = offer.packages.iter().filter(|one| one.project_id == campus.project.id).collect();
        assert_eq!(of_project.len(), 3);
        assert!(of_project.contains(&&withdrawn) && offer.packages.contains(shared.first().unwrap()));
        assert!(offer.packages.iter().all(|package| ids.contains(&package.project_id)));
        let held: Vec<_> = offer.periods.iter().map(|held| held.package_id).collect();
        assert_eq!(held, campus.packages.get(1).map(|package| package.id).into_iter().collect::<Vec<_>>());
        let offer = harness.packages().offer(caller, campus.student, ProjectKind::Sms).await.unwrap().unwrap();
        assert!(offer.packages.contains(message.first().unwrap()) && offer.periods.is_empty());
    }
}

/// No answer tells a stranger whether there is such a student, purchase or record.
pub async fn an_unknown_student_and_a_foreign_one_are_answered_alike<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    let other = case.campus().await;
    let user = case.user().await.id;
    let records = PurchaseQuery::Records(placed.purchase.records.iter().map(|record| record.id.clone()).collect());
    for (caller, user_id) in [
        (other.guardian, campus.student),
        (other.student, campus.student),
        (campus.student, campus.guardian),
        (other.guardian, case.student_id()),
        (case.student_id(), campus.student),
        (user, campus.guardian),
    ] {
        let packages = harness.packages();
        assert!(!packages.may_act_for(caller, user_id).await.unwrap());
        assert_eq!(packages.offer(caller, user_id, ProjectKind::Card).await.unwrap(), None);
        assert_eq!(packages.list(caller, user_id, None, 10).await.unwrap(), None);
        for query in [&records, &numbered(&placed)] {
            assert_eq!(case.found(caller, user_id, query).await, None);
        }
        let command = PlacePurchase { buyer: caller, user_id, ..case.place_command(&campus, PurchaseKind::New, &[0]) };
        let answer = packages.place(&command, place_purchase).await;
        assert_eq!(refusal_of(answer), PlaceRefusal::NotYours);
    }
    // Who may act for one student finds nothing of another's under that student's name.
    for query in [&records, &numbered(&placed)] {
        assert_eq!(case.found(other.guardian, other.student, query).await, Some(Vec::new()));
    }
    assert_eq!(case.found(campus.guardian, campus.student, &records).await, Some(vec![placed.purchase]));
}

/// Purchase, records, attempt and route: all there at once, under the student.
pub async fn a_purchase_is_stored_with_its_first_attempt<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus_of(Selection::Multi).await;
    let command = case.place_command(&campus, PurchaseKind::New, &[2, 0]);
    let number = GatewayOrderNo::of_purchase(&command.purchase_no);
    assert_eq!(harness.charges().find_route(&number).await.unwrap(), None);
    let PlacePlan::Place { purchase, attempt } = case.planned_purchase(&command).await else {
        return assert_eq!("no purchase", "it is the first");
    };
    let student = harness.campus().find_student(campus.student).await.unwrap().unwrap();
    let record = |line, index: usize, price| {
        let package = campus.packages.get(index).unwrap();
        PurchaseRecord {
            id: PurchaseRecordId::of(&command.purchase_no, line).unwrap(),
            package_id: package.id,
            item_name: package.name.clone(),
            list_price: fen(price),
            price: fen(price),
            term: package.term,
            basis: Basis::New,
            period: None,
        }
    };
    let expected = Purchase {
        user_id: campus.student,
        purchase_no: command.purchase_no.clone(),
        buyer: campus.guardian,
        kind: PurchaseKind::New,
        project_id: campus.project.id,
        project_name: campus.project.name.clone(),
        holder: Holder {
            name: student.texts.name.clone(),
            card_no: student.card().map(|card| card.card_no.clone()),
            imei: student.texts.imei.clone(),
            sim: student.texts.sim.clone(),
            grade_name: student.texts.grade_name.clone(),
            class_name: student.texts.class_name.clone(),
            mobile: student.texts.mobile.clone(),
        },
        records: vec![record(1, 2, 333), record(2, 0, 100)],
        amount: fen(433),
        state: PurchaseState::Unpaid,
        created_at: command.charge.at,
        expires_at: command.expires_at,
    };
    assert_eq!(purchase, expected);
    assert_eq!(case.stored_purchase(&purchase).await, expected);
    let subject = ChargeSubject::Purchase(command.purchase_no.clone());
    let attempt_of = ChargeAttempt {
        user_id: campus.student,
        gateway_order_no: number.clone(),
        subject: subject.clone(),
        channel: Channel::Wx,
        amount: fen(433),
        status: AttemptStatus::Requested,
        charge_id: None,
        document: None,
        requested_at: command.charge.at,
        expires_at: command.charge.expires_at,
        look_at: command.charge.look_at,
    };
    assert_eq!(attempt, attempt_of);
    assert_eq!(case.purchase_attempts(&purchase).await, [attempt_of]);
    let route = ChargeRoute { user_id: campus.student, gateway_order_no: number.clone(), subject };
    assert_eq!(harness.charges().find_route(&number).await.unwrap(), Some(route));
    assert_eq!(case.periods(campus.student).await, []);
    case.audit().await;
}

/// A repeat, a double click, another guardian, another order of the ids: one purchase and one charge.
pub async fn the_same_purchase_again_is_the_one_that_waits<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus_of(Selection::Multi).await;
    let first = case.place(&campus, PurchaseKind::New, &[0, 1]).await;
    let again = PlacePurchase { buyer: campus.student, ..case.place_command(&campus, PurchaseKind::New, &[1, 0]) };
    let plan = case.planned_purchase(&again).await;
    let wait = |charge| PlacePlan::Wait { purchase: first.purchase.clone(), charge };
    assert_eq!(plan, wait(OpenChargePlan::AskAgain(first.attempt.clone())));
    let charge = case.charge(&first.attempt);
    let reply = RecordChargeReply {
        user_id: campus.student,
        gateway_order_no: first.attempt.gateway_order_no.clone(),
        reply: ChargeReply::Created { charge_id: charge.id, document: charge.document },
        look_at: case.minute(9),
    };
    let open = harness.charges().record_reply(&reply, record_charge_reply).await.unwrap();
    assert_eq!(case.planned_purchase(&again).await, wait(OpenChargePlan::Reuse(open.clone())));
    let mut other = case.place_command(&campus, PurchaseKind::New, &[0, 1]);
    other.charge.channel = Channel::AlipayQr;
    let PlacePlan::Wait { purchase, charge: OpenChargePlan::Open(further) } = case.planned_purchase(&other).await
    else {
        return assert_eq!("no attempt", "another channel");
    };
    assert_eq!((&purchase, &further.gateway_order_no), (&first.purchase, &other.charge.candidate));
    assert_eq!(case.purchase_attempts(&purchase).await, [open, further]);
    assert_eq!(harness.packages().list(campus.student, campus.student, None, 10).await.unwrap(), Some(vec![purchase]));
}

/// A new price makes another purchase; the one that was made before stays as it was promised.
pub async fn a_purchase_at_another_price_is_another_one<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let first = case.place(&campus, PurchaseKind::New, &[0]).await.purchase;
    let package = campus.packages.first().unwrap();
    let draft = PackageDraft { id: Some(package.id), ..case.package_draft(&campus.project, 101) };
    case.put_packages(vec![PackageDraft { name: package.name.clone(), ..draft }]).await;
    let second = case.place(&campus, PurchaseKind::New, &[0]).await.purchase;
    assert_ne!(second.purchase_no, first.purchase_no);
    assert_eq!((first.amount, second.amount), (fen(100), fen(101)));
    assert_eq!(case.stored_purchase(&first).await, first);
    assert_eq!(case.stored_purchase(&second).await, second);
}

/// Numbers are unique over all students; nothing is written for a taken one.
pub async fn a_taken_purchase_number_is_answered_as_taken<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (campus, other) = (case.campus().await, case.campus().await);
    let first = case.place(&campus, PurchaseKind::New, &[0]).await;
    let before = case.snapshot(other.student).await;
    let purchase_no = first.purchase.purchase_no.clone();
    let command = PlacePurchase { purchase_no, ..case.place_command(&other, PurchaseKind::New, &[0]) };
    let answer = harness.packages().place(&command, place_purchase).await.unwrap();
    assert_eq!(answer, PlacedPurchase::NumberTaken);
    assert_eq!(case.snapshot(other.student).await, before);
    assert_eq!(case.purchase_attempts(&first.purchase).await, [first.attempt]);
    case.audit().await;
}

/// A drawn number that anybody has is not given to a second attempt.
pub async fn a_taken_number_of_a_further_attempt_is_answered_as_taken<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (campus, other) = (case.campus().await, case.campus().await);
    let first = case.place(&campus, PurchaseKind::New, &[0]).await;
    let foreign = case.place(&other, PurchaseKind::New, &[0]).await;
    let mut command = case.place_command(&campus, PurchaseKind::New, &[0]);
    command.charge.channel = Channel::Alipay;
    command.charge.candidate = foreign.attempt.gateway_order_no;
    let answer = harness.packages().place(&command, place_purchase).await.unwrap();
    assert_eq!(answer, PlacedPurchase::NumberTaken);
    assert_eq!(case.purchase_attempts(&first.purchase).await, [first.attempt]);
}

/// Whatever the rule refuses leaves no purchase, no attempt and no route.
pub async fn a_refused_purchase_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (campus, other) = (case.campus().await, case.campus().await);
    case.withdraw(campus.packages.get(2).unwrap().id, case.start()).await;
    let before = case.snapshot(campus.student).await;
    let id = |campus: &Campus, index: usize| campus.packages.get(index).map(|package| package.id).unwrap();
    let nobody = PackageId::try_new(i64::MAX).unwrap();
    let (a, b, withdrawn, foreign) = (id(&campus, 0), id(&campus, 1), id(&campus, 2), id(&other, 0));
    for (package_ids, kind, expected) in [
        (Vec::new(), PurchaseKind::New, PlaceRefusal::BadSelection),
        (vec![a, a], PurchaseKind::New, PlaceRefusal::BadSelection),
        (vec![a, b], PurchaseKind::New, PlaceRefusal::BadSelection),
        (vec![nobody], PurchaseKind::New, PlaceRefusal::NotOffered(nobody)),
        (vec![withdrawn], PurchaseKind::New, PlaceRefusal::NotOffered(withdrawn)),
        (vec![foreign], PurchaseKind::New, PlaceRefusal::NotOffered(foreign)),
        (vec![b], PurchaseKind::Upgrade, PlaceRefusal::NothingToUpgrade),
        (vec![b], PurchaseKind::Renewal, PlaceRefusal::NeverHeld),
    ] {
        let command = PlacePurchase { package_ids, ..case.place_command(&campus, kind, &[]) };
        let answer = harness.packages().place(&command, place_purchase).await;
        assert_eq!(refusal_of(answer), expected);
        let number = GatewayOrderNo::of_purchase(&command.purchase_no);
        assert_eq!(harness.charges().find_route(&number).await.unwrap(), None);
    }
    assert_eq!(case.snapshot(campus.student).await, before);
}

/// By its own number, by that of a further attempt, and by each of its records; each once.
pub async fn a_purchase_is_found_by_records_and_by_every_number<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus_of(Selection::Multi).await;
    let mut command = case.place_command(&campus, PurchaseKind::New, &[0, 1]);
    let first = case.placed(&command).await;
    command.charge.channel = Channel::Alipay;
    let further = case.placed(&command).await.attempt;
    let second = case.place(&campus, PurchaseKind::New, &[2]).await.purchase;
    let caller = campus.guardian;
    for number in [&first.attempt.gateway_order_no, &further.gateway_order_no] {
        let found = case.found(caller, campus.student, &PurchaseQuery::Number(number.clone())).await;
        assert_eq!(found, Some(vec![first.purchase.clone()]));
    }
    let records = |purchases: &[&Purchase]| {
        let records = purchases.iter().flat_map(|purchase| purchase.records.iter().map(|record| record.id.clone()));
        PurchaseQuery::Records(records.collect())
    };
    let found = case.found(caller, campus.student, &records(&[&second, &first.purchase])).await;
    assert_eq!(found, Some(vec![first.purchase.clone(), second]));
    let last = first.purchase.records.last().unwrap().id.clone();
    let unknown = PurchaseRecordId::of(&first.purchase.purchase_no, 3).unwrap();
    let found = case.found(caller, campus.student, &PurchaseQuery::Records(vec![unknown.clone(), last])).await;
    assert_eq!(found, Some(vec![first.purchase]));
    for nothing in [
        PurchaseQuery::Records(Vec::new()),
        PurchaseQuery::Records(vec![unknown]),
        PurchaseQuery::Number(case.attempt_no()),
    ] {
        assert_eq!(case.found(caller, campus.student, &nothing).await, Some(Vec::new()));
    }
}

/// Every purchase is on exactly one page.
pub async fn purchases_are_listed_newest_first_in_pages<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let mut expected = Vec::new();
    for index in 0..3 {
        expected.insert(0, case.place(&campus, PurchaseKind::New, &[index]).await.purchase);
    }
    expected.sort_by(|one, other| other.purchase_no.cmp(&one.purchase_no));
    let list = |below, limit| async move {
        harness.packages().list(campus.guardian, campus.student, below, limit).await.unwrap().unwrap()
    };
    assert_eq!(list(None, 10).await, expected);
    let first = list(None, 2).await;
    assert_eq!(Some(first.as_slice()), expected.get(..2));
    let below = first.last().map(|purchase| purchase.purchase_no.clone());
    assert_eq!(Some(list(below, 2).await.as_slice()), expected.get(2..));
}

/// It is listed from its last moment on, closed once and told once.
pub async fn a_purchase_past_its_time_is_listed_and_closed_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    let paid = case.place(&campus, PurchaseKind::New, &[1]).await;
    case.pay_purchase(&paid).await;
    let purchase = placed.purchase;
    assert!(!case.is_expired(&purchase, case.minute(60)).await);
    assert!(case.is_expired(&purchase, purchase.expires_at).await);
    assert!(!case.is_expired(&paid.purchase, purchase.expires_at).await);
    let early = ClosePurchase { at: case.minute(2), ..case.close_purchase_command(&purchase) };
    let kept = harness.packages().close(&early, close_purchase).await.unwrap();
    assert_eq!(kept, Some(purchase.clone()));
    let command = case.close_purchase_command(&purchase);
    for _ in 0..2 {
        let closed = harness.packages().close(&command, close_purchase).await.unwrap().unwrap();
        assert_eq!(closed, Purchase { state: PurchaseState::Closed, ..purchase.clone() });
        assert_eq!(case.stored_purchase(&purchase).await, closed);
    }
    let events = case.events(campus.student, "purchase.closed").await;
    let told: Vec<_> = events.iter().map(|event| event.fields.get("purchase_no").map(String::as_str)).collect();
    assert_eq!(told, [Some(purchase.purchase_no.as_str())]);
    assert!(!case.is_expired(&purchase, purchase.expires_at).await);
    let nobody = ClosePurchase { purchase_no: case.purchase_no(), ..command };
    assert_eq!(harness.packages().close(&nobody, close_purchase).await.unwrap(), None);
    case.audit().await;
}

/// Once a purchase is paid or closed its unfinished attempts are due, and nobody waits for them.
pub async fn a_purchase_that_ended_makes_its_attempts_due<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let is_due = async |attempt: ChargeAttempt, now| {
        let due = case.due_attempts(now).await;
        due.iter().any(|other| other.gateway_order_no == attempt.gateway_order_no)
    };
    let looked = |attempt: ChargeAttempt, at| async move {
        let (user_id, gateway_order_no) = (attempt.user_id, attempt.gateway_order_no);
        let command = ClaimLook { user_id, gateway_order_no, at, until: minutes_after(at, 10) };
        harness.charges().claim_look(&command, claim_look).await.unwrap().map(|(_, awaited)| awaited)
    };
    let waiting = case.place(&campus, PurchaseKind::New, &[0]).await;
    assert_eq!(looked(waiting.attempt.clone(), waiting.attempt.look_at).await, Some(Awaited::Yes));
    assert!(!is_due(waiting.attempt.clone(), case.minute(3)).await);
    let closed = case.close_purchase_command(&waiting.purchase);
    harness.packages().close(&closed, close_purchase).await.unwrap();
    assert!(is_due(waiting.attempt.clone(), closed.at).await);
    assert_eq!(looked(waiting.attempt, closed.at).await, Some(Awaited::No));

    let mut command = case.place_command(&campus, PurchaseKind::New, &[1]);
    // Not due by itself before everything is over.
    command.charge.look_at = case.minute(10_000);
    let first = case.placed(&command).await;
    command.charge.channel = Channel::Alipay;
    let second = case.placed(&command).await;
    case.pay_purchase(&first).await;
    assert!(is_due(second.attempt.clone(), case.minute(5)).await);
    assert!(!is_due(first.attempt, case.minute(20_000)).await);
    assert_eq!(looked(second.attempt, case.minute(5)).await, Some(Awaited::No));
}

//! Claims about schools, students, cards, guardians, and links to the cashier page.

use super::case::refusal_of;
use super::{Case, StoreHarness};
use edupay_domain::accounts::TokenDigest;
use edupay_domain::cashier::{CashierLink, CashierTarget};
use edupay_domain::ids::{CardNo, SchoolId, UserId};
use edupay_domain::ledger::Wallet;
use edupay_domain::packages::{
    BindGuardian, CampusRefusal, Card, Day, ImportMode, ProjectKind, PutSchool, RefusedRow, ReplaceCard, School,
    Student, StudentDraft, StudentTexts, put_students, replace_card,
};
use edupay_domain::store::{EffectError, StoreFault};
use futures_util::future::join_all;

/// A school gets the next id or the one that is given, keeps it, and is renamed under it.
pub async fn a_school_is_stored_and_listed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (first, second) = (case.school().await, case.school().await);
    assert!(second.id > first.id);
    let renamed = PutSchool { id: Some(first.id), name: case.unique("改名 ") };
    for _ in 0..2 {
        let stored = harness.campus().put_school(&renamed).await.unwrap();
        assert_eq!(stored, School { id: first.id, name: renamed.name.clone() });
    }
    let listed = harness.campus().list_schools(first.id.get().saturating_sub(1), 1).await.unwrap();
    assert_eq!(listed, [School { id: first.id, name: renamed.name }]);
    let listed = harness.campus().list_schools(first.id.get(), 100_000).await.unwrap();
    assert!(listed.contains(&second) && listed.is_sorted_by_key(|school| school.id));
    let given = SchoolId::try_new(case.student_id().get()).unwrap();
    let named = PutSchool { id: Some(given), name: "给定".to_owned() };
    assert_eq!(harness.campus().put_school(&named).await.unwrap().id, given);
    assert!(case.school().await.id > given);
}

/// A student who is nobody yet gets a user of that id, who has nothing.
pub async fn a_student_gets_a_user_with_an_empty_wallet<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let (draft, member) = (case.student_draft(school.id), case.user().await);
    let other = StudentDraft { user_id: member.id, ..case.student_draft(school.id) };
    let command = case.students_command(vec![draft.clone(), other], ImportMode::Write);
    let put = harness.campus().put_students(&command, put_students).await.unwrap();
    let card = Card { card_no: draft.card_no.clone().unwrap(), issued_on: Day::of(command.at), replaced_on: None };
    let student =
        Student { user_id: draft.user_id, school_id: school.id, texts: draft.texts.clone(), cards: vec![card] };
    assert_eq!(put.taken.first(), Some(&student));
    assert_eq!(harness.campus().find_student(draft.user_id).await.unwrap(), Some(student));
    let user = harness.users().find_user(draft.user_id).await.unwrap().unwrap();
    assert_eq!(user.wallet, Wallet::new(draft.user_id));
    assert_eq!(user.username.as_str(), format!("student.{}", draft.user_id));
    assert_eq!(user.profile.nickname, draft.texts.name);
    // Who was a user before stays the same user.
    assert_eq!(harness.users().find_user(member.id).await.unwrap(), Some(member));
    assert_eq!(harness.campus().find_student(case.student_id()).await.unwrap(), None);
    case.audit().await;
}

/// The same row again leaves everything as it is; another row changes what it names.
pub async fn a_student_again_changes_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let guardian = case.user().await.id;
    let draft = StudentDraft { guardians: vec![guardian], ..case.student_draft(school.id) };
    let command = case.students_command(vec![draft.clone()], ImportMode::Write);
    let first = harness.campus().put_students(&command, put_students).await.unwrap();
    assert_eq!(harness.campus().put_students(&command, put_students).await.unwrap(), first);
    assert_eq!(harness.campus().guardians(draft.user_id).await.unwrap(), [guardian]);
    let texts = StudentTexts { class_name: "3 班".to_owned(), ..draft.texts.clone() };
    let moved = StudentDraft {
        school_id: case.school().await.id,
        texts,
        card_no: None,
        guardians: Vec::new(),
        user_id: draft.user_id,
    };
    let command = case.students_command(vec![moved.clone()], ImportMode::Write);
    harness.campus().put_students(&command, put_students).await.unwrap();
    let stored = harness.campus().find_student(draft.user_id).await.unwrap().unwrap();
    assert_eq!((stored.school_id, &stored.texts), (moved.school_id, &moved.texts));
    assert_eq!(stored.card().map(|card| card.card_no.clone()), draft.card_no);
    assert_eq!(harness.campus().guardians(draft.user_id).await.unwrap(), [guardian]);
}

/// What is wrong with a row refuses this row; the others are stored, in one effect.
pub async fn a_chunk_is_taken_row_by_row<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let missing = SchoolId::try_new(i64::MAX).unwrap();
    let (good, last, nobody) = (case.student_draft(school.id), case.student_draft(school.id), case.student_id());
    let rows = vec![
        good.clone(),
        case.student_draft(missing),
        StudentDraft { card_no: good.card_no.clone(), ..case.student_draft(school.id) },
        StudentDraft { guardians: vec![nobody], ..case.student_draft(school.id) },
        StudentDraft { guardians: vec![good.user_id], ..last.clone() },
    ];
    let command = case.students_command(rows.clone(), ImportMode::Write);
    let put = harness.campus().put_students(&command, put_students).await.unwrap();
    let refused = |row, refusal| RefusedRow { row, refusal };
    let expected = vec![
        refused(1, CampusRefusal::SchoolNotFound),
        refused(2, CampusRefusal::CardTaken),
        refused(3, CampusRefusal::GuardianNotFound(nobody)),
    ];
    assert_eq!(put.refused, expected);
    for (row, draft) in rows.iter().enumerate() {
        let is_refused = expected.iter().any(|refused| refused.row == row);
        assert_eq!(harness.campus().find_student(draft.user_id).await.unwrap().is_none(), is_refused);
        assert_eq!(harness.users().find_user(draft.user_id).await.unwrap().is_none(), is_refused);
    }
    // A card of a student who was stored before is as taken as one of the chunk.
    let thief = StudentDraft { card_no: last.card_no, ..case.student_draft(school.id) };
    let command = case.students_command(vec![thief], ImportMode::Write);
    let put = harness.campus().put_students(&command, put_students).await.unwrap();
    assert_eq!(put.refused, [refused(0, CampusRefusal::CardTaken)]);
}

/// A dry run tells the same and leaves nothing.
pub async fn a_dry_run_writes_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let missing = SchoolId::try_new(i64::MAX).unwrap();
    let rows = vec![case.student_draft(school.id), case.student_draft(missing)];
    let dry = case.students_command(rows.clone(), ImportMode::DryRun);
    let told = harness.campus().put_students(&dry, put_students).await.unwrap();
    for draft in &rows {
        assert_eq!(harness.campus().find_student(draft.user_id).await.unwrap(), None);
        assert_eq!(harness.users().find_user(draft.user_id).await.unwrap(), None);
    }
    let wet = case.students_command(rows, ImportMode::Write);
    assert_eq!(harness.campus().put_students(&wet, put_students).await.unwrap(), told);
}

/// Ids of students are given, those of other users are drawn: they never meet.
pub async fn a_new_user_never_gets_a_students_id<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let last = case.user().await.id.get();
    let ids = (1..4).map(|step| UserId::try_new(last.saturating_add(step)).unwrap());
    let rows = ids.map(|user_id| StudentDraft { user_id, ..case.student_draft(school.id) }).collect();
    let command = case.students_command(rows, ImportMode::Write);
    let put = harness.campus().put_students(&command, put_students).await.unwrap();
    for _ in 0..4 {
        let user = case.user().await;
        assert!(put.taken.iter().all(|student| student.user_id != user.id));
    }
}

/// The card is the student's attribute: a new one takes its place, and the old one is still known.
pub async fn a_replaced_card_stays_in_the_history<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let user_id = case.student(school.id).await;
    let before = harness.campus().find_student(user_id).await.unwrap().unwrap();
    let command = ReplaceCard { user_id, card_no: case.card_no(), at: case.minute(3_000) };
    let [old] = before.cards.as_slice() else { return assert_eq!(before.cards, []) };
    let today = Day::of(command.at);
    let cards = vec![
        Card { replaced_on: Some(today), ..old.clone() },
        Card { card_no: command.card_no.clone(), issued_on: today, replaced_on: None },
    ];
    for _ in 0..2 {
        let after = harness.campus().replace_card(&command, replace_card).await.unwrap();
        assert_eq!(after, Student { cards: cards.clone(), ..before.clone() });
        assert_eq!(harness.campus().find_student(user_id).await.unwrap(), Some(after));
    }
    // The old number is free, also for somebody else.
    let other = case.student(school.id).await;
    let taken = ReplaceCard { user_id: other, ..command.clone() };
    assert_eq!(refusal_of(harness.campus().replace_card(&taken, replace_card).await), CampusRefusal::CardTaken);
    let free = ReplaceCard { user_id: other, card_no: old.card_no.clone(), ..command.clone() };
    assert!(harness.campus().replace_card(&free, replace_card).await.is_ok());
    let nobody = ReplaceCard { user_id: case.student_id(), ..command };
    assert_eq!(refusal_of(harness.campus().replace_card(&nobody, replace_card).await), CampusRefusal::StudentNotFound);
}

/// Eight students want one card at once: one gets it.
pub async fn a_card_raced_for_is_given_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let card_no: CardNo = case.card_no();
    let mut commands = Vec::new();
    for _ in 0..8 {
        let user_id = case.student(school.id).await;
        commands.push(ReplaceCard { user_id, card_no: card_no.clone(), at: case.minute(1) });
    }
    let store = harness.campus();
    let answers = join_all(commands.iter().map(|command| async {
        loop {
            match store.replace_card(command, replace_card).await {
                Err(EffectError::Store(error)) if error.fault() == StoreFault::Unavailable => {}
                answer => return answer,
            }
        }
    }));
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(refusal_of(answer), CampusRefusal::CardTaken);
    }
}

/// A guardian of two children and a child of two guardians; an end of one leaves the others.
pub async fn a_guardian_may_act_until_unbound<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let mut children = [case.student(school.id).await, case.student(school.id).await];
    let mut guardians = [case.user().await.id, case.user().await.id];
    children.sort();
    guardians.sort();
    let ([child, other], [mother, father]) = (children, guardians);
    let bind = |guardian, user_id| BindGuardian { guardian, user_id, at: case.start() };
    for binding in [bind(mother, child), bind(mother, other), bind(father, child), bind(father, child)] {
        harness.campus().bind_guardian(&binding).await.unwrap();
    }
    let wards = |caller| async move {
        let wards = harness.packages().wards(caller).await.unwrap();
        wards.into_iter().map(|student| student.user_id).collect::<Vec<_>>()
    };
    assert_eq!((wards(mother).await, wards(father).await), (vec![child, other], vec![child]));
    assert_eq!(wards(child).await, [child]);
    assert_eq!(harness.campus().guardians(child).await.unwrap(), guardians);
    let may = |caller, user_id| async move { harness.packages().may_act_for(caller, user_id).await.unwrap() };
    assert!(may(mother, child).await && may(father, child).await && may(child, child).await);
    assert!(!may(father, other).await && !may(child, other).await && !may(child, mother).await);
    assert!(!may(mother, case.student_id()).await);
    assert!(harness.campus().unbind_guardian(&bind(mother, child)).await.unwrap());
    assert!(!harness.campus().unbind_guardian(&bind(mother, child)).await.unwrap());
    assert!(!may(mother, child).await && may(mother, other).await && may(father, child).await);
    let nobody = case.student_id();
    let refused = refusal_of(harness.campus().bind_guardian(&bind(mother, nobody)).await);
    assert_eq!(refused, CampusRefusal::StudentNotFound);
    let refused = refusal_of(harness.campus().bind_guardian(&bind(mother, father)).await);
    assert_eq!(refused, CampusRefusal::StudentNotFound, "a user is not a student");
    let refused = refusal_of(harness.campus().bind_guardian(&bind(nobody, child)).await);
    assert_eq!(refused, CampusRefusal::GuardianNotFound(nobody));
}

/// Every student is on exactly one page.
pub async fn students_are_listed_in_pages<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (school, other) = (case.school().await, case.school().await);
    let rows: Vec<_> = (0..5).map(|_| case.student_draft(school.id)).collect();
    let mut expected: Vec<_> = rows.iter().map(|row| row.user_id).collect();
    expected.sort();
    let command = case.students_command(rows, ImportMode::Write);
    harness.campus().put_students(&command, put_students).await.unwrap();
    case.student(other.id).await;
    let (mut above, mut found) = (0, Vec::new());
    loop {
        let page = harness.campus().list_students(Some(school.id), above, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        above = last.user_id.get();
        found.extend(page.into_iter().map(|student| student.user_id));
    }
    assert_eq!(found, expected);
    let all = harness.campus().list_students(None, 0, 1_000_000).await.unwrap();
    assert!(expected.iter().all(|user_id| all.iter().any(|student| student.user_id == *user_id)));
}

/// A link is found by its digest, expired or not, until it is removed.
pub async fn a_cashier_link_is_found_until_it_is_removed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (school, maker) = (case.school().await, case.user().await.id);
    let student = case.student(school.id).await;
    let order = case.order(maker, 100).await;
    let digest = || {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(case.unique("").bytes()).for_each(|(to, from)| *to = from);
        TokenDigest(bytes)
    };
    let link = |target, minutes| CashierLink {
        digest: digest(),
        target,
        created_by: maker,
        created_at: case.start(),
        expires_at: case.minute(minutes),
    };
    // So early that only links of this claim are removed.
    let packages = link(CashierTarget::Packages { user_id: student, kind: ProjectKind::Sms }, -1_000_000);
    let order = link(CashierTarget::Order { user_id: maker, order_no: order.order_no }, 60);
    for link in [&packages, &order] {
        harness.cashier_links().create(link).await.unwrap();
        assert_eq!(harness.cashier_links().find(link.digest).await.unwrap().as_ref(), Some(link));
        let again = harness.cashier_links().create(link).await.unwrap_err();
        assert_eq!(again.fault(), StoreFault::Corrupt);
    }
    assert_eq!(harness.cashier_links().find(digest()).await.unwrap(), None);
    harness.cashier_links().remove_expired(packages.expires_at, 1_000).await.unwrap();
    assert!(harness.cashier_links().find(packages.digest).await.unwrap().is_some(), "its last moment is not before");
    let removed = harness.cashier_links().remove_expired(case.minute(-900_000), 1_000).await.unwrap();
    assert!(removed <= 1);
    assert_eq!(harness.cashier_links().find(packages.digest).await.unwrap(), None);
    assert_eq!(harness.cashier_links().find(order.digest).await.unwrap(), Some(order));
}

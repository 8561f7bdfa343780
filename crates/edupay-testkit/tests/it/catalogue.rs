//! What staff offers: products, courses, schools with their students, projects with their packages.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the steps of a test fail by panicking")]

use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{CardNo, CourseId, PackageId, ProductId, ProjectId, SchoolId, UserId};
use edupay_domain::packages::{
    Availability, CampusRefusal, CampusService, CatalogueRefusal, ImportMode, PackageDraft, ProjectDraft, PutSchool,
    School, StudentDraft, StudentTexts, Term,
};
use edupay_domain::products::{CourseRefusal, CourseStatus, ProductRefusal};
use edupay_domain::store::EffectError;
use edupay_testkit::fixtures::{fen, project_draft};
use edupay_testkit::platform::Platform;
use std::fmt::Debug;
use std::slice::from_ref;

fn refusal<T: Debug, R>(outcome: Result<T, EffectError<R>>) -> R {
    match outcome {
        Err(EffectError::Refused(refusal)) => refusal,
        Err(EffectError::Store(error)) => panic!("{error}"),
        Ok(answer) => panic!("{answer:?}"),
    }
}

fn user(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

fn card(text: &str) -> CardNo {
    CardNo::parse(text).unwrap()
}

fn student(id: i64, school_id: SchoolId) -> StudentDraft {
    StudentDraft {
        user_id: user(id),
        school_id,
        texts: StudentTexts { name: "陈雅诺".to_owned(), ..StudentTexts::default() },
        card_no: None,
        guardians: Vec::new(),
    }
}

fn project(name: &str) -> ProjectDraft {
    project_draft(None, name)
}

fn package(project_id: ProjectId, price: u32) -> PackageDraft {
    PackageDraft {
        id: None,
        project_id,
        name: "A套餐".to_owned(),
        price_text: String::new(),
        list_price: fen(price),
        term: Term::try_new(12).unwrap(),
        rank: 0,
        description: String::new(),
        details: Vec::new(),
    }
}

async fn school(campus: &CampusService, name: &str) -> School {
    campus.put_school(PutSchool { id: None, name: name.to_owned() }).await.unwrap()
}

#[tokio::test]
async fn a_product_is_added_once_and_gets_another_price() {
    let products = Platform::new().products;
    let id = |text| ProductId::parse(text).unwrap();
    let first = products.create_product(id("coins6"), fen(600)).await.unwrap();
    assert_eq!(refusal(products.create_product(id("coins6"), fen(600)).await), ProductRefusal::IdTaken);
    assert_eq!(refusal(products.create_product(id("coins0"), fen(0)).await), ProductRefusal::PriceOutOfBounds);
    let second = products.create_product(id("coins30"), fen(3_000)).await.unwrap();
    let dearer = products.set_price(id("coins6"), fen(700)).await.unwrap();
    assert_eq!((dearer.pk, dearer.price), (first.pk, fen(700)));
    assert_eq!(refusal(products.set_price(id("coins6"), fen(5_000_001)).await), ProductRefusal::PriceOutOfBounds);
    assert_eq!(refusal(products.set_price(id("coins9"), fen(900)).await), ProductRefusal::NotFound);
    assert_eq!(products.list_products().await.unwrap(), [dearer, second]);
}

#[tokio::test]
async fn a_course_is_added_withdrawn_and_offered_again() {
    let products = Platform::new().products;
    let course = products.create_course("collection的使用".to_owned(), fen(9_900)).await.unwrap();
    assert_eq!(refusal(products.create_course("a,b".to_owned(), fen(9_900)).await), CourseRefusal::BadName);
    for status in [CourseStatus::Withdrawn, CourseStatus::Offered] {
        let changed = products.set_course_status(course.id, status).await.unwrap();
        assert_eq!((changed.id, changed.status), (course.id, status));
        assert_eq!(products.list_courses().await.unwrap(), [changed]);
    }
    let unknown = CourseId::try_new(404).unwrap();
    assert_eq!(refusal(products.set_course_status(unknown, CourseStatus::Offered).await), CourseRefusal::NotFound);
}

#[tokio::test]
async fn students_are_stored_in_chunks_and_listed_by_school() {
    let campus = Platform::new().campus;
    let (first, second) = (school(&campus, "实验小学").await, school(&campus, "第二小学").await);
    let unnamed = PutSchool { id: None, name: String::new() };
    assert_eq!(refusal(campus.put_school(unnamed).await), CampusRefusal::BadText("name"));
    assert_eq!(campus.list_schools(0, 0).await.unwrap(), from_ref(&first), "a page has one at least");
    assert_eq!(campus.list_schools(first.id.get(), 9).await.unwrap(), from_ref(&second));

    let unknown = SchoolId::try_new(404).unwrap();
    let rows = vec![student(11, first.id), student(12, second.id), student(13, unknown)];
    let tried = campus.put_students(rows.clone(), ImportMode::DryRun).await.unwrap();
    assert_eq!((tried.taken.len(), tried.refused.len()), (2, 1));
    assert_eq!(campus.find_student(user(11)).await.unwrap(), None);
    let stored = campus.put_students(rows, ImportMode::Write).await.unwrap();
    assert_eq!(campus.find_student(user(11)).await.unwrap().as_ref(), stored.taken.first());
    let ids = async |school, above, limit| {
        let page = campus.list_students(school, above, limit).await.unwrap();
        page.iter().map(|student| student.user_id.get()).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 0, 9).await, [11, 12]);
    assert_eq!(ids(None, 11, 0).await, [12]);
    assert_eq!(ids(Some(second.id), 0, 9).await, [12]);
}

#[tokio::test]
async fn a_student_has_one_card_and_guardians_that_come_and_go() {
    let platform = Platform::new();
    let (campus, parent) = (&platform.campus, platform.buyer("parent", 0).await.id);
    let school = school(campus, "实验小学").await;
    campus.put_students(vec![student(11, school.id), student(12, school.id)], ImportMode::Write).await.unwrap();
    campus.replace_card(user(11), card("c1")).await.unwrap();
    platform.clock.step(TimeDelta::days(1));
    let replaced = campus.replace_card(user(11), card("c2")).await.unwrap();
    assert_eq!(replaced.cards.iter().map(|card| card.replaced_on.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(refusal(campus.replace_card(user(12), card("c2")).await), CampusRefusal::CardTaken);
    assert_eq!(refusal(campus.replace_card(user(404), card("c3")).await), CampusRefusal::StudentNotFound);

    assert_eq!(refusal(campus.bind_guardian(user(11), user(11)).await), CampusRefusal::OwnGuardian);
    for _ in 0..2 {
        campus.bind_guardian(parent, user(11)).await.unwrap();
        assert_eq!(campus.guardians(user(11)).await.unwrap(), [parent]);
    }
    assert_eq!(campus.guardians(user(12)).await.unwrap(), []);
    assert!(campus.unbind_guardian(parent, user(11)).await.unwrap());
    assert!(!campus.unbind_guardian(parent, user(11)).await.unwrap());
    assert_eq!(campus.guardians(user(11)).await.unwrap(), []);
}

#[tokio::test]
async fn projects_and_packages_are_withdrawn_and_offered_again() {
    let platform = Platform::new();
    let campus = &platform.campus;
    let (one, two) =
        (campus.put_project(project("一卡通")).await.unwrap(), campus.put_project(project("短信")).await.unwrap());
    assert_eq!(refusal(campus.put_project(project("")).await), CatalogueRefusal::BadText("name"));
    assert_eq!(campus.list_projects(0, 0).await.unwrap(), from_ref(&one));
    assert_eq!(campus.list_projects(one.id.get(), 9).await.unwrap(), from_ref(&two));

    assert_eq!(campus.max_price(), fen(5_000_000));
    let rows = vec![package(one.id, 15_800), package(two.id, 2_000), package(two.id, 5_000_001)];
    assert_eq!(campus.put_packages(rows.clone(), ImportMode::DryRun).await.unwrap().taken.len(), 2);
    assert_eq!(campus.list_packages(None, 0, 9).await.unwrap(), []);
    let stored = campus.put_packages(rows, ImportMode::Write).await.unwrap();
    assert_eq!((stored.taken.len(), stored.refused.len()), (2, 1));
    let [first, second] = [0, 1].map(|index: usize| stored.taken.get(index).unwrap().clone());
    assert_eq!(campus.list_packages(None, 0, 0).await.unwrap(), from_ref(&first));
    assert_eq!(campus.list_packages(None, first.id.get(), 9).await.unwrap(), from_ref(&second));
    assert_eq!(campus.list_packages(Some(two.id), 0, 9).await.unwrap(), [second]);

    let since: Timestamp = platform.clock.step(TimeDelta::hours(1));
    let withdrawn = Availability::Withdrawn { since };
    assert_eq!(campus.withdraw_package(first.id).await.unwrap().availability, withdrawn);
    assert_eq!(campus.offer_package(first.id).await.unwrap(), first);
    assert_eq!(campus.withdraw_project(one.id).await.unwrap().availability, withdrawn);
    assert_eq!(campus.offer_project(one.id).await.unwrap(), one);
    let (package, project) = (PackageId::try_new(404).unwrap(), ProjectId::try_new(404).unwrap());
    assert_eq!(refusal(campus.withdraw_package(package).await), CatalogueRefusal::PackageNotFound);
    assert_eq!(refusal(campus.offer_package(package).await), CatalogueRefusal::PackageNotFound);
    assert_eq!(refusal(campus.withdraw_project(project).await), CatalogueRefusal::ProjectNotFound);
    assert_eq!(refusal(campus.offer_project(project).await), CatalogueRefusal::ProjectNotFound);
}

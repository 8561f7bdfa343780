//! Rows that staff gives: read, checked, taken one by one.

use super::*;
use crate::accounts::{NewUser, PasswordHash, Profile, Role};
use crate::ids::{AppAccountToken, Username};
use proptest::prelude::*;

fn draft(id: i64, card: Option<&str>) -> StudentDraft {
    StudentDraft {
        user_id: user_id(id),
        school_id: school_id(1),
        texts: StudentTexts { name: "陈雅诺".to_owned(), ..StudentTexts::default() },
        card_no: card.map(|card| CardNo::parse(card).unwrap()),
        guardians: Vec::new(),
    }
}

fn put(rows: Vec<StudentDraft>) -> PutStudents {
    let password = PasswordHash("locked".to_owned());
    let app_account_token = AppAccountToken::from_random(1);
    PutStudents { rows, mode: ImportMode::Write, password, app_account_token, at: morning(day("2026-09-01")) }
}

fn schools() -> PutStudentsView {
    PutStudentsView { schools: vec![school_id(1)], ..PutStudentsView::default() }
}

#[test]
fn each_bad_row_is_told_and_the_others_are_taken() {
    let view = PutStudentsView {
        users: vec![user_id(1)],
        usernames: vec![Username::of_student(user_id(18))],
        cards: vec![(CardNo::parse("taken").unwrap(), user_id(99))],
        ..schools()
    };
    let rows = vec![
        draft(10, Some("c10")),
        StudentDraft { school_id: school_id(2), ..draft(11, None) },
        StudentDraft { texts: StudentTexts::default(), ..draft(12, None) },
        StudentDraft { texts: StudentTexts { sim: "a\u{7}".to_owned(), ..draft(13, None).texts }, ..draft(13, None) },
        StudentDraft { guardians: vec![user_id(14)], ..draft(14, None) },
        StudentDraft { guardians: vec![user_id(1), user_id(404)], ..draft(15, None) },
        draft(16, Some("taken")),
        draft(10, None),
        draft(17, Some("c10")),
        draft(18, None),
        // A guardian may be there already, or come earlier in the chunk; and a user may become a student.
        StudentDraft { guardians: vec![user_id(1), user_id(10)], ..draft(19, None) },
        draft(1, None),
    ];
    let plan = put_students(&put(rows), &view);
    let refused: Vec<_> = plan.refused.iter().map(|refused| (refused.row, refused.refusal)).collect();
    assert_eq!(
        refused,
        [
            (1, CampusRefusal::SchoolNotFound),
            (2, CampusRefusal::BadText("name")),
            (3, CampusRefusal::BadText("sim")),
            (4, CampusRefusal::OwnGuardian),
            (5, CampusRefusal::GuardianNotFound(user_id(404))),
            (6, CampusRefusal::CardTaken),
            (7, CampusRefusal::Repeated),
            (8, CampusRefusal::CardTaken),
            (9, CampusRefusal::UsernameTaken),
        ]
    );
    let ids = |ids: Vec<UserId>| ids.into_iter().map(UserId::get).collect::<Vec<_>>();
    assert_eq!(ids(plan.students.iter().map(|student| student.user_id).collect()), [10, 19, 1]);
    assert_eq!(ids(plan.users.iter().map(|user| user.user_id).collect()), [10, 19]);
    let command = put(Vec::new());
    let user = NewUser {
        username: Username::of_student(user_id(10)),
        password: command.password,
        profile: Profile { nickname: "陈雅诺".to_owned(), ..Profile::default() },
        role: Role::Member,
        app_account_token: plan.users[0].user.app_account_token,
        at: command.at,
    };
    assert_eq!(plan.users[0].user, user);
    assert_eq!(plan.bindings.len(), 2);
}

#[test]
fn a_card_keeps_its_history_and_a_repeat_changes_nothing() {
    let mut student = student();
    let replace = |student: &Student, card: &str, at: &str, holder| {
        let command =
            ReplaceCard { user_id: student.user_id, card_no: CardNo::parse(card).unwrap(), at: morning(day(at)) };
        replace_card(&command, &ReplaceCardView { student: Some(student.clone()), holder })
    };
    assert_eq!(replace(&student, "335731330", "2026-09-01", Some(student.user_id)), Ok(student.clone()));
    assert_eq!(replace(&student, "777", "2026-09-01", Some(user_id(5))), Err(CampusRefusal::CardTaken));
    student = replace(&student, "777", "2026-09-01", None).unwrap();
    student = replace(&student, "778", "2026-09-03", None).unwrap();
    // A card that was lost and is found again.
    student = replace(&student, "335731330", "2026-09-04", None).unwrap();
    let history: Vec<_> = student
        .cards
        .iter()
        .map(|card| (card.card_no.as_str(), card.issued_on.to_string(), card.replaced_on.map(|day| day.to_string())))
        .collect();
    let until = |day: &str| Some(day.to_owned());
    assert_eq!(
        history,
        [
            ("335731330", "2016-01-01".to_owned(), until("2026-09-01")),
            ("777", "2026-09-01".to_owned(), until("2026-09-03")),
            ("778", "2026-09-03".to_owned(), until("2026-09-04")),
            ("335731330", "2026-09-04".to_owned(), None),
        ]
    );
    assert_eq!(student.card().map(|card| card.card_no.as_str()), Some("335731330"));
    let command = put(vec![StudentDraft {
        user_id: student.user_id,
        texts: student.texts.clone(),
        ..draft(1, Some("335731330"))
    }]);
    let card = CardNo::parse("335731330").unwrap();
    let view = PutStudentsView {
        students: vec![student.clone()],
        users: vec![student.user_id],
        cards: vec![(card, student.user_id)],
        ..schools()
    };
    let plan = put_students(&command, &view);
    assert_eq!((plan.students, plan.users.len()), (vec![student], 0));
}

fn package_draft(id: Option<i64>, fen: u32) -> PackageDraft {
    let Package { project_id, name, price_text, term, rank, description, details, .. } = package(A, 1, fen, 12);
    let list_price = Money::from_fen_u32(fen);
    PackageDraft { id: id.map(package_id), project_id, name, price_text, list_price, term, rank, description, details }
}

#[test]
fn packages_are_taken_one_by_one_and_ids_are_drawn_above_all() {
    let withdrawn = Availability::Withdrawn { since: morning(day("2026-09-01")) };
    let view = PutPackagesView {
        projects: vec![project_id(1), project_id(2)],
        packages: vec![Package { availability: withdrawn, ..package(5, 1, 1, 1) }, package(6, 2, 1, 1)],
        next_id: package_id(Package::FIRST_ID),
    };
    let detail = |title: &str| Detail { icon: String::new(), title: title.to_owned(), content: String::new() };
    let rows = vec![
        package_draft(None, 1),
        package_draft(Some(5), 100),
        package_draft(Some(6), 100),
        package_draft(Some(7), 0),
        package_draft(Some(7), 101),
        PackageDraft { project_id: project_id(3), ..package_draft(None, 1) },
        PackageDraft { name: "a,b".to_owned(), ..package_draft(None, 1) },
        PackageDraft { details: vec![detail("a|b")], ..package_draft(None, 1) },
        PackageDraft { details: vec![detail("")], ..package_draft(None, 1) },
        package_draft(Some(20_000_000), 1),
        package_draft(Some(20_000_000), 1),
        package_draft(None, 1),
    ];
    let command = PutPackages { rows, max_price: Money::from_fen_u32(100), mode: ImportMode::Write };
    let plan = put_packages(&command, &view);
    let refused: Vec<_> = plan.refused.iter().map(|refused| (refused.row, refused.refusal)).collect();
    assert_eq!(
        refused,
        [
            (2, CatalogueRefusal::Fixed("project_id")),
            (3, CatalogueRefusal::PriceOutOfBounds),
            (4, CatalogueRefusal::PriceOutOfBounds),
            (5, CatalogueRefusal::ProjectNotFound),
            (6, CatalogueRefusal::BadText("name")),
            (7, CatalogueRefusal::BadText("details")),
            (8, CatalogueRefusal::BadText("details")),
            (10, CatalogueRefusal::Repeated),
        ]
    );
    let taken: Vec<_> = plan.packages.iter().map(|package| (package.id.get(), package.availability)).collect();
    let offered = Availability::Offered;
    assert_eq!(taken, [(20_000_001, offered), (5, withdrawn), (20_000_000, offered), (20_000_002, offered)]);
}

#[test]
fn a_package_has_so_many_details_and_a_school_a_readable_name() {
    let view = PutPackagesView { projects: vec![project_id(1)], packages: Vec::new(), next_id: package_id(1_000) };
    let detail = Detail { icon: String::new(), title: "定位".to_owned(), content: String::new() };
    for (count, is_taken) in [(0, true), (Package::MAX_DETAILS, true), (Package::MAX_DETAILS + 1, false)] {
        let details = vec![detail.clone(); count];
        let rows = vec![PackageDraft { details, ..package_draft(None, 1) }];
        let command = PutPackages { rows, max_price: Money::from_fen_u32(100), mode: ImportMode::Write };
        let plan = put_packages(&command, &view);
        assert_eq!((plan.packages.len(), plan.refused.is_empty()), (usize::from(is_taken), is_taken), "{count}");
    }
    for (name, expected) in [("实验小学", Ok(())), ("", Err(CampusRefusal::BadText("name")))] {
        assert_eq!(check_school(&PutSchool { id: None, name: name.to_owned() }), expected);
    }
}

#[test]
fn a_projects_school_kind_and_selection_never_change() {
    let stored = project(1, Selection::Single, UpgradePricing::Difference);
    let draft = ProjectDraft {
        id: Some(stored.id),
        school_id: stored.school_id,
        name: "another name".to_owned(),
        kind: stored.kind,
        selection: stored.selection,
        channels: vec![Channel::Wx],
        accounts: PayeeAccounts::default(),
        description: String::new(),
        protocol_url: String::new(),
        upgrade_pricing: UpgradePricing::Prorated,
    };
    let view = PutProjectView { project: Some(stored.clone()), school: Some(school_id(1)), next_id: project_id(9) };
    let put = |draft: ProjectDraft, view: &PutProjectView| put_project(&PutProject { draft }, view);
    let taken = put(draft.clone(), &view).unwrap();
    assert_eq!(
        (taken.id, taken.name.as_str(), taken.upgrade_pricing),
        (stored.id, "another name", UpgradePricing::Prorated)
    );
    for (changed, expected) in [
        (ProjectDraft { school_id: None, ..draft.clone() }, CatalogueRefusal::Fixed("school_id")),
        (ProjectDraft { kind: ProjectKind::Sms, ..draft.clone() }, CatalogueRefusal::Fixed("kind")),
        (ProjectDraft { selection: Selection::Multi, ..draft.clone() }, CatalogueRefusal::Fixed("selection")),
        (ProjectDraft { school_id: Some(school_id(2)), ..draft.clone() }, CatalogueRefusal::SchoolNotFound),
        (ProjectDraft { name: String::new(), ..draft.clone() }, CatalogueRefusal::BadText("name")),
        (ProjectDraft { channels: Vec::new(), ..draft.clone() }, CatalogueRefusal::BadChannels),
        (ProjectDraft { channels: vec![Channel::Wx, Channel::Wx], ..draft.clone() }, CatalogueRefusal::BadChannels),
    ] {
        assert_eq!(put(changed, &view), Err(expected));
    }
    let fresh = PutProjectView { project: None, ..view };
    assert_eq!(put(ProjectDraft { id: None, ..draft.clone() }, &fresh).unwrap().id, project_id(9));
    assert_eq!(put(draft, &fresh).unwrap().id, stored.id);
}

#[test]
fn a_row_is_read_or_everything_wrong_with_it_is_told() {
    let row = [
        ("user_id", "10129580"),
        ("school_id", " 1 "),
        ("name", "陈雅诺"),
        ("card_no", "335731330"),
        ("guardians", "1; 2"),
        ("sim", ""),
    ];
    let student = parse_student_row(&row).unwrap();
    assert_eq!((student.user_id, student.school_id), (user_id(10_129_580), school_id(1)));
    assert_eq!(student.guardians, [user_id(1), user_id(2)]);
    let odd = row.into_iter().chain([("nmae", "x")]).collect::<Vec<_>>();
    let unknown = RowError { field: "nmae".to_owned(), fault: RowFault::Unknown };
    assert_eq!(parse_student_row(&odd), Err(vec![unknown]));
    let fault = |field: &str, fault| RowError { field: field.to_owned(), fault };
    let row = [
        ("user_id", "0"),
        ("name", " "),
        ("nmae", "x"),
        ("card_no", "a b"),
        ("guardians", "1;x"),
        ("sim", "1"),
        ("sim", "1"),
    ];
    assert_eq!(
        parse_student_row(&row),
        Err(vec![
            fault("nmae", RowFault::Unknown),
            fault("sim", RowFault::Repeated),
            fault("user_id", RowFault::BadNumber),
            fault("school_id", RowFault::Missing),
            fault("name", RowFault::Missing),
            fault("card_no", RowFault::BadText),
            fault("guardians", RowFault::BadNumber),
        ])
    );
    let limit = Money::from_fen_u32(5_000_000);
    let row =
        [("project_id", "1"), ("name", "A"), ("list_price", "158"), ("term_months", "12"), ("details", "i|t|c|d\n|u|")];
    let read = parse_package_row(&row, limit).unwrap();
    let odd = row.into_iter().chain([("rank", "first")]).collect::<Vec<_>>();
    assert_eq!(parse_package_row(&odd, limit), Err(vec![fault("rank", RowFault::BadNumber)]));
    assert_eq!((read.id, read.list_price.fen(), read.term.months(), read.rank), (None, 15_800, 12, 0));
    assert_eq!(read.details.iter().map(|detail| detail.content.as_str()).collect::<Vec<_>>(), ["c|d", ""]);
    let row = [
        ("id", "x"),
        ("project_id", "-1"),
        ("name", "A"),
        ("list_price", "-1"),
        ("term_months", "121"),
        ("details", "i|t"),
    ];
    assert_eq!(
        parse_package_row(&row, limit),
        Err(vec![
            fault("id", RowFault::BadNumber),
            fault("project_id", RowFault::BadNumber),
            fault("list_price", RowFault::BadAmount),
            fault("term_months", RowFault::BadNumber),
            fault("details", RowFault::BadText),
        ])
    );
    assert_eq!(fault("details", RowFault::BadText).to_string(), "details: text_invalid");
}

fn text() -> impl Strategy<Value = String> {
    "[^\\p{C}\\s|,][^\\p{C}|,]{0,8}[^\\p{C}\\s|,]"
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        (name, text, rank) in (text(), text(), any::<i32>()),
        (fen, months) in (1_u32..5_000_000, 1_u32..=120),
        details in prop::collection::vec((text(), text(), "[^\\p{C}\\s][^\\p{C}]{0,8}[^\\p{C}\\s]"), 0..4),
        guardians in prop::collection::vec(1_i64..i64::MAX, 0..4),
    ) {
        let details = details.into_iter().map(|(icon, title, content)| Detail { icon, title, content }).collect();
        let description = text.clone();
        let stored = Package { name, price_text: text.clone(), rank, description, details, ..package(A, 1, fen, months) };
        let fields = package_row(&stored);
        let row: Vec<_> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let read = parse_package_row(&row, Money::from_fen_u32(5_000_000)).unwrap();
        let view = PutPackagesView { projects: vec![project_id(1)], packages: vec![], next_id: package_id(1) };
        let command = PutPackages { rows: vec![read], max_price: Money::MAX, mode: ImportMode::DryRun };
        prop_assert_eq!(put_packages(&command, &view).packages, [stored]);

        let guardians: Vec<_> = guardians.into_iter().map(user_id).collect();
        let mut pupil = student();
        pupil.texts.class_name = text;
        let fields = student_row(&pupil, &guardians);
        let row: Vec<_> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let read = parse_student_row(&row).unwrap();
        prop_assert_eq!((read.user_id, read.school_id, read.texts, read.guardians), (pupil.user_id, pupil.school_id, pupil.texts.clone(), guardians));
        prop_assert_eq!(read.card_no.as_ref(), pupil.card().map(|card| &card.card_no));
    }
}

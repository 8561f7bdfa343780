//! Many students at once: rows that are refused are named, the others are there, and a second run
//! changes nothing.

use crate::databases::{Database, empty_postgres, sqlite};
use edupay_domain::accounts::{PasswordHash, UserStore};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{AppAccountToken, CardNo, SchoolId, UserId};
use edupay_domain::ledger::LedgerStore;
use edupay_domain::packages::{
    CampusRefusal, CampusStore, ImportMode, PutSchool, PutStudents, StudentDraft, StudentTexts, put_students,
};

const STUDENTS: i64 = 10_000;
const CHUNK: usize = 1_000;
/// The first student's id.
const FIRST: i64 = 10_000_000;
/// One in so many names a school that is not there.
const BAD: i64 = 1_000;

fn new() -> impl Iterator<Item = Database> {
    // Its own: the others' users are drawn by a sequence that this one moves.
    let postgres = empty_postgres().inspect(|database| {
        database.store.migrate().unwrap();
    });
    [Some(sqlite()), postgres].into_iter().flatten()
}

fn user(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

/// The student of an ordinal: each has a card, and the one before as a guardian.
fn draft(ordinal: i64, school: SchoolId) -> StudentDraft {
    let missing = SchoolId::try_new(school.get() + 1).unwrap();
    StudentDraft {
        user_id: user(FIRST + ordinal),
        school_id: if ordinal % BAD == BAD - 1 { missing } else { school },
        texts: StudentTexts { name: format!("student {ordinal}"), ..StudentTexts::default() },
        card_no: Some(CardNo::parse(&format!("card{ordinal}")).unwrap()),
        guardians: (ordinal % BAD > 0).then(|| user(FIRST + ordinal - 1)).into_iter().collect(),
    }
}

/// What was refused, by ordinal.
async fn import(database: &Database, school: SchoolId, mode: ImportMode) -> Vec<(i64, CampusRefusal)> {
    let mut refused = Vec::new();
    for first in (0..STUDENTS).step_by(CHUNK) {
        let rows: Vec<_> = (first..).take(CHUNK).map(|ordinal| draft(ordinal, school)).collect();
        let password = PasswordHash("$none$".to_owned());
        let app_account_token = AppAccountToken::from_random(u128::try_from(first).unwrap());
        let command = PutStudents { rows, mode, password, app_account_token, at: Timestamp::default() };
        let put = database.store.put_students(&command, put_students).await.unwrap();
        assert_eq!(put.taken.len() + put.refused.len(), CHUNK);
        refused.extend(put.refused.into_iter().map(|row| (first + i64::try_from(row.row).unwrap(), row.refusal)));
    }
    refused
}

#[tokio::test]
async fn an_import_names_every_bad_row_and_stores_the_others_once() {
    let bad = |refused: &[(i64, CampusRefusal)]| {
        let expected: Vec<_> = (1..=STUDENTS / BAD).map(|nth| (nth * BAD - 1, CampusRefusal::SchoolNotFound)).collect();
        assert_eq!(refused, expected);
    };
    for database in new() {
        let store = &database.store;
        let school = store.put_school(&PutSchool { id: None, name: "school".to_owned() }).await.unwrap();
        bad(&import(&database, school.id, ImportMode::Write).await);
        let last = store.list_students(Some(school.id), FIRST + STUDENTS - 3, 10).await.unwrap();
        assert_eq!(last.iter().map(|student| student.user_id).collect::<Vec<_>>(), [user(FIRST + STUDENTS - 2)]);
        assert_eq!(store.guardians(user(FIRST + 7)).await.unwrap(), [user(FIRST + 6)]);
        bad(&import(&database, school.id, ImportMode::DryRun).await);
        bad(&import(&database, school.id, ImportMode::Write).await);
        assert_eq!(store.list_students(None, FIRST + STUDENTS - 3, 10).await.unwrap(), last);
        let report = store.audit().await.unwrap();
        assert_eq!((report.users, report.breaches), (STUDENTS - STUDENTS / BAD, Vec::new()));
        // A user of their own gets an id above.
        assert!(store.list_users(FIRST + STUDENTS - 2, 10).await.unwrap().is_empty());
    }
}

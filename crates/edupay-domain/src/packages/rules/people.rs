//! How students, their users, cards and guardians are stored.

use super::texts::{Empty, first_bad, is_text};
use crate::accounts::{NewUser, Profile, Role};
use crate::clock::Timestamp;
use crate::ids::{AppAccountToken, CardNo, SchoolId, UserId, Username};
use crate::packages::error::CampusRefusal;
use crate::packages::model::{
    BindGuardian, Card, Day, PutSchool, PutStudents, RefusedRow, ReplaceCard, Student, StudentDraft, StudentTexts,
};
use std::collections::{HashMap, HashSet};

/// A school has a readable name.
///
/// # Errors
/// [`CampusRefusal::BadText`].
pub fn check_school(school: &PutSchool) -> Result<(), CampusRefusal> {
    let readable = is_text(&school.name, StudentTexts::MAX_TEXT, Empty::MustNot);
    if readable { Ok(()) } else { Err(CampusRefusal::BadText("name")) }
}

/// What storing a chunk of students sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutStudentsView {
    /// Those of the named schools that exist.
    pub schools: Vec<SchoolId>,
    /// Those of the students that exist.
    pub students: Vec<Student>,
    /// Those of the students and guardians that are users.
    pub users: Vec<UserId>,
    /// Those of the names of students' users ([`Username::of_student`]) that are taken.
    pub usernames: Vec<Username>,
    /// Whose current cards the named cards are.
    pub cards: Vec<(CardNo, UserId)>,
}

/// A user to be added under an id that is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStudentUser {
    /// The id.
    pub user_id: UserId,
    /// The user.
    pub user: NewUser,
}

/// What storing a chunk of students writes; nothing of it on a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutStudentsPlan {
    /// Users to be added, with empty wallets.
    pub users: Vec<NewStudentUser>,
    /// The students in their next state, in the order of their rows.
    pub students: Vec<Student>,
    /// Bindings; those that are there stay as they are.
    pub bindings: Vec<BindGuardian>,
    /// The rows that are refused.
    pub refused: Vec<RefusedRow<CampusRefusal>>,
}

/// Each row stands for itself: what is wrong with one refuses this one. A student who is there takes
/// the row's texts and school, keeps the cards, and gets another card when the row names one; a student
/// who is not there gets a user of a name that follows from the id, unless the user is there. A repeat
/// changes nothing.
#[must_use]
pub fn put_students(command: &PutStudents, view: &PutStudentsView) -> PutStudentsPlan {
    let mut plan = PutStudentsPlan::default();
    let mut chunk = Chunk {
        students: view.students.iter().map(|student| (student.user_id, student)).collect(),
        users: view.users.iter().copied().collect(),
        cards: view.cards.iter().cloned().collect(),
        seen: HashSet::new(),
        view,
    };
    for ((row, draft), nth) in command.rows.iter().enumerate().zip(0..) {
        match chunk.take(draft, command, command.app_account_token.nth(nth)) {
            Ok((user, student)) => {
                plan.users.extend(user);
                let (user_id, at) = (student.user_id, command.at);
                plan.bindings.extend(draft.guardians.iter().map(|guardian| BindGuardian {
                    guardian: *guardian,
                    user_id,
                    at,
                }));
                plan.students.push(student);
            }
            Err(refusal) => plan.refused.push(RefusedRow { row, refusal }),
        }
    }
    plan
}

/// What is known while the rows are gone through.
struct Chunk<'a> {
    students: HashMap<UserId, &'a Student>,
    users: HashSet<UserId>,
    cards: HashMap<CardNo, UserId>,
    seen: HashSet<UserId>,
    view: &'a PutStudentsView,
}

impl Chunk<'_> {
    fn take(
        &mut self,
        draft: &StudentDraft,
        command: &PutStudents,
        token: AppAccountToken,
    ) -> Result<(Option<NewStudentUser>, Student), CampusRefusal> {
        let user_id = draft.user_id;
        if self.seen.contains(&user_id) {
            return Err(CampusRefusal::Repeated);
        }
        check_texts(&draft.texts)?;
        if !self.view.schools.contains(&draft.school_id) {
            return Err(CampusRefusal::SchoolNotFound);
        }
        if draft.guardians.contains(&user_id) {
            return Err(CampusRefusal::OwnGuardian);
        }
        if let Some(missing) = draft.guardians.iter().find(|guardian| !self.users.contains(guardian)) {
            return Err(CampusRefusal::GuardianNotFound(*missing));
        }
        let name = Username::of_student(user_id);
        let user = if self.users.contains(&user_id) {
            None
        } else if self.view.usernames.contains(&name) {
            return Err(CampusRefusal::UsernameTaken);
        } else {
            Some(NewStudentUser { user_id, user: new_user(name, draft, command, token) })
        };
        let cards = self.students.get(&user_id).map(|student| student.cards.clone()).unwrap_or_default();
        let cards = match &draft.card_no {
            Some(card_no) => {
                let holder = self.cards.get(card_no).copied();
                with_card(cards, card_no, holder.filter(|holder| *holder != user_id), command.at)?
            }
            None => cards,
        };
        self.cards.extend(draft.card_no.clone().map(|card_no| (card_no, user_id)));
        self.users.insert(user_id);
        self.seen.insert(user_id);
        Ok((user, Student { user_id, school_id: draft.school_id, texts: draft.texts.clone(), cards }))
    }
}

fn check_texts(texts: &StudentTexts) -> Result<(), CampusRefusal> {
    const MAX: usize = StudentTexts::MAX_TEXT;
    let bad = first_bad(&[
        ("name", &texts.name, MAX, Empty::MustNot),
        ("photo", &texts.photo, StudentTexts::MAX_PHOTO, Empty::May),
        ("grade_name", &texts.grade_name, MAX, Empty::May),
        ("class_name", &texts.class_name, MAX, Empty::May),
        ("mobile", &texts.mobile, MAX, Empty::May),
        ("imei", &texts.imei, MAX, Empty::May),
        ("sim", &texts.sim, MAX, Empty::May),
    ]);
    bad.map_or(Ok(()), |field| Err(CampusRefusal::BadText(field)))
}

fn new_user(username: Username, draft: &StudentDraft, command: &PutStudents, token: AppAccountToken) -> NewUser {
    NewUser {
        username,
        password: command.password.clone(),
        profile: Profile { nickname: draft.texts.name.clone(), ..Profile::default() },
        role: Role::Member,
        app_account_token: token,
        at: command.at,
    }
}

/// What replacing a card sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaceCardView {
    /// The student.
    pub student: Option<Student>,
    /// Whose current card it is.
    pub holder: Option<UserId>,
}

/// The card becomes the student's current one, and the one before is kept with its days. The current
/// card again changes nothing.
///
/// # Errors
/// [`CampusRefusal::StudentNotFound`] and [`CampusRefusal::CardTaken`].
pub fn replace_card(command: &ReplaceCard, view: &ReplaceCardView) -> Result<Student, CampusRefusal> {
    let student = view.student.clone().ok_or(CampusRefusal::StudentNotFound)?;
    let other = view.holder.filter(|holder| *holder != student.user_id);
    Ok(Student { cards: with_card(student.cards, &command.card_no, other, command.at)?, ..student })
}

fn with_card(
    mut cards: Vec<Card>,
    card_no: &CardNo,
    other_holder: Option<UserId>,
    at: Timestamp,
) -> Result<Vec<Card>, CampusRefusal> {
    if other_holder.is_some() {
        return Err(CampusRefusal::CardTaken);
    }
    let today = Day::of(at);
    match cards.last_mut() {
        Some(current) if current.card_no == *card_no && current.replaced_on.is_none() => return Ok(cards),
        Some(current) => current.replaced_on = current.replaced_on.or(Some(today)),
        None => {}
    }
    cards.push(Card { card_no: card_no.clone(), issued_on: today, replaced_on: None });
    Ok(cards)
}

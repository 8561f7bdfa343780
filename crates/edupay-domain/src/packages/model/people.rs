//! Schools, students with their cards, and who may act for them.

use super::import::ImportMode;
use crate::accounts::PasswordHash;
use crate::clock::Timestamp;
use crate::ids::{AppAccountToken, CardNo, SchoolId, UserId};
use crate::packages::Day;
use std::fmt;

/// A school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
}

/// A school to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutSchool {
    /// Which; `None` gives it the next id. An id that nobody has makes a school of this id.
    pub id: Option<SchoolId>,
    /// Its name.
    pub name: String,
}

/// A campus card: an attribute of its student, with history.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// The number on it.
    pub card_no: CardNo,
    /// Since when it was the student's.
    pub issued_on: Day,
    /// When another took its place; the current one has none.
    pub replaced_on: Option<Day>,
}

/// Personal: never in a log.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card(…)")
    }
}

/// What a school knows of a student, as text. Each is empty where there is none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct StudentTexts {
    /// The name: `empName` of the campus wire.
    pub name: String,
    /// The address of a picture.
    pub photo: String,
    /// The name of the grade.
    pub grade_name: String,
    /// The name of the class.
    pub class_name: String,
    /// The phone number that SMS packages are for.
    pub mobile: String,
    /// The number of the device in the card.
    pub imei: String,
    /// The number of the SIM in the card.
    pub sim: String,
}

impl StudentTexts {
    /// The longest of them, in characters.
    pub const MAX_TEXT: usize = 100;
    /// The longest address of a picture, in characters.
    pub const MAX_PHOTO: usize = 500;
}

/// Personal: never in a log.
impl fmt::Debug for StudentTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StudentTexts(…)")
    }
}

/// A student: a user with a wallet, whose id is the `userID` of the campus wire. What is bought belongs
/// to the student, not to the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Student {
    /// Who.
    pub user_id: UserId,
    /// Of which school.
    pub school_id: SchoolId,
    /// What the school knows.
    pub texts: StudentTexts,
    /// The cards, oldest first; the current one is the last.
    pub cards: Vec<Card>,
}

impl Student {
    /// The card that is in use.
    #[must_use]
    pub fn card(&self) -> Option<&Card> {
        self.cards.last().filter(|card| card.replaced_on.is_none())
    }
}

/// A student as staff gives one: by hand or as a row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentDraft {
    /// Who. A user is made when there is none.
    pub user_id: UserId,
    /// Of which school.
    pub school_id: SchoolId,
    /// What the school knows.
    pub texts: StudentTexts,
    /// The current card; `None` leaves the cards as they are.
    pub card_no: Option<CardNo>,
    /// Who may act for the student from now on; bindings that are there stay.
    pub guardians: Vec<UserId>,
}

/// Stores a chunk of students.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutStudents {
    /// The rows.
    pub rows: Vec<StudentDraft>,
    /// Whether to write.
    pub mode: ImportMode,
    /// The hashed password of the users that are made: of a password that nobody knows.
    pub password: PasswordHash,
    /// The token for the App Store of the user that the first row makes; those of the other rows follow
    /// from it.
    pub app_account_token: AppAccountToken,
    /// When.
    pub at: Timestamp,
}

/// Gives a student another card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaceCard {
    /// Whose.
    pub user_id: UserId,
    /// The new card.
    pub card_no: CardNo,
    /// When.
    pub at: Timestamp,
}

/// Lets a user act for a student, or no longer. A guardian may have several children, and a child
/// several guardians.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindGuardian {
    /// Who acts.
    pub guardian: UserId,
    /// For whom.
    pub user_id: UserId,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_personal_is_not_shown() {
        let card_no = CardNo::parse("335731330").unwrap();
        let card = Card { card_no, issued_on: Day::parse("2026-09-01").unwrap(), replaced_on: None };
        let texts = StudentTexts { name: "陈雅诺".to_owned(), ..StudentTexts::default() };
        assert_eq!(format!("{card:?} {texts:?}"), "Card(…) StudentTexts(…)");
    }
}

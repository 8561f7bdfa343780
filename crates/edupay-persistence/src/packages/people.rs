//! Students with their cards, and who may act for them: how they lie in rows.

use super::LOT;
use crate::codes::{Corrupt, card_no, day, school_id, user_id};
use crate::conn::{Conn, on};
use crate::schema::{cards, guardians, students};
use crate::tx::TxError;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::upsert::excluded;
use edupay_domain::ids::UserId;
use edupay_domain::packages::{Card, Student, StudentTexts};
use std::collections::HashMap;

#[derive(Queryable, Insertable)]
#[diesel(table_name = students)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct StudentRow {
    user_id: i64,
    school_id: i64,
    name: String,
    photo: String,
    grade_name: String,
    class_name: String,
    mobile: String,
    imei: String,
    sim: String,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = cards)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct CardRow {
    user_id: i64,
    ordinal: i32,
    card_no: String,
    issued_on: String,
    replaced_on: Option<String>,
}

impl StudentRow {
    fn of(student: &Student) -> Self {
        let texts = student.texts.clone();
        Self {
            user_id: student.user_id.get(),
            school_id: student.school_id.get(),
            name: texts.name,
            photo: texts.photo,
            grade_name: texts.grade_name,
            class_name: texts.class_name,
            mobile: texts.mobile,
            imei: texts.imei,
            sim: texts.sim,
        }
    }

    fn student(self, mut cards: Vec<CardRow>) -> Result<Student, Corrupt> {
        cards.sort_by_key(|card| card.ordinal);
        Ok(Student {
            user_id: user_id(self.user_id)?,
            school_id: school_id(self.school_id)?,
            texts: StudentTexts {
                name: self.name,
                photo: self.photo,
                grade_name: self.grade_name,
                class_name: self.class_name,
                mobile: self.mobile,
                imei: self.imei,
                sim: self.sim,
            },
            cards: cards.into_iter().map(CardRow::card).collect::<Result<_, _>>()?,
        })
    }
}

impl CardRow {
    fn card(self) -> Result<Card, Corrupt> {
        Ok(Card {
            card_no: card_no("cards.card_no", &self.card_no)?,
            issued_on: day("cards.issued_on", &self.issued_on)?,
            replaced_on: self.replaced_on.map(|text| day("cards.replaced_on", &text)).transpose()?,
        })
    }
}

/// Students of their rows, each with its cards, in the order of the rows.
pub(super) fn with_cards<R>(conn: &mut Conn<'_>, rows: Vec<StudentRow>) -> Result<Vec<Student>, TxError<R>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.user_id).collect();
    let mut of_students: HashMap<i64, Vec<CardRow>> = HashMap::new();
    for ids in ids.chunks(LOT) {
        let query = cards::table.filter(cards::user_id.eq_any(ids));
        for card in on!(conn, c => query.load::<CardRow>(c))? {
            of_students.entry(card.user_id).or_default().push(card);
        }
    }
    let students = rows.into_iter().map(|row| {
        let cards = of_students.remove(&row.user_id).unwrap_or_default();
        row.student(cards)
    });
    Ok(students.collect::<Result<_, _>>()?)
}

/// Those of these students that exist, by id.
pub(super) fn known<R>(conn: &mut Conn<'_>, ids: &[i64]) -> Result<Vec<Student>, TxError<R>> {
    let mut rows: Vec<StudentRow> = Vec::new();
    for ids in ids.chunks(LOT) {
        let query = students::table.filter(students::user_id.eq_any(ids));
        rows.extend(on!(conn, c => query.load::<StudentRow>(c))?);
    }
    rows.sort_by_key(|row| row.user_id);
    with_cards(conn, rows)
}

/// One student.
pub(super) fn find<R>(conn: &mut Conn<'_>, id: UserId) -> Result<Option<Student>, TxError<R>> {
    Ok(known(conn, &[id.get()])?.pop())
}

// Bound guardians are looked for by the key, one look for one student.
macro_rules! acts_for {
    ($caller:expr, $student:expr) => {
        students::table.find($student.get()).filter(
            students::user_id.eq($caller.get()).or(exists(
                guardians::table
                    .filter(guardians::user_id.eq($student.get()))
                    .filter(guardians::guardian_id.eq($caller.get())),
            )),
        )
    };
}

/// Whether there is such a student and the caller may act for the student.
pub(super) fn may_act_for<R>(conn: &mut Conn<'_>, caller: UserId, id: UserId) -> Result<bool, TxError<R>> {
    let query = acts_for!(caller, id).select(students::user_id);
    let found: Option<i64> = on!(conn, c => query.first(c)).optional()?;
    Ok(found.is_some())
}

/// The student, if there is one and the caller may act for the student.
pub(super) fn find_for<R>(conn: &mut Conn<'_>, caller: UserId, id: UserId) -> Result<Option<Student>, TxError<R>> {
    let query = acts_for!(caller, id);
    let row: Option<StudentRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(with_cards(conn, row.into_iter().collect())?.pop())
}

/// Stores students in their next state: the rows that differ from what is there.
pub(super) fn put<'a>(
    conn: &mut Conn<'_>,
    before: &[Student],
    after: impl IntoIterator<Item = &'a Student>,
) -> Result<(), Error> {
    let before: HashMap<_, _> = before.iter().map(|student| (student.user_id, student)).collect();
    let (mut rows, mut cards) = (Vec::new(), Vec::new());
    for student in after {
        let was = before.get(&student.user_id);
        if was.is_none_or(|was| was.school_id != student.school_id || was.texts != student.texts) {
            rows.push(StudentRow::of(student));
        }
        let had = was.map(|was| was.cards.as_slice()).unwrap_or_default();
        cards.extend(changed_cards(had, student));
    }
    put_students(conn, &rows)?;
    put_cards(conn, &cards)
}

/// The cards of a student that are not in their place yet.
fn changed_cards<'a>(had: &'a [Card], student: &'a Student) -> impl Iterator<Item = CardRow> + 'a {
    let user_id = student.user_id.get();
    let placed = student.cards.iter().enumerate().zip(0_i32..);
    placed.filter(|((place, card), _)| had.get(*place) != Some(card)).map(move |((_, card), ordinal)| CardRow {
        user_id,
        ordinal,
        card_no: card.card_no.as_str().to_owned(),
        issued_on: card.issued_on.to_string(),
        replaced_on: card.replaced_on.map(|day| day.to_string()),
    })
}

fn put_students(conn: &mut Conn<'_>, rows: &[StudentRow]) -> Result<(), Error> {
    for rows in rows.chunks(LOT) {
        let put = diesel::insert_into(students::table).values(rows).on_conflict(students::user_id).do_update().set((
            students::school_id.eq(excluded(students::school_id)),
            students::name.eq(excluded(students::name)),
            students::photo.eq(excluded(students::photo)),
            students::grade_name.eq(excluded(students::grade_name)),
            students::class_name.eq(excluded(students::class_name)),
            students::mobile.eq(excluded(students::mobile)),
            students::imei.eq(excluded(students::imei)),
            students::sim.eq(excluded(students::sim)),
        ));
        on!(conn, c => put.execute(c))?;
    }
    Ok(())
}

/// In their order: the card before is replaced when the next one comes.
fn put_cards(conn: &mut Conn<'_>, rows: &[CardRow]) -> Result<(), Error> {
    for rows in rows.chunks(LOT) {
        let put = diesel::insert_into(cards::table)
            .values(rows)
            .on_conflict((cards::user_id, cards::ordinal))
            .do_update()
            .set(cards::replaced_on.eq(excluded(cards::replaced_on)));
        on!(conn, c => put.execute(c))?;
    }
    Ok(())
}

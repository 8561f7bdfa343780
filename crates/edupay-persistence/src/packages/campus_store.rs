//! The port of schools, students, cards and guardians.

use super::people::{StudentRow, find, put, with_cards};
use super::{import, locks};
use crate::codes::{Corrupt, next_id, school_id, user_id};
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::schema::{guardians, schools, students, users};
use crate::tx::TxError;
use crate::wallets::lock_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use edupay_domain::ids::{SchoolId, UserId};
use edupay_domain::packages::{
    BindGuardian, CampusRefusal, CampusStore, ImportMode, PutRows, PutSchool, PutStudents, PutStudentsRule,
    ReplaceCard, ReplaceCardRule, ReplaceCardView, School, Student,
};
use edupay_domain::store::{EffectError, StoreError};

fn school((id, name): (i64, String)) -> Result<School, Corrupt> {
    Ok(School { id: school_id(id)?, name })
}

fn find_school<R>(conn: &mut Conn<'_>, id: SchoolId) -> Result<Option<School>, TxError<R>> {
    let query = schools::table.find(id.get());
    let row: Option<(i64, String)> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(school).transpose()?)
}

fn new_school_id<R>(conn: &mut Conn<'_>) -> Result<SchoolId, TxError<R>> {
    let highest = schools::table.select(diesel::dsl::max(schools::school_id));
    let highest: Option<i64> = on!(conn, c => highest.first(c))?;
    Ok(school_id(next_id("schools.school_id", highest)?)?)
}

fn is_user<R>(conn: &mut Conn<'_>, id: UserId) -> Result<bool, TxError<R>> {
    let query = users::table.find(id.get()).select(users::user_id);
    let found: Option<i64> = on!(conn, c => query.first(c)).optional()?;
    Ok(found.is_some())
}

#[async_trait]
impl CampusStore for SqlStore {
    async fn put_school(&self, school: &PutSchool) -> Result<School, StoreError> {
        let command = school.clone();
        let mut put: Option<School> = None;
        self.write(move |conn| {
            locks::lock(conn, locks::StaffTable::Schools)?;
            // An earlier try whose answer was lost may have put it there.
            if let Some(school) = put.take()
                && find_school(conn, school.id)?.as_ref() == Some(&school)
            {
                return Ok(school);
            }
            let id = match command.id {
                Some(id) => id,
                None => new_school_id(conn)?,
            };
            let school = School { id, name: command.name.clone() };
            let insert = diesel::insert_into(schools::table)
                .values((schools::school_id.eq(id.get()), schools::name.eq(&school.name)))
                .on_conflict(schools::school_id)
                .do_update()
                .set(schools::name.eq(excluded(schools::name)));
            on!(conn, c => insert.execute(c))?;
            put = Some(school.clone());
            Ok(school)
        })
        .await
    }

    async fn list_schools(&self, above: i64, limit: u32) -> Result<Vec<School>, StoreError> {
        self.read(move |conn| {
            let query = schools::table
                .filter(schools::school_id.gt(above))
                .order(schools::school_id.asc())
                .limit(i64::from(limit));
            let rows: Vec<(i64, String)> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(school).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn put_students(
        &self,
        command: &PutStudents,
        rule: PutStudentsRule,
    ) -> Result<PutRows<Student, CampusRefusal>, StoreError> {
        let command = command.clone();
        match command.mode {
            ImportMode::Write => self.write(move |conn| import::put_students(conn, &command, rule)).await,
            ImportMode::DryRun => self.read_snapshot(move |conn| import::put_students(conn, &command, rule)).await,
        }
    }

    async fn find_student(&self, user_id: UserId) -> Result<Option<Student>, StoreError> {
        self.read_snapshot(move |conn| find(conn, user_id)).await
    }

    async fn list_students(
        &self,
        school_id: Option<SchoolId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Student>, StoreError> {
        self.read_snapshot(move |conn| {
            let query = students::table
                .filter(students::user_id.gt(above))
                .order(students::user_id.asc())
                .limit(i64::from(limit));
            let rows: Vec<StudentRow> = match school_id {
                Some(id) => on!(conn, c => query.filter(students::school_id.eq(id.get())).load(c))?,
                None => on!(conn, c => query.load(c))?,
            };
            with_cards(conn, rows)
        })
        .await
    }

    async fn replace_card(
        &self,
        command: &ReplaceCard,
        rule: ReplaceCardRule,
    ) -> Result<Student, EffectError<CampusRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            locks::lock(conn, locks::StaffTable::Cards)?;
            let student = find(conn, command.user_id)?;
            let holder = import::holders(conn, &[command.card_no.as_str()])?.pop().map(|(_, holder)| holder);
            let view = ReplaceCardView { student, holder };
            let next = rule(&command, &view).map_err(TxError::Refused)?;
            put(conn, view.student.as_slice(), [&next])?;
            Ok(next)
        })
        .await
    }

    async fn bind_guardian(&self, command: &BindGuardian) -> Result<(), EffectError<CampusRefusal>> {
        let command = *command;
        self.effect(move |conn| {
            // In line with who buys for the student.
            lock_wallet(conn, command.user_id)?;
            if find(conn, command.user_id)?.is_none() {
                return Err(TxError::Refused(CampusRefusal::StudentNotFound));
            }
            if !is_user(conn, command.guardian)? {
                return Err(TxError::Refused(CampusRefusal::GuardianNotFound(command.guardian)));
            }
            if command.guardian == command.user_id {
                return Err(TxError::Refused(CampusRefusal::OwnGuardian));
            }
            Ok(import::bind(conn, &[command])?)
        })
        .await
    }

    async fn unbind_guardian(&self, command: &BindGuardian) -> Result<bool, StoreError> {
        let command = *command;
        let mut unbound = false;
        self.write(move |conn| {
            lock_wallet(conn, command.user_id)?;
            let delete = diesel::delete(guardians::table.find((command.user_id.get(), command.guardian.get())));
            // An earlier try whose answer was lost may have done it.
            unbound |= on!(conn, c => delete.execute(c))? == 1;
            Ok(unbound)
        })
        .await
    }

    async fn guardians(&self, id: UserId) -> Result<Vec<UserId>, StoreError> {
        self.read(move |conn| {
            let query = guardians::table
                .filter(guardians::user_id.eq(id.get()))
                .order(guardians::guardian_id.asc())
                .select(guardians::guardian_id);
            let ids: Vec<i64> = on!(conn, c => query.load(c))?;
            Ok(ids.into_iter().map(user_id).collect::<Result<_, _>>()?)
        })
        .await
    }
}

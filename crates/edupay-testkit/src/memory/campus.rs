//! Schools, students, cards and guardians in memory.

use super::{MemoryStore, State, UserRow, at_most, corrupt};
use async_trait::async_trait;
use edupay_domain::accounts::{Activity, Principal, User};
use edupay_domain::ids::{CardNo, SchoolId, UserId, Username};
use edupay_domain::ledger::Wallet;
use edupay_domain::packages::{
    BindGuardian, CampusRefusal, CampusStore, ImportMode, NewStudentUser, PutRows, PutSchool, PutStudents,
    PutStudentsRule, PutStudentsView, ReplaceCard, ReplaceCardRule, ReplaceCardView, School, Student,
};
use edupay_domain::store::{EffectError, StoreError};
use std::ops::Bound;

impl State {
    fn card_holder(&self, card_no: &CardNo) -> Option<UserId> {
        let has = |student: &&Student| student.card().is_some_and(|card| card.card_no == *card_no);
        self.students.values().find(has).map(|student| student.user_id)
    }

    fn put_students_view(&self, command: &PutStudents) -> PutStudentsView {
        let rows = &command.rows;
        let people = rows.iter().flat_map(|row| row.guardians.iter().chain([&row.user_id]));
        let names = rows.iter().map(|row| Username::of_student(row.user_id));
        let cards = rows.iter().filter_map(|row| row.card_no.clone());
        PutStudentsView {
            schools: rows.iter().map(|row| row.school_id).filter(|id| self.schools.contains_key(id)).collect(),
            students: rows.iter().filter_map(|row| self.students.get(&row.user_id)).cloned().collect(),
            users: people.filter(|id| self.users.contains_key(id)).copied().collect(),
            usernames: names.filter(|name| self.usernames.contains_key(name)).collect(),
            cards: cards.filter_map(|card_no| Some((card_no.clone(), self.card_holder(&card_no)?))).collect(),
        }
    }

    fn add_user(&mut self, NewStudentUser { user_id, user }: NewStudentUser) {
        let principal = Principal {
            id: user_id,
            username: user.username.clone(),
            profile: user.profile,
            role: user.role,
            activity: Activity::Active,
            app_account_token: user.app_account_token,
            created_at: user.at,
        };
        self.usernames.insert(user.username, user_id);
        let wallet = Wallet::new(user_id);
        self.users.insert(user_id, UserRow { user: User { principal, wallet }, password: user.password });
    }
}

#[async_trait]
impl CampusStore for MemoryStore {
    async fn put_school(&self, school: &PutSchool) -> Result<School, StoreError> {
        self.transaction(|state| {
            let last = state.schools.last_key_value().map_or(0, |(id, _)| id.get());
            let next = SchoolId::try_new(last.saturating_add(1)).map_err(corrupt)?;
            let stored = School { id: school.id.unwrap_or(next), name: school.name.clone() };
            state.schools.insert(stored.id, stored.clone());
            Ok(stored)
        })
    }

    async fn list_schools(&self, above: i64, limit: u32) -> Result<Vec<School>, StoreError> {
        self.transaction(|state| {
            let schools = state.schools.values().filter(|school| school.id.get() > above);
            Ok(at_most(schools.cloned(), limit))
        })
    }

    async fn put_students(
        &self,
        command: &PutStudents,
        rule: PutStudentsRule,
    ) -> Result<PutRows<Student, CampusRefusal>, StoreError> {
        self.transaction(|state| {
            let plan = rule(command, &state.put_students_view(command));
            if command.mode == ImportMode::Write {
                plan.users.into_iter().for_each(|user| state.add_user(user));
                state.students.extend(plan.students.iter().map(|student| (student.user_id, student.clone())));
                state.guardians.extend(plan.bindings.iter().map(|binding| (binding.user_id, binding.guardian)));
            }
            Ok(PutRows { taken: plan.students, refused: plan.refused })
        })
    }

    async fn find_student(&self, user_id: UserId) -> Result<Option<Student>, StoreError> {
        self.transaction(|state| Ok(state.students.get(&user_id).cloned()))
    }

    async fn list_students(
        &self,
        school_id: Option<SchoolId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Student>, StoreError> {
        self.transaction(|state| {
            let students = state.students.values().filter(|student| student.user_id.get() > above);
            let of_school = students.filter(|student| school_id.is_none_or(|id| student.school_id == id));
            Ok(at_most(of_school.cloned(), limit))
        })
    }

    async fn replace_card(
        &self,
        command: &ReplaceCard,
        rule: ReplaceCardRule,
    ) -> Result<Student, EffectError<CampusRefusal>> {
        self.transaction(|state| {
            let student = state.students.get(&command.user_id).cloned();
            let view = ReplaceCardView { student, holder: state.card_holder(&command.card_no) };
            let student = rule(command, &view).map_err(EffectError::Refused)?;
            state.students.insert(student.user_id, student.clone());
            Ok(student)
        })
    }

    async fn bind_guardian(&self, command: &BindGuardian) -> Result<(), EffectError<CampusRefusal>> {
        self.transaction(|state| {
            if !state.students.contains_key(&command.user_id) {
                return Err(EffectError::Refused(CampusRefusal::StudentNotFound));
            }
            if !state.users.contains_key(&command.guardian) {
                return Err(EffectError::Refused(CampusRefusal::GuardianNotFound(command.guardian)));
            }
            state.guardians.insert((command.user_id, command.guardian));
            Ok(())
        })
    }

    async fn unbind_guardian(&self, command: &BindGuardian) -> Result<bool, StoreError> {
        self.transaction(|state| Ok(state.guardians.remove(&(command.user_id, command.guardian))))
    }

    async fn guardians(&self, user_id: UserId) -> Result<Vec<UserId>, StoreError> {
        self.transaction(|state| {
            let from = UserId::try_new(1).map_err(corrupt)?;
            let bound = state.guardians.range((Bound::Included((user_id, from)), Bound::Unbounded));
            Ok(bound.take_while(|(of, _)| *of == user_id).map(|(_, guardian)| *guardian).collect())
        })
    }
}

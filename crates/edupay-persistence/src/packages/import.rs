//! Many students at once: what the rule sees of a chunk, and how its plan is written.

use super::people::{self, known};
use super::{LOT, locks};
use crate::codes::{card_no, name, school_id, user_id};
use crate::conn::{Conn, on};
use crate::schema::{cards, guardians, schools, users, wallets};
use crate::tx::TxError;
use crate::users::{NewUserRow, new_row};
use crate::wallets::WalletRow;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::BigInt;
use edupay_domain::ids::{CardNo, UserId, Username};
use edupay_domain::ledger::Wallet;
use edupay_domain::packages::{
    BindGuardian, CampusRefusal, ImportMode, NewStudentUser, PutRows, PutStudents, PutStudentsPlan, PutStudentsRule,
    PutStudentsView, Student,
};
use std::collections::BTreeSet;

/// Loads the view, applies the rule, writes the plan unless nothing is to be written.
pub(super) fn put_students<R>(
    conn: &mut Conn<'_>,
    command: &PutStudents,
    rule: PutStudentsRule,
) -> Result<PutRows<Student, CampusRefusal>, TxError<R>> {
    plan_anew(conn)?;
    if command.mode == ImportMode::Write {
        locks::lock(conn, locks::StaffTable::Students)?;
    }
    let view = view(conn, command)?;
    let plan = rule(command, &view);
    if command.mode == ImportMode::Write {
        write(conn, &view.students, &plan)?;
    }
    Ok(PutRows { taken: plan.students, refused: plan.refused })
}

/// PostgreSQL keeps the plans that a connection has made, those of foreign keys too. While an import fills
/// the tables nobody analyzes them, so plans of small tables stay, which read them whole for each row:
/// measured, 100,000 students took 220 seconds, and take 14.
const PLAN_ANEW: &str = "DISCARD PLANS; SET LOCAL enable_seqscan = off";

fn plan_anew(conn: &mut Conn<'_>) -> Result<(), Error> {
    if let Conn::Postgres(connection) = conn {
        connection.batch_execute(PLAN_ANEW)?;
    }
    Ok(())
}

fn view<R>(conn: &mut Conn<'_>, command: &PutStudents) -> Result<PutStudentsView, TxError<R>> {
    let rows = &command.rows;
    let named_schools: BTreeSet<i64> = rows.iter().map(|row| row.school_id.get()).collect();
    let ids: BTreeSet<UserId> = rows.iter().map(|row| row.user_id).collect();
    let guardians = rows.iter().flat_map(|row| row.guardians.iter().copied());
    let named_users: BTreeSet<i64> = ids.iter().copied().chain(guardians).map(UserId::get).collect();
    let names: Vec<String> = ids.iter().map(|id| Username::of_student(*id).as_str().to_owned()).collect();
    let card_nos: BTreeSet<&str> = rows.iter().filter_map(|row| Some(row.card_no.as_ref()?.as_str())).collect();
    let ids: Vec<i64> = ids.into_iter().map(UserId::get).collect();
    let mut view = PutStudentsView { students: known(conn, &ids)?, ..PutStudentsView::default() };
    for lot in lots(&named_schools) {
        let query = schools::table.filter(schools::school_id.eq_any(lot)).select(schools::school_id);
        let found: Vec<i64> = on!(conn, c => query.load(c))?;
        view.schools.extend(found.into_iter().map(school_id).collect::<Result<Vec<_>, _>>()?);
    }
    for lot in lots(&named_users) {
        let query = users::table.filter(users::user_id.eq_any(lot)).select(users::user_id);
        let found: Vec<i64> = on!(conn, c => query.load(c))?;
        view.users.extend(found.into_iter().map(user_id).collect::<Result<Vec<_>, _>>()?);
    }
    for lot in names.chunks(LOT) {
        let query = users::table.filter(users::username.eq_any(lot)).select(users::username);
        let found: Vec<String> = on!(conn, c => query.load(c))?;
        let found = found.iter().map(|text| name("users.username", text, Username::parse));
        view.usernames.extend(found.collect::<Result<Vec<_>, _>>()?);
    }
    for lot in lots(&card_nos) {
        view.cards.extend(holders(conn, &lot)?);
    }
    Ok(view)
}

/// The values of a set in lots.
fn lots<T: Copy + Ord>(set: &BTreeSet<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rest = set.iter().copied();
    std::iter::from_fn(move || {
        let lot: Vec<T> = rest.by_ref().take(LOT).collect();
        (!lot.is_empty()).then_some(lot)
    })
}

/// Whose current cards these are.
pub(super) fn holders<R>(conn: &mut Conn<'_>, card_nos: &[&str]) -> Result<Vec<(CardNo, UserId)>, TxError<R>> {
    let query = cards::table
        .filter(cards::card_no.eq_any(card_nos))
        .filter(cards::replaced_on.is_null())
        .select((cards::card_no, cards::user_id));
    let found: Vec<(String, i64)> = on!(conn, c => query.load(c))?;
    let found = found.iter().map(|(card, id)| Ok((card_no("cards.card_no", card)?, user_id(*id)?)));
    found.collect()
}

fn write<R>(conn: &mut Conn<'_>, before: &[Student], plan: &PutStudentsPlan) -> Result<(), TxError<R>> {
    for lot in plan.users.chunks(LOT) {
        add_users(conn, lot)?;
    }
    keep_drawn_ids_above(conn, plan.users.iter().map(|new| new.user_id).max())?;
    people::put(conn, before, &plan.students)?;
    for lot in plan.bindings.chunks(LOT) {
        bind(conn, lot)?;
    }
    Ok(())
}

fn add_users(conn: &mut Conn<'_>, new: &[NewStudentUser]) -> Result<(), Error> {
    let row = |new: &NewStudentUser| (users::user_id.eq(new.user_id.get()), new_row(&new.user));
    let rows: Vec<(_, NewUserRow)> = new.iter().map(row).collect();
    let empty: Vec<WalletRow> = new.iter().map(|new| WalletRow::of(&Wallet::new(new.user_id))).collect();
    on!(conn, c => diesel::insert_into(users::table).values(rows).execute(c))?;
    on!(conn, c => diesel::insert_into(wallets::table).values(empty).execute(c))?;
    Ok(())
}

/// PostgreSQL goes on drawing from where it was, whatever ids were given; SQLite draws above the highest.
/// Raw, since the query builder has no sequences.
const DRAW_ABOVE: &str = "SELECT setval('users_user_id_seq', $1) AS drawn FROM users_user_id_seq WHERE last_value < $1";

fn keep_drawn_ids_above(conn: &mut Conn<'_>, highest: Option<UserId>) -> Result<(), Error> {
    if let (Conn::Postgres(connection), Some(highest)) = (conn, highest) {
        diesel::sql_query(DRAW_ABOVE).bind::<BigInt, _>(highest.get()).execute(*connection)?;
    }
    Ok(())
}

/// Binds guardians; who is bound already stays so since then.
pub(super) fn bind(conn: &mut Conn<'_>, bindings: &[BindGuardian]) -> Result<(), Error> {
    let row = |binding: &BindGuardian| {
        (
            guardians::user_id.eq(binding.user_id.get()),
            guardians::guardian_id.eq(binding.guardian.get()),
            guardians::bound_at.eq(binding.at.timestamp_micros()),
        )
    };
    let rows: Vec<_> = bindings.iter().map(row).collect();
    on!(conn, c => diesel::insert_into(guardians::table).values(rows).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

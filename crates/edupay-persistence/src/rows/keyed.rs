//! Keys of requests that are done once, as far as they are written with what moves money. A batch in
//! which no command has a key sends nothing for them.

use super::changes::Changes;
use super::held::Rows;
use super::keys::Keys;
use crate::codes::Corrupt;
use crate::conn::Conn;
use crate::idempotency::rows::{KeyRow, insert};
use crate::prepared::{Bind, Binds, Prepared, Statement};
use crate::schema::idempotency_keys;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Array, BigInt, Binary, SmallInt, Text};
use edupay_domain::idempotency::{IdempotencyKey, KeyRecord, KeyStage, KeyedRequest};
use edupay_domain::ids::UserId;

impl Rows {
    /// What is known of a request's key.
    pub(crate) fn keyed(&self, request: &KeyedRequest) -> Result<Option<KeyRecord>, Corrupt> {
        self.keyed.get(&(request.user_id, request.key.clone())).cloned().transpose()
    }

    /// A new key with its reply.
    pub(crate) fn keep_reply(&mut self, record: KeyRecord) {
        let key = (record.request.user_id, record.request.key.clone());
        self.changes.keyed.push(record.clone());
        self.keyed.insert(key, Ok(record));
    }
}

/// Loads the keys of a batch after its wallets are locked, so that all of them that are committed are seen.
pub(super) fn load(conn: &mut Conn<'_>, keys: &[&Keys], rows: &mut Rows) -> Result<(), Error> {
    let named: Vec<(i64, &str)> =
        keys.iter().filter_map(|keys| Some((keys.user_id.get(), keys.idempotency_key.as_ref()?.as_str()))).collect();
    if named.is_empty() {
        return Ok(());
    }
    let found: Vec<KeyRow> = match conn {
        Conn::Sqlite(connection) => {
            let mut found = Vec::new();
            for (user_id, key) in named {
                let row = idempotency_keys::table.find((user_id, key)).first(&mut **connection).optional()?;
                found.extend::<Option<KeyRow>>(row);
            }
            found
        }
        Conn::Postgres(connection) => {
            // Of several users with several keys too many are found, which does no harm.
            let (users, texts): (Vec<i64>, Vec<&str>) = named.into_iter().unzip();
            idempotency_keys::table
                .filter(idempotency_keys::user_id.eq_any(users))
                .filter(idempotency_keys::key.eq_any(texts))
                .load(&mut **connection)?
        }
    };
    for row in found {
        let (Ok(user_id), Some(key)) = (UserId::try_new(row.user_id), IdempotencyKey::parse(&row.key)) else {
            continue;
        };
        rows.keyed.insert((user_id, key), row.record());
    }
    Ok(())
}

/// Inserts the keys of a batch; `false` when somebody else has written one meanwhile.
pub(super) fn write(conn: &mut Conn<'_>, changes: &Changes) -> Result<bool, Error> {
    if changes.keyed.is_empty() {
        return Ok(true);
    }
    match conn {
        Conn::Sqlite(_) => {
            for record in &changes.keyed {
                if !insert(conn, record)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Conn::Postgres(connection) => {
            let written: i64 = Prepared(WriteKeys::of(&changes.keyed)).get_result(&mut **connection)?;
            Ok(usize::try_from(written) == Ok(changes.keyed.len()))
        }
    }
}

/// `write_keys.sql`.
#[derive(Default)]
struct WriteKeys<'a> {
    users: Vec<i64>,
    keys: Vec<&'a str>,
    digests: Vec<&'a [u8]>,
    began: Vec<i64>,
    expires: Vec<i64>,
    status: Vec<i16>,
    heads: Vec<&'a str>,
    bodies: Vec<&'a str>,
}

impl<'a> WriteKeys<'a> {
    fn of(records: &'a [KeyRecord]) -> Self {
        let mut statement = Self::default();
        for KeyRecord { request, stage, .. } in records {
            // What a batch writes is answered.
            let KeyStage::Answered(reply) = stage else { continue };
            statement.users.push(request.user_id.get());
            statement.keys.push(request.key.as_str());
            statement.digests.push(&request.digest.0);
            statement.began.push(request.at.timestamp_micros());
            statement.expires.push(request.expires_at.timestamp_micros());
            statement.status.push(i16::try_from(reply.status).unwrap_or_default());
            statement.heads.push(&reply.head);
            statement.bodies.push(&reply.body);
        }
        statement
    }
}

impl Statement for WriteKeys<'_> {
    const TEXT: &'static str = include_str!("write_keys.sql");
    type Columns = BigInt;
    type Id = WriteKeys<'static>;
}

impl Bind<Pg> for WriteKeys<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Array<BigInt>, _>(&self.users)?;
        binds.push::<Array<Text>, _>(&self.keys)?;
        binds.push::<Array<Binary>, _>(&self.digests)?;
        binds.push::<Array<BigInt>, _>(&self.began)?;
        binds.push::<Array<BigInt>, _>(&self.expires)?;
        binds.push::<Array<SmallInt>, _>(&self.status)?;
        binds.push::<Array<Text>, _>(&self.heads)?;
        binds.push::<Array<Text>, _>(&self.bodies)
    }
}

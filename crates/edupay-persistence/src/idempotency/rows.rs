//! The row of a key: how it is read, locked and written.

use crate::codes::{Corrupt, moment, user_id};
use crate::conn::{Conn, lock, on};
use crate::schema::idempotency_keys;
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::idempotency::{
    Claimant, IdempotencyKey, KeyClaim, KeyRecord, KeyStage, KeyedRequest, RecoveryPoint, RequestDigest, StoredReply,
};
use edupay_domain::ids::UserId;
use edupay_domain::store::{StoreError, StoreFault};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = idempotency_keys)]
#[diesel(primary_key(user_id, key))]
#[diesel(treat_none_as_default_value = false)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct KeyRow {
    pub(crate) user_id: i64,
    pub(crate) key: String,
    pub(crate) digest: Vec<u8>,
    pub(crate) began_at: i64,
    pub(crate) expires_at: i64,
    point: Option<String>,
    claimant: Option<String>,
    claimed_until: Option<i64>,
    reply_status: Option<i16>,
    reply_head: Option<String>,
    reply_body: Option<String>,
}

impl KeyRow {
    pub(crate) fn of(record: &KeyRecord) -> Self {
        let KeyRecord { request, point, stage } = record;
        let (claim, reply) = match stage {
            KeyStage::Running { claimant, until } => (Some((claimant, until)), None),
            KeyStage::Answered(reply) => (None, Some(reply)),
        };
        Self {
            user_id: request.user_id.get(),
            key: request.key.as_str().to_owned(),
            digest: request.digest.0.to_vec(),
            began_at: request.at.timestamp_micros(),
            expires_at: request.expires_at.timestamp_micros(),
            point: point.as_ref().map(|point| point.0.clone()),
            claimant: claim.map(|(claimant, _)| claimant.as_str().to_owned()),
            claimed_until: claim.map(|(_, until)| until.timestamp_micros()),
            // A status has three digits.
            reply_status: reply.map(|reply| i16::try_from(reply.status).unwrap_or_default()),
            reply_head: reply.map(|reply| reply.head.clone()),
            reply_body: reply.map(|reply| reply.body.clone()),
        }
    }

    pub(crate) fn record(self) -> Result<KeyRecord, Corrupt> {
        let digest = self.digest.try_into();
        let reply = (self.reply_status, self.reply_head, self.reply_body);
        let stage = match (self.claimant, self.claimed_until, reply) {
            (Some(claimant), Some(until), (None, None, None)) => KeyStage::Running {
                claimant: Claimant::stored(claimant),
                until: moment("idempotency_keys.claimed_until", until)?,
            },
            (None, None, (Some(status), Some(head), Some(body))) => KeyStage::Answered(StoredReply {
                status: u16::try_from(status).map_err(|_| Corrupt::new("idempotency_keys.reply_status", status))?,
                head,
                body,
            }),
            _ => return Err(Corrupt::new("idempotency_keys", "a key that neither runs nor is answered")),
        };
        Ok(KeyRecord {
            request: KeyedRequest {
                user_id: user_id(self.user_id)?,
                key: IdempotencyKey::parse(&self.key).ok_or_else(|| Corrupt::new("idempotency_keys.key", "no key"))?,
                digest: RequestDigest(digest.map_err(|_| Corrupt::new("idempotency_keys.digest", "no digest"))?),
                at: moment("idempotency_keys.began_at", self.began_at)?,
                expires_at: moment("idempotency_keys.expires_at", self.expires_at)?,
            },
            point: self.point.map(RecoveryPoint),
            stage,
        })
    }
}

/// Inserts a key; `false` when it is there.
pub(crate) fn insert(conn: &mut Conn<'_>, record: &KeyRecord) -> Result<bool, Error> {
    let row = KeyRow::of(record);
    let insert = diesel::insert_into(idempotency_keys::table).values(&row).on_conflict_do_nothing();
    Ok(on!(conn, c => insert.execute(c))? == 1)
}

/// A key, locked until the transaction ends.
pub(super) fn lock_key<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    key: &IdempotencyKey,
) -> Result<Option<KeyRecord>, TxError<R>> {
    let query = idempotency_keys::table.find((user_id.get(), key.as_str()));
    let row: Option<KeyRow> = lock!(conn, query, first).optional()?;
    Ok(row.map(KeyRow::record).transpose()?)
}

/// A locked key's next state.
pub(super) fn update<R>(conn: &mut Conn<'_>, record: &KeyRecord) -> Result<(), TxError<R>> {
    let row = KeyRow::of(record);
    let target = idempotency_keys::table.find((row.user_id, &row.key));
    on!(conn, c => diesel::update(target).set(&row).execute(c))?;
    Ok(())
}

/// Notes what was made under a claim, in the transaction that makes it. Whoever lost the claim meanwhile
/// writes nothing: the one who took it over makes it.
pub(crate) fn note_made<R>(conn: &mut Conn<'_>, claim: Option<&KeyClaim>, made: &str) -> Result<(), TxError<R>> {
    let Some(claim) = claim else { return Ok(()) };
    let record = lock_key(conn, claim.user_id, &claim.key)?;
    match record.and_then(|record| claim.noted(&record, made)) {
        Some(noted) => update(conn, &noted),
        None => Err(TxError::Store(StoreError::new(StoreFault::Unavailable, "the claim of the key is over"))),
    }
}

//! Keys, what was asked under them, and what was answered.

use crate::clock::Timestamp;
use crate::ids::{EventId, UserId};
use std::fmt;
use std::sync::Arc;

/// The name that a client gives a request: 1 to 255 visible ASCII characters, unique per user
/// (contract section 3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The longest key.
    pub const MAX: usize = 255;

    /// Reads a key as it came; `None` for anything that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let usable = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Clients may put anything into a key, so it is not shown.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

/// The SHA-256 of what was asked: by it a repeat is told from another request under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestDigest(pub [u8; 32]);

/// A reply as it is kept. What it says is the caller's matter.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredReply {
    /// Its status.
    pub status: u16,
    /// Its headers, in the caller's own way of writing.
    pub head: String,
    /// Its body.
    pub body: String,
}

/// A reply shows somebody's balance or charge, so it is not shown.
impl fmt::Debug for StoredReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredReply").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A request under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Whose key it is: who asks, whomever the request is about.
    pub user_id: UserId,
    /// The key.
    pub key: IdempotencyKey,
    /// What is asked.
    pub digest: RequestDigest,
    /// When.
    pub at: Timestamp,
    /// Until when the key MUST be kept.
    pub expires_at: Timestamp,
}

/// Who works on a request: random, so that nobody is taken for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claimant(String);

impl Claimant {
    /// A new one, of an id that is drawn as an event's is.
    #[must_use]
    pub fn drawn(id: EventId) -> Self {
        Self(id.to_string())
    }

    /// One that was stored.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of what a request has made, by which its repeat finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryPoint(pub String);

/// How far a request under a key has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyStage {
    /// Somebody works on it.
    Running {
        /// Who.
        claimant: Claimant,
        /// Until when nobody else may.
        until: Timestamp,
    },
    /// It was answered.
    Answered(StoredReply),
}

/// What is kept of a request under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The first request.
    pub request: KeyedRequest,
    /// What it has made, if anything.
    pub point: Option<RecoveryPoint>,
    /// How far it has come.
    pub stage: KeyStage,
}

impl KeyRecord {
    /// A request that was answered in the transaction that did it.
    #[must_use]
    pub fn answered(request: KeyedRequest, reply: StoredReply) -> Self {
        Self { request, point: None, stage: KeyStage::Answered(reply) }
    }
}

/// Claims a key for a request of several steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimKey {
    /// The request.
    pub request: KeyedRequest,
    /// Who would work on it.
    pub claimant: Claimant,
    /// Until when.
    pub until: Timestamp,
}

/// The right to work on a request. An effect that makes something under it MUST, in the same transaction,
/// note what it has made, and MUST write nothing when the claim is no longer held: the store is then
/// unavailable to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyClaim {
    /// Whose key.
    pub user_id: UserId,
    /// The key.
    pub key: IdempotencyKey,
    /// Who works on it.
    pub claimant: Claimant,
}

impl KeyClaim {
    /// The record with what was made noted in it; `None` when the claim is no longer held.
    #[must_use]
    pub fn noted(&self, record: &KeyRecord, made: &str) -> Option<KeyRecord> {
        self.is_held(record).then(|| KeyRecord { point: Some(RecoveryPoint(made.to_owned())), ..record.clone() })
    }

    /// Whether the record still is this claim's. A lease that ran out and that nobody took over counts.
    #[must_use]
    pub fn is_held(&self, record: &KeyRecord) -> bool {
        matches!(&record.stage, KeyStage::Running { claimant, .. } if *claimant == self.claimant)
    }
}

/// A claimed request, and what an earlier try has made already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTurn {
    /// The claim.
    pub claim: KeyClaim,
    /// Where to go on.
    pub point: Option<RecoveryPoint>,
}

/// Ends a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleKey {
    /// The claim.
    pub claim: KeyClaim,
    /// The reply; `None` when nobody knows it yet, so that a repeat may go on at once.
    pub reply: Option<StoredReply>,
    /// When.
    pub at: Timestamp,
}

/// What is to be said to a request under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyedOutcome {
    /// It was done now; this is its reply.
    First(StoredReply),
    /// It was answered before.
    Replayed(StoredReply),
    /// The key belongs to another request.
    OtherRequest,
    /// The first request still runs.
    Running,
}

/// Makes a reply of an outcome.
pub type RenderReply<T> = dyn Fn(&T) -> Option<StoredReply> + Send + Sync;

/// What an effect of one transaction carries to be done once: the key is written with it, and the reply
/// that is made of its outcome.
pub struct Once<T> {
    /// The request.
    pub request: KeyedRequest,
    /// Makes the reply. It may run again, so it MUST depend on the outcome only; `None` keeps the effect
    /// from happening.
    pub render: Arc<RenderReply<T>>,
}

impl<T> Clone for Once<T> {
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), render: Arc::clone(&self.render) }
    }
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("request", &self.request).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_1_to_255_visible_ascii_characters() {
        let long = "k".repeat(256);
        for good in ["a", "7b1f-…".trim_end_matches('…'), "!~", &long[..255]] {
            assert_eq!(IdempotencyKey::parse(good).as_ref().map(IdempotencyKey::as_str), Some(good));
        }
        for bad in ["", " ", "a b", "a\n", "é", "键", long.as_str()] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_claimant_is_stored_as_it_was_drawn() {
        let drawn = Claimant::drawn(EventId::from_random(7));
        assert_eq!(drawn.as_str(), "00000000000000000000000000000007");
        assert_eq!(Claimant::stored(drawn.as_str().to_owned()), drawn);
        assert_ne!(Claimant::drawn(EventId::from_random(8)), drawn);
    }

    #[test]
    fn neither_keys_nor_replies_are_shown() {
        let reply = StoredReply { status: 200, head: "secret".to_owned(), body: "secret".to_owned() };
        let shown = format!("{:?} {reply:?}", IdempotencyKey::parse("secret"));
        assert_eq!(shown, "Some(IdempotencyKey(…)) StoredReply { status: 200, .. }");
    }

    #[test]
    fn what_is_done_once_shows_its_request_only() {
        let request = KeyedRequest {
            user_id: UserId::try_new(7).unwrap(),
            key: IdempotencyKey::parse("secret").unwrap(),
            digest: RequestDigest([1; 32]),
            at: Timestamp::default(),
            expires_at: Timestamp::default(),
        };
        let once: Once<()> = Once { request, render: Arc::new(|()| None) };
        let shown = format!("{:?}", once.clone());
        assert!(shown.starts_with("Once { request: KeyedRequest { user_id: UserId(7)"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

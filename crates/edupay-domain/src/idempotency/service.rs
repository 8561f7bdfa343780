//! Claiming keys and keeping replies.

use super::model::{
    ClaimKey, Claimant, IdempotencyKey, KeyClaim, KeyTurn, KeyedOutcome, KeyedRequest, RequestDigest, SettleKey,
    StoredReply,
};
use super::ports::IdempotencyStore;
use super::rules::{ClaimPlan, claim_key, settle_key};
use crate::clock::{Clock, Timestamp};
use crate::ids::{IdSource, UserId};
use crate::store::StoreError;
use chrono::TimeDelta;
use std::sync::Arc;

/// What an operator decides about keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyPolicy {
    /// For how long a key and its reply are kept: at least 24 hours (contract section 3).
    pub lifetime: TimeDelta,
    /// For how long a request of several steps is left to whoever works on it.
    pub lease: TimeDelta,
}

/// The parts of [`IdempotencyService`].
pub struct Idempotency {
    /// Where keys are kept.
    pub store: Arc<dyn IdempotencyStore>,
    /// What an operator decided.
    pub policy: IdempotencyPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// Whether a request is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedKey {
    /// It is, by whoever asked.
    Turn(KeyTurn),
    /// It is not: this is to be said.
    Known(KeyedOutcome),
}

/// Has requests of several steps done once: adds time and ids, hands the pure rule to the store.
///
/// A mocked store still runs the real rule:
///
/// ```
/// # use edupay_domain::{idempotency::*, clock::*, ids::*};
/// # use chrono::TimeDelta;
/// # use std::sync::Arc;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut store = MockIdempotencyStore::new();
/// store.expect_claim().returning(|command, rule| Ok(rule(command, None)));
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// # let mut ids = MockIdSource::new(); ids.expect_event_id().returning(|| EventId::from_random(7));
/// let keys = IdempotencyService::new(Idempotency {
///     store: Arc::new(store),
///     policy: IdempotencyPolicy { lifetime: TimeDelta::hours(24), lease: TimeDelta::seconds(30) },
///     clock: Arc::new(clock),
///     ids: Arc::new(ids),
/// });
/// let user_id = UserId::try_new(1).unwrap();
/// let request = keys.request(user_id, IdempotencyKey::parse("a-key").unwrap(), RequestDigest([0; 32]));
/// assert!(matches!(keys.claim(request).await, Ok(ClaimedKey::Turn(KeyTurn { point: None, .. }))));
/// # });
/// ```
#[derive(Clone)]
pub struct IdempotencyService {
    parts: Arc<Idempotency>,
}

impl IdempotencyService {
    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Idempotency) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// A request under a key, as of now.
    #[must_use]
    pub fn request(&self, user_id: UserId, key: IdempotencyKey, digest: RequestDigest) -> KeyedRequest {
        let at = self.parts.clock.now();
        KeyedRequest { user_id, key, digest, at, expires_at: later(at, self.parts.policy.lifetime) }
    }

    /// Claims the key of a request of several steps. A repeat while the first runs is told so; after its
    /// lease it goes on where the first has stopped.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was begun, and the same request may be sent again.
    pub async fn claim(&self, request: KeyedRequest) -> Result<ClaimedKey, StoreError> {
        let (claimant, until) =
            (Claimant::drawn(self.parts.ids.event_id()), later(request.at, self.parts.policy.lease));
        let command = ClaimKey { request, claimant, until };
        Ok(match self.parts.store.claim(&command, claim_key).await? {
            ClaimPlan::Grant(record) => {
                let (ClaimKey { claimant, .. }, KeyedRequest { user_id, key, .. }) = (command, record.request);
                ClaimedKey::Turn(KeyTurn { claim: KeyClaim { user_id, key, claimant }, point: record.point })
            }
            ClaimPlan::Deny(outcome) => ClaimedKey::Known(outcome),
        })
    }

    /// Keeps the reply of a claimed request. Whoever lost the claim meanwhile says what the other one says.
    ///
    /// # Errors
    /// [`StoreError`]: what was done stays done, and a repeat finds it.
    pub async fn answer(&self, claim: KeyClaim, reply: StoredReply) -> Result<KeyedOutcome, StoreError> {
        self.settle(claim, Some(reply)).await
    }

    /// Gives a claim back whose request has no reply that could be kept: nobody knows what came of it, or
    /// nothing has. A repeat goes on at once.
    ///
    /// # Errors
    /// [`StoreError`]: the repeat has to wait for the end of the lease.
    pub async fn give_back(&self, claim: KeyClaim) -> Result<(), StoreError> {
        self.settle(claim, None).await.map(|_| ())
    }

    async fn settle(&self, claim: KeyClaim, reply: Option<StoredReply>) -> Result<KeyedOutcome, StoreError> {
        let command = SettleKey { claim, reply, at: self.parts.clock.now() };
        self.parts.store.settle(&command, settle_key).await
    }

    /// Forgets keys that have expired, at most `limit` of them; answers how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_expired(&self, limit: u32) -> Result<u32, StoreError> {
        self.parts.store.remove_expired(self.parts.clock.now(), limit).await
    }
}

fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(at)
}

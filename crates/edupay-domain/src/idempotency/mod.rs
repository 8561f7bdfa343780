//! Requests that are done once, whoever repeats them: the first reply under a key is kept and given again.
//!
//! An effect of one transaction writes its key together with its reply ([`Once`]). A request of several
//! steps claims its key first ([`IdempotencyService::claim`]), notes in the transaction that makes something
//! what it has made ([`KeyClaim::noted`]), and keeps its reply in the end. After a crash in between, whoever
//! repeats the request takes the claim over when its lease has run out, and goes on from what was noted.
//!
//! What is absent: what a request and a reply look like. Both are opaque here.

mod model;
mod ports;
mod rules;
mod service;

pub use model::{
    ClaimKey, Claimant, IdempotencyKey, KeyClaim, KeyRecord, KeyStage, KeyTurn, KeyedOutcome, KeyedRequest, Once,
    RecoveryPoint, RenderReply, RequestDigest, SettleKey, StoredReply,
};
pub use ports::{ClaimKeyRule, IdempotencyStore, SettleKeyRule};
pub use rules::{ClaimPlan, SettlePlan, claim_key, known_outcome, settle_key};
pub use service::{ClaimedKey, Idempotency, IdempotencyPolicy, IdempotencyService};

#[cfg(feature = "mocks")]
pub use ports::MockIdempotencyStore;

//! Who may work on a request, and what is said to everybody else.

use super::model::{ClaimKey, KeyRecord, KeyStage, KeyedOutcome, KeyedRequest, SettleKey};

/// What is to be done for whoever claims a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimPlan {
    /// The claim is granted: write this record.
    Grant(KeyRecord),
    /// It is not: say this, write nothing.
    Deny(KeyedOutcome),
}

/// What ends a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettlePlan {
    /// Write this record, then say this.
    Write(KeyRecord, KeyedOutcome),
    /// The claim is no longer held: say this, write nothing.
    Keep(KeyedOutcome),
}

/// What is to be said to a request whose key is known; `None` when it is to be done, since the key is new.
/// A request of one transaction never leaves a key that runs, so one that does is somebody else's.
#[must_use]
pub fn known_outcome(request: &KeyedRequest, record: Option<&KeyRecord>) -> Option<KeyedOutcome> {
    let record = record?;
    Some(match &record.stage {
        _ if record.request.digest != request.digest => KeyedOutcome::OtherRequest,
        KeyStage::Answered(reply) => KeyedOutcome::Replayed(reply.clone()),
        KeyStage::Running { .. } => KeyedOutcome::Running,
    })
}

/// A new key is granted to whoever claims it; a running one to whoever repeats the same request after the
/// lease has run out. The first request's times and what it has made stay.
#[must_use]
pub fn claim_key(command: &ClaimKey, record: Option<&KeyRecord>) -> ClaimPlan {
    let running = || KeyStage::Running { claimant: command.claimant.clone(), until: command.until };
    match (known_outcome(&command.request, record), record) {
        (Some(KeyedOutcome::Running), Some(record)) if has_run_out(record, command) => {
            ClaimPlan::Grant(KeyRecord { stage: running(), ..record.clone() })
        }
        (Some(outcome), _) => ClaimPlan::Deny(outcome),
        (None, _) => ClaimPlan::Grant(KeyRecord { request: command.request.clone(), point: None, stage: running() }),
    }
}

/// Who claims anew under its own name has lost the answer to its own claim.
fn has_run_out(record: &KeyRecord, command: &ClaimKey) -> bool {
    match &record.stage {
        KeyStage::Running { claimant, until } => *until <= command.request.at || *claimant == command.claimant,
        KeyStage::Answered(_) => false,
    }
}

/// Who still holds the claim keeps the reply, or leaves the rest to the next at once. Who does not, says what
/// the one who took it over has said, or that it still runs.
#[must_use]
pub fn settle_key(command: &SettleKey, record: Option<&KeyRecord>) -> SettlePlan {
    let Some(record) = record else { return SettlePlan::Keep(KeyedOutcome::Running) };
    match (&record.stage, &command.reply) {
        // Its own as well, when the answer to this very command was lost.
        (KeyStage::Answered(reply), Some(own)) if reply == own => SettlePlan::Keep(KeyedOutcome::First(reply.clone())),
        (KeyStage::Answered(reply), _) => SettlePlan::Keep(KeyedOutcome::Replayed(reply.clone())),
        (KeyStage::Running { .. }, _) if !command.claim.is_held(record) => SettlePlan::Keep(KeyedOutcome::Running),
        (KeyStage::Running { .. }, Some(reply)) => SettlePlan::Write(
            KeyRecord { stage: KeyStage::Answered(reply.clone()), ..record.clone() },
            KeyedOutcome::First(reply.clone()),
        ),
        (KeyStage::Running { claimant, .. }, None) => SettlePlan::Write(
            KeyRecord { stage: KeyStage::Running { claimant: claimant.clone(), until: command.at }, ..record.clone() },
            KeyedOutcome::Running,
        ),
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers and near moments in test code")]
mod tests {
    use super::super::model::{Claimant, IdempotencyKey, KeyClaim, RecoveryPoint, RequestDigest, StoredReply};
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::{EventId, UserId};
    use chrono::{TimeDelta, TimeZone, Utc};

    fn at(second: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 1, 5, 0, 0, 0).unwrap() + TimeDelta::seconds(second)
    }

    fn request(digest: u8, second: i64) -> KeyedRequest {
        KeyedRequest {
            user_id: UserId::try_new(1).unwrap(),
            key: IdempotencyKey::parse("k").unwrap(),
            digest: RequestDigest([digest; 32]),
            at: at(second),
            expires_at: at(second) + TimeDelta::hours(24),
        }
    }

    fn claimant(number: u128) -> Claimant {
        Claimant::drawn(EventId::from_random(number))
    }

    fn claim(digest: u8, number: u128, second: i64) -> ClaimKey {
        ClaimKey { request: request(digest, second), claimant: claimant(number), until: at(second + 30) }
    }

    fn reply(body: &str) -> StoredReply {
        StoredReply { status: 200, head: String::new(), body: body.to_owned() }
    }

    fn granted(plan: ClaimPlan) -> KeyRecord {
        match plan {
            ClaimPlan::Grant(record) => record,
            ClaimPlan::Deny(outcome) => panic!("{outcome:?}"),
        }
    }

    fn settle(number: u128, reply: Option<StoredReply>) -> SettleKey {
        let request = request(1, 0);
        let claim = KeyClaim { user_id: request.user_id, key: request.key, claimant: claimant(number) };
        SettleKey { claim, reply, at: at(5) }
    }

    #[test]
    fn a_new_key_is_granted_and_kept_from_everybody_else_while_its_lease_runs() {
        let record = granted(claim_key(&claim(1, 1, 0), None));
        assert_eq!(record.request, request(1, 0));
        for (command, expected) in [
            (claim(1, 2, 29), KeyedOutcome::Running),
            (claim(2, 2, 29), KeyedOutcome::OtherRequest),
            (claim(2, 2, 31), KeyedOutcome::OtherRequest),
        ] {
            assert_eq!(claim_key(&command, Some(&record)), ClaimPlan::Deny(expected), "{command:?}");
        }
    }

    #[test]
    fn a_lease_that_ran_out_is_taken_over_with_what_was_made() {
        let first = granted(claim_key(&claim(1, 1, 0), None));
        let first = KeyRecord { point: Some(RecoveryPoint("42".to_owned())), ..first };
        let second = granted(claim_key(&claim(1, 2, 30), Some(&first)));
        assert_eq!(second.point, first.point);
        assert_eq!(second.request, first.request, "the key expires when the first request said");
        assert_eq!(second.stage, KeyStage::Running { claimant: claimant(2), until: at(60) });
    }

    #[test]
    fn who_lost_the_answer_to_its_own_claim_gets_it_again() {
        let first = granted(claim_key(&claim(1, 1, 0), None));
        assert_eq!(granted(claim_key(&claim(1, 1, 0), Some(&first))), first);
    }

    #[test]
    fn a_kept_reply_is_replayed_and_never_changed() {
        let record = granted(claim_key(&claim(1, 1, 0), None));
        let SettlePlan::Write(record, said) = settle_key(&settle(1, Some(reply("a"))), Some(&record)) else {
            panic!("the claim is held");
        };
        assert_eq!(said, KeyedOutcome::First(reply("a")));
        let replayed = KeyedOutcome::Replayed(reply("a"));
        assert_eq!(claim_key(&claim(1, 2, 90), Some(&record)), ClaimPlan::Deny(replayed.clone()));
        assert_eq!(known_outcome(&request(1, 90), Some(&record)), Some(replayed.clone()));
        for (command, said) in [
            (settle(1, Some(reply("a"))), KeyedOutcome::First(reply("a"))),
            (settle(2, Some(reply("b"))), replayed.clone()),
            (settle(2, None), replayed),
        ] {
            assert_eq!(settle_key(&command, Some(&record)), SettlePlan::Keep(said), "{command:?}");
        }
    }

    #[test]
    fn who_lost_the_claim_changes_nothing() {
        let first = granted(claim_key(&claim(1, 1, 0), None));
        let second = granted(claim_key(&claim(1, 2, 30), Some(&first)));
        for reply in [Some(reply("late")), None] {
            let plan = settle_key(&settle(1, reply), Some(&second));
            assert_eq!(plan, SettlePlan::Keep(KeyedOutcome::Running));
        }
        assert_eq!(settle(1, None).claim.noted(&second, "42"), None);
        let noted = settle(2, None).claim.noted(&second, "42");
        assert_eq!(noted, Some(KeyRecord { point: Some(RecoveryPoint("42".to_owned())), ..second.clone() }));
        assert_eq!(settle_key(&settle(1, None), None), SettlePlan::Keep(KeyedOutcome::Running));
    }

    #[test]
    fn an_unknown_reply_leaves_the_key_to_the_next_at_once() {
        let record = granted(claim_key(&claim(1, 1, 0), None));
        let SettlePlan::Write(record, said) = settle_key(&settle(1, None), Some(&record)) else {
            panic!("the claim is held");
        };
        assert_eq!(said, KeyedOutcome::Running);
        assert!(matches!(claim_key(&claim(1, 2, 5), Some(&record)), ClaimPlan::Grant(_)));
    }
}

//! Principals that were found a moment ago, so that most requests need not ask the database whose
//! token it is.
//!
//! What makes it right:
//! - an entry is used for at most [`LONGEST`], counted from before its row was read, so that what
//!   others did is known within the five seconds that the port promises;
//! - what this store did itself is forgotten at once, and an answer that was read before that can't
//!   come in afterwards: each look-up takes a ticket with the epoch of its beginning, each forgetting
//!   begins a new epoch, and an answer is kept only in the epoch of its ticket;
//! - only active users are kept, and never that a token is unknown: who is let in works at once.
//!
//! What is asked for when half of its time is over is looked up anew by [`renewal`], by the same rules.

pub(crate) mod renewal;

use crate::look_ups::Answer;
use edupay_domain::accounts::{Activity, Principal, TokenDigest};
use edupay_domain::ids::UserId;
use edupay_mischief::planted;
use renewal::Ageing;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// For how long a principal is used at most. With the second that is left a slow answer is still in
/// time.
pub(crate) const LONGEST: Duration = Duration::from_secs(4);
/// How many are kept at most; further ones are looked up each time.
const ROOM: usize = 50_000;

/// Shared by all clones of a store.
pub(crate) struct Principals {
    lifetime: Duration,
    room: usize,
    kept: RwLock<Kept>,
    ageing: Ageing,
}

struct Kept {
    entries: HashMap<TokenDigest, Entry>,
    epoch: u64,
    swept_at: Instant,
}

struct Entry {
    principal: Arc<Principal>,
    asked_at: Instant,
    /// Whether it is on the list of those that are looked up anew, or was.
    is_listed: AtomicBool,
}

/// What is known of a token.
pub(crate) enum Known {
    /// Whose it is.
    Principal(Arc<Principal>),
    /// The same, and whoever asks is to begin looking up anew what is past half of its time.
    Ageing(Arc<Principal>),
    /// Nothing; whoever asks the database hands this back with the answer.
    Nothing(Ticket),
}

/// A look-up that has begun.
pub(crate) struct Ticket {
    digest: TokenDigest,
    epoch: u64,
    asked_at: Instant,
}

/// What is to be forgotten.
#[derive(Clone, Copy)]
pub(crate) enum Stale {
    /// One token.
    Token(TokenDigest),
    /// All tokens of a user.
    User(UserId),
}

impl Principals {
    /// Keeps each for so long, or for [`LONGEST`] if that is less; nothing if it is zero.
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self::with_room(lifetime, ROOM)
    }

    fn with_room(lifetime: Duration, room: usize) -> Self {
        let kept = Kept { entries: HashMap::new(), epoch: 0, swept_at: Instant::now() };
        Self { lifetime: lifetime.min(LONGEST), room, kept: RwLock::new(kept), ageing: Ageing::default() }
    }

    /// Begins a look-up.
    pub(crate) fn look_up(&self, digest: TokenDigest, now: Instant) -> Known {
        let kept = self.read();
        if planted!("other_users_principal", 30)
            && let Some(entry) = kept.entries.values().next()
        {
            return Known::Principal(Arc::clone(&entry.principal));
        }
        match kept.entries.get(&digest).filter(|entry| self.is_fresh(entry.asked_at, now)) {
            Some(entry) => {
                let principal = Arc::clone(&entry.principal);
                if self.list_when_ageing(digest, entry, now) {
                    Known::Ageing(principal)
                } else {
                    Known::Principal(principal)
                }
            }
            None => Known::Nothing(Ticket { digest, epoch: kept.epoch, asked_at: now }),
        }
    }

    /// Begins to look up at most so many of the list anew.
    fn begin_anew(&self, most: usize, now: Instant) -> Vec<Ticket> {
        let epoch = self.read().epoch;
        self.ageing.take(most).into_iter().map(|digest| Ticket { digest, epoch, asked_at: now }).collect()
    }

    /// Ends a look-up that found somebody. Nothing is kept if anything was forgotten since it began.
    pub(crate) fn keep(&self, ticket: Ticket, principal: &Arc<Principal>, now: Instant) {
        self.keep_in(&mut self.write(), ticket, principal, now);
    }

    /// Ends look-ups of what was known before. Whoever is not found any more, or not active, is forgotten;
    /// what can't be read is left until its time is over.
    fn renew(&self, found: impl Iterator<Item = (Ticket, Answer)>, now: Instant) {
        let mut kept = self.write();
        for (ticket, answer) in found {
            let Ok(principal) = answer else { continue };
            match principal.filter(|principal| principal.activity == Activity::Active) {
                Some(principal) => self.keep_in(&mut kept, ticket, &principal, now),
                None => drop(kept.entries.remove(&ticket.digest)),
            }
        }
    }

    fn keep_in(&self, kept: &mut Kept, ticket: Ticket, principal: &Arc<Principal>, now: Instant) {
        if principal.activity != Activity::Active || !self.is_fresh(ticket.asked_at, now) || kept.epoch != ticket.epoch
        {
            return;
        }
        if !self.is_fresh(kept.swept_at, now) {
            kept.entries.retain(|_, entry| self.is_fresh(entry.asked_at, now));
            kept.swept_at = now;
        }
        let (asked_at, is_listed) = (ticket.asked_at, AtomicBool::new(false));
        let is_full = kept.entries.len() >= self.room;
        match kept.entries.entry(ticket.digest) {
            // Mostly nothing has changed, and what is new would only lie elsewhere.
            Slot::Occupied(mut slot) if slot.get().principal == *principal => {
                let entry = slot.get_mut();
                (entry.asked_at, entry.is_listed) = (asked_at, is_listed);
            }
            Slot::Vacant(_) if is_full => {}
            slot => drop(slot.insert_entry(Entry { principal: Arc::clone(principal), asked_at, is_listed })),
        }
    }

    /// Forgets. To be called when the removal is visible to whoever asks the database.
    pub(crate) fn forget(&self, stale: Stale) {
        let mut kept = self.write();
        kept.epoch = kept.epoch.wrapping_add(1);
        match stale {
            Stale::Token(digest) => {
                kept.entries.remove(&digest);
            }
            // As rare as staff keeps somebody out, so that no index is kept for it.
            Stale::User(id) => kept.entries.retain(|_, entry| entry.principal.id != id),
        }
    }

    /// Lists, once, what is past half of its time; `true` when nobody is about to look up those on the list.
    fn list_when_ageing(&self, digest: TokenDigest, entry: &Entry, now: Instant) -> bool {
        now.saturating_duration_since(entry.asked_at) >= self.lifetime.checked_div(2).unwrap_or_default()
            && !entry.is_listed.swap(true, Ordering::Relaxed)
            && self.ageing.push(digest, now)
    }

    fn is_fresh(&self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) < self.lifetime
    }

    /// Nothing under the lock can panic half-way, so a poisoned one is used on.
    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_domain::accounts::{Profile, Role};
    use edupay_domain::clock::Timestamp;
    use edupay_domain::ids::{AppAccountToken, Username};
    use edupay_domain::store::{StoreError, StoreFault};

    const ONE: TokenDigest = TokenDigest([1; 32]);
    const OTHER: TokenDigest = TokenDigest([2; 32]);
    const LIFETIME: Duration = Duration::from_secs(3);

    fn user_id(id: i64) -> UserId {
        UserId::try_new(id).unwrap()
    }

    fn somebody(id: i64, activity: Activity) -> Arc<Principal> {
        Arc::new(Principal {
            id: user_id(id),
            username: Username::parse("xiaoyu").unwrap(),
            profile: Profile::default(),
            role: Role::Member,
            activity,
            app_account_token: AppAccountToken::from_random(0),
            created_at: Timestamp::default(),
        })
    }

    fn begin(principals: &Principals, digest: TokenDigest, now: Instant) -> Ticket {
        match principals.look_up(digest, now) {
            Known::Nothing(ticket) => ticket,
            Known::Principal(_) | Known::Ageing(_) => panic!("it is known already"),
        }
    }

    fn is_known(principals: &Principals, digest: TokenDigest, now: Instant) -> bool {
        !matches!(principals.look_up(digest, now), Known::Nothing(_))
    }

    fn is_told_to_begin(principals: &Principals, digest: TokenDigest, now: Instant) -> bool {
        matches!(principals.look_up(digest, now), Known::Ageing(_))
    }

    fn keep(principals: &Principals, digest: TokenDigest, user: i64, now: Instant) {
        let ticket = begin(principals, digest, now);
        principals.keep(ticket, &somebody(user, Activity::Active), now);
    }

    #[test]
    fn a_principal_is_known_for_its_time_from_before_it_was_read() {
        let (principals, asked) = (Principals::new(LIFETIME), Instant::now());
        let ticket = begin(&principals, ONE, asked);
        let read = asked + Duration::from_secs(1);
        principals.keep(ticket, &somebody(1, Activity::Active), read);
        assert!(is_known(&principals, ONE, read));
        assert!(is_known(&principals, ONE, asked + LIFETIME - Duration::from_nanos(1)));
        assert!(!is_known(&principals, ONE, asked + LIFETIME));
        assert!(!is_known(&principals, OTHER, read));
    }

    #[test]
    fn an_answer_that_took_longer_than_its_time_is_not_kept() {
        let (principals, asked) = (Principals::new(LIFETIME), Instant::now());
        let ticket = begin(&principals, ONE, asked);
        principals.keep(ticket, &somebody(1, Activity::Active), asked + LIFETIME);
        assert!(principals.read().entries.is_empty());
    }

    #[test]
    fn no_time_is_longer_than_the_promise_allows_and_none_keeps_nothing() {
        let now = Instant::now();
        let long = Principals::new(Duration::from_secs(3_600));
        keep(&long, ONE, 1, now);
        assert!(!is_known(&long, ONE, now + LONGEST));
        let off = Principals::new(Duration::ZERO);
        keep(&off, ONE, 1, now);
        assert!(!is_known(&off, ONE, now));
    }

    #[test]
    fn an_answer_that_was_read_before_a_removal_is_not_kept_after_it() {
        for stale in [Stale::Token(ONE), Stale::User(user_id(1))] {
            let (principals, now) = (Principals::new(LIFETIME), Instant::now());
            let ticket = begin(&principals, ONE, now);
            // Here the look-up reads its row, and then the row is removed.
            principals.forget(stale);
            principals.keep(ticket, &somebody(1, Activity::Active), now);
            assert!(!is_known(&principals, ONE, now));
            // A look-up that begins after it is kept.
            keep(&principals, ONE, 1, now);
            assert!(is_known(&principals, ONE, now));
        }
    }

    /// The same without the epoch: a ticket that says nothing about its beginning.
    #[test]
    fn without_the_epoch_a_removed_token_would_come_back() {
        let (principals, now) = (Principals::new(LIFETIME), Instant::now());
        let ticket = begin(&principals, ONE, now);
        principals.forget(Stale::Token(ONE));
        let naive = Ticket { epoch: principals.read().epoch, ..ticket };
        principals.keep(naive, &somebody(1, Activity::Active), now);
        assert!(is_known(&principals, ONE, now), "the test above tests nothing");
    }

    #[test]
    fn what_is_forgotten_is_one_token_or_all_of_a_user() {
        let (principals, now) = (Principals::new(LIFETIME), Instant::now());
        let third = TokenDigest([3; 32]);
        let fill = || [(ONE, 1), (OTHER, 1), (third, 2)].map(|(digest, user)| keep(&principals, digest, user, now));
        fill();
        principals.forget(Stale::Token(ONE));
        assert_eq!([ONE, OTHER, third].map(|digest| is_known(&principals, digest, now)), [false, true, true]);
        keep(&principals, ONE, 1, now);
        principals.forget(Stale::User(user_id(1)));
        assert_eq!([ONE, OTHER, third].map(|digest| is_known(&principals, digest, now)), [false, false, true]);
    }

    #[test]
    fn the_first_to_ask_after_half_of_the_time_is_to_look_up_those_who_come_meanwhile_too() {
        let (principals, now) = (Principals::new(LIFETIME), Instant::now());
        let half = now + LIFETIME / 2;
        for digest in [ONE, OTHER] {
            keep(&principals, digest, 1, now);
        }
        assert!(!is_told_to_begin(&principals, ONE, half - Duration::from_nanos(1)));
        assert!(is_told_to_begin(&principals, ONE, half));
        assert!(!is_told_to_begin(&principals, ONE, half), "it is on the list");
        assert!(!is_told_to_begin(&principals, OTHER, half), "somebody is about to look both up");
        let digests = |tickets: Vec<Ticket>| tickets.into_iter().map(|ticket| ticket.digest).collect::<Vec<_>>();
        assert_eq!(digests(principals.begin_anew(1, half)), [ONE]);
        assert_eq!(digests(principals.begin_anew(9, half)), [OTHER]);
        assert!(principals.begin_anew(9, half).is_empty());
        assert!(
            is_known(&principals, ONE, now + LIFETIME - Duration::from_nanos(1)),
            "it lives no longer and no shorter"
        );
        assert!(!is_known(&principals, ONE, now + LIFETIME));
    }

    #[test]
    fn who_is_found_again_is_known_for_a_new_time_and_who_is_not_is_forgotten_at_once() {
        let (principals, now) = (Principals::new(LIFETIME), Instant::now());
        let (third, half) = (TokenDigest([3; 32]), now + LIFETIME / 2);
        let unread = TokenDigest([4; 32]);
        for (digest, user) in [(ONE, 1), (OTHER, 2), (third, 3), (unread, 4)] {
            keep(&principals, digest, user, now);
            is_known(&principals, digest, half);
        }
        let failure = StoreError::new(StoreFault::Corrupt, "on purpose");
        let (active, inactive) = (somebody(1, Activity::Active), somebody(3, Activity::Inactive));
        let found = [Ok(Some(active)), Ok(None), Ok(Some(inactive)), Err(failure)];
        principals.renew(principals.begin_anew(9, half).into_iter().zip(found), half);
        assert_eq!([ONE, OTHER, third].map(|digest| is_known(&principals, digest, half)), [true, false, false]);
        assert!(is_known(&principals, unread, half) && !is_known(&principals, unread, now + LIFETIME));
        assert!(is_told_to_begin(&principals, ONE, half + LIFETIME / 2), "and so on");
        assert!(is_known(&principals, ONE, half + LIFETIME - Duration::from_nanos(1)));
        assert!(!is_known(&principals, ONE, half + LIFETIME));
    }

    #[test]
    fn looking_up_anew_brings_back_nothing_that_was_removed_meanwhile() {
        for stale in [Stale::Token(ONE), Stale::User(user_id(1))] {
            let (principals, now) = (Principals::new(LIFETIME), Instant::now());
            let half = now + LIFETIME / 2;
            keep(&principals, ONE, 1, now);
            is_known(&principals, ONE, half);
            let tickets = principals.begin_anew(9, half);
            // Here the look-up reads its row, and then the row is removed.
            principals.forget(stale);
            principals.renew(tickets.into_iter().zip([Ok(Some(somebody(1, Activity::Active)))]), half);
            assert!(!is_known(&principals, ONE, half));
        }
    }

    #[test]
    fn there_is_room_for_who_is_found_again() {
        let (principals, now) = (Principals::with_room(LIFETIME, 1), Instant::now());
        let half = now + LIFETIME / 2;
        keep(&principals, ONE, 1, now);
        is_known(&principals, ONE, half);
        principals
            .renew(principals.begin_anew(9, half).into_iter().zip([Ok(Some(somebody(1, Activity::Active)))]), half);
        assert!(is_known(&principals, ONE, now + LIFETIME));
    }

    #[test]
    fn an_inactive_user_is_not_kept() {
        let (principals, now) = (Principals::new(LIFETIME), Instant::now());
        let ticket = begin(&principals, ONE, now);
        principals.keep(ticket, &somebody(1, Activity::Inactive), now);
        assert!(!is_known(&principals, ONE, now));
    }

    #[test]
    fn there_is_room_for_so_many_and_for_new_ones_when_the_old_are_past_their_time() {
        let (principals, now) = (Principals::with_room(LIFETIME, 2), Instant::now());
        let digests = [ONE, OTHER, TokenDigest([3; 32])];
        digests.into_iter().for_each(|digest| keep(&principals, digest, 1, now));
        assert_eq!(digests.map(|digest| is_known(&principals, digest, now)), [true, true, false]);
        let later = now + LIFETIME;
        keep(&principals, digests[2], 1, later);
        assert_eq!(digests.map(|digest| is_known(&principals, digest, later)), [false, false, true]);
        assert_eq!(principals.read().entries.len(), 1);
    }
}

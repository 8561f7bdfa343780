//! Principals that are in use are looked up anew before their time is over: those of a moment at once,
//! and nobody waits for it. So whoever is busy waits for the database once and not every four seconds.

use super::Principals;
use crate::look_ups::LookUps;
use edupay_domain::accounts::TokenDigest;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long company is waited for.
const GATHERING: Duration = Duration::from_millis(50);
/// How many are looked up at once.
const MOST: usize = 256;
/// Whoever began has given up by then: the database did not answer, or the runtime ended.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// Tokens whose principals are to be looked up anew.
#[derive(Default)]
pub(super) struct Ageing(Mutex<List>);

#[derive(Default)]
struct List {
    digests: Vec<TokenDigest>,
    /// Since when somebody is about to look them up.
    since: Option<Instant>,
}

impl Ageing {
    /// Joins the list; whether nobody is about to look up who is on it.
    pub(super) fn push(&self, digest: TokenDigest, now: Instant) -> bool {
        let mut list = self.lock();
        list.digests.push(digest);
        let is_first = list.since.is_none_or(|since| now.saturating_duration_since(since) > GIVEN_UP);
        if is_first {
            list.since = Some(now);
        }
        is_first
    }

    /// The first of the list, at most `most`.
    pub(super) fn take(&self, most: usize) -> Vec<TokenDigest> {
        let mut list = self.lock();
        let count = most.min(list.digests.len());
        let later = list.digests.split_off(count);
        if later.is_empty() {
            list.since = None;
        }
        mem::replace(&mut list.digests, later)
    }

    /// Nothing panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks up who is on the list, in a moment. Where that fails, whoever asks for one that is past its time
/// looks it up.
pub(crate) fn begin(principals: &Arc<Principals>, look_ups: &Arc<LookUps>) {
    let (principals, look_ups) = (Arc::clone(principals), Arc::clone(look_ups));
    tokio::spawn(async move {
        tokio::time::sleep(GATHERING).await;
        loop {
            let tickets = principals.begin_anew(MOST, Instant::now());
            if tickets.is_empty() {
                return;
            }
            let Ok(found) = look_ups.ask(tickets.iter().map(|ticket| ticket.digest).collect()).await else { return };
            principals.renew(tickets.into_iter().zip(found), Instant::now());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_domain::store::{StoreError, StoreFault};
    use std::sync::mpsc;

    const ONE: TokenDigest = TokenDigest([1; 32]);
    const OTHER: TokenDigest = TokenDigest([2; 32]);

    #[test]
    fn the_list_is_taken_in_parts_and_who_comes_after_the_last_begins_anew() {
        let (list, now) = (Ageing::default(), Instant::now());
        assert!(list.push(ONE, now));
        assert!(!list.push(OTHER, now));
        assert_eq!(list.take(1), [ONE]);
        assert!(!list.push(ONE, now), "the rest is still to be taken");
        assert_eq!(list.take(2), [OTHER, ONE]);
        assert!(list.take(2).is_empty());
        assert!(list.push(ONE, now));
    }

    #[test]
    fn who_gave_up_is_followed_by_somebody_else() {
        let (list, now) = (Ageing::default(), Instant::now());
        assert!(list.push(ONE, now));
        assert!(!list.push(OTHER, now + GIVEN_UP));
        let later = now + GIVEN_UP + Duration::from_nanos(1);
        assert!(list.push(OTHER, later));
        assert!(!list.push(OTHER, later));
        assert_eq!(list.take(9), [ONE, OTHER, OTHER, OTHER]);
    }

    /// Finds nobody, or fails where it is told to, and tells for how many was asked at once.
    fn look_ups(failing: usize) -> (Arc<LookUps>, mpsc::Receiver<usize>) {
        let (tell, told) = mpsc::channel();
        let mut turns = 1..;
        let start = LookUps::start("test", move |asked: &[Vec<TokenDigest>]| {
            let answer = |digests: &Vec<TokenDigest>| {
                tell.send(digests.len()).unwrap();
                let nobody = digests.iter().map(|_| Ok(None)).collect();
                if turns.next() == Some(failing) {
                    Err(StoreError::new(StoreFault::Unavailable, "on purpose"))
                } else {
                    Ok(nobody)
                }
            };
            asked.iter().map(answer).collect()
        });
        (Arc::new(start.unwrap()), told)
    }

    fn principals() -> Arc<Principals> {
        Arc::new(Principals::new(Duration::from_secs(4)))
    }

    fn list(count: u32, principals: &Principals) {
        let now = Instant::now();
        assert_eq!((0..count).filter(|_| principals.ageing.push(ONE, now)).count(), 1, "the first begins");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn those_of_a_moment_are_looked_up_together() {
        let ((look_ups, told), principals) = (look_ups(0), principals());
        list(260, &principals);
        begin(&principals, &look_ups);
        assert_eq!((told.recv(), told.recv()), (Ok(256), Ok(4)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_look_up_that_fails_leaves_the_rest_for_whoever_begins_next() {
        let ((look_ups, told), principals) = (look_ups(1), principals());
        list(300, &principals);
        begin(&principals, &look_ups);
        assert_eq!(told.recv(), Ok(256));
        assert_eq!(told.recv_timeout(Duration::from_millis(200)), Err(mpsc::RecvTimeoutError::Timeout));
        assert_eq!(principals.begin_anew(999, Instant::now()).len(), 44);
    }
}

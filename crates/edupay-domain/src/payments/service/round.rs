//! What one round of background work came to.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How many outages in a row show that the gateway is out of reach.
const ENOUGH: u32 = 3;
/// As many go first, so that an outage costs no more calls than show it.
const FIRST: usize = ENOUGH as usize;
/// How many end a round of things that have no lease: a few that always meet an outage of their own are first
/// again in the next round, and must not stand before the others.
const PLENTY: u32 = 20;

/// What one round of background work did: one thing that fails does not keep the others from it,
/// and is told to whoever runs the round.
#[derive(Debug, Default)]
pub struct Round {
    /// How many things were due and worked on, whatever came of it.
    pub taken: u32,
    /// How many things moved on.
    pub done: u32,
    /// What could not be done now; each is tried again when it is due.
    pub failed: Vec<RowFailure>,
    /// Whether the gateway was out of reach, so that the round ended before its time.
    pub outage: Outage,
}

/// One thing that could not be done now.
#[derive(Debug)]
pub struct RowFailure {
    /// Its number or id.
    pub name: String,
    /// Why.
    pub error: Box<dyn StdError + Send + Sync>,
}

/// Whether a gateway is out of reach, as far as one round has seen: a few calls in a row without an answer
/// show it. What is left stays due, and is worked on with the first round that finds the gateway again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Outage {
    in_a_row: u32,
}

impl Outage {
    /// Takes note of how one thing went.
    pub fn note<T, E>(&mut self, result: &Result<T, E>, is_outage: impl Fn(&E) -> bool) {
        self.in_a_row = if result.as_ref().is_err_and(is_outage) { self.in_a_row.saturating_add(1) } else { 0 };
    }

    /// Whether it has been seen often enough in a row.
    #[must_use]
    pub fn is_certain(self) -> bool {
        self.in_a_row >= ENOUGH
    }

    /// Whether it has been seen so often that things without a lease are left for the next round too.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.in_a_row >= PLENTY
    }
}

impl Round {
    /// How many charges are looked at at once. Each look waits for the gateway for most of its time: one after
    /// the other, what an outage has left behind would take as many round trips as there are charges. More would
    /// take connections to the database from whoever pays meanwhile.
    pub(crate) const LOOKS: usize = 16;
    /// How many charges are looked for by their number at once: more, since they share a walk through the
    /// gateway's list.
    pub(crate) const SEARCHES: usize = 64;
    /// How many refunds are seen through at once: fewer, since nobody waits for them as for a payment.
    pub(crate) const REFUNDS: usize = 4;

    /// Works on all of these, so many at once after the first few, and counts what came of each, in their order.
    /// Once the gateway is found out of reach, the rest is left for another round.
    pub(crate) async fn of<'a, T, E, W>(
        due: &'a [T],
        at_once: usize,
        name: impl Fn(&T) -> &str,
        is_outage: impl Fn(&E) -> bool,
        work_on: impl Fn(&'a T) -> W,
    ) -> Self
    where
        W: Future<Output = Result<bool, E>>,
        E: StdError + Send + Sync + 'static,
    {
        let mut round = Self::default();
        let (first, rest) = due.split_at(due.len().min(FIRST));
        for group in iter::once(first).chain(rest.chunks(at_once.max(1))) {
            for (thing, result) in group.iter().zip(all_of(group.iter().map(&work_on)).await) {
                round.outage.note(&result, &is_outage);
                round.count(name(thing), result);
            }
            if round.outage.is_certain() {
                break;
            }
        }
        round
    }

    /// Counts what one thing came to; `false` is nothing to do.
    pub fn count(&mut self, name: &str, result: Result<bool, impl Into<Box<dyn StdError + Send + Sync>>>) {
        self.taken = self.taken.saturating_add(1);
        match result {
            Ok(moved) => self.done = self.done.saturating_add(u32::from(moved)),
            Err(error) => self.failed.push(RowFailure { name: name.to_owned(), error: error.into() }),
        }
    }

    /// Adds another round of the same work.
    pub fn add(&mut self, other: Self) {
        self.taken = self.taken.saturating_add(other.taken);
        self.done = self.done.saturating_add(other.done);
        self.failed.extend(other.failed);
        self.outage = other.outage;
    }
}

/// One of several that go on at once.
enum Job<F: Future> {
    Running(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Job<F> {
    fn is_done(&mut self, context: &mut Context<'_>) -> bool {
        if let Self::Running(job) = self
            && let Poll::Ready(output) = job.as_mut().poll(context)
        {
            *self = Self::Done(output);
        }
        matches!(self, Self::Done(_))
    }
}

/// What each of these comes to, in their order. They go on at once, in the task that waits: the few of a group
/// are worth neither threads nor a library that the domain would bring to whoever embeds it.
async fn all_of<F: Future>(jobs: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut jobs: Vec<_> = jobs.map(|job| Job::Running(Box::pin(job))).collect();
    poll_fn(|context| {
        // Each must be asked, or nothing would wake it.
        let done = jobs.iter_mut().filter_map(|job| job.is_done(context).then_some(())).count();
        if done == jobs.len() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    jobs.into_iter().filter_map(|job| if let Job::Done(output) = job { Some(output) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};
    use tokio::task::yield_now;

    const AT_ONCE: usize = 8;

    #[derive(Debug, thiserror::Error)]
    #[error("no answer")]
    struct NoAnswer;

    /// What twenty things came to of which those of `lost` met no answer, and the most that went on at once.
    async fn round(lost: std::ops::Range<usize>) -> (Round, usize) {
        let (now, most, begun) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
        let due: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let round = Round::of(
            &due,
            AT_ONCE,
            String::as_str,
            |NoAnswer| true,
            |name| {
                let (now, most, begun, lost) = (&now, &most, &begun, &lost);
                async move {
                    begun.borrow_mut().push(name.clone());
                    now.set(usize::saturating_add(now.get(), 1));
                    most.set(most.get().max(now.get()));
                    let number: usize = name.parse().unwrap();
                    // The later ones of a group have their answer first.
                    for _ in number % AT_ONCE..AT_ONCE {
                        yield_now().await;
                    }
                    now.set(usize::saturating_sub(now.get(), 1));
                    if lost.contains(&number) { Err(NoAnswer) } else { Ok(number.is_multiple_of(2)) }
                }
            },
        );
        let round = round.await;
        assert_eq!(*begun.borrow(), due[..round.taken as usize]);
        (round, most.get())
    }

    #[tokio::test]
    async fn a_few_are_worked_on_at_once_and_counted_in_their_order() {
        let (done, most) = round(0..0).await;
        assert_eq!((done.taken, done.done, done.failed.len(), most), (20, 10, 0, AT_ONCE));
        let (some, _) = round(5..7).await;
        assert_eq!((some.taken, some.done, some.outage.is_certain()), (20, 9, false));
        let failed: Vec<&str> = some.failed.iter().map(|failure| failure.name.as_str()).collect();
        assert_eq!(failed, ["5", "6"]);
    }

    #[tokio::test]
    async fn a_group_that_finds_the_gateway_out_of_reach_is_the_last() {
        // The first three, then eight and eight.
        let (cut, _) = round(6..20).await;
        assert_eq!((cut.taken, cut.done, cut.failed.len(), cut.outage.is_certain()), (11, 3, 5, true));
        let (back, _) = round(4..10).await;
        assert_eq!((back.taken, back.outage.is_certain()), (20, false), "the last ones of a group tell");
        let (gone, most) = round(0..20).await;
        assert_eq!((gone.taken, gone.outage.is_certain(), most), (3, true, 3));
    }

    #[test]
    fn an_outage_is_certain_after_three_in_a_row_and_over_with_the_first_answer() {
        let mut outage = Outage::default();
        let lost: Result<(), bool> = Err(true);
        for _ in 0..2 {
            outage.note(&lost, |lost| *lost);
        }
        outage.note(&Err::<(), _>(false), |lost| *lost);
        assert!(!outage.is_certain());
        for _ in 0..3 {
            outage.note(&lost, |lost| *lost);
        }
        assert!(outage.is_certain());
        outage.note(&Ok::<_, bool>(()), |lost| *lost);
        assert!(!outage.is_certain());
    }
}

//! What waits for a thread: bounded, and taken all at once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A line of waiting things.
pub(crate) struct Queue<T> {
    bound: usize,
    line: Mutex<Line<T>>,
    arrival: Condvar,
}

struct Line<T> {
    waiting: VecDeque<T>,
    is_open: bool,
    taken: Taken,
}

/// What was taken so far, by how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    /// How many times something was taken, each by its size: up to each of [`SIZES`].
    pub(crate) times: [u64; SIZES.len()],
    /// How much in all.
    pub(crate) things: u64,
}

/// The bounds of [`Taken::times`]; nobody takes more than the last at once.
pub(crate) const SIZES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

impl Taken {
    fn note(&mut self, count: usize) {
        let size = SIZES.iter().position(|bound| count <= *bound);
        if let Some(times) = size.and_then(|size| self.times.get_mut(size)) {
            *times = times.saturating_add(1);
        }
        self.things = self.things.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

impl<T> Queue<T> {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            bound: bound.max(1),
            line: Mutex::new(Line { waiting: VecDeque::new(), is_open: true, taken: Taken::default() }),
            arrival: Condvar::new(),
        }
    }

    /// Joins the line; `false` when it is full or closed, and then the thing is dropped.
    pub(crate) fn push(&self, thing: T) -> bool {
        let mut line = self.lock();
        if !line.is_open || line.waiting.len() >= self.bound {
            return false;
        }
        line.waiting.push_back(thing);
        drop(line);
        self.arrival.notify_one();
        true
    }

    /// Waits until something is there, for no longer than `patience` if that is given; `Some(false)`
    /// once the line is closed and empty, `None` when nothing has come in time.
    pub(crate) fn wait(&self, patience: Option<Duration>) -> Option<bool> {
        let mut line = self.lock();
        while line.waiting.is_empty() && line.is_open {
            line = match patience {
                None => self.arrival.wait(line).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let waited = self.arrival.wait_timeout(line, patience).unwrap_or_else(PoisonError::into_inner);
                    if waited.1.timed_out() && waited.0.waiting.is_empty() && waited.0.is_open {
                        return None;
                    }
                    waited.0
                }
            };
        }
        Some(!line.waiting.is_empty())
    }

    /// Takes what is there, at most `most`, in the order it came.
    pub(crate) fn take(&self, most: usize) -> Vec<T> {
        let mut line = self.lock();
        let count = line.waiting.len().min(most);
        line.taken.note(count);
        line.waiting.drain(..count).collect()
    }

    /// Lets nobody join any more.
    pub(crate) fn close(&self) {
        self.lock().is_open = false;
        self.arrival.notify_all();
    }

    /// How many wait, and what was taken so far.
    pub(crate) fn counts(&self) -> (usize, Taken) {
        let line = self.lock();
        (line.waiting.len(), line.taken)
    }

    /// Nothing panics while it holds the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_taken_in_the_order_it_came_and_never_more_than_asked_for() {
        let queue = Queue::new(8);
        for number in 0..5 {
            assert!(queue.push(number));
        }
        assert_eq!((queue.wait(None), queue.take(3)), (Some(true), vec![0, 1, 2]));
        assert_eq!((queue.wait(None), queue.take(3)), (Some(true), vec![3, 4]));
    }

    #[test]
    fn it_counts_what_waits_and_what_was_taken_at_once() {
        let queue = Queue::new(100);
        for number in 0..70 {
            assert!(queue.push(number));
        }
        assert_eq!(queue.take(64).len(), 64);
        assert_eq!(queue.counts(), (6, Taken { times: [0, 0, 0, 0, 0, 0, 1], things: 64 }));
        assert_eq!(queue.take(64).len(), 6);
        assert_eq!(queue.counts(), (0, Taken { times: [0, 0, 0, 1, 0, 0, 1], things: 70 }));
    }

    #[test]
    fn a_full_line_and_a_closed_one_take_nobody() {
        let queue = Queue::new(2);
        assert!(queue.push(1) && queue.push(2));
        assert!(!queue.push(3));
        queue.close();
        assert!(!queue.push(4));
        assert_eq!((queue.wait(None), queue.take(9)), (Some(true), vec![1, 2]), "what waits is still carried through");
        assert_eq!(queue.wait(None), Some(false));
    }

    #[test]
    fn who_waits_for_so_long_is_told_that_nothing_has_come() {
        let queue = Queue::<u32>::new(1);
        assert_eq!(queue.wait(Some(Duration::from_millis(1))), None);
        assert!(queue.push(1));
        assert_eq!(queue.wait(Some(Duration::from_millis(1))), Some(true));
    }
}

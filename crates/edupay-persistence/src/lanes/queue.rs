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
}

impl<T> Queue<T> {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            bound: bound.max(1),
            line: Mutex::new(Line { waiting: VecDeque::new(), is_open: true }),
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
        line.waiting.drain(..count).collect()
    }

    /// Lets nobody join any more.
    pub(crate) fn close(&self) {
        self.lock().is_open = false;
        self.arrival.notify_all();
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

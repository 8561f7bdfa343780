//! A thread of its own for small questions: what waits when it is free is answered at once, so that
//! the more there is to ask, the less each question costs.

use edupay_domain::store::{StoreError, StoreFault};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// How many questions may wait; who comes then is told to come back later.
const ROOM: usize = 1_024;
/// How many are answered at once.
const MOST: usize = 64;
/// How long an answer is waited for: as long as a statement may take.
const WAIT: Duration = Duration::from_secs(5);

/// The way to the thread, which ends when this is dropped.
pub(crate) struct Gathered<Q, A> {
    queue: SyncSender<Waiting<Q, A>>,
}

type Reply<A> = oneshot::Receiver<Result<A, StoreError>>;

struct Waiting<Q, A> {
    question: Q,
    reply: oneshot::Sender<Result<A, StoreError>>,
}

impl<Q: Send + 'static, A: Send + 'static> Gathered<Q, A> {
    /// Starts the thread. `answer` gives one answer per question, in their order; it must read only,
    /// since whoever gets no answer is told that nothing was written.
    pub(crate) fn start(
        name: &str,
        answer: impl FnMut(&[Q]) -> Vec<Result<A, StoreError>> + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, waiting) = mpsc::sync_channel(ROOM);
        thread::Builder::new().name(name.to_owned()).spawn(move || serve(&waiting, answer))?;
        Ok(Self { queue })
    }

    /// Waits for the answer. What is asked now is never answered by what was read before.
    pub(crate) async fn ask(&self, question: Q) -> Result<A, StoreError> {
        let reply = self.line_up(question)?;
        tokio::time::timeout(WAIT, reply)
            .await
            .map_err(|late| StoreError::new(StoreFault::Unavailable, late))?
            .map_err(|unanswered| StoreError::new(StoreFault::Unavailable, unanswered))?
    }

    fn line_up(&self, question: Q) -> Result<Reply<A>, StoreError> {
        let (sender, reply) = oneshot::channel();
        // The error holds the question, which may be none that an error can show.
        let full = |_| StoreError::new(StoreFault::Unavailable, "too many wait for the same answerer");
        self.queue.try_send(Waiting { question, reply: sender }).map_err(full)?;
        Ok(reply)
    }
}

fn serve<Q, A>(waiting: &Receiver<Waiting<Q, A>>, mut answer: impl FnMut(&[Q]) -> Vec<Result<A, StoreError>>) {
    while let Ok(first) = waiting.recv() {
        let still_there = |waiting: &Waiting<Q, A>| !waiting.reply.is_closed();
        let batch = std::iter::once(first).chain(waiting.try_iter()).filter(still_there).take(MOST);
        let (questions, replies): (Vec<_>, Vec<_>) = batch.map(|one| (one.question, one.reply)).unzip();
        if questions.is_empty() {
            continue;
        }
        // A panic must not end the thread, for nobody could be answered from then on. Those who
        // wait find their reply dropped.
        let answers = catch_unwind(AssertUnwindSafe(|| answer(&questions))).unwrap_or_default();
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Who does not wait any more needs no answer.
            let _ = reply.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each question by itself, tells how many there were at once, and works only when let.
    fn held() -> (Gathered<u32, u32>, mpsc::Sender<()>, Receiver<usize>) {
        let (let_go, held) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let gathered = Gathered::start("test", move |questions: &[u32]| {
            // Neither is needed any more when the test has ended.
            let _ = tell.send(questions.len());
            let _ = held.recv();
            questions.iter().copied().map(Ok).collect()
        });
        (gathered.unwrap(), let_go, told)
    }

    #[test]
    fn what_waits_is_answered_at_once_and_each_gets_its_own() {
        let (gathered, let_go, told) = held();
        let first = gathered.line_up(1_000).unwrap();
        assert_eq!(told.recv(), Ok(1), "nobody waits for company");
        let others: Vec<_> = (0..100).map(|question| gathered.line_up(question).unwrap()).collect();
        for _ in 0..3 {
            let_go.send(()).unwrap();
        }
        assert_eq!((told.recv(), told.recv()), (Ok(64), Ok(36)));
        assert_eq!(first.blocking_recv().unwrap().unwrap(), 1_000);
        let answers: Vec<_> = others.into_iter().map(|reply| reply.blocking_recv().unwrap().unwrap()).collect();
        assert_eq!(answers, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn who_finds_the_line_full_is_told_to_come_back_later() {
        let (gathered, let_go, told) = held();
        let _first = gathered.line_up(0).unwrap();
        assert_eq!(told.recv(), Ok(1));
        let waiting: Vec<_> = (0..1_024).map(|question| gathered.line_up(question).unwrap()).collect();
        assert_eq!(gathered.line_up(0).unwrap_err().fault(), StoreFault::Unavailable);
        drop(let_go);
        drop(waiting);
    }

    #[test]
    fn who_has_gone_is_not_asked_for() {
        let (gathered, let_go, told) = held();
        let _first = gathered.line_up(0).unwrap();
        assert_eq!(told.recv(), Ok(1));
        drop(gathered.line_up(1));
        let stays = gathered.line_up(2).unwrap();
        let_go.send(()).unwrap();
        let_go.send(()).unwrap();
        assert_eq!(told.recv(), Ok(1));
        assert_eq!(stays.blocking_recv().unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_questions_only() {
        let gathered = Gathered::start("test", |questions: &[u32]| {
            assert!(!questions.contains(&13), "a panic on purpose");
            questions.iter().copied().map(Ok).collect()
        });
        let gathered = gathered.unwrap();
        assert_eq!(gathered.ask(13).await.unwrap_err().fault(), StoreFault::Unavailable);
        assert_eq!(gathered.ask(14).await.unwrap(), 14);
    }

    #[test]
    fn the_thread_ends_when_nobody_can_ask_any_more() {
        let (held_by_the_thread, ended) = mpsc::channel::<()>();
        let gathered = Gathered::start("test", move |questions: &[u32]| {
            let _ = &held_by_the_thread;
            questions.iter().copied().map(Ok).collect()
        });
        drop(gathered.unwrap());
        assert_eq!(ended.recv_timeout(Duration::from_secs(60)), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}

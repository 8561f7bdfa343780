//! Who connects while the server ends: each is told, in the dialect of its path, that nothing was done and
//! that the same request may be repeated. This is no server: of a request it reads the line that names the
//! path and throws the rest away.

use crate::boundary::{add_headers, new_request_id};
use crate::dialects::{Dialect, Speaker};
use crate::failure::Failure;
use crate::language::Language;
use crate::services::State;
use actix_web::body::to_bytes;
use actix_web::rt;
use actix_web::rt::net::{TcpListener, TcpStream};
use actix_web::rt::task::JoinHandle;
use actix_web::web::Data;
use std::fmt::Write;
use std::future::poll_fn;
use std::io;
use std::net::TcpListener as StdListener;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::io::AsyncWrite;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// For how long one is listened to.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long nobody must have come before the line is closed, and how long that is tried.
const QUIET: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);
/// How much of a request is looked at.
const HEAD: usize = 16 * 1024;
/// How much of what follows is thrown away.
const REST: usize = 512 * 1024;

/// The one who answers them.
pub(crate) struct Latecomers {
    enough: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Latecomers {
    /// Answers whoever connects from now on, on this runtime.
    pub(crate) fn receive(listener: StdListener, state: Data<State>) -> Self {
        let (enough, told) = watch::channel(false);
        let task = rt::spawn(async move {
            if let Err(error) = receive(listener, &state, told).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "who connects now is not answered");
            }
        });
        Self { enough, task }
    }

    /// Answers who stands in the line, and closes it.
    pub(crate) async fn end(self) {
        let _ = self.enough.send(true);
        let _ = self.task.await;
    }
}

async fn receive(listener: StdListener, state: &Data<State>, mut told: watch::Receiver<bool>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let mut answers = JoinSet::new();
    loop {
        tokio::select! {
            // Who has gone again needs no answer.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                answers.spawn_local(answer(stream, state.clone()));
            },
            _ = told.wait_for(|enough| *enough) => break,
        }
    }
    // Closing the listener resets who stands in its line, so that is done while nobody comes.
    let since = Instant::now();
    while since.elapsed() < LONGEST
        && let Ok(accepted) = timeout(QUIET, listener.accept()).await
    {
        if let Ok((stream, _)) = accepted {
            answers.spawn_local(answer(stream, state.clone()));
        }
    }
    drop(listener);
    while answers.join_next().await.is_some() {}
    Ok(())
}

async fn answer(stream: TcpStream, state: Data<State>) {
    // One that sends nothing, or reads nothing, is left alone after a while.
    let _ = timeout(PATIENCE, converse(stream, &state)).await;
}

async fn converse(mut stream: TcpStream, state: &State) -> io::Result<()> {
    let mut head = Vec::new();
    while head.len() < HEAD && !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if read(&stream, &mut head).await? == 0 {
            return Ok(());
        }
    }
    let reply = reply(&head, state).await;
    let mut left = reply.as_slice();
    while !left.is_empty() {
        stream.writable().await?;
        match stream.try_write(left) {
            Ok(count) => left = left.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await?;
    // Closing with something unread would reset the connection, and the reply with it.
    let mut rest = Vec::new();
    while rest.len() < REST && read(&stream, &mut rest).await? > 0 {}
    Ok(())
}

/// Reads what is there; 0 at the end.
async fn read(stream: &TcpStream, into: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 4 * 1024];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(count) => {
                into.extend_from_slice(buffer.get(..count).unwrap_or_default());
                return Ok(count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// The reply to a request that begins like this.
async fn reply(head: &[u8], state: &State) -> Vec<u8> {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let target = String::from_utf8_lossy(line.split(|byte| *byte == b' ').nth(1).unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let speaker = Speaker {
        dialect: Dialect::of(path, &state.config.campus_web_path),
        language: Language::default(),
        business_failure_status: state.config.business_failure_status,
        request_id: new_request_id(),
    };
    state.requests.failed(&Failure::Draining);
    let mut said = speaker.say(&Failure::Draining);
    add_headers(said.headers_mut(), &speaker.request_id);
    let mut reply = format!("HTTP/1.1 {}\r\nConnection: close\r\n", said.status());
    for (name, value) in said.headers() {
        let _ = write!(reply, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let body = to_bytes(said.into_body()).await.unwrap_or_default();
    let _ = write!(reply, "Content-Length: {}\r\n\r\n", body.len());
    let mut reply = reply.into_bytes();
    reply.extend_from_slice(&body);
    reply
}

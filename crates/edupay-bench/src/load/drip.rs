//! Connections whose requests arrive a byte at a time and never end.

use crate::error::{Context, Failure};
use crate::seeds::token;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often each connection sends a byte.
const PACE: Duration = Duration::from_millis(500);
/// What is promised: more than comes in any run.
const LENGTH: usize = 60_000;

/// Dripping connections, until it is dropped. Who is thrown out comes again.
pub(crate) struct Drip {
    over: Arc<AtomicBool>,
    thrown_out: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Drip {
    /// So many of them, to those who read bodies: with a token, without one, as a callback, as a log-in.
    ///
    /// # Errors
    /// A connection that the service does not take.
    pub(crate) fn start(address: SocketAddr, count: u64) -> Result<Self, Failure> {
        let mut streams = Vec::new();
        for number in 0..count {
            streams.push(begin(address, number).context("the service takes no connection")?);
        }
        let (over, thrown_out) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = std::thread::spawn({
            let (over, thrown_out) = (Arc::clone(&over), Arc::clone(&thrown_out));
            move || {
                let pause = PACE.div_f64(streams.len().max(1) as f64);
                while !over.load(Ordering::Relaxed) {
                    for (number, stream) in (0..).zip(&mut streams) {
                        std::thread::sleep(pause);
                        if !drip(stream) {
                            thrown_out.fetch_add(1, Ordering::Relaxed);
                            if let Ok(again) = begin(address, number) {
                                *stream = again;
                            }
                        }
                    }
                }
            }
        });
        Ok(Self { over, thrown_out, thread: Some(thread) })
    }

    /// How often one of them was answered or cut off.
    pub(crate) fn thrown_out(&self) -> u64 {
        self.thrown_out.load(Ordering::Relaxed)
    }
}

impl Drop for Drip {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn begin(address: SocketAddr, number: u64) -> std::io::Result<TcpStream> {
    let (path, token) = match number.checked_rem(4) {
        Some(0) => ("PUT /pay/pay_in_balance/", format!("Authorization: Token {}\r\n", token(1))),
        Some(1) => ("PUT /pay/pay_in_balance/", String::new()),
        Some(2) => ("POST /webhooks/pingpp", String::new()),
        _ => ("POST /account/login/", String::new()),
    };
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}Content-Type: application/json\r\nContent-Length: {LENGTH}\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes())?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// One more byte; whether the other side still listens.
fn drip(stream: &mut TcpStream) -> bool {
    if stream.write_all(b" ").is_err() {
        return false;
    }
    // An answer before the request has ended is a good-bye.
    stream.read(&mut [0; 1]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

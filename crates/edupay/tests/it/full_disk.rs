//! The disk of the log is full: nobody hears less of it than the operator.

use crate::support::demo::{Addresses, edupay};
use crate::support::http::Request;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// Killed when the test has ended, however it did.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            let _status = self.0.wait();
        }
    }
}

#[test]
fn a_log_that_can_not_be_written_costs_no_answer() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no /dev/full");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut command = edupay();
    command.arg("--data-dir").arg(folder.path()).args(["serve", "--listen", "127.0.0.1:0"]);
    let mut service = Killed(command.stdout(Stdio::piped()).stderr(full).spawn().unwrap());
    let mut first = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let addresses: Addresses = serde_json::from_str(&first).unwrap();
    let service = addresses.service.unwrap();
    for _ in 0..3 {
        let reply = Request::get("/v1/me").send(&service);
        assert_eq!(reply.status, 401, "{}", reply.text());
        assert!(reply.header("X-Request-Id").is_some(), "{}", reply.text());
    }
}

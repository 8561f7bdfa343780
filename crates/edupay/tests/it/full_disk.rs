//! The disk is full: that of the log costs no answer, and that of the database no payment.

use crate::support::demo::{Addresses, Demo, Program, edupay};
use crate::support::http::{Reply, Request};
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_99, XIAOCHEN};
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

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

/// How large a file of a process may become; `unlimited` where there is room again.
fn limit_files(pid: u32, limit: &str) -> bool {
    let set = Command::new("prlimit").args(["--pid", &pid.to_string(), &format!("--fsize={limit}")]).status();
    set.is_ok_and(|status| status.success())
}

/// The same command, which is told of a file that became too large by the call that writes, as of a full disk.
fn told_by_the_call(command: &Command) -> Command {
    let mut told = Command::new("sh");
    told.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => told.env(name, value),
            None => told.env_remove(name),
        };
    }
    told
}

#[test]
fn a_database_that_can_not_be_written_loses_nothing_and_says_so() {
    let demo = Demo::on_sqlite();
    demo.terminate();
    let serve = demo.command(&["serve", "--listen", "127.0.0.1:0"]);
    let log = demo.data_dir().with_file_name("full_disk.log");
    let program = Program::start(told_by_the_call(&serve), &log);
    let service = program.addresses.service.clone().unwrap();
    let order = || Request::post("/v1/orders").token(XIAOCHEN).json(r#"{"course_ids":[3]}"#).send(&service);
    let number = |reply: &Reply| reply.json()["order_no"].as_str().unwrap().to_owned();
    let mut made = vec![number(&order().expect_status(201))];
    let files = [log.clone(), demo.data_dir().join("edupay.db"), demo.data_dir().join("edupay.db-wal")];
    let largest = files.iter().map(|file| fs::metadata(file).map_or(0, |file| file.len())).max();
    let limit = largest.unwrap_or_default() + 300_000;
    if !limit_files(program.pid(), &format!("{limit}:")) {
        eprintln!("skipped: there is no prlimit");
        return;
    }

    let refused = loop {
        let reply = order();
        if reply.status != 201 {
            break reply;
        }
        made.push(number(&reply));
        assert!(made.len() < 5_000, "the database was never full");
    };
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("store_unavailable")));
    let pay = || {
        let body = format!("order_no={ORDER_OF_99}&channel=balance");
        Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form(body).send(&service)
    };
    pay().expect_status(503);
    wait_for("the service to say that it is not ready", || {
        let reply = Request::get("/readyz").send(&service);
        (reply.status == 503).then(|| assert_eq!(reply.json()["reasons"][0], "database_not_writable"))
    });
    let see = |order_no: &str| {
        Request::get(&format!("/v1/orders/{order_no}")).token(XIAOCHEN).send(&service).expect_status(200).json()
    };
    assert_eq!(see(ORDER_OF_99)["status"], "unpaid");

    assert!(limit_files(program.pid(), "unlimited:"));
    made.push(number(&order().expect_status(201)));
    pay().expect_status(200);
    assert_eq!(see(ORDER_OF_99)["status"], "paid");
    wait_for("the service to be ready again", || (Request::get("/readyz").send(&service).status == 200).then_some(()));

    drop(program);
    let kept = demo.by_hand("SELECT order_no FROM orders WHERE user_id = 1 AND order_no NOT LIKE '1213467689991543%'");
    let mut kept: Vec<_> = kept.split_whitespace().collect();
    kept.sort_unstable();
    made.sort_unstable();
    assert_eq!(kept, made);
    demo.verify();
}

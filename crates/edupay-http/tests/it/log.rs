//! What is written to the log: one line a request, and nothing that is secret or personal.

use crate::client::Request;
use crate::fixtures::{CHARGE_ID, ORDER_NO, XIAOCHEN};
use crate::service::Ports;
use edupay_domain::store::{StoreError, StoreFault};
use serde_json::Value;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use tracing_subscriber::fmt::MakeWriter;

/// Everything that was logged since the log was first asked for.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        tracing_subscriber::fmt().json().with_writer(log.clone()).with_max_level(tracing::Level::TRACE).init();
        log
    })
}

/// The lines of the request with this id.
fn lines(id: &str) -> Vec<Value> {
    let text = String::from_utf8(log().0.lock().unwrap().clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["fields"]["request.id"] == id).map(|line| line["fields"].clone()).collect()
}

#[test]
fn a_request_is_one_line_without_what_it_carried() {
    log();
    let mut ports = Ports::new();
    ports.orders.expect_find().returning(|_, _| Ok(None));
    ports.orders.expect_list().returning(|_, _, _| Err(StoreError::new(StoreFault::Unavailable, "disk full")));
    let service = ports.serve();
    let named = |request: Request, id: &str| service.call(request.token(XIAOCHEN).header("X-Request-Id", id));
    named(Request::get(&format!("/v1/orders/{ORDER_NO}?secret=canary")), "log-1").expect(404);
    named(Request::put("/pay/fill_in_balance/").form("amount=canary"), "log-2").expect(400);
    named(Request::get("/v1/orders"), "log-3").expect(503);
    named(Request::get("/canary/path"), "log-4").expect(404);
    named(Request::post("/api/pay/PAYMONEY").json("{userID:'canary',empName:'canary'}"), "log-5").expect(200);

    for (id, method, route, status, user) in [
        ("log-1", "GET", "/v1/orders/{order_no}", 404, Some(1)),
        ("log-2", "PUT", "/pay/fill_in_balance/", 400, Some(1)),
        ("log-3", "GET", "/v1/orders", 503, Some(1)),
        ("log-4", "GET", "none", 404, None),
        ("log-5", "POST", "/api/Pay/PayMoney", 200, Some(1)),
    ] {
        let lines = lines(id);
        assert_eq!(lines.len(), 1, "{id}: {lines:?}");
        let line = &lines[0];
        assert_eq!((&line["method"], &line["route"], &line["status"]), (&method.into(), &route.into(), &status.into()));
        assert_eq!(line["user.id"].as_i64(), user, "{id}");
        assert!(line["duration_ms"].is_u64(), "{id}");
        for secret in ["canary", XIAOCHEN, ORDER_NO, CHARGE_ID, "15201052252"] {
            assert!(!line.to_string().contains(secret), "{id}: {line}");
        }
    }
    assert!(lines("log-3")[0]["cause"].as_str().unwrap().contains("disk full"));
}

//! A request that arrived in full is worked on to its end, whoever has gone.

use crate::client::{PATIENCE, Request};
use crate::service::Ports;
use crate::webhooks::event;
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayEventId;
use edupay_domain::payments::{ClaimInbound, InboundEvent, InboundStatus, InboxStore};
use edupay_domain::store::StoreError;
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::Notify;

/// Says when it has begun, waits to be let on, says when it is done.
pub(crate) struct SlowInbox {
    said: Mutex<mpsc::Sender<&'static str>>,
    go_on: Arc<Notify>,
}

impl SlowInbox {
    /// Ports whose callbacks take as long as they are held; what they say, and what lets them on.
    pub(crate) fn ports() -> (Ports, mpsc::Receiver<&'static str>, Arc<Notify>) {
        let (said, hear) = mpsc::channel();
        let go_on = Arc::new(Notify::new());
        let mut ports = Ports::new();
        ports.callbacks.expect_verify().returning(|_, _, _| Ok(event()));
        ports.inbox = Arc::new(Self { said: Mutex::new(said), go_on: go_on.clone() });
        (ports, hear, go_on)
    }
}

#[async_trait]
impl InboxStore for SlowInbox {
    async fn keep(&self, _: &InboundEvent) -> Result<Option<InboundStatus>, StoreError> {
        self.said.lock().unwrap().send("begun").unwrap();
        self.go_on.notified().await;
        self.said.lock().unwrap().send("done").unwrap();
        Ok(Some(InboundStatus::Processed))
    }

    async fn mark(&self, _: &GatewayEventId, _: InboundStatus, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn claim(&self, _: &ClaimInbound) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn pending(&self, _: Timestamp, _: u32) -> Result<Vec<(GatewayEventId, Timestamp, String)>, StoreError> {
        Ok(Vec::new())
    }
}

#[test]
fn work_goes_on_when_the_client_has_gone() {
    let (ports, hear, go_on) = SlowInbox::ports();
    let service = ports.serve();

    // The reply to the first request stays unread, so that closing resets the connection.
    let mut stream = TcpStream::connect(service.address).unwrap();
    stream.write_all(&Request::get("/healthz").bytes()).unwrap();
    let waiting = stream.peek(&mut [0; 1]).unwrap();
    assert_eq!(waiting, 1);
    stream.write_all(&Request::post("/webhooks/pingpp").json("{}").bytes()).unwrap();
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("begun"));
    drop(stream);

    // One thread answers everything: once it has answered these, it has seen the reset.
    for _ in 0..5 {
        service.call(Request::get("/healthz")).expect(200);
    }
    go_on.notify_one();
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("done"));
}

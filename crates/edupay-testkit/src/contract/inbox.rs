//! Claims about the gateway's callbacks: kept once, for ever.

use super::{Case, StoreHarness};
use edupay_domain::ids::GatewayEventId;
use edupay_domain::payments::{InboundEvent, InboundObject, InboundStatus};
use futures_util::future::join_all;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    pub(super) fn callback(&self, minutes: i64) -> InboundEvent {
        let id = self.gateway_event_id();
        let body = format!(r#"{{ "id": "{id}",  "object": "event", "名": "\u96e8" }}"#);
        let (kind, received_at) = ("charge.succeeded".to_owned(), self.minute(minutes));
        InboundEvent { id, kind, object: InboundObject::Other, body, received_at }
    }

    /// Those of these events that wait at this minute, in the order of the store.
    async fn waiting(&self, of: &[&InboundEvent], minutes: i64) -> Vec<GatewayEventId> {
        let all = self.harness().inbox().pending(self.minute(minutes), 100_000).await.unwrap();
        all.into_iter().map(|(id, ..)| id).filter(|id| of.iter().any(|event| event.id == *id)).collect()
    }
}

/// The first time an event is new; from then on its status is known, also years later.
pub async fn an_event_is_kept_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let event = case.callback(1);
    assert_eq!(harness.inbox().keep(&event).await.unwrap(), None);
    let replay = InboundEvent { received_at: case.minute(1_000_000), body: "another".to_owned(), ..event.clone() };
    assert_eq!(harness.inbox().keep(&replay).await.unwrap(), Some(InboundStatus::Kept));
    let all = harness.inbox().pending(case.minute(60), 100_000).await.unwrap();
    let kept: Vec<_> = all.into_iter().filter(|(id, ..)| *id == event.id).collect();
    assert_eq!(kept, [(event.id, event.received_at, event.body)], "byte for byte as it first came");
}

/// Of sixteen deliveries of one event at once, one is new.
pub async fn an_event_raced_for_is_new_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let event = case.callback(1);
    let answers = join_all((0..16).map(|_| {
        let (inbox, event) = (harness.inbox(), event.clone());
        tokio::spawn(async move { inbox.keep(&event).await.unwrap() })
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(None))).count(), 1, "{answers:?}");
    let known = answers.iter().filter(|answer| matches!(answer, Ok(Some(InboundStatus::Kept))));
    assert_eq!(known.count(), 15, "{answers:?}");
}

/// What became of an event is what its next delivery hears.
pub async fn a_marked_event_answers_its_status<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    for status in InboundStatus::ALL {
        let event = case.callback(1);
        harness.inbox().keep(&event).await.unwrap();
        harness.inbox().mark(&event.id, status, case.minute(5)).await.unwrap();
        assert_eq!(harness.inbox().keep(&event).await.unwrap(), Some(status));
    }
}

/// Kept and unmatched events wait until their time, oldest first; those that are done do not.
pub async fn events_wait_oldest_first_until_they_are_done<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (third, first, second) = (case.callback(3), case.callback(1), case.callback(2));
    let of = [&third, &first, &second];
    for event in of {
        harness.inbox().keep(event).await.unwrap();
    }
    let mark = async |event: &InboundEvent, status, minutes| {
        harness.inbox().mark(&event.id, status, case.minute(minutes)).await.unwrap();
    };
    for (event, minutes) in [(&third, 12), (&first, 10), (&second, 11)] {
        mark(event, InboundStatus::Unmatched, minutes).await;
    }
    assert_eq!(case.waiting(&of, 9).await, []);
    assert_eq!(case.waiting(&of, 10).await, std::slice::from_ref(&first.id));
    assert_eq!(case.waiting(&of, 12).await, [first.id.clone(), second.id.clone(), third.id.clone()]);
    assert_eq!(harness.inbox().pending(case.minute(12), 1).await.unwrap().len(), 1);
    mark(&second, InboundStatus::Kept, 11).await;
    mark(&first, InboundStatus::Processed, 10).await;
    mark(&third, InboundStatus::Ignored, 10).await;
    assert_eq!(case.waiting(&of, 60).await, std::slice::from_ref(&second.id));
}

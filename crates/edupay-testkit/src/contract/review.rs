//! Claims about the list for people: what nobody can finish is in it, and a decision does what it says.

use super::app_store_inbox::kept;
use super::case::refusal_of;
use super::races::at_once;
use super::{Case, RecordedEvent, StoreHarness};
use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ids::UserId;
use edupay_domain::payments::{Charge, InboundStatus, Receipt, ReceiptStatus, RefundClaim, RefundStatus, claim_refund};
use edupay_domain::recovery::{
    DecideReview, DecisionReason, REFUND_FAILED, REFUND_UNCLEAR, ReviewAction, ReviewCursor, ReviewDecision, ReviewId,
    ReviewItem, ReviewKind, ReviewRefusal, UNKNOWN, UNMATCHED, UNREADABLE, WorkKind, decide_review,
};
use edupay_domain::refunds::Refund;
use edupay_domain::schedule::{LEASE, later};
use edupay_domain::store::EffectError;

const DAY: i64 = 24 * 60;

fn id(kind: ReviewKind, key: &str) -> ReviewId {
    ReviewId::try_new(kind, key).unwrap()
}

fn refund_id(refund: &Refund) -> ReviewId {
    id(ReviewKind::Refund, &format!("{}-{}", refund.user_id, refund.refund_no))
}

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// A receipt in review since minute four: another amount was paid.
    async fn in_review(&self) -> Receipt {
        let order = self.order(self.user().await.id, 100).await;
        let attempt = self.attempt(&order).await;
        let charge = Charge { amount: crate::fixtures::fen(99), ..self.charge(&attempt) };
        self.confirm(&order, &attempt, &charge).await.receipt().clone()
    }

    async fn listed(&self, id: &ReviewId, minute: i64) -> Option<ReviewItem> {
        self.harness().review().find_item(self.minute(minute), id).await.unwrap()
    }

    /// A decision by somebody who is there: what concerns no user concerns whoever decides.
    async fn review_command(&self, id: &ReviewId, action: ReviewAction, minute: i64) -> DecideReview {
        DecideReview {
            id: id.clone(),
            action,
            by: self.user().await.id,
            reason: DecisionReason::parse("settled with the payer").unwrap(),
            at: self.minute(minute),
            event_id: self.event_id(),
        }
    }

    async fn decided(&self, command: &DecideReview) -> ReviewDecision {
        self.harness().review().decide(command, decide_review).await.unwrap()
    }

    /// Something of each kind that is not finished: its name, why it is listed, when it comes into the list, and
    /// whom it concerns.
    async fn unfinished(&self) -> Vec<(ReviewId, &'static str, i64, Option<UserId>)> {
        let review = self.in_review().await;
        let due = self.due().await;
        let (order, _) = self.charged(100).await;
        let at_gateway = self.at_gateway(&self.order_refund(&order, Some(40))).await;
        let failed = self.refused_there(&self.at_gateway(&self.order_refund(&order, Some(30))).await).await;
        let buyer = self.user().await.id;
        let attempt = self.attempt(&self.order(buyer, 100).await).await;
        let callback = self.callback(1);
        self.harness().inbox().keep(&callback).await.unwrap();
        let notification = kept(self, 1).await;
        self.harness().app_store_inbox().keep(&notification).await.unwrap();
        let user = order.user_id;
        vec![
            (id(ReviewKind::Receipt, review.charge_id.as_str()), "amount_differs", 4, Some(review.user_id)),
            (id(ReviewKind::Receipt, due.charge_id.as_str()), REFUND_UNCLEAR, 4 + DAY, Some(due.user_id)),
            (refund_id(&at_gateway), REFUND_UNCLEAR, 10 + DAY, Some(user)),
            (refund_id(&failed), REFUND_FAILED, 12, Some(user)),
            (id(ReviewKind::Charge, attempt.gateway_order_no.as_str()), UNKNOWN, 31 + DAY, Some(buyer)),
            (id(ReviewKind::Callback, callback.id.as_str()), UNMATCHED, 1 + DAY, None),
            (id(ReviewKind::Notification, notification.id.as_str()), UNREADABLE, 1 + DAY, None),
        ]
    }
}

/// At once what is certain, after a day what is not: each thing with its reason, its user and its time.
pub async fn what_nobody_can_finish_is_listed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    for (id, reason, minute, user_id) in case.unfinished().await {
        assert_eq!(case.listed(&id, minute.saturating_sub(1)).await, None, "{id}");
        let item = case.listed(&id, minute).await.unwrap();
        assert_eq!(
            (item.reason.as_str(), item.user_id, item.listed_at),
            (reason, user_id, case.minute(minute)),
            "{id}"
        );
        let of_kind = harness.review().list(case.minute(minute), Some(id.kind), None, 100_000).await.unwrap();
        assert_eq!(of_kind.iter().filter(|listed| listed.id == id).count(), 1, "{id}");
        let of_all = harness.review().list(case.minute(minute), None, None, 100_000).await.unwrap();
        assert!(of_all.contains(&item), "{id}");
    }
}

/// Pages follow each other without a gap and without a repeat, what came first first.
pub async fn the_list_is_read_in_pages<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let mut own = Vec::new();
    for _ in 0..5 {
        own.push(id(ReviewKind::Receipt, case.in_review().await.charge_id.as_str()));
    }
    let (mut seen, mut after) = (Vec::<ReviewItem>::new(), None);
    loop {
        let kind = Some(ReviewKind::Receipt);
        let page = harness.review().list(case.minute(5), kind, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(ReviewCursor { listed_at: last.listed_at, id: last.id.clone() });
        seen.extend(page);
    }
    assert!(seen.is_sorted_by_key(|item| item.listed_at));
    for id in &own {
        assert_eq!(seen.iter().filter(|item| item.id == *id).count(), 1, "{id}");
    }
}

/// It is on record who closed it and why, and an event tells it; a callback is not tried any more.
pub async fn what_a_person_closes_leaves_the_list<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    for (id, _, _, user_id) in case.unfinished().await {
        let command = case.review_command(&id, ReviewAction::Close, 3 * DAY).await;
        let decision = case.decided(&command).await;
        let DecideReview { action, by, reason, at, event_id, .. } = command.clone();
        assert_eq!(decision, ReviewDecision { id: id.clone(), action, by, reason: reason.clone(), at });
        assert_eq!(case.listed(&id, 30 * DAY).await, None, "{id}");
        assert_eq!(harness.review().decisions(&id).await.unwrap(), std::slice::from_ref(&decision));
        let (item, reason) = (id.to_string(), reason.as_str().to_owned());
        let body = EventBody::ReviewDecided { item, action: action.code(), reason, by };
        let event = Event { id: event_id, user_id: user_id.unwrap_or(by), at, body };
        if let Some(user_id) = user_id {
            let told = case.events(user_id, "review.decided").await;
            assert!(told.contains(&RecordedEvent::of(&event)), "{id}: {told:?}");
        }
        assert_eq!(case.decided(&command).await, decision, "a repeat is the same success");
        assert_eq!(harness.review().decisions(&id).await.unwrap().len(), 1);
    }
    let callback = case.callback(1);
    harness.inbox().keep(&callback).await.unwrap();
    let id = id(ReviewKind::Callback, callback.id.as_str());
    case.decided(&case.review_command(&id, ReviewAction::Close, 3 * DAY).await).await;
    assert_eq!(harness.inbox().keep(&callback).await.unwrap(), Some(InboundStatus::Ignored));
    case.audit().await;
}

/// The receipt is due at once, goes the way of all refunds, and comes back into the list if that fails.
pub async fn a_receipt_in_review_is_sent_back_by_a_decision<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.in_review().await;
    let id = id(ReviewKind::Receipt, receipt.charge_id.as_str());
    case.decided(&case.review_command(&id, ReviewAction::Refund, 5).await).await;
    let stored = harness.receipts().find_receipt(receipt.user_id, &receipt.charge_id).await.unwrap().unwrap();
    let back = Receipt { status: ReceiptStatus::RefundDue, next_try_at: case.minute(5), ..receipt.clone() };
    assert_eq!(stored, back);
    assert_eq!(case.listed(&id, 5).await, None);
    let claim = harness.receipts().claim_refund(&case.claim_command(&receipt, 5), claim_refund).await.unwrap();
    assert!(matches!(claim, RefundClaim::Ask(_)), "{claim:?}");
    case.news(&case.refund_news(&receipt, RefundStatus::Failed)).await.unwrap();
    assert_eq!(case.listed(&id, 6).await.map(|item| item.since), Some(case.minute(6)));
    case.decided(&DecideReview { by: case.other_staff(), ..case.review_command(&id, ReviewAction::Refund, 7).await })
        .await;
    case.news(&case.refund_news(&receipt, RefundStatus::Succeeded)).await.unwrap();
    assert_eq!(case.listed(&id, 30 * DAY).await, None);
    assert_eq!(harness.review().decisions(&id).await.unwrap().len(), 2);
    case.audit().await;
}

/// What is due within a lease from now on may be somebody's, and is left as it is.
pub async fn what_is_tried_again_is_due_unless_somebody_may_have_it<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let now = case.minute(3 * DAY);
    let due_at = async |next: Timestamp| {
        let event = case.callback(1);
        harness.inbox().keep(&event).await.unwrap();
        harness.inbox().mark(&event.id, InboundStatus::Unmatched, next).await.unwrap();
        (id(ReviewKind::Callback, event.id.as_str()), event.id)
    };
    for (next, is_due) in [(later(later(now, LEASE), LEASE), true), (later(now, TimeDelta::seconds(20)), false)] {
        let (id, event_id) = due_at(next).await;
        case.decided(&case.review_command(&id, ReviewAction::Retry, 3 * DAY).await).await;
        let pending = harness.inbox().pending(now, 100_000).await.unwrap();
        assert_eq!(pending.iter().any(|(id, ..)| *id == event_id), is_due);
        assert_eq!(case.listed(&id, 3 * DAY).await, None, "it is given another day");
        assert!(case.listed(&id, 4 * DAY).await.is_some());
    }
    // The same of everything else that is asked for at the gateway.
    for (id, reason, ..) in case.unfinished().await {
        if reason == REFUND_UNCLEAR || reason == UNKNOWN || reason == UNREADABLE {
            case.decided(&case.review_command(&id, ReviewAction::Retry, 3 * DAY).await).await;
            assert_eq!(case.listed(&id, 3 * DAY).await, None, "{id}");
        }
    }
    case.audit().await;
}

/// What is not in the list, or can't be done about it.
pub async fn a_decision_that_can_not_be_taken_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let due = case.due().await;
    let unlisted = id(ReviewKind::Receipt, due.charge_id.as_str());
    let unknown = id(ReviewKind::Callback, "evt_nobody_knows");
    let review = id(ReviewKind::Receipt, case.in_review().await.charge_id.as_str());
    for (id, action, refusal) in [
        (&unlisted, ReviewAction::Close, ReviewRefusal::NotFound),
        (&unknown, ReviewAction::Close, ReviewRefusal::NotFound),
        (&review, ReviewAction::Retry, ReviewRefusal::NotPossible),
    ] {
        let answer = harness.review().decide(&case.review_command(id, action, 5).await, decide_review).await;
        assert_eq!(refusal_of(answer), refusal, "{id}");
        assert_eq!(harness.review().decisions(id).await.unwrap(), []);
    }
    assert_eq!(case.events(due.user_id, "review.decided").await, []);
}

/// Eight people send the same receipt back at once, each in words of their own.
pub async fn one_of_many_decides<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.in_review().await;
    let id = id(ReviewKind::Receipt, receipt.charge_id.as_str());
    let command = case.review_command(&id, ReviewAction::Refund, 5).await;
    let commands = (0..8).map(|person| {
        let reason = DecisionReason::parse(&format!("person {person} says so")).unwrap();
        (harness.review(), DecideReview { reason, ..command.clone() })
    });
    let answers = at_once(commands.map(|(store, command)| async move { store.decide(&command, decide_review).await }));
    let answers = answers.await.unwrap();
    let refused = |answer: &&_| matches!(answer, Err(EffectError::Refused(ReviewRefusal::NotFound)));
    assert_eq!(
        (answers.iter().filter(|answer| answer.is_ok()).count(), answers.iter().filter(refused).count()),
        (1, 7)
    );
    assert_eq!(harness.review().decisions(&id).await.unwrap().len(), 1);
}

/// What is unfinished is counted, and named once it should have been finished; what a person closed is not named.
pub async fn what_is_unfinished_is_counted<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let waiting = case.order(case.user().await.id, 100).await;
    let all = case.unfinished().await;
    let overview = harness.review().overview(case.minute(3 * DAY)).await.unwrap();
    for kind in WorkKind::ALL.into_iter().filter(|kind| *kind != WorkKind::Purchases) {
        let count = overview.unfinished.iter().find(|count| count.kind == kind).unwrap();
        assert!(count.count >= 1 && count.due <= count.count && count.oldest.is_some(), "{count:?}");
    }
    for kind in ReviewKind::ALL.into_iter().filter(|kind| *kind != ReviewKind::Period) {
        assert!(overview.review.iter().any(|count| count.kind == kind && count.count >= 1), "{kind:?}");
    }
    // A charge may have the number of its order.
    let named = async |kind: &str, key: &str| {
        let rows = harness.review().unfinished_since(case.minute(3 * DAY), 100_000).await.unwrap();
        let rows = rows.into_iter().filter(|row| row.key == key && row.kind.code().starts_with(kind));
        rows.map(|row| row.since).collect::<Vec<_>>()
    };
    assert_eq!(named("orders", waiting.order_no.as_str()).await, [waiting.expires_at]);
    for (id, reason, minute, _) in all {
        let should_be = if reason == REFUND_FAILED || reason == "amount_differs" { 0 } else { 1 };
        let since = named(id.kind.code(), id.key()).await;
        assert_eq!(since.len(), should_be, "{id}");
        if should_be == 1 {
            assert_eq!(since, [case.minute(minute.saturating_sub(DAY))], "{id}");
            case.decided(&case.review_command(&id, ReviewAction::Close, 3 * DAY).await).await;
            assert!(named(id.kind.code(), id.key()).await.is_empty(), "{id}");
        }
    }
}

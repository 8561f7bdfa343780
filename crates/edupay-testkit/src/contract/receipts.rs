//! Claims about refunds of unapplied receipts: claimed by one worker, booked once.

use super::{Case, RecordedEvent, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ledger::EntryKind;
use edupay_domain::orders::cancel_order;
use edupay_domain::payments::{
    ClaimRefund, GatewayRefund, HoldRefund, Receipt, ReceiptStatus, RecordRefund, RefundClaim, RefundStatus,
    claim_refund, hold_refund, record_refund,
};
use futures_util::future::join_all;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// A receipt that is due to go back since minute 4: paid for a cancelled order.
    pub(super) async fn due(&self) -> Receipt {
        let order = self.order(self.user().await.id, 100).await;
        let attempt = self.attempt(&order).await;
        self.harness().orders().cancel(&self.cancel_command(&order), cancel_order).await.unwrap();
        self.confirm(&order, &attempt, &self.charge(&attempt)).await.receipt().clone()
    }

    async fn is_due(&self, receipt: &Receipt, minutes: i64) -> bool {
        let due = self.harness().receipts().due_refunds(self.minute(minutes), 100_000).await.unwrap();
        due.iter().any(|due| due.charge_id == receipt.charge_id)
    }

    /// A claim at one minute, for one minute.
    pub(super) fn claim_command(&self, receipt: &Receipt, minutes: i64) -> ClaimRefund {
        ClaimRefund {
            user_id: receipt.user_id,
            charge_id: receipt.charge_id.clone(),
            at: self.minute(minutes),
            until: self.minute(minutes.saturating_add(1)),
        }
    }

    pub(super) async fn claim(&self, receipt: &Receipt, minutes: i64) -> RefundClaim {
        let command = self.claim_command(receipt, minutes);
        self.harness().receipts().claim_refund(&command, claim_refund).await.unwrap()
    }

    pub(super) fn refund_news(&self, receipt: &Receipt, status: RefundStatus) -> RecordRefund {
        let refund = GatewayRefund {
            id: self.refund_id(),
            charge_id: receipt.charge_id.clone(),
            gateway_order_no: Some(receipt.gateway_order_no.clone()),
            amount: receipt.amount,
            status,
            failure: None,
            refund_no: None,
        };
        RecordRefund {
            user_id: receipt.user_id,
            refund,
            at: self.minute(6),
            next_try_at: self.minute(8),
            event_id: self.event_id(),
        }
    }

    pub(super) async fn news(&self, command: &RecordRefund) -> Option<Receipt> {
        self.harness().receipts().record_refund(command, record_refund).await.unwrap()
    }

    async fn stored_due(&self, receipt: &Receipt) -> Receipt {
        self.harness().receipts().find_receipt(receipt.user_id, &receipt.charge_id).await.unwrap().unwrap()
    }
}

/// A due refund is in the list from its time on, in its order, until somebody claims it; the claim
/// is stored as it is answered.
pub async fn a_due_refund_is_listed_until_it_is_claimed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.due().await;
    assert!(!case.is_due(&receipt, 3).await);
    assert!(case.is_due(&receipt, 4).await);
    assert_eq!(harness.receipts().due_refunds(case.minute(4), 1).await.unwrap().len(), 1);
    assert_eq!(case.claim(&receipt, 3).await, RefundClaim::Denied);
    let claimed = Receipt { status: ReceiptStatus::RefundRequested, next_try_at: case.minute(5), ..receipt.clone() };
    assert_eq!(case.claim(&receipt, 4).await, RefundClaim::Ask(claimed.clone()));
    assert_eq!(case.stored_due(&receipt).await, claimed);
    assert!(!case.is_due(&receipt, 4).await);
    assert_eq!(case.claim(&receipt, 4).await, RefundClaim::Denied);
}

/// Nobody heard of the holder again: the next one must look before asking.
pub async fn a_claim_that_ran_out_makes_the_next_holder_look_first<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.due().await;
    assert!(matches!(case.claim(&receipt, 4).await, RefundClaim::Ask(_)));
    assert!(case.is_due(&receipt, 5).await);
    let claimed = Receipt { status: ReceiptStatus::RefundRequested, next_try_at: case.minute(6), ..receipt.clone() };
    assert_eq!(case.claim(&receipt, 5).await, RefundClaim::LookFirst(claimed));
    assert_eq!(case.claim(&receipt, 5).await, RefundClaim::Denied);
}

/// A refund that succeeded is one entry and one event, however often we hear of it.
pub async fn a_refund_is_booked_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.due().await;
    case.claim(&receipt, 4).await;
    let command = case.refund_news(&receipt, RefundStatus::Succeeded);
    let refunded = Receipt {
        status: ReceiptStatus::Refunded,
        refund_id: Some(command.refund.id.clone()),
        next_try_at: command.at,
        ..receipt.clone()
    };
    assert_eq!(case.news(&command).await, Some(refunded.clone()));
    assert_eq!(case.stored_due(&receipt).await, refunded);
    let kinds = [EntryKind::KeepUnappliedReceipt, EntryKind::RefundUnappliedReceipt];
    assert_eq!(case.entry_kinds(receipt.user_id).await, kinds);
    let body = EventBody::ReceiptRefunded {
        charge_id: receipt.charge_id.clone(),
        refund_id: command.refund.id.clone(),
        amount: fen(100),
    };
    let event = Event { id: command.event_id, user_id: receipt.user_id, at: command.at, body };
    let before = case.snapshot(receipt.user_id).await;
    for status in [RefundStatus::Succeeded, RefundStatus::Pending, RefundStatus::Failed] {
        assert_eq!(case.news(&case.refund_news(&receipt, status)).await, Some(refunded.clone()));
    }
    assert_eq!(case.snapshot(receipt.user_id).await, before);
    assert_eq!(case.events(receipt.user_id, "receipt.refunded").await, [RecordedEvent::of(&event)]);
    assert!(!case.is_due(&receipt, 600).await);
    assert_eq!(case.claim(&receipt, 600).await, RefundClaim::Denied);
    case.audit().await;
}

/// A refund under way is looked at again later, and nothing is booked yet.
pub async fn a_pending_refund_is_looked_at_later<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.due().await;
    case.claim(&receipt, 4).await;
    let command = case.refund_news(&receipt, RefundStatus::Pending);
    let pending = Receipt {
        status: ReceiptStatus::RefundPending,
        refund_id: Some(command.refund.id.clone()),
        next_try_at: command.next_try_at,
        ..receipt.clone()
    };
    assert_eq!(case.news(&command).await, Some(pending.clone()));
    assert_eq!(case.stored_due(&receipt).await, pending);
    assert_eq!(case.entry_kinds(receipt.user_id).await, [EntryKind::KeepUnappliedReceipt]);
    assert_eq!((case.is_due(&receipt, 7).await, case.is_due(&receipt, 8).await), (false, true));
    assert!(matches!(case.claim(&receipt, 8).await, RefundClaim::LookFirst(_)));
    case.audit().await;
}

/// A failed refund, or one of another amount, is not tried again by itself.
pub async fn a_failed_refund_waits_for_a_person<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    for (status, amount) in [(RefundStatus::Failed, 100), (RefundStatus::Succeeded, 99)] {
        let receipt = case.due().await;
        case.claim(&receipt, 4).await;
        let mut command = case.refund_news(&receipt, status);
        command.refund.amount = fen(amount);
        let reviewed = case.news(&command).await.unwrap();
        assert_eq!((reviewed.status, &reviewed.refund_id), (ReceiptStatus::Review, &Some(command.refund.id.clone())));
        assert_eq!(case.stored_due(&receipt).await, reviewed);
        assert!(!case.is_due(&receipt, 600).await);
        assert_eq!(case.claim(&receipt, 600).await, RefundClaim::Denied);
        assert_eq!(case.entry_kinds(receipt.user_id).await, [EntryKind::KeepUnappliedReceipt]);
    }
    case.audit().await;
}

/// A refund that the gateway refuses is nobody's work any more; one that is done stays done.
pub async fn a_refund_that_the_gateway_refuses_waits_for_a_person<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.due().await;
    case.claim(&receipt, 4).await;
    let command = HoldRefund { user_id: receipt.user_id, charge_id: receipt.charge_id.clone(), at: case.minute(5) };
    let held = harness.receipts().hold_refund(&command, hold_refund).await.unwrap().unwrap();
    let expected = (ReceiptStatus::Review, receipt.reason, case.minute(5));
    assert_eq!((held.status, held.reason, held.next_try_at), expected, "since when it waits is known");
    assert!(!case.is_due(&receipt, 600).await);
    assert_eq!(case.claim(&receipt, 600).await, RefundClaim::Denied);

    let refunded = case.due().await;
    case.news(&case.refund_news(&refunded, RefundStatus::Succeeded)).await.unwrap();
    let command = HoldRefund { user_id: refunded.user_id, charge_id: refunded.charge_id.clone(), at: case.minute(5) };
    let kept = harness.receipts().hold_refund(&command, hold_refund).await.unwrap().unwrap();
    assert_eq!(kept.status, ReceiptStatus::Refunded);
    let unknown = HoldRefund { charge_id: case.charge_id(), ..command };
    assert_eq!(harness.receipts().hold_refund(&unknown, hold_refund).await.unwrap(), None);
    case.audit().await;
}

/// News of a charge that the user has no receipt of, or of an applied one, changes nothing.
pub async fn news_of_no_receipt_change_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.due().await;
    let other = case.user().await.id;
    let foreign = Receipt { user_id: other, ..receipt.clone() };
    assert_eq!(case.news(&case.refund_news(&foreign, RefundStatus::Succeeded)).await, None);
    assert_eq!(case.claim(&foreign, 4).await, RefundClaim::Denied);
    let unknown = Receipt { charge_id: case.charge_id(), ..receipt.clone() };
    assert_eq!(case.news(&case.refund_news(&unknown, RefundStatus::Succeeded)).await, None);
    assert_eq!(case.claim(&unknown, 4).await, RefundClaim::Denied);
    assert_eq!(harness.receipts().find_owner(&unknown.charge_id).await.unwrap(), None);
    assert_eq!(case.stored_due(&receipt).await, receipt);

    let order = case.order(other, 100).await;
    let attempt = case.attempt(&order).await;
    let applied = case.confirm(&order, &attempt, &case.charge(&attempt)).await.receipt().clone();
    assert_eq!(case.claim(&applied, 600).await, RefundClaim::Denied);
    assert_eq!(case.news(&case.refund_news(&applied, RefundStatus::Succeeded)).await, Some(applied.clone()));
    assert_eq!(case.stored_due(&applied).await, applied);
    case.audit().await;
}

/// Of eight workers that claim one refund at once, one may ask.
pub async fn a_refund_claim_is_granted_to_one_of_many<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let receipt = case.due().await;
    let answers = join_all((0..8).map(|_| {
        let (receipts, command) = (harness.receipts(), case.claim_command(&receipt, 4));
        tokio::spawn(async move { receipts.claim_refund(&command, claim_refund).await.unwrap() })
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(RefundClaim::Ask(_)))).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(RefundClaim::Denied))).count(), 7, "{answers:?}");
}

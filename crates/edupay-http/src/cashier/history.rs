//! What was tried to pay one thing, and what came of it: read from the store, the gateway is not asked.

use crate::failure::Failure;
use crate::services::Services;
use edupay_domain::ids::{GatewayOrderNo, UserId};
use edupay_domain::payments::{AttemptStatus, ChargeAttempt, ChargeSubject, Receipt, ReceiptStatus};

/// The attempts for one thing, oldest first, with the receipts of those that were paid.
pub(super) struct History {
    attempts: Vec<ChargeAttempt>,
    receipts: Vec<Receipt>,
}

impl History {
    pub(super) async fn of(services: &Services, user_id: UserId, subject: &ChargeSubject) -> Result<Self, Failure> {
        let attempts = services.payments.attempts_of(user_id, subject).await?;
        let mut receipts = Vec::new();
        let paid = attempts.iter().filter(|attempt| attempt.status == AttemptStatus::Paid);
        for charge_id in paid.filter_map(|attempt| attempt.charge_id.as_ref()) {
            receipts.extend(services.payments.find_receipt(user_id, charge_id).await?);
        }
        Ok(Self { attempts, receipts })
    }

    /// The attempt of this number.
    pub(super) fn attempt(&self, number: &GatewayOrderNo) -> Option<&ChargeAttempt> {
        self.attempts.iter().find(|attempt| attempt.gateway_order_no == *number)
    }

    /// A short text that is another one whenever something has changed that a page shows.
    pub(super) fn pulse(&self) -> String {
        let attempts = self.attempts.iter().map(|attempt| attempt.status.code());
        let receipts = self.receipts.iter().map(|receipt| receipt.status.code());
        attempts.chain(receipts).collect::<Vec<_>>().join(".")
    }

    /// Whether something may still change by itself: a charge can be paid, or money is on its way back.
    pub(super) fn is_live(&self) -> bool {
        let payable =
            |attempt: &ChargeAttempt| matches!(attempt.status, AttemptStatus::Requested | AttemptStatus::Open);
        self.attempts.iter().any(payable) || self.receipts.iter().any(is_on_its_way)
    }

    /// Payments that go back, have gone back, or wait for a person.
    pub(super) fn unapplied(&self) -> impl Iterator<Item = &Receipt> {
        self.receipts.iter().filter(|receipt| receipt.status != ReceiptStatus::Applied)
    }
}

/// Whether money is on its way back.
fn is_on_its_way(receipt: &Receipt) -> bool {
    matches!(receipt.status, ReceiptStatus::RefundDue | ReceiptStatus::RefundRequested | ReceiptStatus::RefundPending)
}

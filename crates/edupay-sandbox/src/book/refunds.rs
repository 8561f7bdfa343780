//! Refunds: accepted as pending, settled a moment later.

use edupay_pingpp::wire::{Charge, Refund, RefundStatus};

use super::Book;
use crate::errors::ApiError;
use crate::ids;
use crate::params::CreateRefund;

impl Book {
    /// Accepts a refund of a paid charge when so much is left.
    pub(crate) fn refund(&mut self, charge_id: &str, wanted: CreateRefund, now: i64) -> Result<Refund, ApiError> {
        let charge = self.find_mut(charge_id).ok_or_else(|| ApiError::not_found("charge", charge_id))?;
        if !charge.paid || charge.reversed {
            return Err(ApiError::state("charge_unexpected_status", "该订单未支付,无法退款。"));
        }
        let left = refundable(charge);
        let amount = wanted.amount.unwrap_or(left);
        if amount <= 0 || amount > left {
            return Err(ApiError::param("amount", "退款金额大于可退金额。"));
        }
        let number = ids::alphanumeric(24);
        let refund = Refund {
            id: format!("re_{number}"),
            object: "refund".to_owned(),
            order_no: Some(number),
            amount,
            currency: Some(charge.currency.clone()),
            created: now,
            succeed: false,
            status: RefundStatus::Pending,
            time_succeed: None,
            description: Some(wanted.description),
            failure_code: None,
            failure_msg: None,
            metadata: wanted.metadata,
            charge: charge.id.clone(),
            charge_order_no: Some(charge.order_no.clone()),
            transaction_no: None,
            funding_source: wanted.funding_source,
            extra: wanted.extra,
        };
        charge.refunded = true;
        charge.refunds.data.insert(0, refund.clone());
        Ok(refund)
    }

    /// Remembers that a pending refund will fail.
    pub(crate) fn let_refund_fail(&mut self, refund_id: &str) {
        self.failing_refunds.insert(refund_id.to_owned());
    }

    /// Settles a pending refund; nothing when it is settled or unknown.
    pub(crate) fn settle(&mut self, charge_id: &str, refund_id: &str, now: i64) -> Option<Refund> {
        let fails = self.failing_refunds.remove(refund_id);
        let charge = self.find_mut(charge_id)?;
        let refund = charge.refunds.data.iter_mut().find(|refund| refund.id == refund_id)?;
        if refund.status != RefundStatus::Pending {
            return None;
        }
        if fails {
            refund.status = RefundStatus::Failed;
            refund.failure_code = Some("refund_refused".to_owned());
            refund.failure_msg = Some("渠道拒绝退款。".to_owned());
        } else {
            refund.status = RefundStatus::Succeeded;
            refund.succeed = true;
            refund.time_succeed = Some(now);
            refund.transaction_no = Some(ids::digits(28));
        }
        let settled = refund.clone();
        if settled.succeed {
            charge.amount_refunded = charge.amount_refunded.saturating_add(settled.amount);
        }
        Some(settled)
    }

    pub(crate) fn find_refund(&self, charge_id: &str, id: &str) -> Result<&Refund, ApiError> {
        self.find(charge_id)
            .ok_or_else(|| ApiError::not_found("charge", charge_id))?
            .refunds
            .data
            .iter()
            .find(|refund| refund.id == id)
            .ok_or_else(|| ApiError::not_found("refund", id))
    }
}

/// What is left to refund; pending refunds count, failed ones do not.
fn refundable(charge: &Charge) -> i64 {
    let taken = charge.refunds.data.iter().filter(|refund| refund.status != RefundStatus::Failed);
    taken.fold(charge.amount, |left, refund| left.saturating_sub(refund.amount))
}

//! Creating, paying and reversing charges.

use edupay_pingpp::wire::{Charge, Hash, List};

use super::Book;
use crate::APP_ID;
use crate::credential;
use crate::errors::ApiError;
use crate::ids;
use crate::params::{Channel, CreateCharge, is_wechat};

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payment {
    Done,
    DoneBefore,
    Expired,
    Reversed,
    NoSuchCharge,
}

impl Book {
    /// Creates a charge, or answers the first one when the same content comes again soon enough.
    pub(crate) fn create(&mut self, wanted: CreateCharge, now: i64, base_url: &str) -> Result<Charge, ApiError> {
        let content = wanted.content();
        if let Some(first) = self.by_content.get(&content).and_then(|at| self.charges.get(*at))
            && now.saturating_sub(first.created) < wanted.channel.repeat_window()
        {
            return Ok(first.clone());
        }
        if is_wechat(wanted.channel.name) && !self.wechat_order_nos.insert(wanted.order_no.clone()) {
            return Err(ApiError::channel("charge_order_no_used", "商户订单号重复。", Some("order_no")));
        }
        let charge = build(wanted, now, base_url);
        let at = self.charges.len();
        self.by_id.insert(charge.id.clone(), at);
        self.by_content.insert(content, at);
        self.charges.push(charge.clone());
        Ok(charge)
    }

    /// Pays a charge as the payer would; again is as good as once.
    pub(crate) fn pay(&mut self, id: &str, now: i64) -> Payment {
        let Some(charge) = self.find_mut(id) else { return Payment::NoSuchCharge };
        if charge.paid {
            return Payment::DoneBefore;
        }
        if charge.reversed {
            return Payment::Reversed;
        }
        if charge.time_expire.is_some_and(|time| now > time) {
            return Payment::Expired;
        }
        charge.paid = true;
        charge.time_paid = Some(now);
        charge.transaction_no = Some(ids::digits(28));
        charge.credential = Hash::new();
        Payment::Done
    }

    /// Closes an unpaid charge; nobody can pay it afterwards.
    pub(crate) fn reverse(&mut self, id: &str) -> Result<Charge, ApiError> {
        let charge = self.find_mut(id).ok_or_else(|| ApiError::not_found("charge", id))?;
        if charge.paid {
            let reversible = Channel::find(&charge.channel).is_some_and(Channel::reverses_paid);
            if !reversible || charge.refunded {
                return Err(ApiError::state("charge_unexpected_status", "该订单已支付,无法撤销。"));
            }
        }
        charge.reversed = true;
        Ok(charge.clone())
    }
}

fn build(wanted: CreateCharge, now: i64, base_url: &str) -> Charge {
    let id = ids::id("ch_");
    Charge {
        object: "charge".to_owned(),
        created: now,
        livemode: false,
        paid: false,
        refunded: false,
        reversed: false,
        app: APP_ID.to_owned(),
        channel: wanted.channel.name.to_owned(),
        credential: credential::of(&id, &wanted, now, base_url),
        order_no: wanted.order_no,
        client_ip: Some(wanted.client_ip),
        amount: wanted.amount,
        amount_settle: Some(wanted.amount),
        currency: wanted.currency,
        subject: Some(wanted.subject),
        body: Some(wanted.body),
        extra: wanted.extra,
        time_paid: None,
        time_expire: Some(wanted.time_expire),
        time_settle: None,
        transaction_no: None,
        refunds: List::empty(format!("/v1/charges/{id}/refunds")),
        amount_refunded: 0,
        failure_code: None,
        failure_msg: None,
        metadata: wanted.metadata,
        description: wanted.description,
        id,
    }
}

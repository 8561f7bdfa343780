//! The gateway's lists as reconciliation wants them: a page at a time, with the refunds of each charge.

use async_trait::async_trait;
use chrono::DateTime;
use edupay_domain::ids::{ChargeId, RefundId};
use edupay_domain::money::Money;
use edupay_domain::payments::{GatewayError, Mode, RefundStatus};
use edupay_domain::reconciliation::{
    GatewayLists, ListOnly, ListPage, ListQuery, ListedCharge, PaymentState, TheirPayment, TheirRefund,
};
use serde_json::value::RawValue;

use super::answer::{other_request, success, success_or_missing, unreadable};
use super::convert::ConvertError;
use super::gateway::{MAX_PAGES, PAGE, PingppGateway, charge_path, encoded};
use crate::wire::{Charge, List, Refund, RefundStatus as WireStatus};

/// The name of an object, whatever else is wrong with it.
#[derive(serde::Deserialize)]
struct Name {
    id: String,
}

#[async_trait]
impl GatewayLists for PingppGateway {
    async fn list(&self, query: &ListQuery, after: Option<&str>) -> Result<ListPage, GatewayError> {
        let only = match query.only {
            ListOnly::Paid => "paid",
            ListOnly::Refunded => "refunded",
        };
        let (from, to) = (query.created_from.timestamp(), query.created_to.timestamp());
        let app = encoded(&self.merchant().app_id);
        let mut target = format!(
            "/v1/charges?app%5Bid%5D={app}&limit={PAGE}&{only}=true&created%5Bgte%5D={from}&created%5Blt%5D={to}"
        );
        if let Some(after) = after {
            target.push_str(&format!("&starting_after={}", encoded(after)));
        }
        let text = success(self.get(&target).await, self.replies())?;
        let page: List<Box<RawValue>> = serde_json::from_str(&text).map_err(unreadable)?;
        let mut answer = ListPage::default();
        for item in &page.data {
            // Without its name nobody can go on behind it.
            let name: Name = serde_json::from_str(item.get()).map_err(unreadable)?;
            match self.listed(item.get()).await? {
                Some(charge) => answer.charges.push(charge),
                None => answer.unreadable.push(name.id.clone()),
            }
            answer.next = Some(name.id);
        }
        if !page.has_more {
            answer.next = None;
        }
        Ok(answer)
    }

    async fn look_up(&self, id: &ChargeId) -> Result<Option<ListedCharge>, GatewayError> {
        let answer = self.get(&charge_path(id, "")).await;
        let Some(text) = success_or_missing(answer, self.replies())? else { return Ok(None) };
        let listed = self.listed(&text).await?.ok_or_else(|| unreadable("the charge can't be read"))?;
        if listed.payment.charge_id.as_ref() == Some(id) { Ok(Some(listed)) } else { Err(other_request("id")) }
    }

    async fn refunds_of(&self, id: &ChargeId) -> Result<Vec<TheirRefund>, GatewayError> {
        let mut found: Vec<TheirRefund> = Vec::new();
        for _ in 0..MAX_PAGES {
            let mut query = format!("/refunds?limit={PAGE}");
            if let Some(last) = found.last() {
                query.push_str(&format!("&starting_after={}", encoded(&last.name)));
            }
            let answer = self.get(&charge_path(id, &query)).await;
            // A charge that is not there has no refunds.
            let Some(text) = success_or_missing(answer, self.replies())? else { return Ok(found) };
            let page: List<Refund> = serde_json::from_str(&text).map_err(unreadable)?;
            for item in &page.data {
                found.push(refund(item).map_err(unreadable)?);
            }
            if !page.has_more || page.data.is_empty() {
                return Ok(found);
            }
        }
        Err(unreadable("the list of refunds has no end"))
    }
}

impl PingppGateway {
    /// A charge with all its refunds; `None` when the text is no charge that we can read.
    async fn listed(&self, text: &str) -> Result<Option<ListedCharge>, GatewayError> {
        let Ok(charge) = serde_json::from_str::<Charge>(text) else { return Ok(None) };
        let Ok(mut listed) = listed(&charge) else { return Ok(None) };
        if charge.refunds.has_more
            && let Some(id) = &listed.payment.charge_id
        {
            listed.refunds = self.refunds_of(id).await?;
        }
        Ok(Some(listed))
    }
}

fn listed(charge: &Charge) -> Result<ListedCharge, ConvertError> {
    let payment = TheirPayment {
        name: charge.id.clone(),
        charge_id: Some(ChargeId::parse(&charge.id)?),
        number: charge.order_no.clone(),
        amount: Money::try_from_fen(charge.amount)?,
        currency: Some(charge.currency.clone()),
        app_id: Some(charge.app.clone()),
        mode: Some(if charge.livemode { Mode::Live } else { Mode::Test }),
        state: match (charge.paid, charge.reversed) {
            (true, _) => PaymentState::Paid,
            (false, true) => PaymentState::Reversed,
            (false, false) => PaymentState::Unpaid,
        },
        paid_at: charge.time_paid.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
    };
    let refunds = charge.refunds.data.iter().map(refund).collect::<Result<_, _>>()?;
    Ok(ListedCharge { payment, amount_refunded: Money::try_from_fen(charge.amount_refunded)?, refunds })
}

fn refund(refund: &Refund) -> Result<TheirRefund, ConvertError> {
    let seconds = refund.time_succeed.unwrap_or(refund.created);
    Ok(TheirRefund {
        name: refund.id.clone(),
        refund_id: Some(RefundId::parse(&refund.id)?),
        charge_id: Some(ChargeId::parse(&refund.charge)?),
        number: refund.charge_order_no.clone().unwrap_or_default(),
        amount: Money::try_from_fen(refund.amount)?,
        status: match refund.status {
            WireStatus::Pending => RefundStatus::Pending,
            WireStatus::Succeeded => RefundStatus::Succeeded,
            WireStatus::Failed => RefundStatus::Failed,
        },
        at: DateTime::from_timestamp(seconds, 0),
    })
}

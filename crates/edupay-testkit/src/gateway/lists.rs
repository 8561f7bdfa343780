//! What the gateway in memory tells of its charges and refunds, page by page.

use super::{Call, FakeCharge, FakeGateway, State};
use async_trait::async_trait;
use edupay_domain::ids::ChargeId;
use edupay_domain::payments::{Charge, GatewayError, GatewayRefund};
use edupay_domain::reconciliation::{
    GatewayLists, ListOnly, ListPage, ListQuery, ListedCharge, PaymentState, TheirPayment, TheirRefund,
};

/// How many charges stand on a page of the list: few, so that tests turn pages.
const PAGE: usize = 3;

#[async_trait]
impl GatewayLists for FakeGateway {
    async fn list(&self, query: &ListQuery, after: Option<&str>) -> Result<ListPage, GatewayError> {
        self.answer(Call::ListCharges, |state| {
            let of_time = |made: &&FakeCharge| (query.created_from..query.created_to).contains(&made.made_at);
            let newest = state.charges.iter().rev().filter(of_time).map(|made| state.listed(&made.charge));
            let wanted: Vec<_> = newest
                .filter(|listed| match query.only {
                    ListOnly::Paid => listed.payment.state == PaymentState::Paid,
                    ListOnly::Refunded => !listed.refunds.is_empty(),
                })
                .collect();
            let at = after.and_then(|after| wanted.iter().position(|listed| listed.payment.name == after));
            let rest = wanted.get(at.map_or(0, |at| at.saturating_add(1))..).unwrap_or_default();
            let charges: Vec<_> = rest.iter().take(PAGE).cloned().collect();
            let last = charges.last().filter(|_| rest.len() > PAGE);
            Ok(ListPage { next: last.map(|last| last.payment.name.clone()), charges, unreadable: Vec::new() })
        })
    }

    async fn look_up(&self, id: &ChargeId) -> Result<Option<ListedCharge>, GatewayError> {
        self.answer(Call::FindCharge, |state| Ok(state.charge(id).map(|charge| state.listed(charge))))
    }

    async fn refunds_of(&self, id: &ChargeId) -> Result<Vec<TheirRefund>, GatewayError> {
        self.answer(Call::ListRefunds, |state| Ok(state.refunds_of(id)))
    }
}

impl State {
    fn listed(&self, charge: &Charge) -> ListedCharge {
        let payment = TheirPayment {
            name: charge.id.to_string(),
            charge_id: Some(charge.id.clone()),
            number: charge.gateway_order_no.to_string(),
            amount: charge.amount,
            currency: Some(charge.currency.clone()),
            app_id: Some(charge.app_id.clone()),
            mode: Some(charge.mode),
            state: match (charge.paid, charge.reversed) {
                (true, _) => PaymentState::Paid,
                (false, true) => PaymentState::Reversed,
                (false, false) => PaymentState::Unpaid,
            },
            paid_at: charge.paid_at,
        };
        ListedCharge { payment, amount_refunded: charge.amount_refunded, refunds: self.refunds_of(&charge.id) }
    }

    fn refunds_of(&self, id: &ChargeId) -> Vec<TheirRefund> {
        let of_charge = self.refunds.iter().filter(|refund| refund.charge_id == *id);
        let told = |refund: &GatewayRefund| TheirRefund {
            name: refund.id.to_string(),
            refund_id: Some(refund.id.clone()),
            charge_id: Some(refund.charge_id.clone()),
            number: refund.gateway_order_no.as_ref().map(ToString::to_string).unwrap_or_default(),
            amount: refund.amount,
            status: refund.status,
            at: self.refunded_at.get(&refund.id).copied(),
        };
        of_charge.map(told).collect()
    }
}

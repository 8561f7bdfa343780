//! How packages are paid: the purchase that waits, and its charge.

use super::purchases::{PackageService, PayForPackages, PlacedCharge};
use crate::idempotency::{KeyTurn, RecoveryPoint};
use crate::ids::{GatewayOrderNo, PurchaseNo, UserId};
use crate::packages::error::PlaceRefusal;
use crate::packages::model::{PlacePurchase, Purchase, PurchaseQuery};
use crate::packages::ports::PlacedPurchase;
use crate::packages::rules::place_purchase;
use crate::payments::{Asked, ChargeAttempt, ChargeRequest, MetadataValue, OpenCharge, OpenChargePlan};
use crate::store::{EffectError, StoreError, StoreFault};
use std::net::IpAddr;

/// How often taken numbers are drawn anew.
const DRAWS: usize = 8;

impl PackageService {
    /// Makes a purchase and gives the charge with which the client pays it. A repeat gives the same
    /// purchase and the same charge as long as they are open and nothing of them has changed.
    ///
    /// # Errors
    /// [`PlaceRefusal`]. After `ChargeUnknown` the purchase is kept; a repeat asks for the same charge.
    pub async fn pay(
        &self,
        caller: UserId,
        wanted: &PayForPackages,
    ) -> Result<PlacedCharge, EffectError<PlaceRefusal>> {
        self.pay_once(caller, wanted, None).await
    }

    /// The same in the turn of a key: the purchase that an earlier try has made or found is the one, whatever
    /// became of it, and its charge is asked for again where the answer is missing. A try that came to no
    /// charge is as if it had not been: the packages are placed anew.
    ///
    /// # Errors
    /// [`PlaceRefusal`].
    pub async fn pay_once(
        &self,
        caller: UserId,
        wanted: &PayForPackages,
        turn: Option<&KeyTurn>,
    ) -> Result<PlacedCharge, EffectError<PlaceRefusal>> {
        let placed = match turn.and_then(|turn| turn.point.as_ref()) {
            Some(point) => self.placed(caller, wanted.user_id, point).await?,
            None => None,
        };
        let (purchase, plan) = match placed {
            Some(placed) => placed,
            None => self.place(caller, wanted, turn).await?,
        };
        let (attempt, asked) = match plan {
            OpenChargePlan::Reuse(attempt) => return Ok(PlacedCharge { purchase, attempt }),
            OpenChargePlan::AskAgain(attempt) => (attempt, Asked::Again),
            OpenChargePlan::Open(attempt) => (attempt, Asked::Never),
        };
        let request = charge_request(&purchase, &attempt, wanted.client_ip);
        let answer = self.parts.payments.request_charge(&attempt, &request, asked).await;
        let attempt = answer.map_err(|error| {
            error.into_effect(PlaceRefusal::ChargeRefused, PlaceRefusal::ChargePostponed, PlaceRefusal::ChargeUnknown)
        })?;
        Ok(PlacedCharge { purchase, attempt })
    }

    async fn place(
        &self,
        caller: UserId,
        wanted: &PayForPackages,
        turn: Option<&KeyTurn>,
    ) -> Result<(Purchase, OpenChargePlan), EffectError<PlaceRefusal>> {
        let (at, policy) = (self.parts.clock.now(), &self.parts.policy);
        for _ in 0..DRAWS {
            let candidate = GatewayOrderNo::issue(at, self.parts.ids.draw());
            let command = PlacePurchase {
                buyer: caller,
                user_id: wanted.user_id,
                purchase_no: PurchaseNo::issue(at, self.parts.ids.draw()),
                kind: wanted.kind,
                package_ids: wanted.package_ids.clone(),
                claimed: wanted.claimed,
                charge: OpenCharge::new(wanted.channel, candidate, at, policy.charge_lifetime),
                expires_at: at.checked_add_signed(policy.purchase_lifetime).unwrap_or(at),
                claim: turn.map(|turn| turn.claim.clone()),
            };
            if let PlacedPurchase::Planned(plan) = self.parts.store.place(&command, place_purchase).await? {
                return Ok(plan.into_parts());
            }
        }
        Err(EffectError::Store(StoreError::new(StoreFault::Unavailable, "no free purchase number was drawn")))
    }

    /// What an earlier try of the same request has made or found; `None` when it came to no charge.
    async fn placed(
        &self,
        caller: UserId,
        user_id: UserId,
        point: &RecoveryPoint,
    ) -> Result<Option<(Purchase, OpenChargePlan)>, EffectError<PlaceRefusal>> {
        let corrupt = || StoreError::new(StoreFault::Corrupt, "no purchase of that number was made");
        let number = GatewayOrderNo::parse(&point.0).map_err(|_| corrupt())?;
        let found = self.parts.store.find(caller, user_id, &PurchaseQuery::Number(number.clone())).await?;
        let found = found.ok_or(EffectError::Refused(PlaceRefusal::NotYours))?;
        let purchase = found.into_iter().next().ok_or_else(corrupt)?;
        let attempts = self.attempts_of(&purchase).await?;
        let attempt = attempts.into_iter().find(|attempt| attempt.gateway_order_no == number).ok_or_else(corrupt)?;
        Ok(OpenChargePlan::resumed(attempt).map(|plan| (purchase, plan)))
    }
}

/// The payer reads what the catalogue says, not what a client claims; and the same attempt is always
/// asked for with the same words, since the gateway knows a request by them.
fn charge_request(purchase: &Purchase, attempt: &ChargeAttempt, client_ip: IpAddr) -> ChargeRequest {
    const MAX_SUBJECT: usize = 32;
    const MAX_BODY: usize = 128;
    let number = MetadataValue::Text(purchase.purchase_no.as_str().to_owned());
    ChargeRequest {
        gateway_order_no: attempt.gateway_order_no.clone(),
        channel: attempt.channel,
        amount: attempt.amount,
        client_ip,
        open_id: None,
        subject: purchase.project_name.chars().take(MAX_SUBJECT).collect(),
        body: purchase.item_names().chars().take(MAX_BODY).collect(),
        metadata: vec![
            ("purchase_no", number),
            ("user_id", MetadataValue::Number(purchase.user_id.get())),
            ("buyer", MetadataValue::Number(purchase.buyer.get())),
            ("kind", MetadataValue::Text(purchase.kind.code().to_owned())),
        ],
        expires_at: attempt.expires_at,
    }
}

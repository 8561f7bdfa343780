//! What students and guardians do.

use crate::clock::{Clock, Timestamp};
use crate::idempotency::{KeyTurn, RecoveryPoint};
use crate::ids::{GatewayOrderNo, IdSource, PackageId, PurchaseNo, PurchaseRecordId, UserId};
use crate::packages::error::{PlaceRefusal, SearchRefusal, SuccessRefusal};
use crate::packages::model::{
    ClaimedAmount, ClosePurchase, PaidRecord, PlacePurchase, ProjectKind, Purchase, PurchaseKind, PurchaseQuery,
    PurchaseRecord, PurchaseState, QuoteSheet, SearchKind, Student,
};
use crate::packages::ports::{PackageStore, PlacedPurchase};
use crate::packages::rules::{OfferView, close_purchase, place_purchase, quotes, search};
use crate::payments::{
    Asked, Channel, ChargeAttempt, ChargeRequest, ChargeSubject, Closing, ConfirmError, MetadataValue, OpenCharge,
    OpenChargePlan, PaymentService, Receipt, Round,
};
use crate::store::{EffectError, StoreError, StoreFault};
use chrono::TimeDelta;
use std::net::IpAddr;
use std::sync::Arc;

/// How often taken numbers are drawn anew.
const DRAWS: usize = 8;

/// What staff decides about purchases.
#[derive(Debug, Clone)]
pub struct PackagePolicy {
    /// For how long a purchase can be paid.
    pub purchase_lifetime: TimeDelta,
    /// For how long a charge can be paid; never longer than its purchase.
    pub charge_lifetime: TimeDelta,
}

/// The parts of [`PackageService`].
pub struct Packages {
    /// Where purchases are kept.
    pub store: Arc<dyn PackageStore>,
    /// Charges.
    pub payments: PaymentService,
    /// What staff decided.
    pub policy: PackagePolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// What is to be bought, and how it will be paid: PayMoney of the campus API.
#[derive(Debug, Clone)]
pub struct PayForPackages {
    /// The student.
    pub user_id: UserId,
    /// How it is bought.
    pub kind: PurchaseKind,
    /// The packages.
    pub package_ids: Vec<PackageId>,
    /// Through which channel.
    pub channel: Channel,
    /// What the client believes the total to be.
    pub claimed: Option<ClaimedAmount>,
    /// The payer's address, as far as it is known.
    pub client_ip: IpAddr,
}

/// A purchase that waits for payment, with the charge that pays it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedCharge {
    /// The purchase.
    pub purchase: Purchase,
    /// The attempt, with the gateway's charge document.
    pub attempt: ChargeAttempt,
}

/// A purchase with what was paid for it and could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseStatus {
    /// The purchase.
    pub purchase: Purchase,
    /// Payments that go back, or have gone back: second ones, late ones.
    pub unapplied: Vec<Receipt>,
}

/// Shows and sells packages: adds time and ids, hands the pure rule to the store. Who asks is named by
/// `caller`; the store finds nothing for a caller who is neither the student nor bound to the student.
///
/// A mocked store still runs the real rule:
///
/// ```
/// # use edupay_domain::{packages::*, payments::*, ids::*, clock::Timestamp, store::EffectError};
/// # use chrono::TimeDelta;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut store = MockPackageStore::new();
/// store.expect_place().returning(|command, rule| {
///     match rule(command, &PlaceView { offer: None, unpaid: Vec::new() }) {
///         Ok(_) => unreachable!("the caller may not act for the student"),
///         Err(refusal) => Err(EffectError::Refused(refusal)),
///     }
/// });
/// let candidate = GatewayOrderNo::parse("22016061511535000000").unwrap();
/// let command = PlacePurchase {
///     buyer: UserId::try_new(1).unwrap(),
///     user_id: UserId::try_new(10_129_580).unwrap(),
///     purchase_no: PurchaseNo::parse("42016061511535000000").unwrap(),
///     kind: PurchaseKind::New,
///     package_ids: vec![PackageId::try_new(10_000_001).unwrap()],
///     claimed: None,
///     charge: OpenCharge::new(Channel::Wx, candidate, Timestamp::default(), TimeDelta::hours(24)),
///     expires_at: Timestamp::default(),
///     claim: None,
/// };
/// let refused = store.place(&command, place_purchase).await;
/// assert!(matches!(refused, Err(EffectError::Refused(PlaceRefusal::NotYours))));
/// # });
/// ```
#[derive(Clone)]
pub struct PackageService {
    parts: Arc<Packages>,
}

impl PackageService {
    /// The most purchases of one page.
    pub const MAX_PAGE: u32 = 100;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Packages) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Whether the caller may act for the student; `false` also when there is no such student.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn may_act_for(&self, caller: UserId, user_id: UserId) -> Result<bool, StoreError> {
        self.parts.store.may_act_for(caller, user_id).await
    }

    /// The students that the caller may act for, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn wards(&self, caller: UserId) -> Result<Vec<Student>, StoreError> {
        self.parts.store.wards(caller).await
    }

    /// What SearchPayPackages shows: one project's packages. Changes nothing.
    ///
    /// # Errors
    /// [`SearchRefusal`].
    pub async fn search(
        &self,
        caller: UserId,
        user_id: UserId,
        kind: ProjectKind,
        wanted: SearchKind,
    ) -> Result<QuoteSheet, EffectError<SearchRefusal>> {
        let view = self.offer(caller, user_id, kind).await?;
        search(&view, wanted, self.parts.clock.now()).map_err(EffectError::Refused)
    }

    /// Everything that can be bought for the student now, with the price that [`Self::pay`] will ask and
    /// the days it will give if it is paid today. Changes nothing.
    ///
    /// # Errors
    /// [`SearchRefusal`].
    pub async fn quotes(
        &self,
        caller: UserId,
        user_id: UserId,
        kind: ProjectKind,
    ) -> Result<Vec<QuoteSheet>, EffectError<SearchRefusal>> {
        let view = self.offer(caller, user_id, kind).await?;
        quotes(&view, self.parts.clock.now()).map_err(EffectError::Refused)
    }

    async fn offer(
        &self,
        caller: UserId,
        user_id: UserId,
        kind: ProjectKind,
    ) -> Result<OfferView, EffectError<SearchRefusal>> {
        let view = self.parts.store.offer(caller, user_id, kind).await?;
        view.ok_or(EffectError::Refused(SearchRefusal::NotYours))
    }

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
    /// became of it, and its charge is asked for again where the answer is missing.
    ///
    /// # Errors
    /// [`PlaceRefusal`].
    pub async fn pay_once(
        &self,
        caller: UserId,
        wanted: &PayForPackages,
        turn: Option<&KeyTurn>,
    ) -> Result<PlacedCharge, EffectError<PlaceRefusal>> {
        let (purchase, plan) = match turn.and_then(|turn| turn.point.as_ref()) {
            Some(point) => self.placed(caller, wanted.user_id, point).await?,
            None => self.place(caller, wanted, turn).await?,
        };
        let (attempt, asked) = match plan {
            OpenChargePlan::Reuse(attempt) => return Ok(PlacedCharge { purchase, attempt }),
            OpenChargePlan::AskAgain(attempt) => (attempt, Asked::Again),
            OpenChargePlan::Open(attempt) => (attempt, Asked::Never),
        };
        let request = charge_request(&purchase, &attempt, wanted.client_ip);
        let answer = self.parts.payments.request_charge(&attempt, &request, asked).await;
        let attempt =
            answer.map_err(|error| error.into_effect(PlaceRefusal::ChargeRefused, PlaceRefusal::ChargeUnknown))?;
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

    /// What an earlier try of the same request has made or found.
    async fn placed(
        &self,
        caller: UserId,
        user_id: UserId,
        point: &RecoveryPoint,
    ) -> Result<(Purchase, OpenChargePlan), EffectError<PlaceRefusal>> {
        let corrupt = || StoreError::new(StoreFault::Corrupt, "no purchase of that number was made");
        let number = GatewayOrderNo::parse(&point.0).map_err(|_| corrupt())?;
        let found = self.parts.store.find(caller, user_id, &PurchaseQuery::Number(number.clone())).await?;
        let found = found.ok_or(EffectError::Refused(PlaceRefusal::NotYours))?;
        let purchase = found.into_iter().next().ok_or_else(corrupt)?;
        let attempts = self.attempts_of(&purchase).await?;
        let attempt = attempts.into_iter().find(|attempt| attempt.gateway_order_no == number).ok_or_else(corrupt)?;
        let plan = OpenChargePlan::resumed(attempt).ok_or(EffectError::Refused(PlaceRefusal::ChargeRefused))?;
        Ok((purchase, plan))
    }

    /// What was bought, by record ids or by a number of the gateway's: a record for each id, in their
    /// order, or all records of the number. What is not paid as far as we know is asked for at the
    /// gateway, once; a gateway that can't be asked leaves it unpaid.
    ///
    /// # Errors
    /// [`SuccessRefusal`]; `NotFound` when one of the ids is not the student's, whoever has it.
    pub async fn success(
        &self,
        caller: UserId,
        user_id: UserId,
        query: &PurchaseQuery,
    ) -> Result<Vec<PaidRecord>, EffectError<SuccessRefusal>> {
        let mut purchases = self.found(caller, user_id, query).await?;
        let unpaid: Vec<_> =
            purchases.iter().filter(|purchase| purchase.state == PurchaseState::Unpaid).cloned().collect();
        for purchase in &unpaid {
            self.refresh(purchase).await?;
        }
        if !unpaid.is_empty() {
            // Whoever booked the charge: a callback may have, between our look and the gateway's answer.
            purchases = self.found(caller, user_id, query).await?;
        }
        paid_records(&purchases, query).map_err(EffectError::Refused)
    }

    async fn found(
        &self,
        caller: UserId,
        user_id: UserId,
        query: &PurchaseQuery,
    ) -> Result<Vec<Purchase>, EffectError<SuccessRefusal>> {
        let found = self.parts.store.find(caller, user_id, query).await?;
        found.ok_or(EffectError::Refused(SuccessRefusal::NotYours))
    }

    /// Books what the gateway says was paid. A gateway that can't be asked changes nothing.
    async fn refresh(&self, purchase: &Purchase) -> Result<(), StoreError> {
        let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
        self.parts.payments.repair(purchase.user_id, &subject).await
    }

    async fn attempts_of(&self, purchase: &Purchase) -> Result<Vec<ChargeAttempt>, StoreError> {
        let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
        self.parts.payments.attempts_of(purchase.user_id, &subject).await
    }

    /// The same as [`Self::status`], but while the purchase is unpaid the gateway is asked, so that a lost
    /// callback heals when somebody reads; a gateway that can't be asked changes nothing about the answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn repaired_status(
        &self,
        caller: UserId,
        user_id: UserId,
        number: GatewayOrderNo,
    ) -> Result<Option<PurchaseStatus>, StoreError> {
        let found = self.status(caller, user_id, number.clone()).await?;
        match &found {
            Some(status) if status.purchase.state == PurchaseState::Unpaid => {
                self.refresh(&status.purchase).await?;
                // Whoever booked the charge: a callback may have, between our look and the gateway's answer.
                self.status(caller, user_id, number).await
            }
            _ => Ok(found),
        }
    }

    /// How far a purchase has come, with the payments for it that go back: what a page shows while it
    /// waits. The gateway is not asked. `None` when the caller may not know of it or there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn status(
        &self,
        caller: UserId,
        user_id: UserId,
        number: GatewayOrderNo,
    ) -> Result<Option<PurchaseStatus>, StoreError> {
        let found = self.parts.store.find(caller, user_id, &PurchaseQuery::Number(number)).await?;
        let Some(purchase) = found.into_iter().flatten().next() else { return Ok(None) };
        let mut unapplied = Vec::new();
        for charge_id in self.attempts_of(&purchase).await?.into_iter().filter_map(|attempt| attempt.charge_id) {
            let receipt = self.parts.payments.find_receipt(user_id, &charge_id).await?;
            unapplied.extend(receipt.filter(|receipt| receipt.reason.is_some()));
        }
        Ok(Some(PurchaseStatus { purchase, unapplied }))
    }

    /// The student's purchases below a number, newest first; `limit` is cut to 1..=[`Self::MAX_PAGE`].
    /// `None` when the caller may not know of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(
        &self,
        caller: UserId,
        user_id: UserId,
        below: Option<PurchaseNo>,
        limit: u32,
    ) -> Result<Option<Vec<Purchase>>, StoreError> {
        self.parts.store.list(caller, user_id, below, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Closes purchases whose time has run out, after asking the gateway whether they were paid in time;
    /// as for orders, see [`PaymentService::before_closing`].
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one purchase is in the [`Round`].
    pub async fn close_expired(&self, limit: u32) -> Result<Round, StoreError> {
        let mut round = Round::default();
        for (user_id, purchase_no, expires_at) in self.parts.store.expired(self.parts.clock.now(), limit).await? {
            let closed = self.close(user_id, &purchase_no, expires_at).await;
            round.outage.note(&closed, ConfirmError::is_outage);
            round.count(purchase_no.as_str(), closed);
            if round.outage.is_plain() {
                break;
            }
        }
        Ok(round)
    }

    async fn close(
        &self,
        user_id: UserId,
        purchase_no: &PurchaseNo,
        expires_at: Timestamp,
    ) -> Result<bool, ConfirmError> {
        let subject = ChargeSubject::Purchase(purchase_no.clone());
        if self.parts.payments.before_closing(user_id, &subject, expires_at).await? == Closing::Paid {
            return Ok(true);
        }
        let (at, event_id) = (self.parts.clock.now(), self.parts.ids.event_id());
        let command = ClosePurchase { user_id, purchase_no: purchase_no.clone(), at, event_id };
        let purchase = self.parts.store.close(&command, close_purchase).await?;
        Ok(purchase.is_some_and(|purchase| purchase.state == PurchaseState::Closed))
    }
}

fn paid_records(purchases: &[Purchase], query: &PurchaseQuery) -> Result<Vec<PaidRecord>, SuccessRefusal> {
    let all = || purchases.iter().flat_map(|purchase| purchase.records.iter().map(move |record| (purchase, record)));
    let chosen: Vec<_> = match query {
        PurchaseQuery::Number(_) => all().collect(),
        PurchaseQuery::Records(ids) => {
            let find =
                |id: &PurchaseRecordId| all().find(|(_, record)| record.id == *id).ok_or(SuccessRefusal::NotFound);
            ids.iter().map(find).collect::<Result<_, _>>()?
        }
    };
    if chosen.is_empty() {
        return Err(SuccessRefusal::NotFound);
    }
    let paid = |(purchase, record): (&Purchase, &PurchaseRecord)| match purchase.state {
        PurchaseState::Paid { .. } => Ok(PaidRecord {
            purchase_no: purchase.purchase_no.clone(),
            project_name: purchase.project_name.clone(),
            holder: purchase.holder.clone(),
            record: record.clone(),
        }),
        PurchaseState::Unpaid | PurchaseState::Closed => Err(SuccessRefusal::NotPaid),
    };
    chosen.into_iter().map(paid).collect()
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

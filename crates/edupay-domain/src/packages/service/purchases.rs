//! What students and guardians do.

use crate::clock::{Clock, Timestamp};
use crate::ids::{GatewayOrderNo, IdSource, PackageId, PurchaseNo, PurchaseRecordId, UserId};
use crate::packages::error::{SearchRefusal, SuccessRefusal};
use crate::packages::model::{
    ClaimedAmount, ClosePurchase, PaidRecord, ProjectKind, Purchase, PurchaseKind, PurchaseQuery, PurchaseRecord,
    PurchaseState, QuoteSheet, SearchKind, Student,
};
use crate::packages::ports::PackageStore;
use crate::packages::rules::{OfferView, close_purchase, quotes, search};
use crate::payments::{Channel, ChargeAttempt, ChargeSubject, Closing, ConfirmError, PaymentService, Receipt, Round};
use crate::store::{EffectError, StoreError};
use chrono::TimeDelta;
use std::net::IpAddr;
use std::sync::Arc;

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
    pub(super) parts: Arc<Packages>,
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

    pub(super) async fn attempts_of(&self, purchase: &Purchase) -> Result<Vec<ChargeAttempt>, StoreError> {
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
        match self.parts.payments.before_closing(user_id, &subject, expires_at).await? {
            Closing::Paid => return Ok(true),
            Closing::Searched => return Ok(false),
            Closing::Due => {}
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

//! Purchases and periods in memory.

use super::{MemoryStore, State, at_most, corrupt, wall};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{GatewayOrderNo, ProjectId, PurchaseNo, UserId};
use edupay_domain::ledger::LedgerError;
use edupay_domain::packages::{
    ClosePurchase, ClosePurchasePlan, ClosePurchaseRule, ConfirmPurchaseCharge, ConfirmPurchaseRule,
    ConfirmPurchaseView, OfferView, PackageStore, PaidPurchase, PlacePlan, PlacePurchase, PlacePurchaseRule,
    PlaceRefusal, PlaceView, PlacedPurchase, Project, ProjectKind, Purchase, PurchaseQuery, PurchaseState,
    ServicePeriod, Student, UnpaidPurchase,
};
use edupay_domain::payments::{ChargeSubject, Confirmation, ConfirmationPlan, OpenChargePlan};
use edupay_domain::store::{EffectError, StoreError};

impl State {
    /// The student, when the caller may act for the student.
    fn ward(&self, caller: UserId, user_id: UserId) -> Option<&Student> {
        let may = caller == user_id || self.guardians.contains(&(user_id, caller));
        self.students.get(&user_id).filter(|_| may)
    }

    pub(super) fn purchase(&self, user_id: UserId, purchase_no: &PurchaseNo) -> Option<&Purchase> {
        self.purchases.get(&user_id)?.iter().find(|purchase| purchase.purchase_no == *purchase_no)
    }

    pub(super) fn put_purchase(&mut self, purchase: Purchase) {
        let purchases = self.purchases.entry(purchase.user_id).or_default();
        match purchases.iter_mut().find(|other| other.purchase_no == purchase.purchase_no) {
            Some(other) => *other = purchase,
            None => purchases.push(purchase),
        }
    }

    fn end_waiting_for(&mut self, purchase: &Purchase, at: Timestamp) {
        self.make_due(purchase.user_id, &ChargeSubject::Purchase(purchase.purchase_no.clone()), at);
    }

    fn offer_view(&self, student: &Student, wanted: impl Fn(&Project) -> bool) -> OfferView {
        let projects: Vec<_> = self.projects.values().filter(|project| wanted(project)).cloned().collect();
        let is_of = |project_id: ProjectId| projects.iter().any(|project| project.id == project_id);
        let packages = self.packages.values().filter(|package| is_of(package.project_id)).cloned().collect();
        let periods = self.periods.get(&student.user_id).into_iter().flatten();
        let periods = periods.filter(|held| is_of(held.project_id)).cloned().collect();
        OfferView { student: student.clone(), projects, packages, periods }
    }

    pub(super) fn place_view(&self, command: &PlacePurchase) -> PlaceView {
        let named = |project: &Project| {
            let mut packages = command.package_ids.iter().filter_map(|id| self.packages.get(id));
            packages.any(|package| package.project_id == project.id)
        };
        let student = self.ward(command.buyer, command.user_id);
        let offer = student.map(|student| self.offer_view(student, named));
        let is_of = |purchase: &&Purchase| {
            let mut projects = offer.iter().flat_map(|offer| &offer.projects);
            purchase.state == PurchaseState::Unpaid && projects.any(|project| project.id == purchase.project_id)
        };
        let unpaid = self.purchases.get(&command.user_id).into_iter().flatten().filter(is_of);
        let unpaid = unpaid.map(|purchase| UnpaidPurchase {
            purchase: purchase.clone(),
            attempts: self.attempts_of(command.user_id, &ChargeSubject::Purchase(purchase.purchase_no.clone())),
        });
        PlaceView { unpaid: unpaid.collect(), offer }
    }

    pub(super) fn write_placed(&mut self, plan: PlacePlan) -> PlacedPurchase {
        match &plan {
            PlacePlan::Place { purchase, attempt } => {
                let taken = self.purchase_numbers.contains_key(&purchase.purchase_no);
                if taken || !self.add_attempt(attempt.clone()) {
                    return PlacedPurchase::NumberTaken;
                }
                self.purchase_numbers.insert(purchase.purchase_no.clone(), purchase.user_id);
                self.put_purchase(purchase.clone());
            }
            PlacePlan::Wait { charge: OpenChargePlan::Open(attempt), .. } => {
                if !self.add_attempt(attempt.clone()) {
                    return PlacedPurchase::NumberTaken;
                }
            }
            PlacePlan::Wait { .. } => {}
        }
        PlacedPurchase::Planned(plan)
    }

    pub(super) fn confirm_purchase_view(
        &self,
        command: &ConfirmPurchaseCharge,
    ) -> Result<ConfirmPurchaseView, StoreError> {
        let user_id = command.route.user_id;
        let purchase = self.purchase(user_id, &command.purchase_no);
        let ids = purchase.into_iter().flat_map(|purchase| purchase.records.iter().map(|record| record.package_id));
        let is_of = |held: &&ServicePeriod| purchase.is_some_and(|purchase| purchase.project_id == held.project_id);
        Ok(ConfirmPurchaseView {
            wallet: self.wallet(user_id).ok_or_else(|| corrupt("the attempt has no user"))?,
            attempt: self.attempt(user_id, &command.route.gateway_order_no)?.clone(),
            project: purchase.and_then(|purchase| self.projects.get(&purchase.project_id)).cloned(),
            packages: ids.filter_map(|id| self.packages.get(&id)).cloned().collect(),
            periods: self.periods.get(&user_id).into_iter().flatten().filter(is_of).cloned().collect(),
            purchase: purchase.cloned(),
            receipt: self.receipt(user_id, &command.charge.id).cloned(),
        })
    }

    /// A record gives one period, and an upgrade replaces one that is there.
    pub(super) fn check_confirmed_purchase(&self, plan: &ConfirmationPlan<PaidPurchase>) -> Result<(), StoreError> {
        if let ConfirmationPlan::Apply { subject, .. } = plan {
            let stored = self.periods.get(&subject.purchase.user_id).into_iter().flatten();
            let is_there = |held: &ServicePeriod| stored.clone().any(|other| other.record_id == held.record_id);
            wall(!subject.periods.iter().any(is_there), "the record has a period")?;
            wall(subject.superseded.iter().all(is_there), "the replaced period is not there")?;
        }
        self.check_confirmation(plan)
    }

    pub(super) fn write_confirmed_purchase(
        &mut self,
        plan: ConfirmationPlan<PaidPurchase>,
        at: Timestamp,
    ) -> Confirmation {
        self.write_confirmation(plan, at, |state, PaidPurchase { purchase, periods, superseded }| {
            state.end_waiting_for(&purchase, at);
            let stored = state.periods.entry(purchase.user_id).or_default();
            for replaced in superseded {
                if let Some(held) = stored.iter_mut().find(|held| held.record_id == replaced.record_id) {
                    *held = replaced;
                }
            }
            stored.extend(periods);
            state.put_purchase(purchase);
        })
    }

    fn is_asked_for(&self, purchase: &Purchase, query: &PurchaseQuery) -> bool {
        match query {
            PurchaseQuery::Records(ids) => purchase.records.iter().any(|record| ids.contains(&record.id)),
            PurchaseQuery::Number(number) => {
                let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
                let attempts = self.attempts_of(purchase.user_id, &subject);
                *number == GatewayOrderNo::of_purchase(&purchase.purchase_no)
                    || attempts.iter().any(|attempt| attempt.gateway_order_no == *number)
            }
        }
    }
}

#[async_trait]
impl PackageStore for MemoryStore {
    async fn may_act_for(&self, caller: UserId, user_id: UserId) -> Result<bool, StoreError> {
        self.transaction(|state| Ok(state.ward(caller, user_id).is_some()))
    }

    async fn wards(&self, caller: UserId) -> Result<Vec<Student>, StoreError> {
        self.transaction(|state| {
            let ids = state.students.keys();
            Ok(ids.filter_map(|user_id| state.ward(caller, *user_id)).cloned().collect())
        })
    }

    async fn offer(&self, caller: UserId, user_id: UserId, kind: ProjectKind) -> Result<Option<OfferView>, StoreError> {
        self.transaction(|state| {
            let offer = |student: &Student| {
                state.offer_view(student, |project| project.kind == kind && project.is_open_to(student.school_id))
            };
            Ok(state.ward(caller, user_id).map(offer))
        })
    }

    async fn place(
        &self,
        command: &PlacePurchase,
        rule: PlacePurchaseRule,
    ) -> Result<PlacedPurchase, EffectError<PlaceRefusal>> {
        self.transaction(|state| {
            let plan = rule(command, &state.place_view(command)).map_err(EffectError::Refused)?;
            let noted = state.noted(command.claim.as_ref(), plan.attempt().gateway_order_no.as_str())?;
            let placed = state.write_placed(plan);
            if placed != PlacedPurchase::NumberTaken {
                noted.into_iter().for_each(|record| state.put_key(record));
            }
            Ok(placed)
        })
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmPurchaseCharge,
        rule: ConfirmPurchaseRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        self.transaction(|state| {
            let plan = rule(command, &state.confirm_purchase_view(command)?).map_err(EffectError::Refused)?;
            state.check_confirmed_purchase(&plan)?;
            Ok(state.write_confirmed_purchase(plan, command.at))
        })
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, PurchaseNo, Timestamp)>, StoreError> {
        self.transaction(|state| {
            let purchases = state.purchases.values().flatten();
            let unpaid = purchases.filter(|purchase| purchase.state == PurchaseState::Unpaid);
            let mut expired: Vec<_> = unpaid.filter(|purchase| purchase.expires_at <= now).collect();
            expired.sort_by_key(|purchase| purchase.expires_at);
            let name = |purchase: &Purchase| (purchase.user_id, purchase.purchase_no.clone(), purchase.expires_at);
            Ok(at_most(expired.into_iter().map(name), limit))
        })
    }

    async fn close(&self, command: &ClosePurchase, rule: ClosePurchaseRule) -> Result<Option<Purchase>, StoreError> {
        self.transaction(|state| {
            let Some(purchase) = state.purchase(command.user_id, &command.purchase_no) else { return Ok(None) };
            Ok(Some(match rule(command, purchase) {
                ClosePurchasePlan::Close { purchase, events } => {
                    state.end_waiting_for(&purchase, command.at);
                    state.put_purchase(purchase.clone());
                    state.outbox.extend(events);
                    purchase
                }
                ClosePurchasePlan::Keep(purchase) => purchase,
            }))
        })
    }

    async fn find(
        &self,
        caller: UserId,
        user_id: UserId,
        query: &PurchaseQuery,
    ) -> Result<Option<Vec<Purchase>>, StoreError> {
        self.transaction(|state| {
            let purchases = state.purchases.get(&user_id).into_iter().flatten();
            let mut found: Vec<_> = purchases.filter(|purchase| state.is_asked_for(purchase, query)).cloned().collect();
            found.sort_by(|one, other| one.purchase_no.cmp(&other.purchase_no));
            Ok(state.ward(caller, user_id).map(|_| found))
        })
    }

    async fn list(
        &self,
        caller: UserId,
        user_id: UserId,
        below: Option<PurchaseNo>,
        limit: u32,
    ) -> Result<Option<Vec<Purchase>>, StoreError> {
        self.transaction(|state| {
            let purchases = state.purchases.get(&user_id).into_iter().flatten();
            let is_below = |purchase: &&Purchase| below.as_ref().is_none_or(|below| purchase.purchase_no < *below);
            let mut page: Vec<_> = purchases.filter(is_below).collect();
            page.sort_by(|one, other| other.purchase_no.cmp(&one.purchase_no));
            Ok(state.ward(caller, user_id).map(|_| at_most(page.into_iter().cloned(), limit)))
        })
    }
}

//! How packages are bought: checked, priced, copied.

use super::holdings::Holdings;
use super::quote::OfferView;
use super::terms::terms;
use crate::ids::{GatewayOrderNo, PackageId, PurchaseRecordId};
use crate::money::Money;
use crate::packages::error::PlaceRefusal;
use crate::packages::model::{
    Day, Holder, Package, PlacePurchase, Project, Purchase, PurchaseKind, PurchaseRecord, PurchaseState, Selection,
    Student,
};
use crate::payments::{ChargeAttempt, ChargeSubject, OpenChargePlan, Payable, open_charge};

/// A purchase that waits for payment, with its attempts, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpaidPurchase {
    /// The purchase.
    pub purchase: Purchase,
    /// Its attempts.
    pub attempts: Vec<ChargeAttempt>,
}

/// What making a purchase sees: the student's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceView {
    /// The student with the projects of the named packages, whoever they are open to; `None` when there
    /// is no such student or the buyer may not act for the student.
    pub offer: Option<OfferView>,
    /// The student's unpaid purchases, oldest first, as far as they are of these projects.
    pub unpaid: Vec<UnpaidPurchase>,
}

/// What is to be done for a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlacePlan {
    /// Store this purchase with its first attempt, then ask the gateway.
    Place {
        /// The purchase.
        purchase: Purchase,
        /// Its first attempt.
        attempt: ChargeAttempt,
    },
    /// The same purchase waits for payment already: only its charge is to be looked at.
    Wait {
        /// The purchase.
        purchase: Purchase,
        /// What is to be done for its charge.
        charge: OpenChargePlan,
    },
}

impl PlacePlan {
    /// The attempt that pays, new or old.
    #[must_use]
    pub fn attempt(&self) -> &ChargeAttempt {
        match self {
            Self::Place { attempt, .. } => attempt,
            Self::Wait { charge, .. } => charge.attempt(),
        }
    }

    /// The purchase, new or old, and what is to be done for its charge.
    #[must_use]
    pub fn into_parts(self) -> (Purchase, OpenChargePlan) {
        match self {
            Self::Place { purchase, attempt } => (purchase, OpenChargePlan::Open(attempt)),
            Self::Wait { purchase, charge } => (purchase, charge),
        }
    }
}

/// Packages of one project are bought at the catalogue's price for a student whom the buyer may act for
/// (contract section 5). The client's amount is compared and never used.
///
/// The same purchase again (the same packages, prices, terms and basis, for the student as the school
/// knows the student now) is the one that waits for payment already, so that a repeat or a double click
/// makes one; by another guardian too. If anything of it has changed, a price above all, it is another
/// purchase, and the earlier one stays as it was made.
///
/// # Errors
/// [`PlaceRefusal`]; nothing is written.
pub fn place_purchase(command: &PlacePurchase, view: &PlaceView) -> Result<PlacePlan, PlaceRefusal> {
    let offer = view.offer.as_ref().ok_or(PlaceRefusal::NotYours)?;
    let (project, packages) = selected(command, offer)?;
    if !project.channels.contains(&command.charge.channel) {
        return Err(PlaceRefusal::ChannelNotOffered);
    }
    let records = records(command, offer, project, &packages)?;
    let amount = Money::checked_sum(records.iter().map(|record| record.price)).ok_or(PlaceRefusal::TooLarge)?;
    if command.claimed.is_some_and(|claimed| !claimed.matches(amount)) {
        return Err(PlaceRefusal::AmountDiffers);
    }
    let purchase = Purchase {
        user_id: command.user_id,
        purchase_no: command.purchase_no.clone(),
        buyer: command.buyer,
        kind: command.kind,
        project_id: project.id,
        project_name: project.name.clone(),
        holder: holder(&offer.student),
        records,
        amount,
        state: PurchaseState::Unpaid,
        created_at: command.charge.at,
        expires_at: command.expires_at,
    };
    let open = |unpaid: &&UnpaidPurchase| {
        unpaid.purchase.expires_at > command.charge.at && is_the_same(&unpaid.purchase, &purchase)
    };
    if let Some(UnpaidPurchase { purchase, attempts }) = view.unpaid.iter().find(open) {
        let charge = open_charge(&command.charge, payable(purchase), attempts);
        return Ok(PlacePlan::Wait { purchase: purchase.clone(), charge });
    }
    let attempt = match open_charge(&command.charge, payable(&purchase), &[]) {
        OpenChargePlan::Open(attempt) | OpenChargePlan::Reuse(attempt) | OpenChargePlan::AskAgain(attempt) => attempt,
    };
    Ok(PlacePlan::Place { purchase, attempt })
}

/// The project and the packages that are named: each once, offered, and all of one project.
fn selected<'a>(
    command: &PlacePurchase,
    offer: &'a OfferView,
) -> Result<(&'a Project, Vec<&'a Package>), PlaceRefusal> {
    let (ids, at) = (&command.package_ids, command.charge.at);
    let repeated = ids.iter().enumerate().any(|(index, id)| ids.iter().take(index).any(|other| other == id));
    if ids.is_empty() || ids.len() > Purchase::MAX_RECORDS || repeated {
        return Err(PlaceRefusal::BadSelection);
    }
    let find = |id: &PackageId| {
        let package = offer.packages.iter().find(|package| package.id == *id)?;
        let project = offer.projects.iter().find(|project| project.id == package.project_id)?;
        let offered = package.availability.is_offered_at(at)
            && project.availability.is_offered_at(at)
            && project.is_open_to(offer.student.school_id);
        offered.then_some((project, package))
    };
    let found = ids.iter().map(|id| find(id).ok_or(PlaceRefusal::NotOffered(*id))).collect::<Result<Vec<_>, _>>()?;
    let project = found.first().map(|(project, _)| *project).ok_or(PlaceRefusal::BadSelection)?;
    if found.iter().any(|(other, _)| other.id != project.id) {
        return Err(PlaceRefusal::SeveralProjects);
    }
    // An upgrade puts one package in the place of one.
    let one = project.selection == Selection::Single || command.kind == PurchaseKind::Upgrade;
    if one && found.len() > 1 {
        return Err(PlaceRefusal::BadSelection);
    }
    Ok((project, found.into_iter().map(|(_, package)| package).collect()))
}

fn records(
    command: &PlacePurchase,
    offer: &OfferView,
    project: &Project,
    packages: &[&Package],
) -> Result<Vec<PurchaseRecord>, PlaceRefusal> {
    let (holdings, today) = (Holdings::of(project, &offer.periods), Day::of(command.charge.at));
    let record = |(line, package): (u8, &&Package)| {
        let terms = terms(command.kind, project, &offer.packages, &holdings, package, today)?;
        Ok(PurchaseRecord {
            id: PurchaseRecordId::of(&command.purchase_no, line).map_err(|_| PlaceRefusal::BadSelection)?,
            package_id: package.id,
            item_name: package.name.clone(),
            list_price: package.list_price,
            price: terms.price,
            term: package.term,
            basis: terms.basis,
            period: None,
        })
    };
    (1..).zip(packages).map(record).collect()
}

fn holder(student: &Student) -> Holder {
    let texts = &student.texts;
    Holder {
        name: texts.name.clone(),
        card_no: student.card().map(|card| card.card_no.clone()),
        imei: texts.imei.clone(),
        sim: texts.sim.clone(),
        grade_name: texts.grade_name.clone(),
        class_name: texts.class_name.clone(),
        mobile: texts.mobile.clone(),
    }
}

/// Whether two purchases promise the same, in whatever order their packages were named.
fn is_the_same(one: &Purchase, other: &Purchase) -> bool {
    let is_promised = |record: &PurchaseRecord| other.records.iter().any(|again| is_the_same_record(record, again));
    // No package is in a purchase twice, so as many that are all found are the same ones.
    one.kind == other.kind
        && one.project_id == other.project_id
        && one.project_name == other.project_name
        && one.holder == other.holder
        && one.amount == other.amount
        && one.records.len() == other.records.len()
        && one.records.iter().all(is_promised)
}

fn is_the_same_record(one: &PurchaseRecord, other: &PurchaseRecord) -> bool {
    one.package_id == other.package_id
        && one.item_name == other.item_name
        && one.list_price == other.list_price
        && one.price == other.price
        && one.term == other.term
        && one.basis == other.basis
}

fn payable(purchase: &Purchase) -> Payable {
    Payable {
        user_id: purchase.user_id,
        subject: ChargeSubject::Purchase(purchase.purchase_no.clone()),
        own_number: GatewayOrderNo::of_purchase(&purchase.purchase_no),
        amount: purchase.amount,
        expires_at: purchase.expires_at,
    }
}

//! What a paid charge makes of a purchase, and how a purchase is closed.

use super::holdings::Holdings;
use super::terms::given;
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::ledger::{self, LedgerError, Wallet, post};
use crate::money::Money;
use crate::packages::model::{
    ClosePurchase, ConfirmPurchaseCharge, Day, Package, Project, Purchase, PurchaseRecord, PurchaseState,
    ServicePeriod, Supersession,
};
use crate::payments::{self, ChargeAttempt, ConfirmationPlan, Receipt, ReceiptStatus, UnappliedReason};

/// What confirming a charge sees: the student's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmPurchaseView {
    /// The student's wallet, for the entry's number.
    pub wallet: Wallet,
    /// The attempt the charge is of.
    pub attempt: ChargeAttempt,
    /// The purchase.
    pub purchase: Option<Purchase>,
    /// The purchase's project.
    pub project: Option<Project>,
    /// Those of the purchase's packages that exist.
    pub packages: Vec<Package>,
    /// All periods of the student in the purchase's project.
    pub periods: Vec<ServicePeriod>,
    /// The receipt of this charge, if it was booked before.
    pub receipt: Option<Receipt>,
}

/// A purchase that is paid: what is to be written of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidPurchase {
    /// The purchase, paid, each of its records with its period.
    pub purchase: Purchase,
    /// The new periods, one per record.
    pub periods: Vec<ServicePeriod>,
    /// The earlier periods that an upgrade replaced, in their next state.
    pub superseded: Vec<ServicePeriod>,
}

/// The first right charge pays the purchase and starts its periods; whatever can't be applied is kept,
/// never lost and never fulfilled twice (contract sections 4 and 5).
///
/// A purchase is judged by the moment the payer paid, not by the moment we heard; its days count from
/// the Beijing day of that moment. A charge is kept and goes back when the purchase is paid already or
/// its time had run out, when one of its packages or its project had been withdrawn, and when the
/// student no longer holds what the purchase was quoted on: so of two open purchases of one project that
/// are both paid, the second goes back, unless it is still right as it was promised.
///
/// # Errors
/// [`LedgerError`] when the amount can't be booked.
pub fn confirm_purchase_charge(
    command: &ConfirmPurchaseCharge,
    view: &ConfirmPurchaseView,
) -> Result<ConfirmationPlan<PaidPurchase>, LedgerError> {
    if let Some(receipt) = &view.receipt {
        return Ok(ConfirmationPlan::AlreadyConfirmed(receipt.clone()));
    }
    let charge = &command.charge;
    let subject = match payments::mismatch(charge, &view.attempt, &command.merchant) {
        Some(reason) => Err(reason),
        None => fulfilled(command, view),
    };
    let subject = match subject {
        Ok(subject) => subject,
        Err(reason) => {
            return payments::keep_unapplied(charge, &view.attempt, &view.wallet, reason, command.at, command.event_id);
        }
    };
    let purchase = &subject.purchase;
    let body = EventBody::PurchasePaid {
        purchase_no: purchase.purchase_no.clone(),
        amount: purchase.amount,
        channel: view.attempt.channel.code(),
        kind: purchase.kind.code(),
    };
    let events = vec![Event { id: command.event_id, user_id: purchase.user_id, at: command.at, body }];
    Ok(ConfirmationPlan::Apply {
        attempt: payments::paid(&view.attempt, charge),
        receipt: payments::receipt(charge, &view.attempt, ReceiptStatus::Applied, None, command.at),
        posted: post(&view.wallet, ledger::confirm_purchase_charge(&charge.id, charge.amount)?)?,
        events,
        subject,
    })
}

/// The purchase as it is once paid, with what it gives; or why it can't take the charge.
fn fulfilled(command: &ConfirmPurchaseCharge, view: &ConfirmPurchaseView) -> Result<PaidPurchase, UnappliedReason> {
    let (Some(purchase), Some(project)) = (&view.purchase, &view.project) else {
        return Err(UnappliedReason::SubjectMissing);
    };
    let paid_at = command.charge.paid_at.unwrap_or(command.at).min(command.at);
    payable(purchase, paid_at)?;
    if !is_offered(purchase, project, &view.packages, paid_at) {
        return Err(UnappliedReason::PackageWithdrawn);
    }
    // Nobody pays before the purchase is made, whatever another clock says.
    let day = Day::of(paid_at.max(purchase.created_at));
    let holdings = Holdings::of(project, &view.periods);
    let (mut periods, mut superseded, mut records) = (Vec::new(), Vec::new(), Vec::new());
    for record in &purchase.records {
        let given = given(&record.basis, (record.package_id, record.term), &holdings, day)?;
        superseded.extend(given.replaced.map(|replaced| ServicePeriod {
            superseded: Some(Supersession { by: record.id.clone(), on: day, until: None }),
            ..replaced.clone()
        }));
        periods.push(ServicePeriod {
            user_id: purchase.user_id,
            project_id: purchase.project_id,
            record_id: record.id.clone(),
            package_id: record.package_id,
            period: given.period,
            term_starts: given.term_starts,
            list_price: record.list_price,
            superseded: None,
            ended: None,
        });
        records.push(PurchaseRecord { period: Some(given.period), ..record.clone() });
    }
    let state = PurchaseState::Paid {
        at: command.at,
        channel: view.attempt.channel,
        charge_id: command.charge.id.clone(),
        refunded: Money::ZERO,
    };
    Ok(PaidPurchase { purchase: Purchase { state, records, ..purchase.clone() }, periods, superseded })
}

fn payable(purchase: &Purchase, paid_at: Timestamp) -> Result<(), UnappliedReason> {
    match purchase.state {
        PurchaseState::Unpaid if paid_at < purchase.expires_at => Ok(()),
        PurchaseState::Unpaid | PurchaseState::Closed => Err(UnappliedReason::PurchaseClosed),
        PurchaseState::Paid { .. } => Err(UnappliedReason::PaidAlready),
    }
}

fn is_offered(purchase: &Purchase, project: &Project, packages: &[Package], paid_at: Timestamp) -> bool {
    let offered = |record: &PurchaseRecord| {
        let package = packages.iter().find(|package| package.id == record.package_id);
        package.is_some_and(|package| package.availability.is_offered_at(paid_at))
    };
    project.availability.is_offered_at(paid_at) && purchase.records.iter().all(offered)
}

/// What closing a purchase writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosePurchasePlan {
    /// The purchase's next state.
    Close {
        /// The purchase.
        purchase: Purchase,
        /// What happened.
        events: Vec<Event>,
    },
    /// It had ended, or goes on; nothing is written.
    Keep(Purchase),
}

/// An unpaid purchase past its time is closed; any other is kept as it is.
#[must_use]
pub fn close_purchase(command: &ClosePurchase, purchase: &Purchase) -> ClosePurchasePlan {
    if purchase.state != PurchaseState::Unpaid || command.at < purchase.expires_at {
        return ClosePurchasePlan::Keep(purchase.clone());
    }
    let body = EventBody::PurchaseClosed { purchase_no: purchase.purchase_no.clone() };
    let event = Event { id: command.event_id, user_id: purchase.user_id, at: command.at, body };
    let purchase = Purchase { state: PurchaseState::Closed, ..purchase.clone() };
    ClosePurchasePlan::Close { purchase, events: vec![event] }
}

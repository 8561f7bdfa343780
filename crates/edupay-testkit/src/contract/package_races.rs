//! Claims about what many do at once with purchases. Each runs a number of rounds and answers what broke
//! it.

use super::races::{CLIENTS, OTHERS, at_once, counted, holds, until_answered};
use super::{Campus, Case, Placed, StoreHarness, Verdict};
use edupay_domain::packages::{
    PackageStore, PlacePlan, PlacedPurchase, PurchaseKind, confirm_purchase_charge, place_purchase,
};
use edupay_domain::payments::{Charge, Confirmation};
use std::future::Future;
use std::sync::Arc;

/// How many do the same at once where each leaves a row.
const FEW: u32 = 16;

/// Another student of the same school, who has nothing.
async fn pupil<H: StoreHarness + ?Sized>(case: &Case<'_, H>, campus: &Campus) -> Campus {
    let student = case.student(campus.school.id).await;
    Campus { student, guardian: student, ..campus.clone() }
}

/// Confirmations, ready to run.
fn confirmations<H: StoreHarness + ?Sized>(
    case: &Case<'_, H>,
    charges: Vec<(&Placed, Charge)>,
) -> Vec<impl Future<Output = Result<Confirmation, String>> + Send + 'static + use<H>> {
    let command = |(placed, charge)| (case.harness().packages(), case.confirm_purchase_command(placed, &charge));
    let confirm = |(store, command): (Arc<dyn PackageStore>, _)| async move {
        let answer = until_answered(|| store.confirm_charge(&command, confirm_purchase_charge)).await;
        answer.map_err(|error| format!("{error:?}"))
    };
    charges.into_iter().map(command).map(confirm).collect()
}

async fn periods<H: StoreHarness + ?Sized>(case: &Case<'_, H>, campus: &Campus, expected: usize) -> Verdict {
    let periods = case.periods(campus.student).await;
    holds(periods.len() == expected, || format!("{} periods, not {expected}", periods.len()))
}

/// Sixteen clicks at once: there is one purchase with one attempt, and all get it.
///
/// # Errors
/// What broke the claim.
pub async fn many_clients_place_one_purchase<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let campus = case.campus().await;
    for _ in 0..rounds {
        let campus = pupil(&case, &campus).await;
        let work = (0..FEW).map(|_| {
            let (store, command) = (harness.packages(), case.place_command(&campus, PurchaseKind::New, &[0]));
            async move { until_answered(|| store.place(&command, place_purchase)).await }
        });
        let answers = at_once(work).await?;
        counted(&answers, "Place", 1, |answer| matches!(answer, Ok(PlacedPurchase::Planned(PlacePlan::Place { .. }))))?;
        counted(&answers, "Planned", answers.len(), |answer| matches!(answer, Ok(PlacedPurchase::Planned(_))))?;
        let listed = harness.packages().list(campus.student, campus.student, None, 10).await;
        let listed = listed.map_err(|error| error.to_string())?.unwrap_or_default();
        holds(listed.len() == 1, || format!("{} purchases were made", listed.len()))?;
    }
    case.audited().await
}

/// 64 deliveries of one charge: one applies it, the others find it confirmed.
///
/// # Errors
/// What broke the claim.
pub async fn one_purchase_charge_is_confirmed_once_by_many_callbacks<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    let campus = case.campus().await;
    for _ in 0..rounds {
        let campus = pupil(&case, &campus).await;
        let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
        let charge = case.charge(&placed.attempt);
        let deliveries = (0..CLIENTS).map(|_| (&placed, charge.clone())).collect();
        let answers = at_once(confirmations(&case, deliveries)).await?;
        counted(&answers, "Applied", 1, |answer| matches!(answer, Ok(Confirmation::Applied(_))))?;
        counted(&answers, "AlreadyConfirmed", OTHERS, |answer| {
            matches!(answer, Ok(Confirmation::AlreadyConfirmed(_)))
        })?;
        periods(&case, &campus, 1).await?;
    }
    case.audited().await
}

/// Sixteen charges of one purchase are all paid: one is applied, fifteen are kept.
///
/// # Errors
/// What broke the claim.
pub async fn many_charges_pay_one_purchase_once<H: StoreHarness + ?Sized>(harness: &H, rounds: u32) -> Verdict {
    let case = Case::new(harness);
    let campus = case.campus().await;
    for _ in 0..rounds {
        let campus = pupil(&case, &campus).await;
        let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
        let charges = (0..FEW).map(|_| (&placed, case.charge(&placed.attempt))).collect();
        let answers = at_once(confirmations(&case, charges)).await?;
        counted(&answers, "Applied", 1, |answer| matches!(answer, Ok(Confirmation::Applied(_))))?;
        counted(&answers, "Unapplied", 15, |answer| matches!(answer, Ok(Confirmation::Unapplied(_))))?;
        periods(&case, &campus, 1).await?;
    }
    case.audited().await
}

/// Three purchases of three packages of one project are paid at once: one is given, two are kept.
///
/// # Errors
/// What broke the claim.
pub async fn many_purchases_of_one_project_are_given_once<H: StoreHarness + ?Sized>(
    harness: &H,
    rounds: u32,
) -> Verdict {
    let case = Case::new(harness);
    let campus = case.campus().await;
    for _ in 0..rounds {
        let campus = pupil(&case, &campus).await;
        let mut placed = Vec::new();
        for index in 0..3 {
            placed.push(case.place(&campus, PurchaseKind::New, &[index]).await);
        }
        let charges = placed.iter().map(|placed| (placed, case.charge(&placed.attempt))).collect();
        let answers = at_once(confirmations(&case, charges)).await?;
        counted(&answers, "Applied", 1, |answer| matches!(answer, Ok(Confirmation::Applied(_))))?;
        counted(&answers, "Unapplied", 2, |answer| matches!(answer, Ok(Confirmation::Unapplied(_))))?;
        periods(&case, &campus, 1).await?;
    }
    case.audited().await
}

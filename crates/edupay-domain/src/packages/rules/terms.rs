//! What a package costs and which days it gives, bought in one of three ways on one day.

use super::holdings::Holdings;
use crate::ids::PackageId;
use crate::money::Money;
use crate::packages::error::PlaceRefusal;
use crate::packages::model::{Basis, Day, Package, Period, Project, PurchaseKind, ServicePeriod, Term, UpgradePricing};
use crate::payments::UnappliedReason;

/// What is asked for one package and what it is quoted on.
pub(super) struct Terms {
    pub(super) price: Money,
    pub(super) basis: Basis,
    pub(super) period: Period,
}

/// The terms of one package of the project today.
///
/// - New: the list price, a term from today, and nothing of the project is held or paid for. That holds
///   for several packages as for one: a further one is not bought beside those that are held (contract
///   section 5: "refused while one of the same project is active").
/// - Upgrade: see [`upgrade`].
/// - Renewal: the list price, a term from the day after the last, or from today.
///
/// # Errors
/// [`PlaceRefusal`].
pub(super) fn terms(
    kind: PurchaseKind,
    project: &Project,
    packages: &[Package],
    holdings: &Holdings<'_>,
    package: &Package,
    today: Day,
) -> Result<Terms, PlaceRefusal> {
    let (price, basis) = match kind {
        PurchaseKind::New => (package.list_price, Basis::New),
        PurchaseKind::Upgrade => upgrade(project, packages, holdings, package, today)?,
        PurchaseKind::Renewal => {
            let renewable = holdings.is_renewable(package.id, today);
            let after = holdings.last_day(package.id).filter(|_| renewable).ok_or(PlaceRefusal::NeverHeld)?;
            (package.list_price, Basis::Renewal { after })
        }
    };
    let given = given(&basis, (package.id, package.term), holdings, today).map_err(|ungiven| match ungiven {
        Ungiven::Held => PlaceRefusal::HeldAlready,
        Ungiven::Changed => PlaceRefusal::NothingToUpgrade,
        Ungiven::OutOfCalendar => PlaceRefusal::TooLarge,
    })?;
    Ok(Terms { price, basis, period: given.period })
}

/// A dearer package takes the place of the one that is held today, to the same last day.
///
/// The price is the difference of the two list prices of today's catalogue, also for a held package
/// that was withdrawn; what the held one cost when it was bought, in whole or as an upgrade, does not
/// count, so a second upgrade in one term is priced from what is held by then. Only a held package
/// that the catalogue no longer has counts with its list price of then. A price that changed since
/// thus counts on both sides: who has the one pays the difference to the other, as everybody sees it.
///
/// Where several packages are held, the dearest of those below the target is replaced; of two as dear,
/// the one that ends later. A target that is held beside it, or paid for, can't be upgraded to.
fn upgrade(
    project: &Project,
    packages: &[Package],
    holdings: &Holdings<'_>,
    target: &Package,
    today: Day,
) -> Result<(Money, Basis), PlaceRefusal> {
    let mut held = holdings.on(today).map(|held| (list_price_today(held, packages), held)).peekable();
    if held.peek().is_none() {
        return Err(PlaceRefusal::NothingToUpgrade);
    }
    let below = held.filter(|(price, _)| *price < target.list_price);
    let order = |(price, held): &(Money, &ServicePeriod)| (*price, held.period.ends, held.record_id.clone());
    let (price, replaced) = below.max_by_key(order).ok_or(PlaceRefusal::NotDearer)?;
    if holdings.has_beside(target.id, today) {
        return Err(PlaceRefusal::HeldAlready);
    }
    let difference = target.list_price.checked_sub(price).ok_or(PlaceRefusal::NotDearer)?;
    let asked = match project.upgrade_pricing {
        UpgradePricing::Difference => difference,
        UpgradePricing::Prorated => prorated(difference, replaced, today).ok_or(PlaceRefusal::TooLarge)?,
    };
    Ok((asked, Basis::Upgrade { replaces: replaced.record_id.clone() }))
}

fn list_price_today(held: &ServicePeriod, packages: &[Package]) -> Money {
    packages.iter().find(|package| package.id == held.package_id).map_or(held.list_price, |package| package.list_price)
}

/// The difference for the days that are left, today included, of all days of the term: half up to the
/// fen, at least 1 fen.
fn prorated(difference: Money, held: &ServicePeriod, today: Day) -> Option<Money> {
    let whole = i128::from(Period { starts: held.term_starts, ends: held.period.ends }.days());
    let left = i128::from(Period { starts: today, ends: held.period.ends }.days());
    let doubled = i128::from(difference.fen()).checked_mul(left)?.checked_mul(2)?.checked_add(whole)?;
    let fen = doubled.checked_div(whole.checked_mul(2)?)?.max(1);
    Money::try_from_fen(i64::try_from(fen).ok()?).ok()
}

/// What one record gives when it is paid on a day.
pub(super) struct Given<'a> {
    pub(super) period: Period,
    pub(super) term_starts: Day,
    pub(super) replaced: Option<&'a ServicePeriod>,
}

/// Why a record gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ungiven {
    /// A package of the project is held.
    Held,
    /// What it was quoted on is no longer so.
    Changed,
    /// The term ends after the calendar.
    OutOfCalendar,
}

impl From<Ungiven> for UnappliedReason {
    fn from(ungiven: Ungiven) -> Self {
        match ungiven {
            Ungiven::Held => Self::PackageHeld,
            Ungiven::Changed | Ungiven::OutOfCalendar => Self::HoldingChanged,
        }
    }
}

/// The days that are given for this basis on this day: of today for a quote, of the day of payment for
/// a confirmation.
///
/// - New: a term from the day, while nothing of the project is held or paid for.
/// - Upgrade: from the day to the last day of the period that is replaced, which must be held still. An
///   upgrade never extends.
/// - Renewal: a term from the day after the last one, or from the day if that has passed. The last day
///   must be the one that was quoted for: a second renewal that was quoted for the same days is not
///   given. An upgrade meanwhile does not touch the last day of a project of which one package is
///   chosen, so the renewal is given as promised.
pub(super) fn given<'a>(
    basis: &Basis,
    (package_id, term): (PackageId, Term),
    holdings: &Holdings<'a>,
    day: Day,
) -> Result<Given<'a>, Ungiven> {
    let from = |starts| {
        let period = term.period_from(starts).ok_or(Ungiven::OutOfCalendar)?;
        Ok(Given { period, term_starts: starts, replaced: None })
    };
    match basis {
        Basis::New if holdings.reach(day) => Err(Ungiven::Held),
        Basis::New => from(day),
        Basis::Upgrade { .. } if holdings.has_beside(package_id, day) => Err(Ungiven::Changed),
        Basis::Upgrade { replaces } => {
            let held = holdings.of_record(replaces, day).ok_or(Ungiven::Changed)?;
            let period = Period { starts: day, ends: held.period.ends };
            Ok(Given { period, term_starts: held.term_starts, replaced: Some(held) })
        }
        Basis::Renewal { after } if holdings.last_day(package_id) != Some(*after) => Err(Ungiven::Changed),
        Basis::Renewal { after } => from(after.next().ok_or(Ungiven::OutOfCalendar)?.max(day)),
    }
}

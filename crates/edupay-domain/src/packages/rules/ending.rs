//! What a full refund of a purchase makes of the days that it gave.

use crate::ids::PurchaseRecordId;
use crate::packages::model::{Day, Purchase, ServicePeriod, Supersession};

/// The student's periods that a full refund changes, in their next state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndedDays {
    /// The purchase's own periods, ended, and those that go on after an upgrade.
    pub periods: Vec<ServicePeriod>,
    /// Own periods whose place an upgrade has: what the upgrade gave is left, and a person must look.
    pub left: Vec<PurchaseRecordId>,
}

/// Whether an upgrade has the place of a period that the purchase gave. It must be refunded first.
#[must_use]
pub fn is_upgraded(purchase: &Purchase, periods: &[ServicePeriod]) -> bool {
    own(purchase, periods).any(ServicePeriod::is_superseded)
}

/// The purchase was refunded in full on a day: each period that it gave ends the day before, or is void
/// if it had not begun by then; what an upgrade of the purchase had replaced goes on from that day to its
/// own end, unless that has passed or its own purchase was refunded too. A period whose place a later
/// upgrade has is marked as ended, and that upgrade's days are left.
#[must_use]
pub fn end_days(purchase: &Purchase, periods: &[ServicePeriod], day: Day) -> EndedDays {
    let mut ended = EndedDays::default();
    for held in own(purchase, periods) {
        ended.periods.push(ServicePeriod { ended: held.ended.or(Some(day)), ..held.clone() });
        if held.is_superseded() {
            ended.left.push(held.record_id.clone());
            continue;
        }
        ended.periods.extend(periods.iter().filter_map(|replaced| resumed(replaced, &held.record_id, day)));
    }
    ended
}

fn own<'a>(purchase: &'a Purchase, periods: &'a [ServicePeriod]) -> impl Iterator<Item = &'a ServicePeriod> {
    let gave = |held: &&ServicePeriod| purchase.records.iter().any(|record| record.id == held.record_id);
    periods.iter().filter(gave)
}

/// The period that the record's upgrade replaced, going on from the day.
fn resumed(replaced: &ServicePeriod, by: &PurchaseRecordId, day: Day) -> Option<ServicePeriod> {
    let superseded = replaced.superseded.as_ref().filter(|superseded| superseded.by == *by)?;
    let goes_on = replaced.is_superseded() && replaced.ended.is_none() && day <= replaced.period.ends;
    let until = Some(day.max(superseded.on));
    goes_on
        .then(|| ServicePeriod { superseded: Some(Supersession { until, ..superseded.clone() }), ..replaced.clone() })
}

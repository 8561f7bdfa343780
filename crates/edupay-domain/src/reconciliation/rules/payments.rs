//! One payment of theirs against what we booked under its number.

use super::About;
use crate::clock::Timestamp;
use crate::money::Money;
use crate::packages::Day;
use crate::payments::{Merchant, Mode, ReceiptStatus};
use crate::reconciliation::difference::{Action, Difference, DifferenceKind, Source, Thing};
use crate::reconciliation::sides::{OurNumber, OurPayment, PaymentState, TheirPayment};
use chrono::SecondsFormat;

pub(super) fn fen(amount: Money) -> Option<String> {
    Some(amount.fen().to_string())
}

fn moment(at: Timestamp) -> Option<String> {
    Some(at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn livemode(mode: Mode) -> Option<String> {
    Some((mode == Mode::Live).to_string())
}

fn about<'a>(source: Source, theirs: &'a TheirPayment) -> About<'a> {
    About { source, thing: Thing::Payment, name: &theirs.name, number: Some(&theirs.number) }
}

/// A paid one of theirs that is not booked here. What a number of ours was paid for can be confirmed; of a
/// number that nobody here gave, nobody here can say what it pays for.
pub(super) fn not_booked(source: Source, theirs: &TheirPayment, ours: Option<&OurNumber>) -> Difference {
    let (kind, action) = match ours {
        None => (DifferenceKind::MissingHere, Action::Review),
        Some(number) if number.payments.is_empty() => (DifferenceKind::MissingHere, Action::Confirm),
        Some(_) => (DifferenceKind::DuplicateThere, Action::Confirm),
    };
    let difference = about(source, theirs).differs(kind, "amount_fen", (None, fen(theirs.amount)), action);
    Difference { charge_id: theirs.charge_id.clone(), ..difference }
}

/// One that is booked here and that nobody there knows.
pub(super) fn not_there(source: Source, ours: &OurPayment) -> Difference {
    let about = About {
        source,
        thing: Thing::Payment,
        name: ours.charge_id.as_str(),
        number: Some(ours.gateway_order_no.as_str()),
    };
    let difference =
        about.differs(DifferenceKind::MissingThere, "amount_fen", (fen(ours.booked), None), Action::Review);
    Difference { charge_id: Some(ours.charge_id.clone()), ..difference }
}

/// What differs between two that are the same payment.
pub(super) fn pair(source: Source, merchant: &Merchant, theirs: &TheirPayment, ours: &OurPayment) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut tell = |kind, field: &str, values, action| {
        let difference = about(source, theirs).differs(kind, field, values, action);
        found.push(Difference { charge_id: Some(ours.charge_id.clone()), ..difference });
    };
    if theirs.state != PaymentState::Paid {
        let values = (Some(PaymentState::Paid.code().to_owned()), Some(theirs.state.code().to_owned()));
        tell(DifferenceKind::StatusDiffers, "status", values, Action::Review);
    }
    // What has gone back whole no longer differs in anything that somebody could mend.
    let settled = ours.status == ReceiptStatus::Refunded;
    let amount = if ours.booked == theirs.amount && !settled { ours.asked } else { ours.booked };
    if amount != theirs.amount {
        let values = (fen(amount), fen(theirs.amount));
        tell(DifferenceKind::AmountDiffers, "amount_fen", values, Action::Review);
    }
    if let Some(currency) = theirs.currency.as_ref().filter(|currency| *currency != "cny" && !settled) {
        let values = (Some("cny".to_owned()), Some(currency.clone()));
        tell(DifferenceKind::CurrencyDiffers, "currency", values, Action::Review);
    }
    if let Some(app) = theirs.app_id.as_ref().filter(|app| **app != merchant.app_id && !settled) {
        let values = (Some(merchant.app_id.clone()), Some(app.clone()));
        tell(DifferenceKind::AppDiffers, "app", values, Action::Review);
    }
    if let Some(mode) = theirs.mode.filter(|mode| *mode != merchant.mode && !settled) {
        tell(DifferenceKind::LivemodeDiffers, "livemode", (livemode(merchant.mode), livemode(mode)), Action::Review);
    }
    if let Some(paid_at) = theirs.paid_at.filter(|paid_at| Day::of(*paid_at) != Day::of(ours.received_at)) {
        let values = (moment(ours.received_at), moment(paid_at));
        tell(DifferenceKind::PaidDayDiffers, "paid_at", values, Action::Nothing);
    }
    found
}

//! One refund of theirs against what we booked of its charge.

use super::About;
use super::payments::fen;
use crate::money::Money;
use crate::payments::RefundStatus;
use crate::reconciliation::difference::{Action, Difference, DifferenceKind, Source, Thing};
use crate::reconciliation::sides::{BookedRefund, ListedCharge, OurPayment, OurRefund, TheirRefund};

/// Whether the charge of a refund is booked here: only then its refund can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChargeBooked {
    Yes,
    No,
}

fn about<'a>(source: Source, theirs: &'a TheirRefund) -> About<'a> {
    About { source, thing: Thing::Refund, name: &theirs.name, number: Some(&theirs.number) }
}

/// One of theirs that is not booked here. Money has moved only when it has succeeded.
pub(super) fn not_booked(source: Source, theirs: &TheirRefund, charge: ChargeBooked) -> Option<Difference> {
    if theirs.status != RefundStatus::Succeeded {
        return None;
    }
    let action = match charge {
        ChargeBooked::Yes => Action::RecordRefund,
        ChargeBooked::No => Action::Review,
    };
    let difference =
        about(source, theirs).differs(DifferenceKind::MissingHere, "amount_fen", (None, fen(theirs.amount)), action);
    Some(Difference { charge_id: theirs.charge_id.clone(), refund_id: theirs.refund_id.clone(), ..difference })
}

/// One that is booked here and that nobody there knows.
pub(super) fn not_there(source: Source, ours: &OurRefund) -> Difference {
    let name = ours.refund_id.as_ref().map_or(ours.name.as_str(), |id| id.as_str());
    let about = About { source, thing: Thing::Refund, name, number: Some(ours.gateway_order_no.as_str()) };
    let difference =
        about.differs(DifferenceKind::MissingThere, "amount_fen", (fen(ours.amount), None), Action::Review);
    Difference { charge_id: Some(ours.charge_id.clone()), refund_id: ours.refund_id.clone(), ..difference }
}

/// What differs between two that are the same refund.
pub(super) fn pair(source: Source, theirs: &TheirRefund, ours: &OurRefund) -> Option<Difference> {
    let (kind, field, values, action) = if theirs.amount != ours.amount {
        (DifferenceKind::AmountDiffers, "amount_fen", (fen(ours.amount), fen(theirs.amount)), Action::Review)
    } else {
        let action = match (theirs.status, ours.stage) {
            (RefundStatus::Succeeded, BookedRefund::Succeeded)
            | (RefundStatus::Pending, BookedRefund::AtGateway)
            | (RefundStatus::Failed, BookedRefund::Failed | BookedRefund::Review) => return None,
            (RefundStatus::Succeeded | RefundStatus::Failed, BookedRefund::AtGateway) => Action::RecordRefund,
            (RefundStatus::Succeeded, BookedRefund::Failed | BookedRefund::Review)
            | (RefundStatus::Pending, BookedRefund::Succeeded | BookedRefund::Failed | BookedRefund::Review)
            | (RefundStatus::Failed, BookedRefund::Succeeded) => Action::Review,
        };
        let values = (Some(ours.stage.code().to_owned()), Some(status(theirs.status).to_owned()));
        (DifferenceKind::StatusDiffers, "status", values, action)
    };
    let difference = about(source, theirs).differs(kind, field, values, action);
    let refund_id = ours.refund_id.clone().or_else(|| theirs.refund_id.clone());
    Some(Difference { charge_id: Some(ours.charge_id.clone()), refund_id, ..difference })
}

/// What the gateway says went back of a charge, against what all our refunds of it come to. A refund that is
/// under way may be counted there or not.
pub(super) fn sums(listed: &ListedCharge, booked: &OurPayment, ours: &[&OurRefund]) -> Option<Difference> {
    let sum_of = |stages: &[BookedRefund]| {
        let amounts = ours.iter().filter(|refund| stages.contains(&refund.stage)).map(|refund| refund.amount);
        Money::checked_sum(amounts).unwrap_or(Money::MAX)
    };
    let least = sum_of(&[BookedRefund::Succeeded]);
    let most = sum_of(&[BookedRefund::Succeeded, BookedRefund::AtGateway]);
    if (least..=most).contains(&listed.amount_refunded) {
        return None;
    }
    let payment = &listed.payment;
    let about = About {
        source: Source::Gateway,
        thing: Thing::Refund,
        name: &payment.name,
        number: Some(booked.gateway_order_no.as_str()),
    };
    let values = (fen(least), fen(listed.amount_refunded));
    let action = if listed.amount_refunded > most { Action::RecordRefund } else { Action::Review };
    let difference = about.differs(DifferenceKind::RefundedAmountDiffers, "amount_refunded_fen", values, action);
    Some(Difference { charge_id: Some(booked.charge_id.clone()), ..difference })
}

fn status(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Pending => "pending",
        RefundStatus::Succeeded => "succeeded",
        RefundStatus::Failed => "failed",
    }
}

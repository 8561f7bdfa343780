//! When a top-up starts, and what a paid charge makes of it.

use super::error::TopUpRefusal;
use super::model::{ConfirmTopUp, OpenTopUp, StartedTopUp, TopUp, TopUpState};
use crate::events::{Event, EventBody};
use crate::ids::GatewayOrderNo;
use crate::ledger::{LedgerError, Wallet, credit_top_up, post};
use crate::payments::{
    self, AttemptStatus, ChargeAttempt, ChargeSubject, ConfirmationPlan, Receipt, ReceiptStatus, UnappliedReason,
};

/// What a new top-up writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTopUpPlan {
    /// The top-up.
    pub top_up: TopUp,
    /// Its attempt.
    pub attempt: ChargeAttempt,
}

impl OpenTopUpPlan {
    /// What is known once it is stored.
    #[must_use]
    pub fn started(self) -> StartedTopUp {
        StartedTopUp { attempt: self.attempt, bonus: self.top_up.bonus }
    }
}

/// A top-up is above zero and within the limit; what the campaign of this moment gives is promised to it.
///
/// # Errors
/// [`TopUpRefusal::AmountOutOfBounds`].
pub fn open_top_up(command: &OpenTopUp) -> Result<OpenTopUpPlan, TopUpRefusal> {
    let amount = command.amount.positive_within(command.max_amount).map_err(|_| TopUpRefusal::AmountOutOfBounds)?;
    Ok(OpenTopUpPlan {
        top_up: TopUp {
            user_id: command.user_id,
            top_up_no: command.top_up_no.clone(),
            amount,
            bonus: command.campaign.bonus_of(amount),
            state: TopUpState::Pending,
            created_at: command.at,
        },
        attempt: ChargeAttempt {
            user_id: command.user_id,
            gateway_order_no: GatewayOrderNo::of_top_up(&command.top_up_no),
            subject: ChargeSubject::TopUp(command.top_up_no.clone()),
            channel: command.channel,
            amount,
            status: AttemptStatus::Requested,
            charge_id: None,
            document: None,
            requested_at: command.at,
            expires_at: command.expires_at,
            look_at: command.look_at,
        },
    })
}

/// What a confirmation of a top-up sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUpView {
    /// The wallet, locked.
    pub wallet: Wallet,
    /// The attempt the charge is of.
    pub attempt: ChargeAttempt,
    /// The top-up.
    pub top_up: Option<TopUp>,
    /// The receipt of this charge, if it was booked before.
    pub receipt: Option<Receipt>,
}

/// A paid charge of the right amount is credited once, with its bonus, however late it comes; a second
/// charge goes back; an odd one waits for a person.
///
/// # Errors
/// [`LedgerError`] when the amount can't be booked.
pub fn confirm_top_up(command: &ConfirmTopUp, view: &TopUpView) -> Result<ConfirmationPlan<TopUp>, LedgerError> {
    if let Some(receipt) = &view.receipt {
        return Ok(ConfirmationPlan::AlreadyConfirmed(receipt.clone()));
    }
    let charge = &command.charge;
    let reason = payments::mismatch(charge, &view.attempt, &command.merchant).or(match &view.top_up {
        None => Some(UnappliedReason::SubjectMissing),
        Some(TopUp { state: TopUpState::Credited { .. }, .. }) => Some(UnappliedReason::PaidAlready),
        Some(TopUp { state: TopUpState::Pending, .. }) => None,
    });
    let (None, Some(top_up)) = (reason, &view.top_up) else {
        let reason = reason.unwrap_or(UnappliedReason::SubjectMissing);
        return payments::keep_unapplied(charge, &view.attempt, &view.wallet, reason, command.at, command.event_id);
    };
    let posted = post(&view.wallet, credit_top_up(&top_up.top_up_no, &view.wallet, charge.amount, top_up.bonus)?)?;
    let body =
        EventBody::TopUpCredited { top_up_no: top_up.top_up_no.clone(), amount: charge.amount, bonus: top_up.bonus };
    Ok(ConfirmationPlan::Apply {
        subject: TopUp {
            state: TopUpState::Credited { at: command.at, charge_id: charge.id.clone() },
            ..top_up.clone()
        },
        attempt: payments::paid(&view.attempt, charge),
        receipt: payments::receipt(charge, &view.attempt, ReceiptStatus::Applied, None, command.at),
        posted,
        events: vec![Event { id: command.event_id, user_id: top_up.user_id, at: command.at, body }],
    })
}

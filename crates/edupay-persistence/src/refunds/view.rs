//! What the rules see, and how their plan is written, inside the transaction of an effect.

use super::rows::{claim, claimed_for, find, of_subject, put, put_totals};
use crate::codes::Corrupt;
use crate::conn::Conn;
use crate::orders::rows as orders;
use crate::packages::purchases;
use crate::packages::rows::end_period;
use crate::rows::{self, Keys};
use crate::top_ups::rows as top_ups;
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use diesel::result::Error;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{RefundNo, UserId};
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{Refund, RefundChange, RefundView, Refundable, RefundingPlan};

/// Locks the user's wallet, then loads what is to be refunded with all its refunds.
pub(super) fn load<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    subject: &ChargeSubject,
    named: Option<&RefundNo>,
) -> Result<RefundView, TxError<R>> {
    let wallet = lock_known_wallet(conn, user_id)?;
    let paid = match subject {
        ChargeSubject::Order(number) => orders::find(conn, user_id, number)?.map(Refundable::Order),
        ChargeSubject::TopUp(number) => top_ups::find(conn, user_id, number)?.map(Refundable::TopUp),
        ChargeSubject::Purchase(number) => match purchases::find(conn, user_id, number)? {
            Some(purchase) => {
                let periods = purchases::periods_in(conn, user_id, purchase.project_id)?;
                Some(Refundable::Purchase { purchase, periods })
            }
            None => None,
        },
    };
    let named = match named {
        Some(refund_no) => find(conn, user_id, refund_no)?,
        None => None,
    };
    Ok(RefundView { wallet, paid, refunds: of_subject(conn, user_id, subject)?, named })
}

/// Writes the plan; answers the refund after it.
pub(super) fn write<R>(
    conn: &mut Conn<'_>,
    view: &RefundView,
    plan: RefundingPlan,
    at: Timestamp,
) -> Result<Refund, TxError<R>> {
    let change = match plan {
        RefundingPlan::Keep(refund) => return Ok(refund),
        RefundingPlan::Change(change) => change,
    };
    write_what_was_paid(conn, view, &change)?;
    let RefundChange { refund, totals, posted, events, .. } = change;
    if let Some(totals) = totals {
        put_totals(conn, &refund, totals)?;
    }
    put(conn, &refund)?;
    if let Some(refund_id) = &refund.refund_id
        && claimed_for::<R>(conn, refund_id)?.as_ref() != Some(&refund.refund_no)
    {
        claim(conn, refund_id, &refund)?;
    }
    let mut rows = rows::load(conn, &[&Keys::wallet(refund.user_id)])?;
    if let Some(posted) = posted {
        rows.post(posted, at);
    }
    rows.record(events);
    match rows::write(conn, &rows)? {
        true => Ok(refund),
        // A locked wallet does not change; whatever did must not be committed.
        false => Err(Error::RollbackTransaction.into()),
    }
}

/// The next state of the order or the purchase, and what it no longer gives.
fn write_what_was_paid<R>(conn: &mut Conn<'_>, view: &RefundView, change: &RefundChange) -> Result<(), TxError<R>> {
    let changed = |holds: bool, column: &'static str| match holds {
        true => Ok(()),
        false => Err(TxError::from(Corrupt::new(column, "changed while it was locked"))),
    };
    if let (Some(order), Some(Refundable::Order(was))) = (&change.order, &view.paid) {
        changed(orders::update(conn, order, was.state.code())?, "orders.status")?;
        orders::revoke(conn, order, &change.ended_courses)?;
    }
    if let Some(purchase) = &change.purchase {
        changed(purchases::refund(conn, purchase)?, "purchases.refunded_fen")?;
    }
    for period in &change.periods {
        changed(end_period(conn, period)?, "service_periods.ended_on")?;
    }
    Ok(())
}

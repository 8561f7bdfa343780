//! What happened, for others to hear of. A plan carries its events; the store keeps them in the
//! outbox in the same transaction. Their delivery is in [`crate::event_delivery`].

use crate::clock::Timestamp;
use crate::ids::{
    ChargeId, CourseId, EventId, OrderNo, PurchaseNo, PurchaseRecordId, RefundId, RefundNo, TopUpNo, TransactionId,
    UserId,
};
use crate::money::Money;

/// One event of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name, the same on every delivery.
    pub id: EventId,
    /// Whom it concerns.
    pub user_id: UserId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub body: EventBody,
}

/// What happened, in the past tense.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventBody {
    /// An order was paid, and its courses are owned.
    OrderPaid {
        /// The order.
        order_no: OrderNo,
        /// What was paid.
        amount: Money,
        /// `balance`, or the gateway's channel.
        channel: &'static str,
    },
    /// An order was cancelled by its buyer.
    OrderCancelled {
        /// The order.
        order_no: OrderNo,
    },
    /// An order's time ran out.
    OrderClosed {
        /// The order.
        order_no: OrderNo,
    },
    /// A purchase of packages was paid, and their periods run.
    PurchasePaid {
        /// The purchase.
        purchase_no: PurchaseNo,
        /// What was paid.
        amount: Money,
        /// The gateway's channel.
        channel: &'static str,
        /// `new`, `upgrade` or `renewal`.
        kind: &'static str,
    },
    /// A purchase's time ran out.
    PurchaseClosed {
        /// The purchase.
        purchase_no: PurchaseNo,
    },
    /// A top-up reached the balance.
    TopUpCredited {
        /// The top-up.
        top_up_no: TopUpNo,
        /// What was paid; a debt may have taken a part of it.
        amount: Money,
        /// What was given to it.
        bonus: Money,
    },
    /// A payment could not be applied and is kept apart.
    ReceiptUnapplied {
        /// The gateway's charge.
        charge_id: ChargeId,
        /// What was paid.
        amount: Money,
        /// The stable code of the reason.
        reason: &'static str,
    },
    /// A payment that could not be applied went back to its payer.
    ReceiptRefunded {
        /// The gateway's charge.
        charge_id: ChargeId,
        /// The gateway's refund.
        refund_id: RefundId,
        /// What went back.
        amount: Money,
    },
    /// A purchase in the App Store reached the balance.
    AppStoreCredited {
        /// The App Store's transaction.
        transaction_id: TransactionId,
        /// What the purchase credits.
        amount: Money,
        /// How much of it paid a debt.
        debt: Money,
    },
    /// The App Store gave a purchase, or a part of it, back to its payer.
    AppStoreClawedBack {
        /// The App Store's transaction.
        transaction_id: TransactionId,
        /// What was taken back.
        amount: Money,
        /// How much of it the balances could not give, so that it is owed.
        debt: Money,
    },
    /// The App Store took such a refund, or a part of it, back.
    AppStoreRestored {
        /// The App Store's transaction.
        transaction_id: TransactionId,
        /// What was given again.
        amount: Money,
        /// How much of it paid a debt.
        debt: Money,
    },
    /// A refund was asked for; it may wait for approval, or for the gateway.
    RefundRequested {
        /// Of what.
        thing: RefundedThing,
        /// How much.
        amount: Money,
    },
    /// Money went back.
    RefundSucceeded {
        /// Of what.
        thing: RefundedThing,
        /// How much.
        amount: Money,
        /// How much of it was taken back from the user's balances, or is owed.
        recovered: Money,
        /// `staff`, or `gateway` when it was made there.
        origin: &'static str,
    },
    /// The gateway did not refund; the amount can be refunded again.
    RefundFailed {
        /// Of what.
        thing: RefundedThing,
        /// How much.
        amount: Money,
        /// The gateway's own word for it.
        failure: String,
    },
    /// Staff turned a refund down.
    RefundRejected {
        /// Of what.
        thing: RefundedThing,
        /// How much.
        amount: Money,
    },
    /// A course is no longer owned: its order was refunded in full.
    EntitlementEnded {
        /// The order.
        order_no: OrderNo,
        /// The course.
        course_id: CourseId,
        /// The refund that made it full.
        refund_no: RefundNo,
    },
    /// A period of a package was ended: its purchase was refunded in full.
    PeriodEnded {
        /// The record that gave the period.
        record_id: PurchaseRecordId,
        /// The refund that made it full.
        refund_no: RefundNo,
    },
    /// A purchase was refunded in full while an upgrade has a period's place: a person must look.
    PeriodLeft {
        /// The record that gave the period.
        record_id: PurchaseRecordId,
        /// The refund that made it full.
        refund_no: RefundNo,
    },
    /// Staff decided on something that waited for a person.
    ReviewDecided {
        /// Its name in the list.
        item: String,
        /// `refund`, `retry` or `close`.
        action: &'static str,
        /// Why, in the words of who decided.
        reason: String,
        /// Who.
        by: UserId,
    },
    /// A balance was adjusted by staff.
    BalanceAdjusted {
        /// What was added.
        amount: Money,
        /// Why, in the words of who did it.
        reason: String,
    },
}

/// What a refund is of, as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundedThing {
    /// `order`, `purchase` or `top_up`.
    pub subject: &'static str,
    /// Its number.
    pub subject_no: String,
    /// The refund.
    pub refund_no: RefundNo,
}

/// A field of an event's payload, for an adapter to write in its own format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventField {
    /// Text.
    Text(String),
    /// Money: written as whole fen.
    Money(Money),
}

impl EventBody {
    /// Every type that [`EventBody::kind`] answers.
    pub const KINDS: &[&str] = &[
        "order.paid",
        "order.cancelled",
        "order.closed",
        "purchase.paid",
        "purchase.closed",
        "top_up.credited",
        "receipt.unapplied",
        "receipt.refunded",
        "app_store.credited",
        "app_store.clawed_back",
        "app_store.restored",
        "refund.requested",
        "refund.succeeded",
        "refund.failed",
        "refund.rejected",
        "entitlement.ended",
        "period.ended",
        "period.left",
        "review.decided",
        "balance.adjusted",
    ];

    /// The type of the event on the wire: `order.paid`, …
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OrderPaid { .. } => "order.paid",
            Self::OrderCancelled { .. } => "order.cancelled",
            Self::OrderClosed { .. } => "order.closed",
            Self::PurchasePaid { .. } => "purchase.paid",
            Self::PurchaseClosed { .. } => "purchase.closed",
            Self::TopUpCredited { .. } => "top_up.credited",
            Self::ReceiptUnapplied { .. } => "receipt.unapplied",
            Self::ReceiptRefunded { .. } => "receipt.refunded",
            Self::AppStoreCredited { .. } => "app_store.credited",
            Self::AppStoreClawedBack { .. } => "app_store.clawed_back",
            Self::AppStoreRestored { .. } => "app_store.restored",
            Self::RefundRequested { .. } => "refund.requested",
            Self::RefundSucceeded { .. } => "refund.succeeded",
            Self::RefundFailed { .. } => "refund.failed",
            Self::RefundRejected { .. } => "refund.rejected",
            Self::EntitlementEnded { .. } => "entitlement.ended",
            Self::PeriodEnded { .. } => "period.ended",
            Self::PeriodLeft { .. } => "period.left",
            Self::ReviewDecided { .. } => "review.decided",
            Self::BalanceAdjusted { .. } => "balance.adjusted",
        }
    }

    /// The payload, in a fixed order. Names of money end in `_fen`.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, EventField)> {
        let text = |text: &str| EventField::Text(text.to_owned());
        match self {
            Self::OrderPaid { order_no, amount, channel } => vec![
                ("order_no", text(order_no.as_str())),
                ("amount_fen", EventField::Money(*amount)),
                ("channel", text(channel)),
            ],
            Self::OrderCancelled { order_no } | Self::OrderClosed { order_no } => {
                vec![("order_no", text(order_no.as_str()))]
            }
            Self::PurchasePaid { purchase_no, amount, channel, kind } => vec![
                ("purchase_no", text(purchase_no.as_str())),
                ("amount_fen", EventField::Money(*amount)),
                ("channel", text(channel)),
                ("kind", text(kind)),
            ],
            Self::PurchaseClosed { purchase_no } => vec![("purchase_no", text(purchase_no.as_str()))],
            Self::TopUpCredited { top_up_no, amount, bonus } => vec![
                ("top_up_no", text(top_up_no.as_str())),
                ("amount_fen", EventField::Money(*amount)),
                ("bonus_fen", EventField::Money(*bonus)),
            ],
            Self::ReceiptUnapplied { charge_id, amount, reason } => vec![
                ("charge_id", text(charge_id.as_str())),
                ("amount_fen", EventField::Money(*amount)),
                ("reason", text(reason)),
            ],
            Self::ReceiptRefunded { charge_id, refund_id, amount } => vec![
                ("charge_id", text(charge_id.as_str())),
                ("refund_id", text(refund_id.as_str())),
                ("amount_fen", EventField::Money(*amount)),
            ],
            Self::AppStoreCredited { transaction_id, amount, debt }
            | Self::AppStoreClawedBack { transaction_id, amount, debt }
            | Self::AppStoreRestored { transaction_id, amount, debt } => vec![
                ("transaction_id", text(transaction_id.as_str())),
                ("amount_fen", EventField::Money(*amount)),
                ("debt_fen", EventField::Money(*debt)),
            ],
            Self::RefundRequested { thing, amount } | Self::RefundRejected { thing, amount } => thing.fields(*amount),
            Self::RefundSucceeded { thing, amount, recovered, origin } => {
                let mut fields = thing.fields(*amount);
                fields.extend([("recovered_fen", EventField::Money(*recovered)), ("origin", text(origin))]);
                fields
            }
            Self::RefundFailed { thing, amount, failure } => {
                let mut fields = thing.fields(*amount);
                fields.push(("failure", text(failure)));
                fields
            }
            Self::EntitlementEnded { order_no, course_id, refund_no } => vec![
                ("order_no", text(order_no.as_str())),
                ("course_id", EventField::Text(course_id.to_string())),
                ("refund_no", text(refund_no.as_str())),
            ],
            Self::PeriodEnded { record_id, refund_no } | Self::PeriodLeft { record_id, refund_no } => {
                vec![("record_id", text(record_id.as_str())), ("refund_no", text(refund_no.as_str()))]
            }
            Self::ReviewDecided { item, action, reason, by } => vec![
                ("item", text(item)),
                ("action", text(action)),
                ("reason", text(reason)),
                ("by", EventField::Text(by.to_string())),
            ],
            Self::BalanceAdjusted { amount, reason } => {
                vec![("amount_fen", EventField::Money(*amount)), ("reason", text(reason))]
            }
        }
    }
}

impl RefundedThing {
    fn fields(&self, amount: Money) -> Vec<(&'static str, EventField)> {
        vec![
            ("subject", EventField::Text(self.subject.to_owned())),
            ("subject_no", EventField::Text(self.subject_no.clone())),
            ("refund_no", EventField::Text(self.refund_no.as_str().to_owned())),
            ("amount_fen", EventField::Money(amount)),
        ]
    }
}

#[cfg(test)]
mod payload_tests;

#[cfg(test)]
mod tests {
    use super::*;

    /// The arms of `kind` stand one to a line, so that its text shows whether the list has them all.
    #[test]
    fn every_type_is_in_the_list() {
        let arms = include_str!("events.rs").lines().filter_map(|line| line.split_once("{ .. } => \""));
        let kinds: Vec<_> = arms.filter_map(|(_, rest)| rest.strip_suffix("\",")).collect();
        assert_eq!(kinds, EventBody::KINDS);
    }
}

//! The codes of what moves money.

use crate::accounts::TokenRefusal;
use crate::ids::{CourseId, OrderNo, PurchaseNo, TopUpNo, UserId};
use crate::ledger::{EntryKind, LedgerAccount, LedgerError};
use crate::money::{Money, MoneyError};
use crate::orders::{CancelRefusal, CreateOrderRefusal, PayRefusal};
use crate::payments::{
    AttemptStatus, CallbackRefusal, Channel, ChargeSubject, InboundStatus, Postponement, ProofRefusal, ReceiptStatus,
    UnappliedReason,
};
use crate::products::{CourseRefusal, ProductRefusal};
use crate::recovery::{ReviewAction, ReviewKind, ReviewRefusal, WorkKind};
use crate::refunds::{DecisionRefusal, RefundOrigin, RefundRefusal, RefundStage, RefundTarget};
use crate::top_ups::TopUpRefusal;
use std::time::Duration;

fn number() -> CourseId {
    CourseId::try_new(1).unwrap()
}

#[test]
fn the_codes_of_accounts_are_stable() {
    assert_eq!([TokenRefusal::Unknown, TokenRefusal::Inactive].map(|it| it.code()), ["token_invalid", "user_inactive"]);
}

#[test]
fn a_subject_says_its_kind_and_its_number() {
    for (subject, code, number) in [
        (ChargeSubject::Order(OrderNo::parse("11").unwrap()), "order", "11"),
        (ChargeSubject::TopUp(TopUpNo::parse("12").unwrap()), "top_up", "12"),
        (ChargeSubject::Purchase(PurchaseNo::parse("13").unwrap()), "purchase", "13"),
    ] {
        assert_eq!((subject.code(), subject.number()), (code, number));
    }
}

#[test]
fn the_codes_of_ledger_are_stable() {
    assert_eq!(
        [LedgerError::Empty, LedgerError::Overflow, LedgerError::BelowZero].map(|it| it.code()),
        ["entry_empty", "amount_too_large", "balance_below_zero"]
    );
    assert_eq!(
        LedgerAccount::ALL.map(|it| it.code()),
        [
            "user_cash",
            "user_iap",
            "user_bonus",
            "user_debt",
            "gateway_receivable",
            "app_store_receivable",
            "app_store_sandbox",
            "course_revenue",
            "package_revenue",
            "unapplied_receipts",
            "adjustments"
        ]
    );
    assert_eq!(
        EntryKind::ALL.map(|it| it.code()),
        [
            "pay_from_balance",
            "confirm_order_charge",
            "confirm_purchase_charge",
            "credit_top_up",
            "keep_unapplied_receipt",
            "refund_unapplied_receipt",
            "adjust_balance",
            "credit_app_store_purchase",
            "claw_back_app_store_purchase",
            "restore_app_store_purchase",
            "refund_order",
            "refund_purchase",
            "claw_back_top_up"
        ]
    );
}

#[test]
fn the_codes_of_money_are_stable() {
    assert_eq!(
        [MoneyError::NotANumber, MoneyError::TooManyDecimals, MoneyError::NotPositive, MoneyError::TooLarge]
            .map(|it| it.code()),
        ["amount_not_a_number", "amount_too_many_decimals", "amount_not_positive", "amount_too_large"]
    );
}

#[test]
fn the_codes_of_orders_are_stable() {
    assert_eq!(
        [
            CreateOrderRefusal::BadSelection { max: 1 },
            CreateOrderRefusal::CourseNotOffered(number()),
            CreateOrderRefusal::CourseOwned { course_id: number(), name: String::new() },
            CreateOrderRefusal::TooLarge
        ]
        .map(|it| it.code()),
        ["course_selection_invalid", "course_not_offered", "course_owned", "amount_too_large"]
    );
    assert_eq!(
        [
            PayRefusal::OrderNotFound,
            PayRefusal::OrderPaid,
            PayRefusal::OrderClosed,
            PayRefusal::OrderCancelled,
            PayRefusal::CourseOwned { name: String::new() },
            PayRefusal::InsufficientBalance,
            PayRefusal::ChargeRefused,
            PayRefusal::ChargePostponed(Postponement::Throttled),
            PayRefusal::ChargeUnknown,
            PayRefusal::Ledger(LedgerError::Empty)
        ]
        .map(|it| it.code()),
        [
            "order_not_found",
            "order_paid",
            "order_closed",
            "order_cancelled",
            "course_owned",
            "balance_insufficient",
            "charge_refused",
            "gateway_throttled",
            "charge_unknown",
            "entry_empty"
        ]
    );
    assert_eq!(
        [CancelRefusal::OrderNotFound, CancelRefusal::OrderPaid, CancelRefusal::OrderClosed].map(|it| it.code()),
        ["order_not_found", "order_paid", "order_closed"]
    );
}

#[test]
fn the_codes_of_payments_are_stable() {
    assert_eq!(
        [Postponement::Throttled, Postponement::Unreached, Postponement::Halted { retry_after: Duration::ZERO }]
            .map(|it| it.code()),
        ["gateway_throttled", "gateway_unreached", "charges_halted"]
    );
    assert_eq!(
        [ProofRefusal::Invalid, ProofRefusal::Unknown].map(|it| it.code()),
        ["proof_invalid", "gateway_unknown"]
    );
    assert_eq!(
        [CallbackRefusal::BadSignature, CallbackRefusal::Unreadable].map(|it| it.code()),
        ["bad_signature", "unreadable_event"]
    );
    assert_eq!(AttemptStatus::ALL.map(|it| it.code()), ["requested", "open", "refused", "closed", "paid"]);
    assert_eq!(
        Channel::ALL.map(|it| it.code()),
        ["alipay", "alipay_wap", "alipay_qr", "wx", "wx_pub", "wx_pub_qr", "wx_wap", "upacp"]
    );
    assert_eq!(InboundStatus::ALL.map(|it| it.code()), ["kept", "unmatched", "processed", "ignored"]);
    assert_eq!(
        UnappliedReason::ALL.map(|it| it.code()),
        [
            "paid_already",
            "course_owned",
            "order_closed",
            "order_cancelled",
            "purchase_closed",
            "package_withdrawn",
            "package_held",
            "holding_changed",
            "amount_differs",
            "currency_differs",
            "app_differs",
            "mode_differs",
            "refunded_already",
            "subject_missing"
        ]
    );
    assert_eq!(
        ReceiptStatus::ALL.map(|it| it.code()),
        ["applied", "refund_due", "refund_requested", "refund_pending", "refunded", "review"]
    );
}

#[test]
fn the_codes_of_products_are_stable() {
    assert_eq!(
        [ProductRefusal::IdTaken, ProductRefusal::PriceOutOfBounds, ProductRefusal::NotFound].map(|it| it.code()),
        ["product_id_taken", "price_out_of_bounds", "product_not_found"]
    );
    assert_eq!(
        [CourseRefusal::PriceOutOfBounds, CourseRefusal::BadName, CourseRefusal::NotFound].map(|it| it.code()),
        ["price_out_of_bounds", "course_name_invalid", "course_not_found"]
    );
}

#[test]
fn the_codes_of_recovery_are_stable() {
    assert_eq!(
        [ReviewRefusal::NotFound, ReviewRefusal::NotPossible].map(|it| it.code()),
        ["review_not_found", "review_action_not_possible"]
    );
    assert_eq!(
        WorkKind::ALL.map(|it| it.code()),
        ["callbacks", "notifications", "charges", "orders", "purchases", "receipts", "refunds"]
    );
    assert_eq!(
        ReviewKind::ALL.map(|it| it.code()),
        ["callback", "charge", "notification", "period", "receipt", "refund"]
    );
    assert_eq!(ReviewAction::ALL.map(|it| it.code()), ["refund", "retry", "close"]);
}

#[test]
fn the_codes_of_refunds_are_stable() {
    assert_eq!(
        [
            RefundRefusal::NotFound,
            RefundRefusal::NotPaid,
            RefundRefusal::AboveLeft { left: Money::ZERO },
            RefundRefusal::AmountNotPositive,
            RefundRefusal::RefundNoTaken,
            RefundRefusal::RefundNoReserved,
            RefundRefusal::PurchaseUpgraded,
            RefundRefusal::Ledger(LedgerError::Empty)
        ]
        .map(|it| it.code()),
        [
            "not_found",
            "not_paid",
            "refund_above_left",
            "amount_not_positive",
            "refund_no_taken",
            "refund_no_reserved",
            "purchase_upgraded",
            "entry_empty"
        ]
    );
    assert_eq!(
        [
            DecisionRefusal::NotFound,
            DecisionRefusal::NotAwaiting,
            DecisionRefusal::OwnRequest,
            DecisionRefusal::PurchaseUpgraded,
            DecisionRefusal::Ledger(LedgerError::Empty)
        ]
        .map(|it| it.code()),
        ["refund_not_found", "refund_not_awaiting_approval", "refund_own_request", "purchase_upgraded", "entry_empty"]
    );
    assert_eq!(RefundTarget::ALL.map(|it| it.code()), ["source", "balance"]);
    assert_eq!(
        RefundStage::ALL.map(|it| it.code()),
        ["awaiting_approval", "requested", "pending", "succeeded", "failed", "rejected"]
    );
    assert_eq!(
        [RefundOrigin::Staff { by: UserId::try_new(1).unwrap() }, RefundOrigin::Gateway].map(|it| it.code()),
        ["staff", "gateway"]
    );
}

#[test]
fn the_codes_of_top_ups_are_stable() {
    assert_eq!(
        [
            TopUpRefusal::AmountOutOfBounds,
            TopUpRefusal::OpenIdMissing,
            TopUpRefusal::ChargeRefused,
            TopUpRefusal::ChargePostponed(Postponement::Throttled),
            TopUpRefusal::ChargeUnknown
        ]
        .map(|it| it.code()),
        ["amount_out_of_bounds", "open_id_missing", "charge_refused", "gateway_throttled", "charge_unknown"]
    );
}

//! The codes of what surrounds it: the App Store, the campus, reconciliation, webhooks, failures.

use crate::app_store::{
    AppStoreServerError, CatchUpError, NotificationKind, NotificationStatus, RecordVerdict, RedeemRefusal,
    SignatureRefusal, StoreEnvironment, TextSource,
};
use crate::cashier::CashierRefusal;
use crate::clock::Timestamp;
use crate::event_delivery::{DeliveryRefusal, DeliveryStage, EndpointRefusal, EndpointState, SendFault, UrlRefusal};
use crate::ids::{PackageId, UserId};
use crate::packages::{
    Availability, CampusRefusal, CatalogueRefusal, PlaceRefusal, ProjectKind, PurchaseKind, RowFault, SearchRefusal,
    Selection, SuccessRefusal, UpgradePricing,
};
use crate::payments::{GatewayError, GatewayFault, Postponement};
use crate::reconciliation::{
    Action, BillError, BillKind, BookedRefund, DaysError, DifferenceKind, PaymentState, ReconcileError, Repair,
    RunStatus, Source, Standing, Thing,
};
use crate::store::{StoreError, StoreFault};
use std::time::Duration;

fn store_error() -> StoreError {
    StoreError::new(StoreFault::Corrupt, "a reason")
}

#[test]
fn the_codes_of_app_store_are_stable() {
    assert_eq!(
        [
            RedeemRefusal::Signature(SignatureRefusal::Malformed),
            RedeemRefusal::NotConsumable,
            RedeemRefusal::NotPurchased,
            RedeemRefusal::QuantityOutOfBounds,
            RedeemRefusal::Refunded,
            RedeemRefusal::ProductUnknown,
            RedeemRefusal::TokenMissing,
            RedeemRefusal::TokenDiffers,
            RedeemRefusal::AmountDiffers,
            RedeemRefusal::AmountTooLarge,
            RedeemRefusal::OtherUser,
            RedeemRefusal::SandboxNotCredited
        ]
        .map(|it| it.code()),
        [
            "app_store_malformed",
            "app_store_not_consumable",
            "app_store_not_purchased",
            "app_store_quantity_out_of_bounds",
            "app_store_refunded",
            "app_store_product_unknown",
            "app_store_token_missing",
            "app_store_token_differs",
            "app_store_amount_differs",
            "app_store_amount_too_large",
            "app_store_other_user",
            "app_store_sandbox_not_credited"
        ]
    );
    assert_eq!(TextSource::ALL.map(|it| it.code()), ["client", "notification", "server"]);
    assert_eq!(RecordVerdict::ALL.map(|it| it.code()), ["other_user", "sandbox_not_credited", "price_differs"]);
    assert_eq!(NotificationStatus::ALL.map(|it| it.code()), ["kept", "processed", "ignored"]);
    assert_eq!(StoreEnvironment::ALL.map(|it| it.code()), ["production", "sandbox"]);
    assert_eq!(
        SignatureRefusal::ALL.map(|it| it.code()),
        [
            "app_store_not_configured",
            "app_store_malformed",
            "app_store_bad_signature",
            "app_store_no_signed_date",
            "app_store_signed_in_future",
            "app_store_other_app",
            "app_store_other_environment"
        ]
    );
}

#[test]
fn the_codes_of_failures_are_stable() {
    let store = [StoreFault::Unavailable, StoreFault::Unknown, StoreFault::Corrupt];
    let codes = store.map(|fault| StoreError::new(fault, "a reason").code());
    assert_eq!(codes, ["store_unavailable", "outcome_unknown", "store_corrupt"]);
    let halted = Postponement::Halted { retry_after: Duration::ZERO };
    let gateway = [GatewayFault::Refused { code: None }, GatewayFault::Postponed(halted), GatewayFault::Unknown];
    let codes = gateway.map(|fault| GatewayError::new(fault, "a reason").code());
    assert_eq!(codes, ["gateway_refused", "charges_halted", "gateway_unknown"]);
    let server = || AppStoreServerError::new("a reason");
    assert_eq!(server().code(), "app_store_unreachable");
    assert_eq!(
        [CatchUpError::NotConfigured, server().into(), store_error().into(), CatchUpError::TooLong].map(|it| it.code()),
        ["app_store_server_not_configured", "app_store_unreachable", "store_corrupt", "app_store_history_too_long"]
    );
    let gateway = GatewayError::new(GatewayFault::Unknown, "a reason");
    assert_eq!(
        [gateway.into(), store_error().into(), ReconcileError::NotFound, ReconcileError::StillRunning]
            .map(|it: ReconcileError| it.code()),
        ["gateway_unknown", "store_corrupt", "not_found", "reconciliation_running"]
    );
}

#[test]
fn a_kind_of_notification_is_read_back_from_its_code() {
    for code in
        ["ONE_TIME_CHARGE", "REFUND", "REFUND_REVERSED", "REFUND_DECLINED", "CONSUMPTION_REQUEST", "TEST", "SUBSCRIBED"]
    {
        let kind = NotificationKind::parse(code);
        assert_eq!(kind.code(), code);
        assert_eq!(matches!(kind, NotificationKind::Other(_)), code == "SUBSCRIBED", "{code}");
    }
}

#[test]
fn the_codes_of_cashier_are_stable() {
    assert_eq!(
        [CashierRefusal::NotYours, CashierRefusal::Unknown, CashierRefusal::Expired].map(|it| it.code()),
        ["cashier_target_not_yours", "cashier_link_unknown", "cashier_link_expired"]
    );
}

#[test]
fn the_codes_of_event_delivery_are_stable() {
    assert_eq!(
        [UrlRefusal::Malformed, UrlRefusal::NotHttps, UrlRefusal::NotPublic].map(|it| it.code()),
        ["webhook_url_malformed", "webhook_url_not_https", "webhook_url_not_public"]
    );
    assert_eq!(
        [
            EndpointRefusal::NotFound,
            EndpointRefusal::TooMany,
            EndpointRefusal::Url(UrlRefusal::NotHttps),
            EndpointRefusal::TooManySecrets,
            EndpointRefusal::Disabled,
            EndpointRefusal::Replaying,
            EndpointRefusal::SinceInFuture
        ]
        .map(|it| it.code()),
        [
            "webhook_endpoint_not_found",
            "too_many_webhook_endpoints",
            "webhook_url_not_https",
            "too_many_webhook_secrets",
            "webhook_endpoint_disabled",
            "webhook_replay_under_way",
            "since_in_future"
        ]
    );
    assert_eq!([DeliveryRefusal::NotFound].map(|it| it.code()), ["delivery_not_found"]);
    assert_eq!(DeliveryStage::ALL.map(|it| it.code()), ["pending", "delivered", "failed"]);
    assert_eq!(
        SendFault::ALL.map(|it| it.code()),
        ["address_refused", "name_unresolved", "not_connected", "timed_out", "broken", "not_sent"]
    );
    assert_eq!(EndpointState::ALL.map(|it| it.code()), ["active", "disabled", "removed"]);
}

#[test]
fn the_codes_of_packages_are_stable() {
    assert_eq!(
        [SearchRefusal::NotYours, SearchRefusal::NothingOffered, SearchRefusal::NothingToUpgrade].map(|it| it.code()),
        ["student_not_yours", "nothing_offered", "nothing_to_upgrade"]
    );
    assert_eq!(
        [
            PlaceRefusal::NotYours,
            PlaceRefusal::BadSelection,
            PlaceRefusal::NotOffered(PackageId::try_new(1).unwrap()),
            PlaceRefusal::SeveralProjects,
            PlaceRefusal::ChannelNotOffered,
            PlaceRefusal::HeldAlready,
            PlaceRefusal::NothingToUpgrade,
            PlaceRefusal::NotDearer,
            PlaceRefusal::NeverHeld,
            PlaceRefusal::AmountDiffers,
            PlaceRefusal::TooLarge,
            PlaceRefusal::ChargeRefused,
            PlaceRefusal::ChargePostponed(Postponement::Throttled),
            PlaceRefusal::ChargeUnknown
        ]
        .map(|it| it.code()),
        [
            "student_not_yours",
            "package_selection_invalid",
            "package_not_offered",
            "several_projects",
            "channel_not_offered",
            "package_held",
            "nothing_to_upgrade",
            "package_not_dearer",
            "package_never_held",
            "amount_differs",
            "amount_too_large",
            "charge_refused",
            "gateway_throttled",
            "charge_unknown"
        ]
    );
    assert_eq!(
        [SuccessRefusal::NotYours, SuccessRefusal::NotFound, SuccessRefusal::NotPaid].map(|it| it.code()),
        ["student_not_yours", "purchase_not_found", "purchase_not_paid"]
    );
    assert_eq!(
        [
            CampusRefusal::SchoolNotFound,
            CampusRefusal::StudentNotFound,
            CampusRefusal::GuardianNotFound(UserId::try_new(1).unwrap()),
            CampusRefusal::OwnGuardian,
            CampusRefusal::CardTaken,
            CampusRefusal::UsernameTaken,
            CampusRefusal::Repeated,
            CampusRefusal::BadText("name")
        ]
        .map(|it| it.code()),
        [
            "school_not_found",
            "student_not_found",
            "guardian_not_found",
            "own_guardian",
            "card_taken",
            "username_taken",
            "repeated",
            "text_invalid"
        ]
    );
    assert_eq!(
        [
            CatalogueRefusal::SchoolNotFound,
            CatalogueRefusal::ProjectNotFound,
            CatalogueRefusal::PackageNotFound,
            CatalogueRefusal::Fixed("kind"),
            CatalogueRefusal::BadText("name"),
            CatalogueRefusal::BadChannels,
            CatalogueRefusal::PriceOutOfBounds,
            CatalogueRefusal::Repeated
        ]
        .map(|it| it.code()),
        [
            "school_not_found",
            "project_not_found",
            "package_not_found",
            "field_fixed",
            "text_invalid",
            "channels_invalid",
            "price_out_of_bounds",
            "repeated"
        ]
    );
    assert_eq!(ProjectKind::ALL.map(|it| it.code()), ["card", "sms"]);
    assert_eq!(Selection::ALL.map(|it| it.code()), ["single", "multi"]);
    assert_eq!(UpgradePricing::ALL.map(|it| it.code()), ["difference", "prorated"]);
    assert_eq!(
        [Availability::Offered, Availability::Withdrawn { since: Timestamp::default() }].map(|it| it.code()),
        ["offered", "withdrawn"]
    );
    assert_eq!(
        [
            RowFault::Missing,
            RowFault::Unknown,
            RowFault::Repeated,
            RowFault::BadNumber,
            RowFault::BadAmount,
            RowFault::BadText,
            RowFault::BadWord
        ]
        .map(|it| it.code()),
        [
            "field_missing",
            "field_unknown",
            "field_repeated",
            "number_invalid",
            "amount_invalid",
            "text_invalid",
            "word_invalid"
        ]
    );
    assert_eq!(PurchaseKind::ALL.map(|it| it.code()), ["new", "upgrade", "renewal"]);
}

#[test]
fn the_codes_of_reconciliation_are_stable() {
    assert_eq!(BillKind::ALL.map(|it| it.code()), ["wechat", "alipay"]);
    assert_eq!(
        [BillError::Unreadable, BillError::TooLarge, BillError::NoHeader, BillError::MissingColumn(String::new())]
            .map(|it| it.code()),
        ["bill_unreadable", "bill_too_large", "bill_without_header", "bill_column_missing"]
    );
    assert_eq!([DaysError::Backwards, DaysError::TooMany].map(|it| it.code()), ["days_backwards", "days_too_many"]);
    assert_eq!(Source::ALL.map(|it| it.code()), ["gateway", "wechat_bill", "alipay_bill"]);
    assert_eq!(Thing::ALL.map(|it| it.code()), ["payment", "refund", "line"]);
    assert_eq!(
        DifferenceKind::ALL.map(|it| it.code()),
        [
            "missing_here",
            "missing_there",
            "amount_differs",
            "status_differs",
            "currency_differs",
            "app_differs",
            "livemode_differs",
            "refunded_amount_differs",
            "paid_day_differs",
            "duplicate_there",
            "unreadable_there"
        ]
    );
    assert_eq!(Action::ALL.map(|it| it.code()), ["confirm", "record_refund", "review", "none"]);
    assert_eq!(Standing::ALL.map(|it| it.code()), ["new", "still", "gone"]);
    assert_eq!(
        [
            Repair::Open,
            Repair::Failed { code: String::new(), at: Timestamp::default() },
            Repair::Done { at: Timestamp::default() },
            Repair::ForAPerson { at: Timestamp::default() }
        ]
        .map(|it| it.code()),
        ["open", "failed", "repaired", "for_a_person"]
    );
    assert_eq!(RunStatus::ALL.map(|it| it.code()), ["running", "finished", "failed"]);
    assert_eq!(
        [PaymentState::Paid, PaymentState::Unpaid, PaymentState::Reversed].map(|it| it.code()),
        ["paid", "unpaid", "reversed"]
    );
    assert_eq!(
        [BookedRefund::AtGateway, BookedRefund::Succeeded, BookedRefund::Failed, BookedRefund::Review]
            .map(|it| it.code()),
        ["pending", "succeeded", "failed", "review"]
    );
}

//! Our own API: snake_case JSON, whole fen named `*_fen`, pages by cursor, problem documents.

mod app_store;
mod cashier_links;
mod courses;
mod deliveries;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod guardians;
mod ledger;
mod me;
mod orders;
mod packages;
mod page;
mod path;
mod products;
mod projects;
mod purchases;
mod reconciliations;
mod recovery;
mod refunds;
mod review;
mod schools;
mod students;
mod top_ups;
mod users;
mod webhook_endpoints;

pub(crate) use app_store::{
    answer_consumption_request, list_app_store_purchases, list_app_store_records, list_consumption_requests,
};
pub(crate) use cashier_links::create_order_link;
pub(crate) use courses::{create_course, list_courses, offer_course, withdraw_course};
pub(crate) use deliveries::{find_webhook_delivery, list_webhook_deliveries, ping_webhook_endpoint, resend_event};
pub(crate) use guardians::{bind_guardian, list_guardians, replace_card, unbind_guardian};
pub(crate) use ledger::list_entries;
pub(crate) use me::me;
pub(crate) use orders::{cancel_order, create_order, find_order, list_orders};
pub(crate) use packages::{create_package, list_packages, offer_package, put_package, withdraw_package};
pub(crate) use products::set_product_price;
pub(crate) use projects::{create_project, list_projects, offer_project, put_project, withdraw_project};
pub(crate) use purchases::{find_purchase, list_purchases, list_wards};
pub(crate) use reconciliations::{
    find_reconciliation, list_differences, list_reconciliations, reconcile_bill, repair_reconciliation,
    start_reconciliation,
};
pub(crate) use recovery::{run_recovery, show_recovery};
pub(crate) use refunds::{
    approve_order_refund, approve_purchase_refund, list_order_refunds, list_purchase_refunds, list_refunds,
    refund_order, refund_purchase, reject_order_refund, reject_purchase_refund,
};
pub(crate) use review::{close_review, find_review, list_review, refund_review, retry_review};
pub(crate) use schools::{create_school, list_schools, put_school};
pub(crate) use students::{find_student, list_students, put_student};
pub(crate) use top_ups::{find_top_up, start_top_up};
pub(crate) use users::{activate_user, create_user, deactivate_user, list_users};
pub(crate) use webhook_endpoints::{
    create_webhook_endpoint, disable_webhook_endpoint, enable_webhook_endpoint, find_webhook_endpoint,
    list_webhook_endpoints, put_webhook_endpoint, remove_webhook_endpoint, resend_events_since, rotate_webhook_secret,
};

#[cfg(test)]
pub(crate) mod paths {
    //! The documented operations of this folder.
    pub(crate) use super::app_store::{
        __path_answer_consumption_request, __path_list_app_store_purchases, __path_list_app_store_records,
        __path_list_consumption_requests,
    };
    pub(crate) use super::cashier_links::__path_create_order_link;
    pub(crate) use super::courses::{
        __path_create_course, __path_list_courses, __path_offer_course, __path_withdraw_course,
    };
    pub(crate) use super::deliveries::{
        __path_find_webhook_delivery, __path_list_webhook_deliveries, __path_ping_webhook_endpoint, __path_resend_event,
    };
    pub(crate) use super::guardians::{
        __path_bind_guardian, __path_list_guardians, __path_replace_card, __path_unbind_guardian,
    };
    pub(crate) use super::ledger::__path_list_entries;
    pub(crate) use super::me::__path_me;
    pub(crate) use super::orders::{__path_cancel_order, __path_create_order, __path_find_order, __path_list_orders};
    pub(crate) use super::packages::{
        __path_create_package, __path_list_packages, __path_offer_package, __path_put_package, __path_withdraw_package,
    };
    pub(crate) use super::products::__path_set_product_price;
    pub(crate) use super::projects::{
        __path_create_project, __path_list_projects, __path_offer_project, __path_put_project, __path_withdraw_project,
    };
    pub(crate) use super::purchases::{__path_find_purchase, __path_list_purchases, __path_list_wards};
    pub(crate) use super::reconciliations::{
        __path_find_reconciliation, __path_list_differences, __path_list_reconciliations, __path_reconcile_bill,
        __path_repair_reconciliation, __path_start_reconciliation,
    };
    pub(crate) use super::recovery::{__path_run_recovery, __path_show_recovery};
    pub(crate) use super::refunds::{
        __path_approve_order_refund, __path_approve_purchase_refund, __path_list_order_refunds,
        __path_list_purchase_refunds, __path_list_refunds, __path_refund_order, __path_refund_purchase,
        __path_reject_order_refund, __path_reject_purchase_refund,
    };
    pub(crate) use super::review::{
        __path_close_review, __path_find_review, __path_list_review, __path_refund_review, __path_retry_review,
    };
    pub(crate) use super::schools::{__path_create_school, __path_list_schools, __path_put_school};
    pub(crate) use super::students::{__path_find_student, __path_list_students, __path_put_student};
    pub(crate) use super::top_ups::{__path_find_top_up, __path_start_top_up};
    pub(crate) use super::users::{
        __path_activate_user, __path_create_user, __path_deactivate_user, __path_list_users,
    };
    pub(crate) use super::webhook_endpoints::{
        __path_create_webhook_endpoint, __path_disable_webhook_endpoint, __path_enable_webhook_endpoint,
        __path_find_webhook_endpoint, __path_list_webhook_endpoints, __path_put_webhook_endpoint,
        __path_remove_webhook_endpoint, __path_resend_events_since, __path_rotate_webhook_secret,
    };
}

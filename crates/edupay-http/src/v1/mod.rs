//! Our own API: snake_case JSON, whole fen named `*_fen`, pages by cursor, problem documents.

mod courses;
mod ledger;
mod me;
mod orders;
mod page;
mod top_ups;
mod users;

pub(crate) use courses::{create_course, list_courses, offer_course, withdraw_course};
pub(crate) use ledger::list_entries;
pub(crate) use me::me;
pub(crate) use orders::{cancel_order, create_order, find_order, list_orders};
pub(crate) use top_ups::start_top_up;
pub(crate) use users::{activate_user, create_user, deactivate_user, list_users};

pub(crate) mod paths {
    //! The documented operations of this folder.
    pub(crate) use super::courses::{
        __path_create_course, __path_list_courses, __path_offer_course, __path_withdraw_course,
    };
    pub(crate) use super::ledger::__path_list_entries;
    pub(crate) use super::me::__path_me;
    pub(crate) use super::orders::{__path_cancel_order, __path_create_order, __path_find_order, __path_list_orders};
    pub(crate) use super::top_ups::__path_start_top_up;
    pub(crate) use super::users::{
        __path_activate_user, __path_create_user, __path_deactivate_user, __path_list_users,
    };
}

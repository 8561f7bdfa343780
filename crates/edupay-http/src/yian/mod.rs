//! The 益安 API: the paths, the fields and their order are those of its documents. Amounts are yuan.

mod account;
mod balance;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod orders;
mod products;
mod profile;

pub(crate) use account::{log_in, log_out};
pub(crate) use balance::fill_in_balance;
pub(crate) use orders::{document, pay_for_order, pay_in_balance};
pub(crate) use products::{create_product, list_products};

#[cfg(test)]
pub(crate) mod paths {
    //! The documented operations of this folder.
    pub(crate) use super::account::{__path_log_in, __path_log_out};
    pub(crate) use super::balance::__path_fill_in_balance;
    pub(crate) use super::orders::{__path_pay_for_order, __path_pay_in_balance};
    pub(crate) use super::products::{__path_create_product, __path_list_products};
}

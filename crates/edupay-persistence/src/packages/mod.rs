//! Packages of the campus: people, the catalogue, purchases and the periods they give.
//!
//! What is absent: how a paid charge is written. Like every payment it goes through `crate::rows`.

mod campus_store;
mod catalogue_store;
mod import;
mod locks;
mod offers;
mod people;
pub(crate) mod purchases;
pub(crate) mod rows;
mod store;

/// How many rows one statement names or writes at most: neither database takes values without end.
const LOT: usize = 500;

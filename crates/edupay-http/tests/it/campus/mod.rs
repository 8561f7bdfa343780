//! The campus API and what staff keeps for it, on a store in memory and a gateway that can be paid.

mod dialect;
mod ownership;
mod prices;
pub(crate) mod school;
mod seed;
mod staff;

//! Reconciliation: what we booked, read in chunks by time; runs and their differences.

mod books;
mod rows;
mod store;

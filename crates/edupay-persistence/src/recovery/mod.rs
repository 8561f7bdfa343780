//! What is unfinished, the list for people, and their decisions.

mod decide;
mod rows;
mod store;

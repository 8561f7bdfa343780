//! Who may depend on whom. The lists below are the architecture; an arrow that is not in them is a
//! decision somebody has to take in the open.

mod crates;
mod fuzzing;
mod migrations;
mod mischief;
mod modules;

//! What an operator decides: a TOML file, then `EDUPAY_*` variables, then the command line.

mod app_store;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod idempotency;
mod load;
mod meaning;
mod model;
mod print;

pub(crate) use app_store::AppStoreEnvironment;
pub(crate) use load::{Overrides, load};
pub(crate) use model::{LimitSettings, LogFormat, PreparedStatementsSetting, Secret, Settings};
pub(crate) use print::{is_default, print};

//! Money into the cash balance, by a charge. A balance grows only on proof.

mod campaign;
mod error;
mod model;
mod ports;
mod rules;
#[cfg(test)]
mod rules_tests;
mod service;

pub use campaign::{BonusTier, Campaign, CampaignError};
pub use error::TopUpRefusal;
pub use model::{ConfirmTopUp, OpenTopUp, StartedTopUp, TopUp, TopUpState, TopUpWish};
pub use ports::{ConfirmTopUpRule, OpenTopUpRule, OpenedTopUp, TopUpStore};
pub use rules::{OpenTopUpPlan, TopUpView, confirm_top_up, open_top_up};
pub use service::{ConfirmTopUps, TopUpPolicy, TopUpService, TopUps};

#[cfg(feature = "mocks")]
pub use ports::MockTopUpStore;

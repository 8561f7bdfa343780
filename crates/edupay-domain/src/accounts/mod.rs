//! Users, their tokens and their balances.

mod error;
mod model;
mod ports;
mod rules;
mod service;

pub use error::{AdjustRefusal, CreateUserRefusal, LoginRefusal, TokenRefusal};
pub use model::{
    Activity, AdjustBalance, Credential, NewUser, PasswordHash, Principal, Profile, Role, Token, TokenDigest, User,
};
pub use ports::{AdjustBalanceRule, Credentials, UserStore, WalletStore};
pub use rules::{AdjustPlan, adjust_balance};
pub use service::{AccountService, Accounts};

#[cfg(feature = "mocks")]
pub use ports::{MockCredentials, MockUserStore, MockWalletStore};

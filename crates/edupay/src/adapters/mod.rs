//! The small adapters that only the program needs: time, randomness, password hashing.

mod credentials;
mod entropy;

pub(crate) use credentials::Argon2Credentials;
pub(crate) use entropy::{SystemClock, SystemEntropy, random};

//! The settings of requests that are done once per key.

use crate::error::Failure;
use chrono::TimeDelta;
use edupay_domain::idempotency::IdempotencyPolicy;
use serde::{Deserialize, Serialize};

/// How long a key and its reply are kept, and how long a request of several steps is left to whoever works
/// on it before a repeat takes it over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdempotencySettings {
    pub(crate) lifetime_hours: u32,
    pub(crate) lease_seconds: u32,
}

impl Default for IdempotencySettings {
    fn default() -> Self {
        Self { lifetime_hours: 24, lease_seconds: 30 }
    }
}

impl IdempotencySettings {
    pub(crate) fn policy(&self) -> IdempotencyPolicy {
        IdempotencyPolicy {
            lifetime: TimeDelta::hours(i64::from(self.lifetime_hours)),
            lease: TimeDelta::seconds(i64::from(self.lease_seconds)),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.lifetime_hours < 24 {
            return Err(Failure::setting("idempotency.lifetime_hours", "at least 24"));
        }
        if self.lease_seconds == 0 {
            return Err(Failure::setting("idempotency.lease_seconds", "above zero"));
        }
        Ok(())
    }
}

//! The port of signatures, by the library that carries Apple's verifier over to Rust.
//!
//! The certificates must be valid when a text was signed, not now: the App Store renews its leaf every two
//! years, and a device may hand over a transaction that is older. The library remembers verified keys only
//! when it checks against the present, so each text costs a whole verification: two signatures of P-384 and
//! one of P-256, some milliseconds of a processor.

#[cfg(test)]
mod tests;

use std::fmt;

use app_store_server_library::models::app_store_environment::Environment;
use app_store_server_library::signed_data_verifier::{SignedDataVerifier, SignedDataVerifierError};
use edupay_domain::app_store::{
    AppStoreNotification, AppStoreSignatures, AppStoreTransaction, SignatureRefusal, StoreEnvironment,
};
use edupay_domain::clock::Timestamp;

use crate::claims::{NotificationClaims, TransactionClaims, claimed_environment};
use crate::settings::{AppStoreSettings, SettingsError};
use crate::{decode, roots};

/// Verifies what the App Store signs for one app.
///
/// The library also knows environments that nobody signs for, Xcode's among them, and looks at no signature
/// there. No setting leads to them.
pub struct AppStoreVerifier {
    /// None in a service that takes play money only.
    production: Option<SignedDataVerifier>,
    sandbox: SignedDataVerifier,
}

impl AppStoreVerifier {
    /// A verifier of these settings.
    ///
    /// # Errors
    /// [`SettingsError`] if something is missing, or a root can't be read or is not Apple's in production.
    pub fn new(settings: AppStoreSettings) -> Result<Self, SettingsError> {
        let AppStoreSettings { bundle_id, app_apple_id, environment, roots } = settings;
        if bundle_id.is_empty() {
            return Err(SettingsError::NoBundleId);
        }
        let roots = roots::trusted(&roots, environment)?;
        Self::trusting(&roots, environment, &bundle_id, app_apple_id)
    }

    /// Any root: what [`Self::new`] does after it has looked at it.
    fn trusting(
        roots: &[Vec<u8>],
        environment: StoreEnvironment,
        bundle_id: &str,
        app_apple_id: Option<i64>,
    ) -> Result<Self, SettingsError> {
        let verifier = |environment| {
            SignedDataVerifier::new(roots.to_vec(), environment, bundle_id.to_owned(), app_apple_id, false)
                .map_err(|_| SettingsError::NoAppAppleId)
        };
        let production = match environment {
            StoreEnvironment::Production => Some(verifier(Environment::Production)?),
            StoreEnvironment::Sandbox => None,
        };
        Ok(Self { production, sandbox: verifier(Environment::Sandbox)? })
    }

    fn of(&self, environment: StoreEnvironment) -> Result<&SignedDataVerifier, SignatureRefusal> {
        match environment {
            StoreEnvironment::Production => self.production.as_ref().ok_or(SignatureRefusal::OtherEnvironment),
            StoreEnvironment::Sandbox => Ok(&self.sandbox),
        }
    }
}

impl AppStoreSignatures for AppStoreVerifier {
    fn transaction(&self, signed: &str, at: Timestamp) -> Result<AppStoreTransaction, SignatureRefusal> {
        let environment = claimed_environment::<TransactionClaims>(signed, at)?;
        let payload = self.of(environment)?.verify_and_decode_signed_transaction(signed);
        decode::transaction(&payload.map_err(|error| refusal(&error))?, environment, signed)
    }

    fn notification(&self, signed: &str, at: Timestamp) -> Result<AppStoreNotification, SignatureRefusal> {
        let environment = claimed_environment::<NotificationClaims>(signed, at)?;
        let payload = self.of(environment)?.verify_and_decode_notification(signed);
        let payload = payload.map_err(|error| refusal(&error))?;
        let inner = payload.data.as_ref().and_then(|data| data.signed_transaction_info.as_deref());
        let transaction = inner.map(|inner| self.transaction(inner, at)).transpose()?;
        if transaction.as_ref().is_some_and(|transaction| transaction.environment != environment) {
            return Err(SignatureRefusal::OtherEnvironment);
        }
        decode::notification(&payload, transaction, signed)
    }
}

impl fmt::Debug for AppStoreVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppStoreVerifier").field("production", &self.production.is_some()).finish_non_exhaustive()
    }
}

fn refusal(error: &SignedDataVerifierError) -> SignatureRefusal {
    match error {
        SignedDataVerifierError::VerificationFailure | SignedDataVerifierError::InternalChainVerifierError(_) => {
            SignatureRefusal::BadSignature
        }
        SignedDataVerifierError::InvalidAppIdentifier | SignedDataVerifierError::InvalidAppAppleId => {
            SignatureRefusal::OtherApp
        }
        SignedDataVerifierError::InvalidEnvironment => SignatureRefusal::OtherEnvironment,
        SignedDataVerifierError::InternalDecodeError(_)
        | SignedDataVerifierError::InternalDeserializationError(_)
        | SignedDataVerifierError::InternalJWSError(_) => SignatureRefusal::Malformed,
    }
}

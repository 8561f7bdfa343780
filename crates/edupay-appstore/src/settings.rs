//! What verification and the client of the server API are built from.

use std::fmt;
use std::time::Duration;

use edupay_domain::app_store::StoreEnvironment;
use openssl::error::ErrorStack;

/// Whose signed texts are accepted.
#[derive(Debug, Clone)]
pub struct AppStoreSettings {
    /// The app's bundle id, such as `com.example.app`.
    pub bundle_id: String,
    /// The app's number in the App Store. Production needs it; elsewhere it is not looked at.
    pub app_apple_id: Option<i64>,
    /// Production accepts what either environment signs, Sandbox only its own.
    pub environment: StoreEnvironment,
    /// Files of trusted root certificates, DER or PEM; where there are none, Apple Root CA - G3, which is
    /// built in. Production trusts no other.
    pub roots: Vec<Vec<u8>>,
}

/// Who we are at the App Store Server API. Its Debug form shows no key.
#[derive(Clone)]
pub struct ServerSettings {
    /// The app's bundle id.
    pub bundle_id: String,
    /// The account's issuer id.
    pub issuer_id: String,
    /// The name of the key.
    pub key_id: String,
    /// The key itself: the `.p8` file that Apple hands out once.
    pub private_key: Vec<u8>,
    /// Another address than Apple's two, for tests and development; without a slash at the end.
    pub api_base: Option<String>,
    /// For a whole exchange.
    pub timeout: Duration,
}

/// Why nothing can be built from these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is no bundle id.
    #[error("the bundle id is missing")]
    NoBundleId,
    /// Production can't tell its app from others by the bundle id alone.
    #[error("production needs the app's number in the App Store")]
    NoAppAppleId,
    /// A root is not a certificate.
    #[error("not a certificate in DER or PEM")]
    UnreadableRoot(#[source] ErrorStack),
    /// A root that is not Apple's, for real money.
    #[error("production trusts Apple Root CA - G3 (AppleRootCA-G3.cer) alone, which is built in")]
    ForeignRoot,
    /// The issuer id or the key's name is missing.
    #[error("the issuer id or the key id is missing")]
    NoIssuer,
    /// The key is not one that the App Store hands out.
    #[error("not a P-256 key in PEM, as Apple hands it out in a .p8 file")]
    BadKey(#[source] ErrorStack),
    /// The address is not an absolute http or https URL without a query.
    #[error("not an http or https URL")]
    BadApiBase,
}

impl fmt::Debug for ServerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSettings")
            .field("bundle_id", &self.bundle_id)
            .field("key_id", &self.key_id)
            .field("api_base", &self.api_base)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

//! The App Store as a service sees it: the verification of what it signs, and its server API.
//!
//! Verified are the chain of certificates up to a configured root, its marks, the signature, the app and
//! the environment. What is absent: any rule about what was bought, by whom and how often, which is the
//! domain's; receipts of the older kind; revocation checks of certificates, which need the network; and any
//! way to accept what was signed by Xcode, since nobody signs that.
//!
//! With the feature `dev` there is a signer with a chain of its own, so that everything can be tried
//! without Apple.

mod blocking;
mod claims;
mod decode;
#[cfg(any(test, feature = "dev"))]
pub mod dev;
mod es256;
mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod roots;
mod server;
mod settings;
mod verifier;

pub use claims::{SignedKind, claimed_kind};
pub use fault::ServerFault;
pub use server::AppStoreServerClient;
pub use settings::{AppStoreSettings, ServerSettings, SettingsError};
pub use verifier::AppStoreVerifier;

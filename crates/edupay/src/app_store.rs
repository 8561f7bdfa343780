//! The App Store that the settings describe.

use crate::error::Failure;
use crate::settings::{AppStoreEnvironment, Settings};
use edupay_appstore::{AppStoreServerClient, AppStoreSettings, AppStoreVerifier, ServerSettings, SettingsError};
use edupay_domain::app_store::{AppStorePolicy, AppStoreServer, AppStoreSignatures, MissingToken, StoreEnvironment};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// For a whole exchange with the App Store's server.
const SERVER_TIMEOUT: Duration = Duration::from_secs(10);

/// The App Store with what belongs to it.
pub(crate) struct AppStore {
    /// Whose signatures are believed; nobody's without a bundle id.
    pub(crate) signatures: Option<Arc<dyn AppStoreSignatures>>,
    /// Who tells what was missed, where there is a key to ask with.
    pub(crate) server: Option<Arc<dyn AppStoreServer>>,
}

/// Builds what is configured.
pub(crate) fn build(settings: &Settings) -> Result<AppStore, Failure> {
    let section = &settings.appstore;
    if !section.is_configured() {
        return Ok(AppStore { signatures: None, server: None });
    }
    refuse_unsafe(settings)?;
    Ok(AppStore {
        signatures: Some(Arc::new(verifier(settings)?)),
        server: match &section.private_key_file {
            Some(file) => Some(Arc::new(server(settings, file)?)),
            None => None,
        },
    })
}

/// The environment of the settings, in the domain's words.
pub(crate) fn environment(settings: &Settings) -> StoreEnvironment {
    match settings.appstore.environment {
        AppStoreEnvironment::Production => StoreEnvironment::Production,
        AppStoreEnvironment::Sandbox => StoreEnvironment::Sandbox,
    }
}

/// What staff decided about purchases.
pub(crate) fn policy(settings: &Settings) -> Result<AppStorePolicy, Failure> {
    let section = &settings.appstore;
    Ok(AppStorePolicy {
        missing_token: match section.allow_missing_token {
            true => MissingToken::TakenByTheFirst,
            false => MissingToken::Refused,
        },
        sandbox_users: section.sandbox_users()?,
    })
}

/// With real money nothing of a test set-up may be left.
fn refuse_unsafe(settings: &Settings) -> Result<(), Failure> {
    let section = &settings.appstore;
    if settings.is_live() && environment(settings) == StoreEnvironment::Sandbox {
        let why = "play money of the App Store can't be used with a live key: production takes its testers' too";
        return Err(Failure::setting("appstore.environment", why));
    }
    let is_plain = !section.api_base.is_empty() && !section.api_base.starts_with("https://");
    if is_plain && environment(settings) == StoreEnvironment::Production {
        return Err(Failure::setting("appstore.api_base", "production needs https"));
    }
    Ok(())
}

fn verifier(settings: &Settings) -> Result<AppStoreVerifier, Failure> {
    const ROOTS: &str = "appstore.root_certificate_files";
    let section = &settings.appstore;
    let files = section.root_certificate_files.iter();
    let roots = files.map(|file| read(ROOTS, file)).collect::<Result<Vec<_>, _>>()?;
    let verifier = AppStoreVerifier::new(AppStoreSettings {
        bundle_id: section.bundle_id.clone(),
        app_apple_id: section.app_apple_id,
        environment: environment(settings),
        roots,
    });
    verifier.map_err(|error| match error {
        SettingsError::NoAppAppleId => Failure::setting("appstore.app_apple_id", error),
        SettingsError::ForeignRoot => {
            Failure::setting(ROOTS, format!("{error}; another root needs appstore.environment = \"sandbox\""))
        }
        SettingsError::UnreadableRoot(_) => Failure::setting(ROOTS, error),
        other => Failure::setting("appstore", other),
    })
}

fn server(settings: &Settings, key_file: &Path) -> Result<AppStoreServerClient, Failure> {
    const KEY: &str = "appstore.private_key_file";
    let section = &settings.appstore;
    let client = AppStoreServerClient::new(ServerSettings {
        bundle_id: section.bundle_id.clone(),
        issuer_id: section.issuer_id.clone(),
        key_id: section.key_id.clone(),
        private_key: read(KEY, key_file)?,
        api_base: (!section.api_base.is_empty()).then(|| section.api_base.clone()),
        timeout: SERVER_TIMEOUT,
    });
    client.map_err(|error| match error {
        SettingsError::BadKey(_) => Failure::setting(KEY, error),
        SettingsError::BadApiBase => Failure::setting("appstore.api_base", error),
        other => Failure::setting("appstore", other),
    })
}

fn read(name: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::setting(name, format!("{}: {error}", file.display())))
}

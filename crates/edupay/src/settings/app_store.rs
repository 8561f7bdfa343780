//! The settings of the App Store: whose purchases are believed, and who we are at its server API.

use crate::error::Failure;
use edupay_domain::app_store::SandboxUser;
use edupay_domain::ids::{UserId, Username};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which purchases are taken.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AppStoreEnvironment {
    /// Real ones, and those of an app's testers and reviewers.
    Production,
    /// Play money only, under any root.
    Sandbox,
}

/// A user in a list: by the number, or by the log-in name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ListedUser {
    Id(i64),
    Name(String),
}

/// The App Store. Without a bundle id there is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AppStoreSection {
    pub(crate) bundle_id: String,
    pub(crate) app_apple_id: Option<i64>,
    pub(crate) environment: AppStoreEnvironment,
    pub(crate) root_certificate_files: Vec<PathBuf>,
    pub(crate) allow_missing_token: bool,
    pub(crate) sandbox_users: Vec<ListedUser>,
    pub(crate) issuer_id: String,
    pub(crate) key_id: String,
    pub(crate) private_key_file: Option<PathBuf>,
    pub(crate) api_base: String,
}

impl Default for AppStoreSection {
    fn default() -> Self {
        Self {
            bundle_id: String::new(),
            app_apple_id: None,
            environment: AppStoreEnvironment::Production,
            root_certificate_files: Vec::new(),
            allow_missing_token: false,
            sandbox_users: Vec::new(),
            issuer_id: String::new(),
            key_id: String::new(),
            private_key_file: None,
            api_base: String::new(),
        }
    }
}

impl AppStoreSection {
    /// Whether there is an app.
    pub(crate) fn is_configured(&self) -> bool {
        !self.bundle_id.is_empty()
    }

    /// Whether its server can be asked.
    pub(crate) fn has_server(&self) -> bool {
        self.private_key_file.is_some()
    }

    /// Whose play money is credited.
    pub(crate) fn sandbox_users(&self) -> Result<Vec<SandboxUser>, Failure> {
        let listed = self.sandbox_users.iter().map(|user| match user {
            ListedUser::Id(id) => UserId::try_new(*id).map(SandboxUser::Id),
            ListedUser::Name(name) => Username::parse(name).map(SandboxUser::Name),
        });
        let wrong =
            |_| Failure::setting("appstore.sandbox_users", "a list of user numbers, from 1 up, or log-in names");
        listed.collect::<Result<_, _>>().map_err(wrong)
    }

    /// Refuses what does not belong together. Files are looked at where they are used.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.sandbox_users()?;
        let server = [
            ("appstore.issuer_id", !self.issuer_id.is_empty()),
            ("appstore.key_id", !self.key_id.is_empty()),
            ("appstore.private_key_file", self.has_server()),
        ];
        if server.iter().any(|(_, is_set)| *is_set)
            && let Some((missing, _)) = server.iter().find(|(_, is_set)| !is_set)
        {
            let why = "needed: the server API takes appstore.issuer_id, appstore.key_id and appstore.private_key_file";
            return Err(Failure::setting(missing, why));
        }
        if !self.is_configured() && (self.has_server() || self.app_apple_id.is_some()) {
            let why = "needed with appstore.app_apple_id and with a key of the server API";
            return Err(Failure::setting("appstore.bundle_id", why));
        }
        Ok(())
    }
}

//! Signs as the App Store does, under a root of one's own, and keeps what it needs in a folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use serde_json::{Value, json};

use super::chain::{Chain, ChainPlan};
use crate::es256;
use crate::settings::SettingsError;

/// The root, as DER: what `appstore.root_certificate_files` names.
pub const ROOT_FILE: &str = "root.cer";
/// Leaf, intermediate and root, as PEM.
pub const CHAIN_FILE: &str = "chain.pem";
/// The leaf's key, as PEM, for nobody else to read.
pub const KEY_FILE: &str = "leaf-key.pem";

/// Why the signer could not be made, kept or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// A certificate or a signature could not be made.
    #[error("the cryptography failed")]
    Crypto(#[from] ErrorStack),
    /// The key can't be read.
    #[error("the key can't be read")]
    Key(#[source] SettingsError),
    /// A file could not be written or read.
    #[error("{file}")]
    File {
        /// Which one.
        file: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The chain has not three certificates.
    #[error("{CHAIN_FILE} does not hold three certificates")]
    NoChain,
}

/// A chain of certificates with the key of its leaf.
pub struct DevSigner {
    /// Leaf, intermediate, root.
    chain: [X509; 3],
    key: EcKey<Private>,
}

impl DevSigner {
    /// A new chain.
    ///
    /// # Errors
    /// [`DevError::Crypto`].
    pub fn generate(plan: &ChainPlan) -> Result<Self, DevError> {
        let Chain { root, intermediate, leaf, key } = plan.make()?;
        Ok(Self { chain: [leaf, intermediate, root], key })
    }

    /// Writes the chain and its key into a folder that has none; the folder is made.
    ///
    /// # Errors
    /// [`DevError::File`], also where a file is already there: a root that is configured somewhere is not
    /// replaced unasked.
    pub fn save(&self, folder: &Path) -> Result<(), DevError> {
        fs::create_dir_all(folder).map_err(|source| DevError::File { file: ROOT_FILE, source })?;
        let key = PKey::from_ec_key(self.key.clone())?.private_key_to_pem_pkcs8()?;
        write(folder, KEY_FILE, &key, 0o600)?;
        write(folder, ROOT_FILE, &self.root()?, 0o644)?;
        let mut pem = Vec::new();
        for certificate in &self.chain {
            pem.extend(certificate.to_pem()?);
        }
        write(folder, CHAIN_FILE, &pem, 0o644)
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// [`DevError`] if it is not there or not whole.
    pub fn load(folder: &Path) -> Result<Self, DevError> {
        let read = |file| fs::read(folder.join(file)).map_err(|source| DevError::File { file, source });
        let key = es256::key(&read(KEY_FILE)?).map_err(DevError::Key)?;
        let chain = X509::stack_from_pem(&read(CHAIN_FILE)?)?;
        Ok(Self { chain: chain.try_into().map_err(|_| DevError::NoChain)?, key })
    }

    /// The root, as DER.
    ///
    /// # Errors
    /// [`DevError::Crypto`].
    pub fn root(&self) -> Result<Vec<u8>, DevError> {
        let [_, _, root] = &self.chain;
        Ok(root.to_der()?)
    }

    /// Leaf, intermediate and root, as the head of a signed text holds them.
    ///
    /// # Errors
    /// [`DevError::Crypto`].
    pub fn x5c(&self) -> Result<Vec<String>, DevError> {
        self.chain.iter().map(|certificate| Ok(STANDARD.encode(certificate.to_der()?))).collect()
    }

    /// Signs a content as the App Store does.
    ///
    /// # Errors
    /// [`DevError::Crypto`].
    pub fn sign(&self, payload: &Value) -> Result<String, DevError> {
        let header = json!({ "alg": "ES256", "x5c": self.x5c()? });
        self.sign_as(&header, payload.to_string().as_bytes())
    }

    /// Signs any bytes under any head: for what the App Store would not sign.
    ///
    /// # Errors
    /// [`DevError::Crypto`].
    pub fn sign_as(&self, header: &Value, payload: &[u8]) -> Result<String, DevError> {
        Ok(es256::sign(&self.key, &header.to_string(), payload)?)
    }
}

fn write(folder: &Path, file: &'static str, content: &[u8], mode: u32) -> Result<(), DevError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, mode);
    let written = options.open(folder.join(file)).and_then(|mut open| open.write_all(content));
    written.map_err(|source| DevError::File { file, source })
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions, mode: u32) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(mode);
}

#[cfg(not(unix))]
fn restrict(_: &mut OpenOptions, _: u32) {}

//! The two key pairs of a sandbox: the merchant's, and Ping++'s own.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use edupay_pingpp::signing::{PublicKeys, RequestSigner};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

/// What a client of the sandbox signs with, relative to the data directory.
pub const MERCHANT_PRIVATE_KEY_FILE: &str = "sandbox/merchant_private.pem";
/// What verifies the sandbox's webhooks and replies, relative to the data directory.
pub const PINGPP_PUBLIC_KEY_FILE: &str = "sandbox/pingpp_public.pem";
const PINGPP_PRIVATE_KEY_FILE: &str = "sandbox/pingpp_private.pem";

pub(crate) struct Keys {
    /// Verifies requests.
    pub(crate) merchant: PublicKeys,
    /// Signs replies and webhooks.
    pub(crate) pingpp: RequestSigner,
    pub(crate) merchant_private_file: PathBuf,
    pub(crate) pingpp_public_file: PathBuf,
}

impl Keys {
    /// Reads the keys, after creating what is missing. The public half is written again each time,
    /// so that it cannot disagree with the private one.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(data_dir.join("sandbox"))?;
        let merchant_private_file = data_dir.join(MERCHANT_PRIVATE_KEY_FILE);
        let pingpp_public_file = data_dir.join(PINGPP_PUBLIC_KEY_FILE);
        let merchant = private_pem(&merchant_private_file)?;
        let pingpp = private_pem(&data_dir.join(PINGPP_PRIVATE_KEY_FILE))?;
        fs::write(&pingpp_public_file, public_pem(&pingpp)?)?;
        Ok(Self {
            merchant: PublicKeys::from_pems([public_pem(&merchant)?]).map_err(io::Error::other)?,
            pingpp: RequestSigner::from_pem(&pingpp).map_err(io::Error::other)?,
            merchant_private_file,
            pingpp_public_file,
        })
    }
}

fn private_pem(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(pem) => Ok(pem),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = Rsa::generate(2048).and_then(PKey::from_rsa).map_err(io::Error::other)?;
            let pem = key.private_key_to_pem_pkcs8().map_err(io::Error::other)?;
            write_private(path, &pem)?;
            Ok(pem)
        }
        Err(error) => Err(error),
    }
}

fn public_pem(private: &[u8]) -> io::Result<Vec<u8>> {
    PKey::private_key_from_pem(private).and_then(|key| key.public_key_to_pem()).map_err(io::Error::other)
}

fn write_private(path: &Path, pem: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(pem)
}

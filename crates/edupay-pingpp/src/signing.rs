//! RSA signatures of Ping++: RSASSA-PKCS1-v1_5 with SHA-256, base64 on one line.
//!
//! A request is signed over `body ‖ path-and-query ‖ timestamp` without separators, a webhook and a
//! reply over the raw body alone. All of it is bytes as they travel: a body that was parsed and
//! written again no longer verifies.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Private, Public};
use openssl::rsa::Rsa;
use openssl::sign::{Signer, Verifier};

/// The request header that carries the merchant's signature.
pub const SIGNATURE_HEADER: &str = "Pingplusplus-Signature";
/// The request header that carries the time of signing, in unix seconds.
pub const TIMESTAMP_HEADER: &str = "Pingplusplus-Request-Timestamp";
/// The header of webhooks and of successful replies that carries Ping++'s signature.
pub const REPLY_SIGNATURE_HEADER: &str = "X-Pingplusplus-Signature";

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a PEM key this crate reads (PKCS#1 or PKCS#8 private, PKCS#1 or SPKI public).
    #[error("not a readable unencrypted PEM key")]
    Unreadable(#[source] ErrorStack),
    /// The key is of another kind.
    #[error("not an RSA key")]
    NotRsa,
    /// The key is too short to protect money.
    #[error("an RSA key of {bits} bits is too short; 2048 are needed")]
    TooShort {
        /// The length found.
        bits: u32,
    },
}

/// Why signing failed; only the cryptographic library itself can cause it.
#[derive(Debug, thiserror::Error)]
#[error("signing failed")]
pub struct SigningError(#[from] ErrorStack);

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no key to verify with.
    #[error("no public key is configured")]
    NoKey,
    /// The header is missing or holds only white space.
    #[error("there is no signature")]
    Blank,
    /// The header is not base64.
    #[error("the signature is not base64")]
    NotBase64,
    /// No configured key accepts the signature for these bytes.
    #[error("the signature does not match")]
    Mismatch,
}

impl SignatureError {
    /// A stable code for logs and replies.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoKey => "signature_key_missing",
            Self::Blank => "signature_missing",
            Self::NotBase64 => "signature_unreadable",
            Self::Mismatch => "signature_mismatch",
        }
    }
}

/// A private RSA key that signs; its Debug form shows the length only.
#[derive(Clone)]
pub struct RequestSigner {
    key: PKey<Private>,
}

impl RequestSigner {
    /// Reads an unencrypted private key, PKCS#1 or PKCS#8.
    ///
    /// # Errors
    /// [`KeyError`] when the text is no such key; an encrypted key is refused rather than asked for.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        // Without the callback OpenSSL would ask for the pass phrase on the terminal.
        let key = PKey::private_key_from_pem_callback(pem, |_| Ok(0)).map_err(KeyError::Unreadable)?;
        check_kind(key.id(), key.bits())?;
        Ok(Self { key })
    }

    /// Signs a request: `body ‖ target ‖ timestamp`.
    ///
    /// `target` is the path with its query exactly as it is sent; the body of a GET is empty.
    ///
    /// # Errors
    /// [`SigningError`] when the library fails.
    pub fn sign_request(&self, body: &[u8], target: &str, timestamp: i64) -> Result<String, SigningError> {
        self.sign(&signed_string(body, target, &timestamp.to_string()))
    }

    /// Signs plain bytes, as webhooks and replies are.
    ///
    /// # Errors
    /// [`SigningError`] when the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<String, SigningError> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
        Ok(STANDARD.encode(signer.sign_oneshot_to_vec(message)?))
    }
}

impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestSigner(RSA {} bits)", self.key.bits())
    }
}

/// The public keys a signature may come from; any one of them is enough.
///
/// A list, so that a key can be changed without a gap: the new one is added before the old one goes.
#[derive(Clone, Default)]
pub struct PublicKeys {
    keys: Vec<PKey<Public>>,
}

impl PublicKeys {
    /// No keys at all: every verification fails with [`SignatureError::NoKey`].
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads each PEM text as one public key.
    ///
    /// # Errors
    /// [`KeyError`] at the first text that is no RSA public key.
    pub fn from_pems<I>(pems: I) -> Result<Self, KeyError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let keys = pems.into_iter().map(|pem| read_public(pem.as_ref()));
        Ok(Self { keys: keys.collect::<Result<_, _>>()? })
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Accepts `signature` (base64) for `message` when any key does.
    ///
    /// # Errors
    /// [`SignatureError`], one variant per reason; every doubt is a refusal.
    pub fn verify(&self, message: &[u8], signature: &str) -> Result<(), SignatureError> {
        if self.keys.is_empty() {
            return Err(SignatureError::NoKey);
        }
        let signature = signature.trim();
        if signature.is_empty() {
            return Err(SignatureError::Blank);
        }
        let signature = STANDARD.decode(signature).map_err(|_| SignatureError::NotBase64)?;
        if self.keys.iter().any(|key| accepts(key, message, &signature)) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    /// Accepts the signature of a request; `timestamp` is the header's text as it came.
    ///
    /// # Errors
    /// As [`PublicKeys::verify`].
    pub fn verify_request(
        &self,
        body: &[u8],
        target: &str,
        timestamp: &str,
        signature: &str,
    ) -> Result<(), SignatureError> {
        self.verify(&signed_string(body, target, timestamp), signature)
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeys({})", self.keys.len())
    }
}

/// The string a request's signature covers: body, path with query, timestamp, nothing between.
#[must_use]
pub fn signed_string(body: &[u8], target: &str, timestamp: &str) -> Vec<u8> {
    [body, target.as_bytes(), timestamp.as_bytes()].concat()
}

fn read_public(pem: &[u8]) -> Result<PKey<Public>, KeyError> {
    let key = match PKey::public_key_from_pem(pem) {
        Ok(key) => key,
        Err(_) => Rsa::public_key_from_pem_pkcs1(pem).and_then(PKey::from_rsa).map_err(KeyError::Unreadable)?,
    };
    check_kind(key.id(), key.bits())?;
    Ok(key)
}

fn check_kind(id: Id, bits: u32) -> Result<(), KeyError> {
    if id != Id::RSA {
        return Err(KeyError::NotRsa);
    }
    if bits < 2048 {
        return Err(KeyError::TooShort { bits });
    }
    Ok(())
}

fn accepts(key: &PKey<Public>, message: &[u8], signature: &[u8]) -> bool {
    Verifier::new(MessageDigest::sha256(), key)
        .and_then(|mut verifier| verifier.verify_oneshot(signature, message))
        .unwrap_or(false)
}

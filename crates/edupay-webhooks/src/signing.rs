//! The signature of a message: HMAC-SHA256 over its id, its time and its body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edupay_domain::event_delivery::WebhookSecret;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use thiserror::Error;

/// Why a message could not be signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningError {
    /// There is nothing to sign with.
    #[error("the endpoint has no secret")]
    NoSecret,
    /// The secret is no base64. What it is, is not told.
    #[error("a secret of the endpoint is no base64")]
    BadSecret,
    /// The library refused.
    #[error("the signature could not be made")]
    Library(#[from] ErrorStack),
}

/// The header `webhook-signature`: `v1,` and the base64 of a signature for each secret, with spaces between.
/// `timestamp` is in seconds since 1970 UTC.
///
/// # Errors
/// [`SigningError`].
pub fn sign(secrets: &[WebhookSecret], id: &str, timestamp: i64, body: &str) -> Result<String, SigningError> {
    if secrets.is_empty() {
        return Err(SigningError::NoSecret);
    }
    let signed = format!("{id}.{timestamp}.{body}");
    let signatures = secrets.iter().map(|secret| {
        let key = STANDARD.decode(secret.base64()).map_err(|_| SigningError::BadSecret)?;
        let key = PKey::hmac(&key)?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
        signer.update(signed.as_bytes())?;
        Ok(format!("v1,{}", STANDARD.encode(signer.sign_to_vec()?)))
    });
    Ok(signatures.collect::<Result<Vec<_>, SigningError>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's own specification.
    #[test]
    fn the_published_example_is_signed_alike() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(matches!(sign(&[], "a", 1, ""), Err(SigningError::NoSecret)));
    }
}

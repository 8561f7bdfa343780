//! Signed texts in three parts by ES256 (RFC 7515, RFC 7518): what the server API is asked with, and what
//! the development signer makes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::BigNumRef;
use openssl::ec::{EcKey, EcKeyRef};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::Private;
use openssl::sha::sha256;

use crate::settings::SettingsError;

/// The bytes of each half of a signature.
const HALF: i32 = 32;

/// A P-256 key from PEM.
pub(crate) fn key(pem: &[u8]) -> Result<EcKey<Private>, SettingsError> {
    // A password would be asked for on the terminal; a key with one is unreadable instead.
    let no_password = |_: &mut [u8]| Ok(0);
    let key = openssl::pkey::PKey::private_key_from_pem_callback(pem, no_password).and_then(|key| key.ec_key());
    let key = key.map_err(SettingsError::BadKey)?;
    match key.group().curve_name() {
        Some(Nid::X9_62_PRIME256V1) => Ok(key),
        _ => Err(SettingsError::BadKey(ErrorStack::get())),
    }
}

/// The signed text of this head and this content.
pub(crate) fn sign(key: &EcKeyRef<Private>, header: &str, payload: &[u8]) -> Result<String, ErrorStack> {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = EcdsaSig::sign(&sha256(text.as_bytes()), key)?;
    let half = |number: &BigNumRef| number.to_vec_padded(HALF);
    let halves = [half(signature.r())?, half(signature.s())?].concat();
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(halves)))
}

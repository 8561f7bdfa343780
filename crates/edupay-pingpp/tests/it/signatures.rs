//! Keys and signatures.

use edupay_pingpp::signing::{KeyError, PublicKeys, RequestSigner, SignatureError, signed_string};
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;

fn key() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

fn public(key: &PKey<Private>) -> PublicKeys {
    PublicKeys::from_pems([key.public_key_to_pem().unwrap()]).unwrap()
}

#[test]
fn body_target_and_timestamp_are_signed_without_anything_between() {
    assert_eq!(signed_string(b"{\"a\":1}", "/v1/charges?x=1", "1466149851"), b"{\"a\":1}/v1/charges?x=11466149851");
}

#[test]
fn both_forms_of_a_private_key_sign_alike() {
    let key = key();
    let pkcs8 = RequestSigner::from_pem(&key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let pkcs1 = RequestSigner::from_pem(&key.rsa().unwrap().private_key_to_pem().unwrap()).unwrap();
    let signature = pkcs8.sign_request(b"{}", "/v1/charges", 1).unwrap();
    assert_eq!(signature, pkcs1.sign_request(b"{}", "/v1/charges", 1).unwrap());
    assert!(!signature.contains('\n'));
    public(&key).verify_request(b"{}", "/v1/charges", "1", &signature).unwrap();
}

#[test]
fn both_forms_of_a_public_key_verify() {
    let key = key();
    let signature = RequestSigner::from_pem(&key.private_key_to_pem_pkcs8().unwrap()).unwrap().sign(b"text").unwrap();
    for pem in [key.public_key_to_pem().unwrap(), key.rsa().unwrap().public_key_to_pem_pkcs1().unwrap()] {
        PublicKeys::from_pems([pem]).unwrap().verify(b"text", &signature).unwrap();
    }
}

#[test]
fn every_doubt_is_a_refusal_with_its_own_reason() {
    let key = key();
    let keys = public(&key);
    let signature = RequestSigner::from_pem(&key.private_key_to_pem_pkcs8().unwrap()).unwrap().sign(b"text").unwrap();
    assert_eq!(PublicKeys::none().verify(b"text", &signature), Err(SignatureError::NoKey));
    assert_eq!(keys.verify(b"text", ""), Err(SignatureError::Blank));
    assert_eq!(keys.verify(b"text", " \t"), Err(SignatureError::Blank));
    assert_eq!(keys.verify(b"text", "%%%"), Err(SignatureError::NotBase64));
    assert_eq!(keys.verify(b"text", "AAAA"), Err(SignatureError::Mismatch));
    assert_eq!(keys.verify(b"text ", &signature), Err(SignatureError::Mismatch));
}

#[test]
fn unfit_keys_are_refused() {
    assert!(matches!(RequestSigner::from_pem(b"no key"), Err(KeyError::Unreadable(_))));
    assert!(matches!(PublicKeys::from_pems(["no key"]), Err(KeyError::Unreadable(_))));
    let encrypted = key().private_key_to_pem_pkcs8_passphrase(Cipher::aes_128_cbc(), b"secret").unwrap();
    assert!(matches!(RequestSigner::from_pem(&encrypted), Err(KeyError::Unreadable(_))));
    let short = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    assert!(matches!(
        RequestSigner::from_pem(&short.private_key_to_pem_pkcs8().unwrap()),
        Err(KeyError::TooShort { bits: 1024 })
    ));
    let ed25519 = PKey::generate_ed25519().unwrap();
    assert!(matches!(RequestSigner::from_pem(&ed25519.private_key_to_pem_pkcs8().unwrap()), Err(KeyError::NotRsa)));
}

#[test]
fn a_signer_shows_no_secret() {
    let signer = RequestSigner::from_pem(&key().private_key_to_pem_pkcs8().unwrap()).unwrap();
    assert_eq!(format!("{signer:?}"), "RequestSigner(RSA 2048 bits)");
}

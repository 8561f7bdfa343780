//! The certificates that every chain must end at.

use edupay_domain::app_store::StoreEnvironment;
use openssl::error::ErrorStack;
use openssl::sha::sha256;
use openssl::x509::X509;

use crate::settings::SettingsError;

/// Apple Root CA - G3, as Apple publishes it: <https://www.apple.com/certificateauthority/AppleRootCA-G3.cer>.
const APPLE_ROOT: &[u8] = include_bytes!("../assets/AppleRootCA-G3.cer");

/// The SHA-256 of that certificate. Real money has no other root.
const APPLE_ROOT_SHA256: [u8; 32] = [
    0x63, 0x34, 0x3a, 0xbf, 0xb8, 0x9a, 0x6a, 0x03, 0xeb, 0xb5, 0x7e, 0x9b, 0x3f, 0x5f, 0xa7, 0xbe, 0x7c, 0x4f, 0x5c,
    0x75, 0x6f, 0x30, 0x17, 0xb3, 0xa8, 0xc4, 0x88, 0xc3, 0x65, 0x3e, 0x91, 0x79,
];

/// The configured roots as DER; Apple's where none is configured.
pub(crate) fn trusted(files: &[Vec<u8>], environment: StoreEnvironment) -> Result<Vec<Vec<u8>>, SettingsError> {
    let mut roots = Vec::new();
    for file in files {
        roots.extend(certificates(file)?);
    }
    if roots.is_empty() {
        roots.push(APPLE_ROOT.to_vec());
    }
    let foreign = roots.iter().any(|root| sha256(root) != APPLE_ROOT_SHA256);
    if environment == StoreEnvironment::Production && foreign {
        return Err(SettingsError::ForeignRoot);
    }
    Ok(roots)
}

/// The certificates of a file, PEM or DER, each as DER; at least one.
fn certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, SettingsError> {
    let is_pem = file.windows(5).any(|window| window == b"-----");
    let found = if is_pem { X509::stack_from_pem(file) } else { X509::from_der(file).map(|one| vec![one]) };
    let found = found.map_err(SettingsError::UnreadableRoot)?;
    if found.is_empty() {
        return Err(SettingsError::UnreadableRoot(ErrorStack::get()));
    }
    found.iter().map(|one| one.to_der().map_err(SettingsError::UnreadableRoot)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_is_apples() {
        assert_eq!(sha256(APPLE_ROOT), APPLE_ROOT_SHA256);
        for environment in StoreEnvironment::ALL {
            assert_eq!(trusted(&[], environment).unwrap(), [APPLE_ROOT.to_vec()]);
        }
    }

    #[test]
    fn apples_own_chain_ends_at_it() {
        use app_store_server_library::chain_verifier::ChainVerifier;
        // The certificates that Apple signs with from 2025 to 2027.
        let leaf = include_bytes!("../tests/it/apple/leaf.cer");
        let intermediate = include_bytes!("../tests/it/apple/intermediate.cer");
        let (autumn_of_2025, summer_of_2028) = (1_761_962_975, 1_846_000_000);
        let verifier = ChainVerifier::new(trusted(&[], StoreEnvironment::Production).unwrap());
        assert!(verifier.verify(leaf, intermediate, Some(autumn_of_2025), false).is_ok());
        assert!(verifier.verify(leaf, intermediate, Some(summer_of_2028), false).is_err());
    }

    #[test]
    fn apples_root_is_read_as_der_and_as_pem() {
        let pem = X509::from_der(APPLE_ROOT).unwrap().to_pem().unwrap();
        for file in [APPLE_ROOT.to_vec(), pem] {
            assert_eq!(trusted(&[file], StoreEnvironment::Production).unwrap(), [APPLE_ROOT.to_vec()]);
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        for file in [&b""[..], b"nonsense", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", b"-----"] {
            let refused = trusted(&[file.to_vec()], StoreEnvironment::Sandbox);
            assert!(matches!(refused, Err(SettingsError::UnreadableRoot(_))), "{file:?}: {refused:?}");
        }
    }
}

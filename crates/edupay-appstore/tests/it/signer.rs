//! The development signer keeps itself in a folder.

use std::fs;

use edupay_appstore::dev::{CHAIN_FILE, DevError, DevSigner, KEY_FILE, ROOT_FILE};
use edupay_domain::app_store::AppStoreSignatures;
use tempfile::TempDir;

use crate::shop::{at, purchase, signer, trusting};

#[test]
fn a_signer_that_was_kept_signs_as_before() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("deep/dev");
    signer().save(&folder).unwrap();
    let again = DevSigner::load(&folder).unwrap();
    let root = fs::read(folder.join(ROOT_FILE)).unwrap();
    let signed = again.sign(&purchase().payload()).unwrap();
    assert!(trusting(root).transaction(&signed, at()).is_ok());
}

#[test]
fn nobody_else_reads_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    signer().save(folder.path()).unwrap();
    let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = fs::read_to_string(folder.path().join(KEY_FILE)).unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn a_root_that_is_there_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    signer().save(folder.path()).unwrap();
    let root = fs::read(folder.path().join(ROOT_FILE)).unwrap();
    let refused = signer().save(folder.path());
    assert!(matches!(refused, Err(DevError::File { file: KEY_FILE, .. })), "{refused:?}");
    assert_eq!(fs::read(folder.path().join(ROOT_FILE)).unwrap(), root);
}

#[test]
fn a_folder_that_is_not_whole_gives_no_signer() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(DevSigner::load(folder.path()), Err(DevError::File { file: KEY_FILE, .. })));
    signer().save(folder.path()).unwrap();
    fs::write(folder.path().join(CHAIN_FILE), "").unwrap();
    assert!(matches!(DevSigner::load(folder.path()), Err(DevError::NoChain)));
    fs::write(folder.path().join(KEY_FILE), "").unwrap();
    assert!(matches!(DevSigner::load(folder.path()), Err(DevError::Key(_))));
}

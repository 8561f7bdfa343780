//! The key files.

use std::fs;
use std::net::SocketAddr;

use actix_web::rt::System;
use edupay_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

fn build(folder: &TempDir) -> std::io::Result<SocketAddr> {
    System::new()
        .block_on(async { Sandbox::build(SandboxConfig::new(folder.path())).map(|sandbox| sandbox.local_addr()) })
}

#[test]
fn keys_are_made_once_and_used_again() {
    let folder = TempDir::new().unwrap();
    let read = |name: &str| fs::read(folder.path().join("sandbox").join(name)).unwrap();
    let names = ["merchant_private.pem", "pingpp_private.pem", "pingpp_public.pem"];
    assert_ne!(build(&folder).unwrap().port(), 0);
    let first = names.map(read);
    build(&folder).unwrap();
    assert_eq!(names.map(read), first);
}

#[cfg(unix)]
#[test]
fn private_keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    build(&folder).unwrap();
    for name in ["merchant_private.pem", "pingpp_private.pem"] {
        let file = folder.path().join("sandbox").join(name);
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_key_that_cannot_be_read_stops_the_start() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("sandbox")).unwrap();
    fs::write(folder.path().join("sandbox/merchant_private.pem"), "no key").unwrap();
    assert!(build(&folder).is_err());
}

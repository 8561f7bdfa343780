//! A webhook that Ping++ itself has signed. It is not part of this repository; where a copy lies
//! beside it, it is checked.

use std::fs;
use std::path::{Path, PathBuf};

use edupay_pingpp::signing::{PublicKeys, SignatureError};
use edupay_pingpp::webhook::WebhookVerifier;
use edupay_pingpp::wire::EventObject;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

struct Official {
    key: Vec<u8>,
    body: Vec<u8>,
    signature: String,
}

impl Official {
    fn find() -> Option<Self> {
        let folder = folder()?;
        let read = |name: &str| fs::read(folder.join(name)).unwrap();
        let signature = String::from_utf8(read("official_webhook_signature.b64")).unwrap();
        Some(Self {
            key: read("official_public_key.pem"),
            body: read("official_webhook_body.json"),
            signature: signature.trim().to_owned(),
        })
    }
}

fn folder() -> Option<PathBuf> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.map(|folder| folder.join("shared/vectors/pingpp")).find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no shared/vectors/pingpp beside the repository");
    }
    found
}

#[test]
fn an_official_webhook_is_accepted_with_its_key_and_refused_when_anything_differs() {
    let Some(Official { key, body, signature }) = Official::find() else { return };
    let keys = PublicKeys::from_pems([&key]).unwrap();
    keys.verify(&body, &signature).unwrap();

    let event = WebhookVerifier::new(keys.clone()).verify(Some(&signature), &body).unwrap();
    assert_eq!((event.id.as_str(), event.kind.as_str()), ("evt_eYa58Wd44Glerl8AgfYfd1sL", "charge.succeeded"));
    assert!(event.livemode);
    let EventObject::Charge(document) = event.object else { panic!("no charge") };
    assert_eq!((document.charge.amount, document.charge.paid), (100, true));
    assert!(std::str::from_utf8(&body).unwrap().contains(&document.text), "the text is kept as it came");

    for at in [0, body.len() / 2, body.len() - 1] {
        let mut changed = body.clone();
        changed[at] ^= 1;
        assert_eq!(keys.verify(&changed, &signature), Err(SignatureError::Mismatch), "byte {at}");
    }
    let newline = [body.as_slice(), b"\n"].concat();
    assert_eq!(keys.verify(&newline, &signature), Err(SignatureError::Mismatch));
    let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let indented = serde_json::to_vec_pretty(&parsed).unwrap();
    assert_eq!(keys.verify(&indented, &signature), Err(SignatureError::Mismatch));

    let stranger = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap().public_key_to_pem().unwrap();
    let other = PublicKeys::from_pems([&stranger]).unwrap();
    assert_eq!(other.verify(&body, &signature), Err(SignatureError::Mismatch));
    let both = PublicKeys::from_pems([&stranger, &key]).unwrap();
    both.verify(&body, &signature).unwrap();
}

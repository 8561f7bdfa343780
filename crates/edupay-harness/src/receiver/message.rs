//! One message of the Standard Webhooks scheme, read and verified by nothing of the service's own code.

use crate::error::{Doing, Failure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use std::io::{BufRead, Read};
use std::time::{SystemTime, UNIX_EPOCH};

/// More than any event.
const LONGEST: u64 = 256 * 1024;
/// How far the time of a message may be from ours.
const TOLERANCE_SECONDS: u64 = 300;

/// A message as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    line: String,
    pub(super) id: String,
    timestamp: String,
    signature: String,
    pub(super) body: String,
}

/// The key in an endpoint's secret.
pub(super) fn key(secret: &str) -> Result<Vec<u8>, Failure> {
    let base64 = secret.strip_prefix("whsec_").ok_or("a secret begins with whsec_")?;
    STANDARD.decode(base64).doing("the secret")
}

/// Reads one; `None` when it is cut or is no text.
pub(super) fn read(from: &mut impl BufRead) -> Option<Message> {
    let mut from = from.take(LONGEST);
    let mut message = Message::default();
    let mut length = 0;
    from.read_line(&mut message.line).ok()?;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let line = line.strip_suffix('\n')?.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => value.clone_into(&mut message.id),
            "webhook-timestamp" => value.clone_into(&mut message.timestamp),
            "webhook-signature" => value.clone_into(&mut message.signature),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    from.take(length).read_to_string(&mut message.body).ok()?;
    (u64::try_from(message.body.len()) == Ok(length)).then_some(message)
}

impl Message {
    /// What is wrong with it: where it was sent, when, or by whom.
    pub(super) fn verify(&self, path: &str, key: &[u8], same_clock: bool) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("event {}: {what}: {self:?}", self.id));
        if self.line.trim_end() != format!("POST {path} HTTP/1.1") {
            return wrong("not what was registered");
        }
        let Ok(timestamp) = self.timestamp.parse::<u64>() else { return wrong("no time") };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if same_clock && now.abs_diff(timestamp) > TOLERANCE_SECONDS {
            return wrong("another time than ours");
        }
        match self.is_signed(key) {
            Ok(true) => Ok(()),
            Ok(false) => wrong("a wrong signature"),
            Err(error) => wrong(&error.to_string()),
        }
    }

    fn is_signed(&self, key: &[u8]) -> Result<bool, Failure> {
        let key = PKey::hmac(key)?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
        signer.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes())?;
        let ours = signer.sign_to_vec()?;
        let theirs = self.signature.split(' ').filter_map(|one| one.strip_prefix("v1,"));
        let mut theirs = theirs.filter_map(|one| STANDARD.decode(one).ok());
        Ok(theirs.any(|theirs| theirs.len() == ours.len() && memcmp::eq(&theirs, &ours)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's own specification.
    const PUBLISHED: &str = "POST /events HTTP/1.1\r\nContent-Length: 20\r\n\
         Webhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n\
         webhook-signature: v1,bm8= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n\r\n{\"test\": 2432232314}";

    #[test]
    fn the_published_example_is_believed_and_nothing_near_it() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message = read(&mut PUBLISHED.as_bytes()).unwrap();
        assert_eq!(message.verify("/events", &key, false), Ok(()));
        assert!(message.verify("/events", &key, true).is_err(), "it is years old");
        assert!(message.verify("/other", &key, false).is_err());
        assert!(message.verify("/events", b"another", false).is_err());
        let changed = Message { body: message.body.replace('2', "3"), ..message };
        assert!(changed.verify("/events", &key, false).is_err());
    }

    #[test]
    fn a_message_that_is_cut_is_none() {
        for cut in 0..PUBLISHED.len() {
            assert_eq!(read(&mut &PUBLISHED.as_bytes()[..cut]), None, "{cut}");
        }
    }
}

//! What messages are signed with.

use std::fmt;

/// A secret of an endpoint as Standard Webhooks writes it: `whsec_` and the base64 of 24 to 64 bytes.
/// Whoever signs needs it as it is, so it is stored as it is; it is told once, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// What each begins with.
    pub const PREFIX: &'static str = "whsec_";
    const MIN_BYTES: usize = 24;
    const MAX_BYTES: usize = 64;

    /// Reads a secret; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let base64 = text.strip_prefix(Self::PREFIX)?;
        let digits = base64.trim_end_matches('=');
        let padding = base64.len().checked_sub(digits.len())?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
        let whole = base64.len().checked_rem(4)? == 0 && padding <= 2;
        // Four digits are three bytes, less one for each sign of padding.
        let bytes = base64.len().checked_div(4)?.checked_mul(3)?.checked_sub(padding)?;
        let sized = (Self::MIN_BYTES..=Self::MAX_BYTES).contains(&bytes);
        (plain && whole && sized).then(|| Self(text.to_owned()))
    }

    /// For whoever signs or stores it, and once for the receiver.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The base64 of the key itself.
    #[must_use]
    pub fn base64(&self) -> &str {
        self.0.strip_prefix(Self::PREFIX).unwrap_or(&self.0)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_base64_of_24_to_64_bytes() {
        let with = |base64: &str| WebhookSecret::parse(&format!("whsec_{base64}"));
        for base64 in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2La+a/w", &"A".repeat(84), &format!("{}==", "A".repeat(86))] {
            assert!(with(base64).is_some(), "{base64}");
        }
        for base64 in ["", "AAAA", &"A".repeat(31), &"A".repeat(88), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_w", "===="] {
            assert!(with(base64).is_none(), "{base64}");
        }
        // Long enough, but with a digit that is no byte's, or more padding than any bytes need.
        for base64 in ["A".repeat(33), format!("{}===", "A".repeat(33))] {
            assert!(with(&base64).is_none(), "{base64}");
        }
        assert!(WebhookSecret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_none());
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
        assert_eq!(secret.base64(), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(secret.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}

//! The system's clock and the system's randomness.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edupay_domain::clock::{Clock, Timestamp, whole_micros};
use edupay_domain::event_delivery::{SecretSource, WebhookSecret};
use edupay_domain::ids::{AppAccountToken, Draw, EventId, IdSource};
use edupay_mischief::system_time;

/// The system's time.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        whole_micros(system_time!().into())
    }
}

/// The system's randomness.
pub(crate) struct SystemEntropy;

/// Random bytes. Without randomness nothing may go on: a guessable token is worse than an end.
#[expect(clippy::expect_used, reason = "a system without randomness can't give out tokens or numbers")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

impl SecretSource for SystemEntropy {
    #[expect(clippy::expect_used, reason = "the base64 of 32 bytes is a secret")]
    fn draw_secret(&self) -> WebhookSecret {
        let text = format!("{}{}", WebhookSecret::PREFIX, STANDARD.encode(random::<32>()));
        WebhookSecret::parse(&text).expect("32 bytes are a secret")
    }
}

impl IdSource for SystemEntropy {
    fn draw(&self) -> Draw {
        Draw::from_random(u32::from_ne_bytes(random()))
    }

    fn event_id(&self) -> EventId {
        EventId::from_random(u128::from_ne_bytes(random()))
    }

    fn app_account_token(&self) -> AppAccountToken {
        AppAccountToken::from_random(u128::from_ne_bytes(random()))
    }
}

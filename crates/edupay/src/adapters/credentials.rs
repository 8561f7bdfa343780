//! Passwords by Argon2id, tokens by SHA-256: a token has 160 random bits, so one round is enough.

use super::entropy::random;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash as ParsedHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use async_trait::async_trait;
use edupay_domain::accounts::{Credentials, PasswordHash, Token, TokenDigest};
use edupay_domain::store::{StoreError, StoreFault};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Hashes with Argon2id's recommended parameters, off the async threads.
pub(crate) struct Argon2Credentials {
    /// What an unknown name's password is compared with, so that it takes as long as a known one's.
    nobody: PasswordHash,
    /// Each hash takes 19 MiB and a core: more at once would take them from payments.
    turns: Semaphore,
}

/// How many hashes are made at once.
const AT_ONCE: usize = 2;
/// How long a log-in waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(2);

impl Argon2Credentials {
    /// Makes the hash of nobody's password, once.
    pub(crate) fn new() -> Result<Self, StoreError> {
        Ok(Self { nobody: hash(&hex(&random::<16>()))?, turns: Semaphore::new(AT_ONCE) })
    }
}

impl Argon2Credentials {
    async fn turn(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        tokio::time::timeout(TURN_WAIT, self.turns.acquire()).await.map_err(failed)?.map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::new(StoreFault::Unavailable, error.to_string())
}

fn hash(password: &str) -> Result<PasswordHash, StoreError> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(failed)?;
    Ok(PasswordHash(hash.to_string()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[async_trait]
impl Credentials for Argon2Credentials {
    async fn hash_password(&self, password: String) -> Result<PasswordHash, StoreError> {
        let _turn = self.turn().await?;
        actix_web::web::block(move || hash(&password)).await.map_err(failed)?
    }

    async fn verify_password(&self, password: String, hash: Option<PasswordHash>) -> Result<bool, StoreError> {
        let _turn = self.turn().await?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let right = actix_web::web::block(move || {
            let parsed = ParsedHash::new(&hash.0).map_err(failed)?;
            Ok::<_, StoreError>(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        });
        Ok(right.await.map_err(failed)?? && known)
    }

    #[expect(clippy::expect_used, reason = "40 hexadecimal digits are a token")]
    fn draw_token(&self) -> Token {
        Token::parse(&hex(&random::<20>())).expect("20 bytes are 40 digits")
    }

    fn digest(&self, token: &Token) -> TokenDigest {
        TokenDigest(Sha256::digest(token.reveal()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_password_is_right_only_for_its_own_hash() {
        let credentials = Argon2Credentials::new().unwrap();
        let hash = credentials.hash_password("demo-pass".to_owned()).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$"));
        assert!(credentials.verify_password("demo-pass".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!credentials.verify_password("demo-pasS".to_owned(), Some(hash)).await.unwrap());
        assert!(!credentials.verify_password("demo-pass".to_owned(), None).await.unwrap());
    }

    #[test]
    fn tokens_differ_and_their_digests_too() {
        let credentials = Argon2Credentials::new().unwrap();
        let (one, other) = (credentials.draw_token(), credentials.draw_token());
        assert_ne!(one.reveal(), other.reveal());
        assert!(credentials.digest(&one) != credentials.digest(&other));
    }
}

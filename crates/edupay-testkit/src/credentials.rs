//! Passwords and tokens that cost nothing and protect nothing.

use async_trait::async_trait;
use edupay_domain::accounts::{Credentials, PasswordHash, Token, TokenDigest};
use edupay_domain::store::{StoreError, StoreFault};
use std::sync::atomic::{AtomicU64, Ordering};

/// For tests only: a "hash" is the password behind a mark, a digest is 32 digits of the token,
/// and tokens are counted.
#[derive(Debug, Default)]
pub struct PlainCredentials {
    drawn: AtomicU64,
}

const MARK: &str = "$plain-for-tests$";

#[async_trait]
impl Credentials for PlainCredentials {
    async fn hash_password(&self, password: String) -> Result<PasswordHash, StoreError> {
        Ok(PasswordHash(format!("{MARK}{password}")))
    }

    async fn verify_password(&self, password: String, hash: Option<PasswordHash>) -> Result<bool, StoreError> {
        let Some(PasswordHash(hash)) = hash else { return Ok(false) };
        match hash.strip_prefix(MARK) {
            Some(expected) => Ok(expected == password),
            None => Err(StoreError::new(StoreFault::Corrupt, "the hash was not made by these credentials")),
        }
    }

    fn draw_token(&self) -> Token {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        // Forty digits by construction, so the loop ends at once.
        loop {
            if let Some(token) = Token::parse(&format!("{drawn:040x}")) {
                return token;
            }
        }
    }

    fn digest(&self, token: &Token) -> TokenDigest {
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(token.reveal().bytes().rev()) {
            *to = from;
        }
        TokenDigest(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        let credentials = PlainCredentials::default();
        let hash = credentials.hash_password("right one".to_owned()).await.unwrap();
        assert!(credentials.verify_password("right one".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!credentials.verify_password("wrong one".to_owned(), Some(hash)).await.unwrap());
        assert!(!credentials.verify_password("right one".to_owned(), None).await.unwrap());
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let credentials = PlainCredentials::default();
        let (one, other) = (credentials.draw_token(), credentials.draw_token());
        assert_ne!(one, other);
        assert!(credentials.digest(&one) != credentials.digest(&other));
    }
}

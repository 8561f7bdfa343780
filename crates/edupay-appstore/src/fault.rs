//! Why the App Store's server told nothing.

use std::error::Error as StdError;

use openssl::error::ErrorStack;

/// Why the App Store's server told nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerFault {
    /// It did not answer, or not to the end.
    #[error("it did not answer")]
    NoAnswer(#[source] Box<dyn StdError + Send + Sync>),
    /// It refused.
    #[error("it answered {status}, code {code:?}, to be asked again at {retry_after:?}")]
    Refused {
        /// Of HTTP; 429 if it was asked too often.
        status: u16,
        /// The App Store's own number, such as 4040010.
        code: Option<i64>,
        /// Milliseconds since 1970 UTC.
        retry_after: Option<i64>,
    },
    /// What it answered can't be read.
    #[error("its answer can't be read")]
    Unreadable(#[source] serde_json::Error),
    /// The request could not be signed.
    #[error("the request could not be signed")]
    Unsigned(#[source] ErrorStack),
    /// The request could not be made.
    #[error("the request could not be made")]
    Unaddressed(#[source] ureq::http::uri::InvalidUri),
}

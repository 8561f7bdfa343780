//! What the App Store has signed while nobody listened.

use super::AppStoreService;
use crate::app_store::commands::Unclaimed;
use crate::app_store::kept::TextSource;
use crate::app_store::model::StoreEnvironment;
use crate::app_store::ports::{AppStoreServer, AppStoreServerError, SignatureRefusal};
use crate::app_store::purchase::TransactionKey;
use crate::app_store::rules_observe::Observed;
use crate::clock::Timestamp;
use crate::payments::Round;
use crate::schedule::later;
use crate::store::{EffectError, StoreError};
use chrono::TimeDelta;
use thiserror::Error;

/// How far back the history is read where it never was before.
const FIRST_TIME: TimeDelta = TimeDelta::days(30);
/// How much of what was gone through is gone through again: a notification may enter the history late.
const OVERLAP: TimeDelta = TimeDelta::hours(2);
/// How much is gone through before it is noted how far it is: a run that is cut off begins there again.
const STAGE: TimeDelta = TimeDelta::days(1);
/// The most pages of one stage or of one transaction's refunds.
const MOST_PAGES: usize = 1_000;

/// Why the history was not gone through to its end. What was, stays; the next run goes on from there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatchUpError {
    /// There is no key for the App Store's server.
    #[error("no key for the App Store's server is configured")]
    NotConfigured,
    /// The App Store's server did not answer.
    #[error("the App Store's server did not answer")]
    Server(#[from] AppStoreServerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The history did not end.
    #[error("the history has more pages than one run reads")]
    TooLong,
}

impl CatchUpError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured => "app_store_server_not_configured",
            Self::Server(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::TooLong => "app_store_history_too_long",
        }
    }
}

impl AppStoreService {
    /// Whose history can be gone through; none without a key for the App Store's server.
    #[must_use]
    pub fn history_of(&self) -> Option<StoreEnvironment> {
        self.parts.server.as_ref().map(|_| self.parts.environment)
    }

    /// Goes through the App Store's notifications of an environment, whether they arrived or not: from this
    /// moment, or where the last run ended, or of the last 30 days. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CatchUpError`]; what fails for one notification is in the [`Round`], and one that was stored is
    /// tried again.
    pub async fn catch_up(
        &self,
        environment: StoreEnvironment,
        from: Option<Timestamp>,
    ) -> Result<Round, CatchUpError> {
        let (to, is_whole) = (self.parts.clock.now(), from.is_none());
        let mut from = match from {
            Some(from) => from,
            None => match self.parts.inbox.caught_up(environment).await? {
                // A clock that was ahead has noted a time that is still to come.
                Some(until) => earlier(until.min(to), OVERLAP),
                None => earlier(to, FIRST_TIME),
            },
        };
        let mut round = Round::default();
        loop {
            let until = later(from, STAGE).min(to);
            self.go_through(environment, (from, until), &mut round).await?;
            // From a moment that somebody names, something may lie between it and where the last run ended.
            if is_whole {
                self.parts.inbox.set_caught_up(environment, until).await?;
            }
            if until >= to {
                return Ok(round);
            }
            from = until;
        }
    }

    async fn go_through(
        &self,
        environment: StoreEnvironment,
        (from, to): (Timestamp, Timestamp),
        round: &mut Round,
    ) -> Result<(), CatchUpError> {
        let server = self.server()?;
        let mut page = None;
        for _ in 0..MOST_PAGES {
            let found = server.notification_history(environment, from, to, page.as_deref()).await?;
            for signed in &found.signed {
                match self.take_from_history(signed).await {
                    // What could not be stored must be read again.
                    Err(EffectError::Store(error)) => return Err(error.into()),
                    done => round.count("a notification of the history", done),
                }
            }
            page = found.next;
            if page.is_none() {
                return Ok(());
            }
        }
        Err(CatchUpError::TooLong)
    }

    async fn take_from_history(&self, signed: &str) -> Result<bool, EffectError<SignatureRefusal>> {
        let now = self.parts.clock.now();
        let notification = self.parts.signatures.notification(signed, now).map_err(EffectError::Refused)?;
        self.take(&notification, now, TextSource::Server).await?;
        Ok(true)
    }

    /// Goes through what was given back to the payer of a transaction. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CatchUpError`]; what fails for one transaction is in the [`Round`].
    pub async fn look_for_refunds(&self, key: &TransactionKey) -> Result<Round, CatchUpError> {
        let server = self.server()?;
        let (mut round, mut page) = (Round::default(), None);
        for _ in 0..MOST_PAGES {
            let found = server.refund_history(key.environment, &key.id, page.as_deref()).await?;
            for signed in &found.signed {
                match self.parts.signatures.transaction(signed, self.parts.clock.now()) {
                    Ok(transaction) => {
                        let seen = self.observe(transaction, Unclaimed::Remembered).await?;
                        round.count("a transaction of the history", Ok::<_, StoreError>(seen == Observed::Newer));
                    }
                    Err(refusal) => round.count("a transaction of the history", Err(refusal)),
                }
            }
            page = found.next;
            if page.is_none() {
                return Ok(round);
            }
        }
        Err(CatchUpError::TooLong)
    }

    fn server(&self) -> Result<&dyn AppStoreServer, CatchUpError> {
        self.parts.server.as_deref().ok_or(CatchUpError::NotConfigured)
    }
}

fn earlier(at: Timestamp, by: TimeDelta) -> Timestamp {
    later(at, by.checked_mul(-1).unwrap_or_default())
}

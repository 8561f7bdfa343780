//! Purchases in the App Store: what the clients and the App Store were told against what is there.

use super::Violation;
use crate::app_store::News;
use crate::database::Eye;
use crate::error::Failure;
use crate::history::{Done, Outcome, Wish};
use crate::load::credits_nothing;
use std::collections::HashMap;

/// All of it, in thousandths of a per cent.
const FULL: i64 = 100_000;

/// What is there, by transaction.
#[derive(Default)]
pub(super) struct Purchases {
    /// To whom it was credited, and how much.
    credited: HashMap<String, (i64, i64)>,
    /// How much of it the App Store gave back, as far as we know.
    refunded: HashMap<String, i64>,
}

/// All requests about one transaction.
#[derive(Default)]
struct Story<'a> {
    all: Vec<&'a Done>,
}

impl Purchases {
    pub(super) fn read(eye: &mut Eye) -> Result<Self, Failure> {
        let (mut credited, mut refunded) = (HashMap::new(), HashMap::new());
        let those =
            "SELECT transaction_id, user_id, credited_fen FROM app_store_purchases WHERE environment = 'sandbox'";
        for row in eye.rows(those)? {
            if let [transaction, user, fen] = row.as_slice() {
                credited.insert(transaction.clone(), (user.parse()?, fen.parse()?));
            }
        }
        let those = "SELECT transaction_id, refunded_milli_percent FROM app_store_claims WHERE environment = 'sandbox'";
        for row in eye.rows(those)? {
            if let [transaction, share] = row.as_slice() {
                refunded.insert(transaction.clone(), share.parse()?);
            }
        }
        Ok(Self { credited, refunded })
    }

    /// Whether it was credited to anybody.
    pub(super) fn is_credited(&self, transaction: &str) -> bool {
        self.credited.contains_key(transaction)
    }

    /// I5 and I6 of purchases.
    pub(super) fn check(&self, done: &[Done]) -> Vec<Violation> {
        let mut stories: HashMap<&str, Story<'_>> = HashMap::new();
        for done in done {
            if let Wish::RedeemPurchase { transaction, .. }
            | Wish::StealPurchase { transaction }
            | Wish::TellPurchase { transaction, .. } = &done.wish
            {
                stories.entry(transaction).or_default().all.push(done);
            }
        }
        stories.into_iter().flat_map(|(transaction, story)| self.wrong(transaction, &story)).collect()
    }

    fn wrong(&self, transaction: &str, story: &Story<'_>) -> Vec<Violation> {
        let mut found = Vec::new();
        let credited = self.credited.get(transaction);
        for done in &story.all {
            let Done { user, wish, outcome: Outcome::Acknowledged(_) } = done else { continue };
            let expected = match wish {
                Wish::RedeemPurchase { fen, .. } => Some((*user, *fen)),
                // After a refund there is nothing to credit.
                Wish::TellPurchase { news: News::Bought, fen, .. } if !story.tells(News::Refunded) => {
                    Some((*user, *fen))
                }
                _ => None,
            };
            if expected.is_some() && expected.as_ref() != credited {
                let what = format!("acknowledged to user {user} and credited as {credited:?}: {wish:?}");
                found.push(Violation::new("I5", what));
            }
        }
        if credited.is_some() && story.all.iter().all(|done| credits_nothing(&done.wish, &done.outcome)) {
            found.push(Violation::new("I6", format!("transaction {transaction} was refused and is credited")));
        }
        let known = self.refunded.get(transaction).copied();
        let expected = match (story.was_told(News::Refunded), story.was_told(News::Reversed)) {
            (_, true) => Some(0),
            (true, false) if !story.tells(News::Reversed) => Some(FULL),
            _ => None,
        };
        if expected.is_some() && expected != known {
            let what = format!("transaction {transaction} is refunded by {known:?} of {FULL} instead of {expected:?}");
            found.push(Violation::new("I5", what));
        }
        found
    }
}

impl Story<'_> {
    /// Whether the App Store has tried to say this.
    fn tells(&self, wanted: News) -> bool {
        self.all.iter().any(|done| matches!(done.wish, Wish::TellPurchase { news, .. } if news == wanted))
    }

    /// Whether it was told that it was heard.
    fn was_told(&self, wanted: News) -> bool {
        let heard = |done: &&Done| {
            matches!(done.wish, Wish::TellPurchase { news, .. } if news == wanted)
                && matches!(done.outcome, Outcome::Acknowledged(_))
        };
        self.all.iter().any(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const FEN: i64 = 6_000;

    fn redeem(outcome: Outcome) -> Done {
        Done { user: 1, wish: Wish::RedeemPurchase { transaction: "t".to_owned(), fen: FEN }, outcome }
    }

    fn tell(news: News, outcome: Outcome) -> Done {
        Done { user: 1, wish: Wish::TellPurchase { transaction: "t".to_owned(), news, fen: FEN }, outcome }
    }

    fn broken(credited: Option<(i64, i64)>, refunded: i64, done: &[Done]) -> Vec<&'static str> {
        let there = Purchases {
            credited: credited.map(|it| ("t".to_owned(), it)).into_iter().collect(),
            refunded: HashMap::from([("t".to_owned(), refunded)]),
        };
        there.check(done).into_iter().map(|violation| violation.invariant).collect()
    }

    #[test]
    fn what_was_acknowledged_is_credited_to_whoever_bought_it() {
        let ok = || Outcome::Acknowledged(Value::Null);
        let ours = Some((1, FEN));
        assert_eq!(broken(ours, 0, &[redeem(ok())]), Vec::<&str>::new());
        assert_eq!(broken(ours, 0, &[tell(News::Bought, ok())]), Vec::<&str>::new());
        for wrong in [None, Some((2, FEN)), Some((1, FEN - 1))] {
            assert_eq!(broken(wrong, 0, &[redeem(ok())]), ["I5"], "{wrong:?}");
            assert_eq!(broken(wrong, 0, &[tell(News::Bought, ok())]), ["I5"], "{wrong:?}");
        }
        let refunded_first = [tell(News::Refunded, ok()), tell(News::Bought, ok())];
        assert_eq!(broken(None, FULL, &refunded_first), Vec::<&str>::new());
    }

    #[test]
    fn what_was_refused_is_not_credited() {
        let no = || Outcome::Refused("proof_invalid".to_owned());
        assert_eq!(broken(Some((1, FEN)), 0, &[redeem(no())]), ["I6"]);
        assert_eq!(broken(Some((1, FEN)), 0, &[redeem(Outcome::NothingWritten)]), ["I6"]);
        for maybe in [redeem(Outcome::Unknown), tell(News::Bought, Outcome::NothingWritten)] {
            assert_eq!(broken(Some((1, FEN)), 0, &[redeem(no()), maybe]), Vec::<&str>::new());
        }
    }

    #[test]
    fn a_refund_that_was_told_is_known() {
        let (ok, unknown) = (|| Outcome::Acknowledged(Value::Null), || Outcome::Unknown);
        let refunded = tell(News::Refunded, ok());
        assert_eq!(broken(None, 0, std::slice::from_ref(&refunded)), ["I5"]);
        assert_eq!(broken(None, FULL, std::slice::from_ref(&refunded)), Vec::<&str>::new());
        let reversed = [refunded.clone(), tell(News::Reversed, ok())];
        assert_eq!((broken(None, FULL, &reversed), broken(None, 0, &reversed)), (vec!["I5"], Vec::new()));
        let perhaps = [refunded, tell(News::Reversed, unknown())];
        assert_eq!(broken(None, FULL, &perhaps).len() + broken(None, 0, &perhaps).len(), 0);
    }
}

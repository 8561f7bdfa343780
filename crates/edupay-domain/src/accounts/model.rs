//! Users and what opens their door.

use crate::clock::Timestamp;
use crate::ids::{AppAccountToken, EventId, UserId, Username};
use crate::ledger::{Bucket, Wallet};
use crate::money::Money;
use chrono::NaiveDate;
use std::fmt;
use std::ops::Deref;

/// What a user may do besides paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Own things only.
    Member,
    /// Products, courses and users too.
    Staff,
}

/// Whether a user is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Let in.
    Active,
    /// Kept out; the balance stays.
    Inactive,
}

/// What a user shows: the fields of seed 000 that are not money.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// Name among people.
    pub nickname: String,
    /// Where.
    pub location: String,
    /// A picture's address.
    pub avatar_url: String,
    /// A page's address.
    pub website: String,
    /// Points.
    pub point: i64,
    /// Day of birth.
    pub birthday: Option<NaiveDate>,
    /// Level, as a word for programs.
    pub level: String,
    /// Level, as people read it.
    pub level_display: String,
    /// Credit.
    pub credit: i64,
    /// Credit level, as a word for programs.
    pub credit_level: String,
    /// Credit level, as people read it.
    pub credit_level_display: String,
}

/// Personal: never in a log.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// Who is asking: everything of a user but the wallet, so that it need not be read anew for each
/// request. It may be a few seconds old: see [`UserStore::find_principal`](super::UserStore::find_principal).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user's id: the `pk` of the wire.
    pub id: UserId,
    /// The log-in name.
    pub username: Username,
    /// What a user shows.
    pub profile: Profile,
    /// What a user may do.
    pub role: Role,
    /// Whether a user is let in.
    pub activity: Activity,
    /// What binds the user's purchases in the App Store to the user. It never changes.
    pub app_account_token: AppAccountToken,
    /// When the user was added.
    pub created_at: Timestamp,
}

/// A user: a principal with the wallet of the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Everything but the wallet.
    pub principal: Principal,
    /// The balances.
    pub wallet: Wallet,
}

/// A user is a principal who has a wallet as well: what takes a principal takes a user.
impl Deref for User {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

/// A user to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The log-in name.
    pub username: Username,
    /// The hashed password.
    pub password: PasswordHash,
    /// What a user shows.
    pub profile: Profile,
    /// What a user may do.
    pub role: Role,
    /// What will bind the user's purchases in the App Store to the user.
    pub app_account_token: AppAccountToken,
    /// When.
    pub at: Timestamp,
}

/// A hashed password in PHC form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// What a log-in is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Whose.
    pub user_id: UserId,
    /// The hashed password.
    pub password: PasswordHash,
    /// Whether the user is let in.
    pub activity: Activity,
}

/// A token as its holder knows it: 40 hexadecimal digits. Shown once, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Length of a token.
    pub const LENGTH: usize = 40;

    /// Reads a token; anything but 40 lower-case hexadecimal digits is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (text.len() == Self::LENGTH && hex).then(|| Self(text.to_owned()))
    }

    /// The text, for its holder.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What is stored of a token: its SHA-256. A look-up by it compares no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest(pub [u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// Adds to one of a user's balances, with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustBalance {
    /// Whose.
    pub user_id: UserId,
    /// Which balance.
    pub bucket: Bucket,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_forty_small_hexadecimal_digits() {
        let digits = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(Token::parse(digits).unwrap().reveal(), digits);
        for bad in ["", &digits[1..], &format!("{digits}0"), &digits.replace('f', "g"), &digits.to_uppercase()] {
            assert!(Token::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn no_secret_and_nothing_personal_is_shown() {
        let profile = Profile { nickname: "secret".to_owned(), ..Profile::default() };
        let token = Token::parse(&"5".repeat(Token::LENGTH)).unwrap();
        assert_eq!(format!("{profile:?}"), "Profile(…)");
        assert_eq!(format!("{:?}", PasswordHash("secret".to_owned())), "PasswordHash(…)");
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!(format!("{:?}", TokenDigest([5; 32])), "TokenDigest(…)");
    }
}

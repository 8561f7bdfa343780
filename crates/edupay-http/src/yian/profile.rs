//! The profile: fourteen fields, in the order of the documents.

use crate::failure::Failure;
use edupay_domain::accounts::{Principal, Profile};
use edupay_domain::ids::{UserId, Username};
use edupay_domain::ledger::Wallet;
use serde::Serialize;
use utoipa::ToSchema;

/// A user's profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileView {
    /// The user's id.
    #[schema(example = 1)]
    pk: i64,
    /// The log-in name.
    #[schema(example = "15201052252")]
    username: String,
    /// Name among people.
    #[schema(example = "晓辰")]
    nickname: String,
    /// Where.
    location: String,
    /// A picture's address.
    avatar_url: String,
    /// A page's address.
    website: String,
    /// Points.
    point: i64,
    /// `yyyy-MM-dd`.
    #[schema(example = "1993-09-22")]
    birthday: Option<String>,
    /// Level, for programs.
    level: String,
    /// Level, for people.
    level_display: String,
    /// Credit.
    credit: i64,
    /// Credit level, for programs.
    credit_level: String,
    /// Credit level, for people.
    credit_level_display: String,
    /// The whole balance in yuan, with two decimals.
    #[schema(example = "200.50")]
    account: String,
}

impl ProfileView {
    /// The profile of a user with this wallet.
    pub(crate) fn new(user: &Principal, wallet: &Wallet) -> Result<Self, Failure> {
        Self::of(user.id, &user.username, &user.profile, wallet)
    }

    fn of(id: UserId, username: &Username, profile: &Profile, wallet: &Wallet) -> Result<Self, Failure> {
        let account = wallet.balance().ok_or(Failure::Internal("a balance does not fit"))?;
        Ok(Self {
            pk: id.get(),
            username: username.to_string(),
            nickname: profile.nickname.clone(),
            location: profile.location.clone(),
            avatar_url: profile.avatar_url.clone(),
            website: profile.website.clone(),
            point: profile.point,
            birthday: profile.birthday.map(|day| day.to_string()),
            level: profile.level.clone(),
            level_display: profile.level_display.clone(),
            credit: profile.credit,
            credit_level: profile.credit_level.clone(),
            credit_level_display: profile.credit_level_display.clone(),
            account: account.to_string(),
        })
    }
}

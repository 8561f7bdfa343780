//! Tokens open the door until they are dead or their user is kept out, with the wallet and without.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the steps of a test fail by panicking")]

use edupay_domain::accounts::{Activity, Profile, Role, Token, TokenRefusal, User};
use edupay_domain::ids::Username;
use edupay_domain::store::EffectError;
use edupay_testkit::platform::Platform;

async fn logged_in(platform: &Platform) -> (User, Token) {
    let (name, password) = (Username::parse("xiaoyu").unwrap(), "long-enough".to_owned());
    let user = platform.accounts.create(name, password.clone(), Profile::default(), Role::Member).await.unwrap();
    (user, platform.accounts.log_in("xiaoyu", password).await.unwrap())
}

/// What both ways of asking answer; they must agree.
async fn refusal(platform: &Platform, token: &Token) -> Option<TokenRefusal> {
    let refused = |error: EffectError<TokenRefusal>| match error {
        EffectError::Refused(refusal) => refusal,
        EffectError::Store(error) => panic!("{error}"),
    };
    let admitted = platform.accounts.admit(token).await.map_err(refused).err();
    let authenticated = platform.accounts.authenticate(token).await.map_err(refused).err();
    assert_eq!(admitted, authenticated);
    admitted
}

#[tokio::test]
async fn whoever_is_admitted_is_the_user_without_the_wallet() {
    let platform = Platform::new();
    let (user, token) = logged_in(&platform).await;
    let admitted = platform.accounts.admit(&token).await.unwrap();
    assert_eq!(*admitted, user.principal);
    assert_eq!(platform.accounts.authenticate(&token).await.unwrap(), user);
}

#[tokio::test]
async fn a_token_is_unknown_after_a_log_out() {
    let platform = Platform::new();
    let (user, token) = logged_in(&platform).await;
    let other = platform.accounts.issue_token(user.id).await.unwrap();
    platform.accounts.log_out(&token).await.unwrap();
    assert_eq!(refusal(&platform, &token).await, Some(TokenRefusal::Unknown));
    assert_eq!(refusal(&platform, &other).await, None);
    assert_eq!(platform.accounts.log_out_everywhere(user.id).await.unwrap(), 1);
    assert_eq!(refusal(&platform, &other).await, Some(TokenRefusal::Unknown));
}

#[tokio::test]
async fn a_token_of_an_inactive_user_is_refused_until_the_user_is_let_in_again() {
    let platform = Platform::new();
    let (user, token) = logged_in(&platform).await;
    for (activity, expected) in [(Activity::Inactive, Some(TokenRefusal::Inactive)), (Activity::Active, None)] {
        assert!(platform.accounts.set_activity(user.id, activity).await.unwrap());
        assert_eq!(refusal(&platform, &token).await, expected);
    }
}

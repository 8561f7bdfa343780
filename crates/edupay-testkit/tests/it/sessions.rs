//! Tokens open the door until they are dead or their user is kept out, with the wallet and without.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the steps of a test fail by panicking")]

use edupay_domain::accounts::{
    AccountService, Activity, CreateUserRefusal, LoginRefusal, Profile, Role, Token, TokenRefusal, User,
};
use edupay_domain::ids::Username;
use edupay_domain::store::EffectError;
use edupay_testkit::platform::Platform;
use std::slice::from_ref;

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

#[tokio::test]
async fn only_the_right_password_of_an_active_user_gives_a_token() {
    let platform = Platform::new();
    let (user, _) = logged_in(&platform).await;
    let log_in = async |name: &str, password: &str| match platform.accounts.log_in(name, password.to_owned()).await {
        Ok(_) => true,
        Err(EffectError::Refused(LoginRefusal::WrongCredentials)) => false,
        Err(error) => panic!("{error}"),
    };
    assert!(log_in("xiaoyu", "long-enough").await);
    for (name, password) in [("xiaoyu", "wrong-one"), ("nobody", "long-enough"), ("no name\u{7}", "long-enough")] {
        assert!(!log_in(name, password).await, "{name:?} {password}");
    }
    platform.accounts.set_activity(user.id, Activity::Inactive).await.unwrap();
    assert!(!log_in("xiaoyu", "long-enough").await);
}

#[tokio::test]
async fn users_are_found_by_name_and_listed_by_id() {
    let platform = Platform::new();
    let (first, _) = logged_in(&platform).await;
    let second = platform.buyer("laoshi", 0).await;
    let find = async |name: &str| platform.accounts.find_by_name(&Username::parse(name).unwrap()).await.unwrap();
    assert_eq!(find("xiaoyu").await, Some(first.clone()));
    assert_eq!(find("nobody").await, None);
    assert_eq!(platform.accounts.find(second.id).await.unwrap(), Some(second.clone()));
    assert_eq!(platform.accounts.list(0, 1).await.unwrap(), from_ref(&first));
    assert_eq!(platform.accounts.list(first.id.get(), 9).await.unwrap(), [second]);
    let name = Username::parse("short").unwrap();
    for (length, is_taken) in [(7, false), (AccountService::MIN_PASSWORD, true)] {
        let outcome =
            platform.accounts.create(name.clone(), "字".repeat(length), Profile::default(), Role::Staff).await;
        match outcome {
            Ok(user) => assert!(is_taken && user.role == Role::Staff),
            Err(EffectError::Refused(CreateUserRefusal::PasswordTooShort)) => assert!(!is_taken),
            Err(error) => panic!("{error}"),
        }
    }
}

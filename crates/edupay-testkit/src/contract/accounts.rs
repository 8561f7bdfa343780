//! Claims about users, tokens and adjustments.

use super::{Case, RecordedEvent, StoreHarness};
use crate::fixtures::{fen, new_user};
use edupay_domain::accounts::{
    Activity, AdjustBalance, AdjustRefusal, CreateUserRefusal, NewUser, PasswordHash, Principal, Role, TokenDigest,
    adjust_balance,
};
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ids::{UserId, Username};
use edupay_domain::ledger::{Bucket, EntryKind, Wallet};
use edupay_domain::store::{EffectError, StoreFault};
use futures_util::future::join_all;
use std::sync::Arc;

fn digest_of(case: &Case<'_, impl StoreHarness + ?Sized>) -> TokenDigest {
    let mut digest = [0; 32];
    for (to, from) in digest.iter_mut().zip(case.unique("").bytes()) {
        *to = from;
    }
    TokenDigest(digest)
}

/// A user is found as created, by id and by name, with nothing in the wallet.
pub async fn a_new_user_has_an_empty_wallet<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let wanted =
        NewUser { password: PasswordHash("$phc$one".to_owned()), role: Role::Staff, ..new_user(&case.unique("user")) };
    let created = harness.users().create_user(&wanted).await.unwrap();
    assert_eq!(created.wallet, Wallet::new(created.id));
    assert_eq!((&created.username, created.role, created.activity), (&wanted.username, Role::Staff, Activity::Active));
    assert!(created.profile == wanted.profile && created.created_at == wanted.at);
    assert_eq!(harness.users().find_user(created.id).await.unwrap().as_ref(), Some(&created));
    let credential = harness.users().find_credential(&wanted.username).await.unwrap().unwrap();
    assert_eq!((credential.user_id, credential.activity), (created.id, Activity::Active));
    assert!(credential.password == wanted.password);
    let nobody = Username::parse(&case.unique("nobody")).unwrap();
    assert!(harness.users().find_credential(&nobody).await.unwrap().is_none());
    let far = UserId::try_new(i64::MAX).unwrap();
    assert!(harness.users().find_user(far).await.unwrap().is_none());
}

/// A second user of the same name is refused, and the first is as before.
pub async fn a_taken_username_is_refused<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let first = case.user().await;
    let refused = harness.users().create_user(&new_user(first.username.as_str())).await;
    assert!(matches!(refused, Err(EffectError::Refused(CreateUserRefusal::UsernameTaken))), "{refused:?}");
    let credential = harness.users().find_credential(&first.username).await.unwrap().unwrap();
    assert_eq!(credential.user_id, first.id);
}

/// Of sixteen who want one name at once, one gets it and the others are refused.
pub async fn a_username_raced_for_is_given_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let wanted = new_user(&case.unique("user"));
    let one = || {
        let (users, wanted) = (harness.users(), wanted.clone());
        tokio::spawn(async move { users.create_user(&wanted).await })
    };
    let answers = join_all((0..16).map(|_| one())).await;
    let taken = answers
        .iter()
        .filter(|answer| matches!(answer, Ok(Err(EffectError::Refused(CreateUserRefusal::UsernameTaken)))));
    assert_eq!(taken.count(), 15, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(Ok(_)))).count(), 1, "{answers:?}");
}

/// Users above an id come by id, as many as asked for.
pub async fn users_are_listed_by_id<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (one, two, three) = (case.user().await, case.user().await, case.user().await);
    let all = harness.users().list_users(one.id.get(), 10_000).await.unwrap();
    assert!(all.iter().zip(all.iter().skip(1)).all(|(left, right)| left.id < right.id));
    assert!(!all.iter().any(|user| user.id == one.id));
    let of_the_case: Vec<_> = all.iter().filter(|user| user.id == two.id || user.id == three.id).collect();
    assert_eq!(of_the_case, [&two, &three]);
    let page = harness.users().list_users(one.id.get(), 1).await.unwrap();
    assert_eq!(page.len(), 1);
    assert!(page.iter().all(|user| user.id > one.id && user.id <= two.id));
}

/// A user is made inactive and active again; nobody is not.
pub async fn a_user_is_kept_out_and_let_in_again<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user = case.user().await;
    for activity in [Activity::Inactive, Activity::Inactive, Activity::Active] {
        assert!(harness.users().set_activity(user.id, activity).await.unwrap());
        assert_eq!(harness.users().find_user(user.id).await.unwrap().unwrap().activity, activity);
        let credential = harness.users().find_credential(&user.username).await.unwrap().unwrap();
        assert_eq!(credential.activity, activity);
    }
    assert!(!harness.users().set_activity(UserId::try_new(i64::MAX).unwrap(), Activity::Active).await.unwrap());
}

/// A token finds its user with the wallet of this moment, until it is removed.
pub async fn a_token_finds_its_user_until_it_is_removed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.buyer(0, 0, 700).await;
    let (token, other) = (digest_of(&case), digest_of(&case));
    harness.users().add_token(token, user_id, case.start()).await.unwrap();
    let found = harness.users().find_token(token).await.unwrap().unwrap();
    assert_eq!((found.id, found.wallet), (user_id, case.wallet(user_id).await));
    assert!(harness.users().find_token(other).await.unwrap().is_none());
    for _ in 0..2 {
        harness.users().remove_token(token).await.unwrap();
        assert!(harness.users().find_token(token).await.unwrap().is_none());
    }
}

/// All tokens of one user go, and nobody else's.
pub async fn all_tokens_of_a_user_are_removed_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, other) = (case.user().await.id, case.user().await.id);
    let tokens = [digest_of(&case), digest_of(&case), digest_of(&case)];
    for (token, owner) in tokens.into_iter().zip([user, user, other]) {
        harness.users().add_token(token, owner, case.start()).await.unwrap();
    }
    assert_eq!(harness.users().remove_tokens(user).await.unwrap(), 2);
    assert_eq!(harness.users().remove_tokens(user).await.unwrap(), 0);
    let [one, two, three] = tokens;
    assert!(harness.users().find_token(one).await.unwrap().is_none());
    assert!(harness.users().find_token(two).await.unwrap().is_none());
    assert_eq!(harness.users().find_token(three).await.unwrap().unwrap().id, other);
}

/// The token of an inactive user is found with that activity: the service decides.
pub async fn a_token_of_an_inactive_user_tells_so<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    let token = digest_of(&case);
    harness.users().add_token(token, user_id, case.start()).await.unwrap();
    harness.users().set_activity(user_id, Activity::Inactive).await.unwrap();
    assert_eq!(harness.users().find_token(token).await.unwrap().unwrap().activity, Activity::Inactive);
}

/// A token of nobody is an error of the store, and finds nobody.
pub async fn a_token_without_a_user_is_not_stored<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let token = digest_of(&case);
    let failed = harness.users().add_token(token, UserId::try_new(i64::MAX).unwrap(), case.start()).await;
    assert!(matches!(failed.unwrap_err().fault(), StoreFault::Unavailable | StoreFault::Corrupt));
    assert!(harness.users().find_token(token).await.unwrap().is_none());
}

async fn principal_of(harness: &(impl StoreHarness + ?Sized), token: TokenDigest) -> Option<Arc<Principal>> {
    harness.users().find_principal(token).await.unwrap()
}

/// A token that nobody had is somebody's as soon as it is stored, however often it was looked up in
/// vain; its principal is the user without the wallet.
pub async fn a_new_token_works_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, token) = (case.user().await, digest_of(&case));
    for _ in 0..3 {
        assert_eq!(principal_of(harness, token).await, None);
    }
    harness.users().add_token(token, user.id, case.start()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(principal_of(harness, token).await.as_deref(), Some(&user.principal));
    }
}

/// A token that was just found is nobody's when it was removed, and works when it is stored anew.
pub async fn a_logged_out_token_is_dead_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    let (token, other) = (digest_of(&case), digest_of(&case));
    harness.users().add_token(other, user_id, case.start()).await.unwrap();
    for _ in 0..3 {
        harness.users().add_token(token, user_id, case.start()).await.unwrap();
        assert!(principal_of(harness, token).await.is_some());
        assert!(principal_of(harness, other).await.is_some());
        harness.users().remove_token(token).await.unwrap();
        assert_eq!(principal_of(harness, token).await, None);
        assert!(principal_of(harness, other).await.is_some(), "the user's other token lives on");
    }
}

/// A token that is looked up by many while it is removed is nobody's from then on: none of the
/// look-ups that were under way brings it back.
pub async fn a_token_removed_while_it_is_looked_up_stays_dead<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    for _ in 0..20 {
        let token = digest_of(&case);
        harness.users().add_token(token, user_id, case.start()).await.unwrap();
        let one = || {
            let users = harness.users();
            tokio::spawn(async move {
                while users.find_principal(token).await.unwrap().is_some() {
                    tokio::task::yield_now().await;
                }
            })
        };
        let seekers: Vec<_> = (0..8).map(|_| one()).collect();
        harness.users().remove_token(token).await.unwrap();
        for _ in 0..8 {
            assert_eq!(principal_of(harness, token).await, None);
        }
        join_all(seekers).await.into_iter().for_each(|ended| ended.unwrap());
        assert_eq!(principal_of(harness, token).await, None);
    }
}

/// The principal of a token that was just found is inactive when its user was made so, and active
/// again when the user was let in again; other users are as they were.
pub async fn a_deactivated_user_is_known_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, other) = (case.user().await.id, case.user().await.id);
    let tokens = [digest_of(&case), digest_of(&case), digest_of(&case)];
    for (token, owner) in tokens.into_iter().zip([user, user, other]) {
        harness.users().add_token(token, owner, case.start()).await.unwrap();
    }
    for activity in [Activity::Active, Activity::Inactive, Activity::Active, Activity::Inactive] {
        harness.users().set_activity(user, activity).await.unwrap();
        for (token, expected) in tokens.into_iter().zip([activity, activity, Activity::Active]) {
            assert_eq!(principal_of(harness, token).await.unwrap().activity, expected);
        }
    }
}

/// All tokens of one user that were just found are nobody's at once, and nobody else's are.
pub async fn all_tokens_of_a_user_die_together<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, other) = (case.user().await.id, case.user().await.id);
    let tokens = [digest_of(&case), digest_of(&case), digest_of(&case)];
    for (token, owner) in tokens.into_iter().zip([user, user, other]) {
        harness.users().add_token(token, owner, case.start()).await.unwrap();
        assert_eq!(principal_of(harness, token).await.unwrap().id, owner);
    }
    assert_eq!(harness.users().remove_tokens(user).await.unwrap(), 2);
    let [one, two, three] = tokens;
    assert_eq!(principal_of(harness, one).await, None);
    assert_eq!(principal_of(harness, two).await, None);
    assert_eq!(principal_of(harness, three).await.unwrap().id, other);
}

/// An adjustment moves one balance by one entry whose reference is the reason, and is told.
pub async fn an_adjustment_is_an_entry_with_its_reason_and_its_event<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.user().await.id;
    let mut expected = Wallet::new(user_id);
    for (bucket, amount) in [(Bucket::Bonus, 5), (Bucket::Iap, 70), (Bucket::Cash, 900)] {
        match bucket {
            Bucket::Bonus => expected.bonus = fen(amount),
            Bucket::Iap => expected.iap = fen(amount),
            Bucket::Cash => expected.cash = fen(amount),
        }
        expected.entries = expected.entries.saturating_add(1);
        let command = case.adjustment(user_id, bucket, fen(amount));
        assert_eq!(harness.wallets().adjust_balance(&command, adjust_balance).await.unwrap(), expected);
        assert_eq!(case.wallet(user_id).await, expected);
        let line = case.statement(user_id).await.into_iter().next().unwrap();
        assert_eq!(
            (line.kind, line.reference, line.at),
            (EntryKind::AdjustBalance, command.reason.clone(), command.at)
        );
        assert_eq!(Some(line.balance_after), expected.balance());
        let body = EventBody::BalanceAdjusted { amount: command.amount, reason: command.reason };
        let event = Event { id: command.event_id, user_id, at: command.at, body };
        assert_eq!(harness.outbox(user_id).await.last(), Some(&RecordedEvent::of(&event)));
    }
    case.audit().await;
}

/// Without a reason, of nothing, or for nobody there is no adjustment.
pub async fn a_refused_adjustment_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let user_id = case.buyer(0, 0, 100).await;
    let before = case.snapshot(user_id).await;
    let right = case.adjustment(user_id, Bucket::Cash, fen(1));
    let nobody = AdjustBalance { user_id: UserId::try_new(i64::MAX).unwrap(), ..right.clone() };
    let refused = harness.wallets().adjust_balance(&nobody, adjust_balance).await;
    assert!(matches!(refused, Err(EffectError::Refused(AdjustRefusal::UserNotFound))), "{refused:?}");
    let no_reason = AdjustBalance { reason: " ".to_owned(), ..right.clone() };
    let refused = harness.wallets().adjust_balance(&no_reason, adjust_balance).await;
    assert!(matches!(refused, Err(EffectError::Refused(AdjustRefusal::NoReason))), "{refused:?}");
    let nothing = AdjustBalance { amount: fen(0), ..right };
    let refused = harness.wallets().adjust_balance(&nothing, adjust_balance).await;
    assert!(matches!(refused, Err(EffectError::Refused(AdjustRefusal::Ledger(_)))), "{refused:?}");
    assert_eq!(case.snapshot(user_id).await, before);
}

/// A user has the token for the App Store that the user was made with, and is found by it.
pub async fn a_user_is_found_by_the_token_for_the_app_store<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, other) = (case.user().await, case.user().await);
    assert_ne!(user.app_account_token, other.app_account_token);
    let found = harness.users().find_by_app_account_token(user.app_account_token).await.unwrap();
    assert_eq!(found.as_ref(), Some(&user.principal));
    assert_eq!(harness.users().find_by_app_account_token(case.app_account_token()).await.unwrap(), None);
}

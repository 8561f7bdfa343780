//! Claims about the App Store's notifications.

use super::{Case, StoreHarness};
use crate::fixtures::app_store_notification;
use edupay_domain::app_store::{
    AppStoreNotification, ConsumptionRequest, KeptNotification, NotificationKind, NotificationStatus, StoreEnvironment,
};
use edupay_domain::ids::NotificationId;
use futures_util::future::join_all;

pub(super) async fn kept<H: StoreHarness + ?Sized>(case: &Case<'_, H>, minute: i64) -> KeptNotification {
    let (user, product) = (case.user().await, case.product(600).await);
    let transaction = case.transaction(&user, &product);
    let id = case.notification_id();
    let notification: AppStoreNotification =
        app_store_notification(id.as_str(), NotificationKind::Refund, Some(transaction));
    KeptNotification::of(&notification, case.minute(minute))
}

/// A notification is new once, and answers how far it has come after that; what is done stays done.
pub async fn a_notification_is_kept_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let inbox = harness.app_store_inbox();
    for done in [NotificationStatus::Processed, NotificationStatus::Ignored] {
        let notification = kept(&case, 1).await;
        assert_eq!(inbox.keep(&notification).await.unwrap(), None);
        assert_eq!(inbox.keep(&notification).await.unwrap(), Some(NotificationStatus::Kept));
        inbox.mark(&notification.id, done, case.minute(2)).await.unwrap();
        assert_eq!(inbox.keep(&notification).await.unwrap(), Some(done));
        inbox.mark(&notification.id, NotificationStatus::Kept, case.minute(3)).await.unwrap();
        assert_eq!(inbox.keep(&notification).await.unwrap(), Some(done));
    }
    // One without a transaction is kept as well.
    let test = app_store_notification(case.notification_id().as_str(), NotificationKind::Test, None);
    assert_eq!(inbox.keep(&KeptNotification::of(&test, case.minute(1))).await.unwrap(), None);
}

/// Of many deliveries at once one is new.
pub async fn a_notification_raced_for_is_new_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let notification = kept(&case, 1).await;
    let answers = join_all((0..8).map(|_| async {
        let (inbox, notification) = (harness.app_store_inbox(), notification.clone());
        tokio::spawn(async move { inbox.keep(&notification).await.unwrap() }).await.unwrap()
    }));
    assert_eq!(answers.await.iter().filter(|answer| answer.is_none()).count(), 1);
}

/// A kept notification is due at its time, the longest due first, until it is done.
pub async fn notifications_are_due_until_they_are_done<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let inbox = harness.app_store_inbox();
    let (later, first) = (kept(&case, 2).await, kept(&case, 1).await);
    for notification in [&later, &first] {
        inbox.keep(notification).await.unwrap();
    }
    let ours = [&first.id, &later.id];
    let due = async |minute: i64| {
        let all = inbox.due(case.minute(minute), 100_000).await.unwrap();
        all.into_iter().filter(|(id, ..)| ours.contains(&id)).collect::<Vec<_>>()
    };
    let ids = |rows: &[(NotificationId, _, _)]| rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&due(0).await), []);
    assert_eq!(due(1).await, [(first.id.clone(), case.minute(1), first.signed.clone())]);
    assert_eq!(ids(&due(2).await), [first.id.clone(), later.id.clone()]);
    inbox.mark(&first.id, NotificationStatus::Kept, case.minute(9)).await.unwrap();
    assert_eq!(ids(&due(8).await), std::slice::from_ref(&later.id));
    assert_eq!(ids(&due(9).await), [later.id.clone(), first.id.clone()]);
    inbox.mark(&later.id, NotificationStatus::Processed, case.minute(9)).await.unwrap();
    assert_eq!(ids(&due(9).await), std::slice::from_ref(&first.id));
    inbox.mark(&first.id, NotificationStatus::Ignored, case.minute(9)).await.unwrap();
    assert_eq!(ids(&due(9).await), []);
}

/// A request is stored once, listed with its deadline, and answered once.
pub async fn a_consumption_request_is_listed_and_answered_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let inbox = harness.app_store_inbox();
    let notification = kept(&case, 1).await;
    inbox.keep(&notification).await.unwrap();
    let owner = case.user().await;
    let request = ConsumptionRequest {
        id: notification.id.clone(),
        key: notification.key.clone().unwrap(),
        user_id: Some(owner.id),
        reason: "UNINTENDED_PURCHASE".to_owned(),
        requested_at: case.minute(1),
        deadline: case.minute(721),
        answered_at: None,
    };
    for _ in 0..2 {
        inbox.add_request(&request).await.unwrap();
    }
    let listed = async || {
        let all = inbox.requests(None, u32::MAX).await.unwrap();
        all.into_iter().filter(|found| found.id == request.id).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, std::slice::from_ref(&request));
    let answered = ConsumptionRequest { answered_at: Some(case.minute(5)), ..request.clone() };
    for minute in [5, 6] {
        let found = inbox.answer(&request.id, case.minute(minute)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&answered));
    }
    assert_eq!(listed().await, [answered]);
    assert_eq!(inbox.answer(&case.notification_id(), case.minute(7)).await.unwrap(), None);
    let before = inbox.requests(Some(case.minute(1)), u32::MAX).await.unwrap();
    assert!(before.iter().all(|found| found.id != request.id));
}

/// The history's end only moves forward.
pub async fn the_end_of_the_history_moves_forward_only<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let inbox = harness.app_store_inbox();
    // The one row is shared by all claims: far ahead of what they might write.
    let environment = StoreEnvironment::Sandbox;
    let start = inbox.caught_up(environment).await.unwrap().unwrap_or(case.minute(0)).max(case.minute(0));
    let later = |minutes| crate::fixtures::minutes_after(start, minutes);
    for (until, expected) in [(later(5), later(5)), (later(3), later(5)), (later(6), later(6))] {
        inbox.set_caught_up(environment, until).await.unwrap();
        assert!(inbox.caught_up(environment).await.unwrap() >= Some(expected));
    }
}

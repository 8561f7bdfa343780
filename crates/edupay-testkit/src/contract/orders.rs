//! Claims about making, finding, cancelling and closing orders.

use super::case::refusal_of;
use super::{Case, RecordedEvent, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ids::{CourseId, OrderPk};
use edupay_domain::orders::{
    CancelOrder, CancelRefusal, CloseOrder, CreateOrder, CreateOrderRefusal, CreatedOrder, OpenOrderCharge, Order,
    OrderState, PayFromBalance, PayRefusal, Visibility, cancel_order, close_order, create_order, open_order_charge,
    pay_from_balance,
};
use edupay_domain::products::CourseStatus;
use futures_util::future::join_all;

/// An order is stored as the rule made it: names, prices, sum, times.
pub async fn an_order_copies_names_and_prices_and_is_found<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let (first, second) = (case.course(9_900).await, case.course(6_600).await);
    // Not in the order of their ids: an order keeps the buyer's.
    let command = case.order_command(buyer, &[second.clone(), first.clone()]);
    let CreatedOrder::Created(order) = harness.orders().create(&command, create_order).await.unwrap() else {
        return unexpected("a new number was answered as taken");
    };
    assert_eq!((order.user_id, &order.order_no, order.amount), (buyer, &command.order_no, fen(16_500)));
    assert_eq!(order.courses(), format!("{},{}", second.id, first.id));
    assert_eq!(order.names(), format!("{},{}", second.name, first.name));
    assert_eq!((&order.state, order.visibility), (&OrderState::Unpaid, Visibility::Visible));
    assert_eq!((order.created_at, order.expires_at), (command.at, command.expires_at));
    assert_eq!(case.stored(&order).await, order);
    assert!(harness.orders().find(buyer, &case.order_no()).await.unwrap().is_none());
}

/// What staff does to a course later does not touch orders.
pub async fn an_order_keeps_its_price_when_the_course_is_withdrawn<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 9_900).await;
    let course = case.course(9_900).await;
    let order = case.order_of(buyer, std::slice::from_ref(&course)).await;
    harness.courses().set_course_status(course.id, CourseStatus::Withdrawn).await.unwrap();
    assert_eq!(case.stored(&order).await, order);
    case.pay(&order).await.unwrap();
    case.audit().await;
}

/// Each buyer's orders are counted from 1, also when two are made at once.
pub async fn orders_are_counted_per_buyer<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let course = [case.course(100).await];
    for _ in 0..2 {
        let buyer = case.user().await.id;
        let one = |command: CreateOrder| {
            let orders = harness.orders();
            tokio::spawn(async move { orders.create(&command, create_order).await.unwrap() })
        };
        let answers = join_all((0..8).map(|_| one(case.order_command(buyer, &course)))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(CreatedOrder::Created(_)))), "{answers:?}");
        let orders = harness.orders().list(buyer, None, 100).await.unwrap();
        let pks: Vec<_> = orders.iter().map(|order| order.pk.get()).collect();
        assert_eq!(pks, [8, 7, 6, 5, 4, 3, 2, 1]);
    }
}

/// A number is unique over all buyers; who draws a taken one may draw another.
pub async fn a_taken_order_number_is_answered_as_taken<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (buyer, other) = (case.user().await.id, case.user().await.id);
    let course = [case.course(100).await];
    let order = case.order_of(buyer, &course).await;
    for user_id in [buyer, other] {
        let before = case.snapshot(user_id).await;
        let command = CreateOrder { order_no: order.order_no.clone(), ..case.order_command(user_id, &course) };
        let answer = harness.orders().create(&command, create_order).await.unwrap();
        assert_eq!(answer, CreatedOrder::NumberTaken);
        assert_eq!(case.snapshot(user_id).await, before);
    }
    assert_eq!(case.order_of(other, &course).await.pk, OrderPk::try_new(1).unwrap());
}

/// Of sixteen orders of one number made at once, one is stored.
pub async fn an_order_number_raced_for_is_given_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let course = [case.course(100).await];
    let order_no = case.order_no();
    let mut commands = Vec::new();
    for _ in 0..16 {
        let command = case.order_command(case.user().await.id, &course);
        commands.push(CreateOrder { order_no: order_no.clone(), ..command });
    }
    let answers = join_all(commands.into_iter().map(|command| {
        let orders = harness.orders();
        tokio::spawn(async move { orders.create(&command, create_order).await.unwrap() })
    }))
    .await;
    let taken = answers.iter().filter(|answer| matches!(answer, Ok(CreatedOrder::NumberTaken)));
    assert_eq!(taken.count(), 15, "{answers:?}");
}

/// An unknown, withdrawn, repeated or owned course makes no order.
pub async fn a_refused_order_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let (owned, withdrawn, offered) = (case.course(100).await, case.course(100).await, case.course(100).await);
    let order = case.order_of(buyer, std::slice::from_ref(&owned)).await;
    case.pay(&order).await.unwrap();
    harness.courses().set_course_status(withdrawn.id, CourseStatus::Withdrawn).await.unwrap();
    let unknown = CourseId::try_new(i64::MAX).unwrap();
    let before = case.snapshot(buyer).await;
    for (course_ids, expected) in [
        (vec![], CreateOrderRefusal::BadSelection { max: Order::MAX_LINES }),
        (vec![offered.id, offered.id], CreateOrderRefusal::BadSelection { max: Order::MAX_LINES }),
        (vec![offered.id, unknown], CreateOrderRefusal::CourseNotOffered(unknown)),
        (vec![withdrawn.id], CreateOrderRefusal::CourseNotOffered(withdrawn.id)),
        (vec![offered.id, owned.id], CreateOrderRefusal::CourseOwned { course_id: owned.id, name: owned.name.clone() }),
    ] {
        let command = CreateOrder { course_ids, ..case.order_command(buyer, &[]) };
        assert_eq!(refusal_of(harness.orders().create(&command, create_order).await), expected);
        assert!(harness.orders().find(buyer, &command.order_no).await.unwrap().is_none());
    }
    assert_eq!(case.snapshot(buyer).await, before);
}

/// Whatever is done to someone else's order, it is as if there were none.
pub async fn someone_elses_order_is_none<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (buyer, thief) = (case.user().await.id, case.buyer(0, 0, 10_000).await);
    let order = case.order(buyer, 100).await;
    let (before, thief_before) = (case.snapshot(buyer).await, case.snapshot(thief).await);
    let orders = harness.orders();
    assert!(orders.find(thief, &order.order_no).await.unwrap().is_none());
    let pay = PayFromBalance { user_id: thief, ..case.pay_command(&order) };
    assert_eq!(refusal_of(orders.pay_from_balance(&pay, pay_from_balance).await), PayRefusal::OrderNotFound);
    let open = OpenOrderCharge { user_id: thief, ..case.charge_command(&order) };
    assert_eq!(refusal_of(orders.open_charge(&open, open_order_charge).await), PayRefusal::OrderNotFound);
    let cancel = CancelOrder { user_id: thief, ..case.cancel_command(&order) };
    assert_eq!(refusal_of(orders.cancel(&cancel, cancel_order).await), CancelRefusal::OrderNotFound);
    let close = CloseOrder { user_id: thief, ..case.close_command(&order) };
    assert!(orders.close(&close, close_order).await.unwrap().is_none());
    assert_eq!((case.snapshot(buyer).await, case.snapshot(thief).await), (before, thief_before));
}

/// Pages below a pk join to the buyer's whole list.
pub async fn orders_are_listed_newest_first_in_pages<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (buyer, other) = (case.user().await.id, case.user().await.id);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(case.order(buyer, 100).await);
        case.order(other, 100).await;
    }
    made.reverse();
    let mut listed: Vec<Order> = Vec::new();
    loop {
        let below = listed.last().map(|order| order.pk);
        let page = harness.orders().list(buyer, below, 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed, made);
}

/// A repeat is the same success and is not told again; a cancelled order can't be paid.
pub async fn a_cancelled_order_stays_cancelled<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let order = case.order(buyer, 100).await;
    let command = case.cancel_command(&order);
    let expected = Order { state: OrderState::Cancelled, ..order.clone() };
    for command in [&command, &case.cancel_command(&order)] {
        assert_eq!(harness.orders().cancel(command, cancel_order).await.unwrap(), expected);
        assert_eq!(case.stored(&order).await, expected);
    }
    let body = EventBody::OrderCancelled { order_no: order.order_no.clone() };
    let event = Event { id: command.event_id, user_id: buyer, at: command.at, body };
    assert_eq!(case.events(buyer, "order.cancelled").await, [RecordedEvent::of(&event)]);
    case.audit().await;
}

/// A paid order keeps its payment.
pub async fn a_paid_order_is_not_cancelled<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let order = case.order(buyer, 100).await;
    case.pay(&order).await.unwrap();
    let before = case.snapshot(buyer).await;
    let answer = harness.orders().cancel(&case.cancel_command(&order), cancel_order).await;
    assert_eq!(refusal_of(answer), CancelRefusal::OrderPaid);
    assert_eq!(case.snapshot(buyer).await, before);
}

/// An unpaid order is listed from its last moment on, oldest first, until it is closed; that is
/// told once.
pub async fn an_order_past_its_time_is_listed_and_closed_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let course = [case.course(100).await];
    let mut made = Vec::new();
    for minutes in [30, 10, 20] {
        let command = CreateOrder { expires_at: case.minute(minutes), ..case.order_command(buyer, &course) };
        if let CreatedOrder::Created(order) = harness.orders().create(&command, create_order).await.unwrap() {
            made.push(order);
        }
    }
    let [thirty, ten, twenty] = made.as_slice() else { return unexpected("three orders were to be made") };
    let expired = async |minutes| {
        let all = harness.orders().expired(case.minute(minutes), 100_000).await.unwrap();
        all.into_iter().filter(|(user_id, _)| *user_id == buyer).map(|(_, order_no)| order_no).collect::<Vec<_>>()
    };
    assert_eq!(expired(9).await, []);
    assert_eq!(expired(10).await, std::slice::from_ref(&ten.order_no));
    assert_eq!(expired(30).await, [ten.order_no.clone(), twenty.order_no.clone(), thirty.order_no.clone()]);
    assert_eq!(harness.orders().expired(case.minute(30), 1).await.unwrap().len(), 1);

    let early = CloseOrder { at: case.minute(9), ..case.close_command(ten) };
    assert_eq!(harness.orders().close(&early, close_order).await.unwrap().as_ref(), Some(ten));
    let command = case.close_command(ten);
    let closed = Order { state: OrderState::Closed, ..ten.clone() };
    for command in [&command, &case.close_command(ten)] {
        assert_eq!(harness.orders().close(command, close_order).await.unwrap().as_ref(), Some(&closed));
    }
    assert_eq!(case.stored(ten).await, closed);
    assert_eq!(expired(30).await, [twenty.order_no.clone(), thirty.order_no.clone()]);
    let body = EventBody::OrderClosed { order_no: ten.order_no.clone() };
    let event = Event { id: command.event_id, user_id: buyer, at: command.at, body };
    assert_eq!(case.events(buyer, "order.closed").await, [RecordedEvent::of(&event)]);
}

/// A paid order is neither listed as expired nor closed.
pub async fn a_paid_order_is_not_closed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let order = case.order(buyer, 100).await;
    case.pay(&order).await.unwrap();
    let before = case.snapshot(buyer).await;
    let expired = harness.orders().expired(order.expires_at, 100_000).await.unwrap();
    assert!(!expired.iter().any(|(user_id, _)| *user_id == buyer));
    let kept = harness.orders().close(&case.close_command(&order), close_order).await.unwrap();
    assert_eq!(kept, Some(case.stored(&order).await));
    assert_eq!(case.snapshot(buyer).await, before);
}

#[expect(clippy::panic, reason = "a claim fails by panicking, as a test does")]
fn unexpected(what: &str) {
    panic!("{what}");
}

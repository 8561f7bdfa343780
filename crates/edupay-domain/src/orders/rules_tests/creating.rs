//! Which courses make an order, and how an order is told.

use super::*;
use crate::products::{Course, CourseStatus};

fn id(number: i64) -> CourseId {
    CourseId::try_new(number).unwrap()
}

/// A course whose price is its number in fen.
fn offered(number: i64) -> Course {
    Course {
        id: id(number),
        name: format!("course {number}"),
        price: Money::try_from_fen(number).unwrap(),
        status: CourseStatus::Offered,
        created_at: at(START),
    }
}

fn command(courses: &[i64]) -> CreateOrder {
    CreateOrder {
        user_id: buyer(),
        order_no: number(),
        course_ids: courses.iter().copied().map(id).collect(),
        at: at(START),
        expires_at: at(END),
        claim: None,
    }
}

/// Thirty courses; the 29th is withdrawn, the 30th is owned.
fn view() -> CreateOrderView {
    let mut courses: Vec<_> = (1..=30).map(offered).collect();
    courses[28].status = CourseStatus::Withdrawn;
    CreateOrderView { courses, owned: vec![id(30)], next_pk: OrderPk::try_new(7).unwrap() }
}

#[test]
fn an_order_copies_the_names_and_prices_of_its_courses_in_their_order() {
    let made = create_order(&command(&[3, 1, 2]), &view()).unwrap();
    let line = |number| {
        let Course { id, name, price, .. } = offered(number);
        OrderLine { course_id: id, name, price }
    };
    let expected = Order {
        user_id: buyer(),
        order_no: number(),
        pk: OrderPk::try_new(7).unwrap(),
        lines: vec![line(3), line(1), line(2)],
        amount: Money::from_fen_u32(6),
        state: OrderState::Unpaid,
        visibility: Visibility::Visible,
        created_at: at(START),
        expires_at: at(END),
    };
    assert_eq!(made, expected);
    assert_eq!((made.courses().as_str(), made.names().as_str()), ("3,1,2", "course 3,course 1,course 2"));
}

#[test]
fn an_order_names_one_to_twenty_offered_courses_that_are_not_owned_each_once() {
    let selection = || Err(CreateOrderRefusal::BadSelection { max: 20 });
    let (twenty, too_many): (Vec<_>, Vec<_>) = ((1..=20).collect(), (1..=21).collect());
    for (courses, expected) in [
        (&[1][..], Ok(1)),
        (&twenty[..], Ok(210)),
        (&[][..], selection()),
        (&too_many[..], selection()),
        (&[1, 1][..], selection()),
        (&[1, 2, 3, 1][..], selection()),
        (&[29][..], Err(CreateOrderRefusal::CourseNotOffered(id(29)))),
        (&[1, 99][..], Err(CreateOrderRefusal::CourseNotOffered(id(99)))),
        (&[1, 30][..], Err(CreateOrderRefusal::CourseOwned { course_id: id(30), name: "course 30".to_owned() })),
    ] {
        let made = create_order(&command(courses), &view()).map(|order| order.amount.fen());
        assert_eq!(made, expected, "{courses:?}");
    }
    let mut dear = view();
    dear.courses[0].price = Money::MAX;
    assert_eq!(create_order(&command(&[1, 2]), &dear), Err(CreateOrderRefusal::TooLarge));
}

#[test]
fn a_state_has_its_number_and_its_word_and_says_how_it_was_paid() {
    let told: Vec<_> = states().iter().map(|state| (state.number(), state.code(), state.payment().cloned())).collect();
    let expected = [
        (0, "unpaid", None),
        (1, "paid", Some(by_balance())),
        (1, "paid", Some(by_charge())),
        (2, "cancelled", None),
        (3, "closed", None),
        (4, "partly_refunded", Some(by_balance())),
        (4, "partly_refunded", Some(by_charge())),
        (5, "refunded", Some(by_balance())),
        (5, "refunded", Some(by_charge())),
    ];
    assert_eq!(told, expected);
    assert_eq!([by_balance(), by_charge()].map(|payment| payment.tender.channel_code()), ["balance", "wx"]);
}

//! How an order is made, cancelled and closed.

use super::error::{CancelRefusal, CreateOrderRefusal};
use super::model::{CancelOrder, CloseOrder, CreateOrder, Order, OrderLine, OrderState, Visibility};
use crate::events::{Event, EventBody};
use crate::ids::{CourseId, OrderPk};
use crate::money::Money;
use crate::products::{Course, CourseStatus};

/// What making an order sees: the buyer's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrderView {
    /// Those of the named courses that exist.
    pub courses: Vec<Course>,
    /// Those of the named courses that the buyer owns.
    pub owned: Vec<CourseId>,
    /// The ordinal of the buyer's next order.
    pub next_pk: OrderPk,
}

/// An order names offered courses that the buyer does not own, each once; it copies their names and
/// prices.
///
/// # Errors
/// [`CreateOrderRefusal`].
pub fn create_order(command: &CreateOrder, view: &CreateOrderView) -> Result<Order, CreateOrderRefusal> {
    let ids = &command.course_ids;
    let repeated = ids.iter().enumerate().any(|(index, id)| ids.iter().take(index).any(|other| other == id));
    if ids.is_empty() || ids.len() > Order::MAX_LINES || repeated {
        return Err(CreateOrderRefusal::BadSelection { max: Order::MAX_LINES });
    }
    let line = |id: &CourseId| {
        let offered = view.courses.iter().find(|course| course.id == *id && course.status == CourseStatus::Offered);
        let course = offered.ok_or(CreateOrderRefusal::CourseNotOffered(*id))?;
        if view.owned.contains(id) {
            return Err(CreateOrderRefusal::CourseOwned { course_id: *id, name: course.name.clone() });
        }
        Ok(OrderLine { course_id: *id, name: course.name.clone(), price: course.price })
    };
    let lines = ids.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let amount = Money::checked_sum(lines.iter().map(|line| line.price)).ok_or(CreateOrderRefusal::TooLarge)?;
    Ok(Order {
        user_id: command.user_id,
        order_no: command.order_no.clone(),
        pk: view.next_pk,
        lines,
        amount,
        state: OrderState::Unpaid,
        visibility: Visibility::Visible,
        created_at: command.at,
        expires_at: command.expires_at,
    })
}

/// What ending an order writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndPlan {
    /// The order's next state.
    End {
        /// The order.
        order: Order,
        /// What happened.
        events: Vec<Event>,
    },
    /// It had ended, or goes on; nothing is written.
    Keep(Order),
}

/// An unpaid order is cancelled; a cancelled one stays so.
///
/// # Errors
/// [`CancelRefusal`].
pub fn cancel_order(command: &CancelOrder, order: &Option<Order>) -> Result<EndPlan, CancelRefusal> {
    let order = order.as_ref().ok_or(CancelRefusal::OrderNotFound)?;
    match order.state {
        OrderState::Unpaid => {
            let body = EventBody::OrderCancelled { order_no: order.order_no.clone() };
            let event = Event { id: command.event_id, user_id: order.user_id, at: command.at, body };
            Ok(EndPlan::End { order: Order { state: OrderState::Cancelled, ..order.clone() }, events: vec![event] })
        }
        OrderState::Cancelled => Ok(EndPlan::Keep(order.clone())),
        OrderState::Closed => Err(CancelRefusal::OrderClosed),
        OrderState::Paid(_) | OrderState::PartlyRefunded(_) | OrderState::Refunded(_) => Err(CancelRefusal::OrderPaid),
    }
}

/// An unpaid order past its time is closed; any other is kept as it is.
#[must_use]
pub fn close_order(command: &CloseOrder, order: &Order) -> EndPlan {
    if order.state != OrderState::Unpaid || command.at < order.expires_at {
        return EndPlan::Keep(order.clone());
    }
    let body = EventBody::OrderClosed { order_no: order.order_no.clone() };
    let event = Event { id: command.event_id, user_id: order.user_id, at: command.at, body };
    EndPlan::End { order: Order { state: OrderState::Closed, ..order.clone() }, events: vec![event] }
}

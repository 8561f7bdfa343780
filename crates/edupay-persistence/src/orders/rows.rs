//! How orders, their lines and what they give lie in rows.

use crate::codes::{Corrupt, course_id, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::schema::{entitlements, order_lines, order_routes, orders};
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Nullable};
use edupay_domain::ids::{ChargeId, CourseId, OrderNo, OrderPk, UserId};
use edupay_domain::ledger::Split;
use edupay_domain::orders::{Entitlement, Order, OrderLine, OrderState, Payment, Tender, Visibility};
use edupay_domain::payments::Channel;
use edupay_mischief::planted;

/// What `paid_through` says of a payment from the balance.
const BALANCE: &str = "balance";

/// The status of an order that waits for payment.
pub(crate) const UNPAID: &str = "unpaid";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = orders)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct OrderRow {
    pub(crate) user_id: i64,
    pub(crate) order_no: String,
    pub(crate) pk: i64,
    pub(crate) amount_fen: i64,
    pub(crate) status: String,
    pub(crate) visibility: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) paid_at: Option<i64>,
    pub(crate) paid_through: Option<String>,
    pub(crate) paid_charge_id: Option<String>,
    pub(crate) paid_bonus_fen: i64,
    pub(crate) paid_iap_fen: i64,
    pub(crate) paid_cash_fen: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = order_lines)]
pub(crate) struct LineRow {
    user_id: i64,
    order_no: String,
    line: i16,
    course_id: i64,
    name: String,
    price_fen: i64,
}

impl OrderRow {
    pub(crate) fn of(order: &Order) -> Self {
        let payment = order.state.payment();
        let split = match payment.map(|payment| &payment.tender) {
            Some(Tender::Balance(split)) => *split,
            Some(Tender::Charge { .. }) | None => Split::default(),
        };
        let charge_id = match payment.map(|payment| &payment.tender) {
            Some(Tender::Charge { charge_id, .. }) => Some(charge_id.as_str().to_owned()),
            Some(Tender::Balance(_)) | None => None,
        };
        Self {
            user_id: order.user_id.get(),
            order_no: order.order_no.as_str().to_owned(),
            pk: order.pk.get(),
            amount_fen: order.amount.fen(),
            status: order.state.code().to_owned(),
            visibility: match order.visibility {
                Visibility::Visible => "visible".to_owned(),
                Visibility::Hidden => "hidden".to_owned(),
            },
            created_at: order.created_at.timestamp_micros(),
            expires_at: order.expires_at.timestamp_micros(),
            paid_at: payment.map(|payment| payment.at.timestamp_micros()),
            paid_through: payment.map(|payment| payment.tender.channel_code().to_owned()),
            paid_charge_id: charge_id,
            paid_bonus_fen: split.bonus.fen(),
            paid_iap_fen: split.iap.fen(),
            paid_cash_fen: split.cash.fen(),
        }
    }

    fn tender(&self) -> Result<Tender, Corrupt> {
        match (self.paid_through.as_deref(), &self.paid_charge_id) {
            (Some(BALANCE), None) => Ok(Tender::Balance(Split {
                bonus: money("orders.paid_bonus_fen", self.paid_bonus_fen)?,
                iap: money("orders.paid_iap_fen", self.paid_iap_fen)?,
                cash: money("orders.paid_cash_fen", self.paid_cash_fen)?,
            })),
            (Some(channel), Some(id)) => Ok(Tender::Charge {
                channel: Channel::parse(channel).ok_or_else(|| Corrupt::new("orders.paid_through", channel))?,
                charge_id: name("orders.paid_charge_id", id, ChargeId::parse)?,
            }),
            (other, _) => Err(Corrupt::new("orders.paid_through", other.unwrap_or("nothing"))),
        }
    }

    fn state(&self) -> Result<OrderState, Corrupt> {
        let payment = || {
            let at = self.paid_at.ok_or_else(|| Corrupt::new("orders.paid_at", "nothing"))?;
            Ok(Payment { at: moment("orders.paid_at", at)?, tender: self.tender()? })
        };
        match self.status.as_str() {
            "unpaid" => Ok(OrderState::Unpaid),
            "cancelled" => Ok(OrderState::Cancelled),
            "closed" => Ok(OrderState::Closed),
            "paid" => Ok(OrderState::Paid(payment()?)),
            "partly_refunded" => Ok(OrderState::PartlyRefunded(payment()?)),
            "refunded" => Ok(OrderState::Refunded(payment()?)),
            other => Err(Corrupt::new("orders.status", other)),
        }
    }

    fn order(self, lines: Vec<OrderLine>) -> Result<Order, Corrupt> {
        Ok(Order {
            state: self.state()?,
            user_id: user_id(self.user_id)?,
            order_no: name("orders.order_no", &self.order_no, OrderNo::parse)?,
            pk: OrderPk::try_new(self.pk).map_err(|_| Corrupt::new("orders.pk", self.pk))?,
            lines,
            amount: money("orders.amount_fen", self.amount_fen)?,
            visibility: match self.visibility.as_str() {
                "visible" => Visibility::Visible,
                "hidden" => Visibility::Hidden,
                other => return Err(Corrupt::new("orders.visibility", other)),
            },
            created_at: moment("orders.created_at", self.created_at)?,
            expires_at: moment("orders.expires_at", self.expires_at)?,
        })
    }
}

impl LineRow {
    pub(crate) fn line(&self) -> Result<OrderLine, Corrupt> {
        Ok(OrderLine {
            course_id: course_id(self.course_id)?,
            name: self.name.clone(),
            price: money("order_lines.price_fen", self.price_fen)?,
        })
    }
}

/// An order of its rows.
pub(crate) fn joined_order(order: OrderRow, lines: Vec<LineRow>) -> Result<Order, Corrupt> {
    order.order(lines.iter().map(LineRow::line).collect::<Result<_, _>>()?)
}

/// One order with its lines.
pub(crate) fn find<R>(conn: &mut Conn<'_>, user_id: UserId, order_no: &OrderNo) -> Result<Option<Order>, TxError<R>> {
    let query = orders::table
        .inner_join(
            order_lines::table
                .on(order_lines::user_id.eq(orders::user_id).and(order_lines::order_no.eq(orders::order_no))),
        )
        .filter(orders::user_id.eq(user_id.get()))
        .filter(orders::order_no.eq(order_no.as_str()))
        .select((orders::all_columns, order_lines::all_columns));
    let rows: Vec<(OrderRow, LineRow)> = on!(conn, c => query.load(c))?;
    Ok(join(rows)?.pop())
}

/// A page of a buyer's visible orders, newest first, in one statement: the orders down to the last
/// one of the page, each with its lines. Only the orders are in order by then. Lines are put in
/// theirs here: asked to, the database would sort what comes sorted from its index.
pub(super) fn list<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    below: Option<OrderPk>,
    limit: u32,
) -> Result<Vec<Order>, TxError<R>> {
    let Some(before_last) = limit.checked_sub(1) else { return Ok(Vec::new()) };
    let below = below.map_or(i64::MAX, OrderPk::get);
    let page = diesel::alias!(orders as page);
    let last = page
        .filter(page.field(orders::user_id).eq(user_id.get()))
        .filter(page.field(orders::visibility).eq("visible"))
        .filter(page.field(orders::pk).lt(below))
        .order(page.field(orders::pk).desc())
        .offset(i64::from(before_last))
        .limit(1)
        .select(page.field(orders::pk))
        .single_value();
    let query = orders::table
        .inner_join(
            order_lines::table
                .on(order_lines::user_id.eq(orders::user_id).and(order_lines::order_no.eq(orders::order_no))),
        )
        .filter(orders::user_id.eq(user_id.get()))
        .filter(orders::visibility.eq("visible"))
        .filter(orders::pk.lt(below))
        // No last one: the page is not full, and goes down to the first order.
        .filter(orders::pk.ge(coalesce(last, 0)))
        .order(orders::pk.desc())
        .select((orders::all_columns, order_lines::all_columns));
    let rows: Vec<(OrderRow, LineRow)> = on!(conn, c => query.load(c))?;
    Ok(join(rows)?)
}

#[declare_sql_function]
extern "SQL" {
    fn coalesce(value: Nullable<BigInt>, otherwise: BigInt) -> BigInt;
}

/// Rows of one order each with one line, those of an order together, to orders.
fn join(rows: Vec<(OrderRow, LineRow)>) -> Result<Vec<Order>, Corrupt> {
    let mut joined: Vec<(OrderRow, Vec<LineRow>)> = Vec::new();
    for (order, line) in rows {
        match joined.last_mut().filter(|(last, _)| last.order_no == order.order_no) {
            Some((_, lines)) => lines.push(line),
            None => joined.push((order, vec![line])),
        }
    }
    let orders = joined.into_iter().map(|(order, mut lines)| {
        lines.sort_by_key(|line| line.line);
        joined_order(order, lines)
    });
    orders.collect()
}

/// Stores a new order with its route; `false` when its number is taken.
pub(super) fn insert<R>(conn: &mut Conn<'_>, order: &Order) -> Result<bool, TxError<R>> {
    let route = (order_routes::order_no.eq(order.order_no.as_str()), order_routes::user_id.eq(order.user_id.get()));
    let insert = diesel::insert_into(order_routes::table).values(route).on_conflict_do_nothing();
    if on!(conn, c => insert.execute(c))? == 0 {
        return Ok(false);
    }
    let row = OrderRow::of(order);
    on!(conn, c => diesel::insert_into(orders::table).values(&row).execute(c))?;
    let lines: Vec<LineRow> = order
        .lines
        .iter()
        .zip(0_i16..)
        .map(|(line, number)| LineRow {
            user_id: order.user_id.get(),
            order_no: order.order_no.as_str().to_owned(),
            line: number,
            course_id: line.course_id.get(),
            name: line.name.clone(),
            price_fen: line.price.fen(),
        })
        .collect();
    on!(conn, c => diesel::insert_into(order_lines::table).values(&lines).execute(c))?;
    Ok(true)
}

/// Stores an order's next state; `false` when it is no longer as the rule saw it.
pub(crate) fn update(conn: &mut Conn<'_>, order: &Order, was: &'static str) -> Result<bool, Error> {
    let row = OrderRow::of(order);
    let key = (row.user_id, row.order_no.clone());
    let update = diesel::update(orders::table.find(key).filter(orders::status.eq(was))).set(&row);
    Ok(on!(conn, c => update.execute(c))? == 1)
}

/// Those of these courses that the user owns.
pub(super) fn owned<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    courses: impl IntoIterator<Item = CourseId>,
) -> Result<Vec<CourseId>, TxError<R>> {
    let ids: Vec<i64> = courses.into_iter().map(CourseId::get).collect();
    let query = entitlements::table
        .filter(entitlements::user_id.eq(user_id.get()))
        .filter(entitlements::course_id.eq_any(&ids))
        .select(entitlements::course_id);
    let owned: Vec<i64> = on!(conn, c => query.load(c))?;
    Ok(owned.into_iter().map(course_id).collect::<Result<_, _>>()?)
}

/// Gives what an order gives. A course that is owned already fails the whole effect.
pub(crate) fn grant(conn: &mut Conn<'_>, granted: &[Entitlement]) -> Result<(), Error> {
    for entitlement in granted {
        let row = (
            entitlements::user_id.eq(entitlement.user_id.get()),
            entitlements::course_id.eq(entitlement.course_id.get()),
            entitlements::order_no.eq(entitlement.order_no.as_str()),
            entitlements::granted_at.eq(entitlement.granted_at.timestamp_micros()),
        );
        if planted!("course_owned_twice") {
            let insert = diesel::insert_into(entitlements::table).values(row).on_conflict_do_nothing();
            on!(conn, c => insert.execute(c))?;
            continue;
        }
        on!(conn, c => diesel::insert_into(entitlements::table).values(row).execute(c))?;
    }
    Ok(())
}

/// Takes back what an order gave: its own entitlements, and nobody else's.
pub(crate) fn revoke(conn: &mut Conn<'_>, order: &Order, courses: &[CourseId]) -> Result<(), Error> {
    let ids: Vec<i64> = courses.iter().map(|id| id.get()).collect();
    let delete = diesel::delete(entitlements::table)
        .filter(entitlements::user_id.eq(order.user_id.get()))
        .filter(entitlements::order_no.eq(order.order_no.as_str()))
        .filter(entitlements::course_id.eq_any(&ids));
    on!(conn, c => delete.execute(c))?;
    Ok(())
}

//! The page of one payment: how to pay, and what came of it.

use super::{Frame, PersonView, minute};
use crate::cashier::address::Address;
use crate::cashier::credential::WayToPay;
use crate::cashier::payment::{Payable, Payment, Standing};
use crate::cashier::texts::Texts;
use askama::Template;
use edupay_domain::clock::Timestamp;
use edupay_domain::money::Money;
use edupay_domain::orders::Order;
use edupay_domain::packages::{Purchase, PurchaseState};

/// What became of a payment.
#[derive(Template)]
#[template(path = "cashier/payment.html")]
pub(in crate::cashier) struct PaymentPage {
    pub(in crate::cashier) frame: Frame,
    pub(in crate::cashier) status: StatusView,
    pub(in crate::cashier) live: Option<LiveView>,
}

/// Where a page asks whether something has changed.
pub(in crate::cashier) struct LiveView {
    pub(in crate::cashier) status: String,
    pub(in crate::cashier) events: String,
}

/// The part of a payment's page that changes.
#[derive(Template)]
#[template(path = "cashier/status.html")]
pub(in crate::cashier) struct StatusPart {
    pub(in crate::cashier) frame: Frame,
    pub(in crate::cashier) status: StatusView,
}

/// How far a payment has come.
pub(in crate::cashier) struct StatusView {
    pub(in crate::cashier) pulse: String,
    /// `waiting`, `good` or `bad`: a colour, never the only sign.
    pub(in crate::cashier) tone: &'static str,
    pub(in crate::cashier) headline: &'static str,
    pub(in crate::cashier) lead: &'static str,
    pub(in crate::cashier) notes: Vec<String>,
    pub(in crate::cashier) amount: Money,
    pub(in crate::cashier) way: Option<WayView>,
    pub(in crate::cashier) person: Option<PersonView>,
    pub(in crate::cashier) items: Vec<ItemView>,
    /// Whose app pays it.
    pub(in crate::cashier) app: Option<&'static str>,
    pub(in crate::cashier) number: String,
    pub(in crate::cashier) paid_at: Option<String>,
    /// The same page after a look at the gateway, while that makes sense.
    pub(in crate::cashier) look: Option<String>,
    /// Back to the choice, where there is something left to choose.
    pub(in crate::cashier) again: Option<String>,
}

/// How it is paid.
pub(in crate::cashier) struct WayView {
    pub(in crate::cashier) scan: &'static str,
    pub(in crate::cashier) open: &'static str,
    pub(in crate::cashier) way: WayToPay,
}

/// One thing that is paid for.
pub(in crate::cashier) struct ItemView {
    pub(in crate::cashier) name: String,
    pub(in crate::cashier) price: Money,
    /// From when to when, once it is known.
    pub(in crate::cashier) period: Option<(String, String)>,
}

impl StatusView {
    pub(in crate::cashier) fn new(payment: &Payment, address: &Address, t: &Texts) -> Self {
        let standing = payment.standing();
        let (tone, headline, lead) = match standing {
            Standing::Unpaid | Standing::Waiting => ("waiting", t.waiting, t.waiting_lead),
            Standing::Failed => ("bad", t.failed, t.failed_lead),
            Standing::Paid => ("good", t.paid, t.paid_lead),
            Standing::Returned => ("bad", t.returned, t.returned_lead),
            Standing::Closed => ("bad", t.closed, t.closed_lead),
            Standing::Cancelled => ("bad", t.cancelled, t.cancelled_lead),
        };
        let attempt = payment.attempt.as_ref();
        let is_waiting = standing == Standing::Waiting;
        let subject = SubjectView::of(&payment.payable);
        let number = attempt.map(|attempt| attempt.gateway_order_no.to_string());
        // A link to an order leads to its outcome as soon as there is one.
        let has_choice = !matches!(payment.payable, Payable::Order(_)) || matches!(standing, Standing::Failed);
        Self {
            pulse: payment.history.pulse(),
            tone,
            headline,
            lead,
            notes: payment.history.unapplied().map(|receipt| t.unapplied(receipt)).collect(),
            amount: subject.amount,
            way: attempt.filter(|_| is_waiting).map(|attempt| WayView {
                scan: t.scan(attempt.channel),
                open: t.open(attempt.channel),
                way: attempt
                    .document
                    .as_ref()
                    .map_or_else(WayToPay::default, |document| WayToPay::of(attempt.channel, document)),
            }),
            person: subject.person,
            items: subject.items,
            app: attempt.filter(|_| is_waiting).map(|attempt| t.app(attempt.channel)),
            number: number.unwrap_or(subject.number),
            paid_at: subject.paid_at.map(minute),
            look: attempt.filter(|_| is_waiting).map(|attempt| address.look(&attempt.gateway_order_no)),
            again: (has_choice || is_waiting).then(|| address.page()),
        }
    }
}

/// What is paid for.
struct SubjectView {
    number: String,
    amount: Money,
    person: Option<PersonView>,
    items: Vec<ItemView>,
    paid_at: Option<Timestamp>,
}

impl SubjectView {
    fn of(payable: &Payable) -> Self {
        match payable {
            Payable::Purchase(purchase) => Self::of_purchase(purchase),
            Payable::Order(order) => Self::of_order(order),
        }
    }

    fn of_purchase(purchase: &Purchase) -> Self {
        let items = purchase.records.iter().map(|record| ItemView {
            name: record.item_name.clone(),
            price: record.price,
            period: record.period.map(|period| (period.starts.to_string(), period.ends.to_string())),
        });
        Self {
            number: purchase.purchase_no.to_string(),
            amount: purchase.amount,
            person: Some(PersonView::new(&purchase.holder.name, purchase.holder.card_no.as_ref())),
            items: items.collect(),
            paid_at: match purchase.state {
                PurchaseState::Paid { at, .. } => Some(at),
                PurchaseState::Unpaid | PurchaseState::Closed => None,
            },
        }
    }

    fn of_order(order: &Order) -> Self {
        let items = order.lines.iter();
        Self {
            number: order.order_no.to_string(),
            amount: order.amount,
            person: None,
            items: items.map(|line| ItemView { name: line.name.clone(), price: line.price, period: None }).collect(),
            paid_at: order.state.payment().map(|payment| payment.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use edupay_domain::payments::{Channel, ChargeDocument};

    #[test]
    fn a_code_is_drawn_and_its_link_is_escaped() {
        let document = r#"{"credential":{"alipay_qr":"https://qr.example.org/a?b=\"><script>&c=1"}}"#;
        let way = WayToPay::of(Channel::AlipayQr, &ChargeDocument(document.to_owned()));
        let frame = Frame::new(Language::English, None);
        let status = StatusView {
            pulse: "open".to_owned(),
            tone: "waiting",
            headline: frame.t.waiting,
            lead: frame.t.waiting_lead,
            notes: Vec::new(),
            amount: Money::from_fen_u32(18_800),
            way: Some(WayView { scan: frame.t.scan_alipay, open: frame.t.open_alipay, way }),
            person: Some(PersonView::new("<b>", None)),
            items: Vec::new(),
            app: Some(frame.t.alipay),
            number: "42017071912000000007".to_owned(),
            paid_at: None,
            look: None,
            again: None,
        };
        let part = StatusPart { frame, status }.render().unwrap();
        assert!(
            part.contains("<svg role=\"img\" aria-label=\"Payment code\"") && part.contains("<path d=\"M"),
            "{part}"
        );
        assert!(part.contains("Scan with Alipay to pay") && part.contains("¥188.00"), "{part}");
        assert!(!part.contains("<script>") && !part.contains("<b>"), "{part}");
        assert!(part.contains("referrerpolicy=\"origin\""), "the app asks which site its payers come from: {part}");
    }
}

//! Pages on which something is chosen: packages, and how to pay.

use super::{ChannelView, Frame, PersonView, channels, minute};
use crate::cashier::channels::Device;
use crate::cashier::opened::Opened;
use crate::cashier::texts::Texts;
use askama::Template;
use edupay_domain::money::Money;
use edupay_domain::orders::Order;
use edupay_domain::packages::{PurchaseKind, Quote, QuoteSheet, Selection};

/// What a student can buy.
#[derive(Template)]
#[template(path = "cashier/choose.html")]
pub(in crate::cashier) struct ChoosePage {
    pub(in crate::cashier) frame: Frame,
    pub(in crate::cashier) person: Option<PersonView>,
    pub(in crate::cashier) notice: Option<&'static str>,
    pub(in crate::cashier) is_inside_wechat: bool,
    pub(in crate::cashier) pay: String,
    pub(in crate::cashier) groups: Vec<GroupView>,
}

impl ChoosePage {
    pub(in crate::cashier) fn new(
        opened: &Opened,
        frame: Frame,
        notice: Option<&'static str>,
        sheets: Vec<QuoteSheet>,
    ) -> Self {
        let student = sheets.first().map(|sheet| &sheet.student);
        Self {
            person: student
                .map(|student| PersonView::new(&student.texts.name, student.card().map(|card| &card.card_no))),
            notice,
            is_inside_wechat: opened.device == Device::WeChat,
            pay: opened.address.pay(),
            groups: sheets.into_iter().flat_map(|sheet| GroupView::all(sheet, opened.device, frame.t)).collect(),
            frame,
        }
    }
}

/// The packages of one project that are bought in one way: one form.
pub(in crate::cashier) struct GroupView {
    pub(in crate::cashier) heading: &'static str,
    pub(in crate::cashier) project: String,
    pub(in crate::cashier) description: String,
    pub(in crate::cashier) terms_of_use: Option<String>,
    pub(in crate::cashier) kind: u8,
    pub(in crate::cashier) takes_several: bool,
    pub(in crate::cashier) options: Vec<OptionView>,
    pub(in crate::cashier) channels: Vec<ChannelView>,
}

/// A package, to be chosen.
pub(in crate::cashier) struct OptionView {
    pub(in crate::cashier) id: i64,
    pub(in crate::cashier) name: String,
    pub(in crate::cashier) price: Money,
    /// The price as people read it, where it is the price that is asked.
    pub(in crate::cashier) price_text: String,
    pub(in crate::cashier) starts: String,
    pub(in crate::cashier) ends: String,
    pub(in crate::cashier) description: String,
    pub(in crate::cashier) details: Vec<(String, String)>,
}

impl GroupView {
    /// A form for each way in which packages of the project can be bought.
    pub(in crate::cashier) fn all(sheet: QuoteSheet, device: Device, t: &Texts) -> Vec<Self> {
        let group = |kind: PurchaseKind| {
            let quotes = sheet.quotes.iter().filter(|quote| quote.kind == kind);
            let options: Vec<_> = quotes.map(OptionView::from).collect();
            (!options.is_empty()).then(|| Self::new(kind, options, &sheet, device, t))
        };
        PurchaseKind::ALL.into_iter().filter_map(group).collect()
    }

    fn new(kind: PurchaseKind, options: Vec<OptionView>, sheet: &QuoteSheet, device: Device, t: &Texts) -> Self {
        let project = &sheet.project;
        let is_web = project.protocol_url.starts_with("https://") || project.protocol_url.starts_with("http://");
        Self {
            heading: t.kind(kind),
            project: project.name.clone(),
            description: project.description.clone(),
            terms_of_use: is_web.then(|| project.protocol_url.clone()),
            kind: kind.number(),
            // An upgrade puts one package in the place of one.
            takes_several: project.selection == Selection::Multi && kind != PurchaseKind::Upgrade,
            options,
            channels: channels(device, Some(&project.channels), t),
        }
    }
}

impl From<&Quote> for OptionView {
    fn from(quote: &Quote) -> Self {
        let package = &quote.package;
        let details = package.details.iter().map(|detail| (detail.title.clone(), detail.content.clone()));
        Self {
            id: package.id.get(),
            name: package.name.clone(),
            price: quote.price,
            price_text: if quote.price == package.list_price { package.price_text.clone() } else { String::new() },
            starts: quote.period.starts.to_string(),
            ends: quote.period.ends.to_string(),
            description: package.description.clone(),
            details: details.collect(),
        }
    }
}

/// An order that waits to be paid.
#[derive(Template)]
#[template(path = "cashier/order.html")]
pub(in crate::cashier) struct OrderPage {
    pub(in crate::cashier) frame: Frame,
    pub(in crate::cashier) notice: Option<&'static str>,
    pub(in crate::cashier) is_inside_wechat: bool,
    pub(in crate::cashier) pay: String,
    pub(in crate::cashier) order_no: String,
    pub(in crate::cashier) lines: Vec<(String, Money)>,
    pub(in crate::cashier) amount: Money,
    pub(in crate::cashier) expires: String,
    pub(in crate::cashier) channels: Vec<ChannelView>,
}

impl OrderPage {
    pub(in crate::cashier) fn new(opened: &Opened, frame: Frame, notice: Option<&'static str>, order: Order) -> Self {
        Self {
            channels: channels(opened.device, None, frame.t),
            notice,
            is_inside_wechat: opened.device == Device::WeChat,
            pay: opened.address.pay(),
            order_no: order.order_no.to_string(),
            amount: order.amount,
            expires: minute(order.expires_at),
            lines: order.lines.into_iter().map(|line| (line.name, line.price)).collect(),
            frame,
        }
    }
}

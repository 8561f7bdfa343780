//! The rules as tables and as random histories, on a student in memory.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers and near days in test code")]

mod buying;
mod calendar;
mod confirming;
mod histories;
mod importing;
mod prices;
mod selections;

use super::*;
use crate::clock::Timestamp;
use crate::ids::{CardNo, ChargeId, EventId, GatewayOrderNo, PackageId, ProjectId, PurchaseNo, SchoolId, UserId};
use crate::ledger::Wallet;
use crate::money::Money;
use crate::payments::{
    Channel, Charge, ChargeAttempt, ChargeDocument, ChargeRoute, ConfirmationPlan, Merchant, Mode, OpenCharge,
    OpenChargePlan, UnappliedReason,
};
use chrono::TimeDelta;

/// Packages of the tests: 1 to 3 of project 1, each dearer than the one before; 4 of project 2.
const A: i64 = 1;
const B: i64 = 2;
const C: i64 = 3;
const OTHER: i64 = 4;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// Ten o'clock in Beijing.
fn morning(day: Day) -> Timestamp {
    day.date().and_hms_opt(2, 0, 0).unwrap().and_utc()
}

fn package_id(number: i64) -> PackageId {
    PackageId::try_new(number).unwrap()
}

fn project_id(number: i64) -> ProjectId {
    ProjectId::try_new(number).unwrap()
}

fn user_id(number: i64) -> UserId {
    UserId::try_new(number).unwrap()
}

fn school_id(number: i64) -> SchoolId {
    SchoolId::try_new(number).unwrap()
}

fn number(text: &str) -> PurchaseNo {
    PurchaseNo::parse(text).unwrap()
}

fn package(id: i64, project: i64, fen: u32, months: u32) -> Package {
    Package {
        id: package_id(id),
        project_id: project_id(project),
        name: format!("套餐 {id}"),
        price_text: "¥158元/年".to_owned(),
        list_price: Money::from_fen_u32(fen),
        term: Term::try_new(months).unwrap(),
        rank: i32::try_from(id).unwrap(),
        description: String::new(),
        details: Vec::new(),
        availability: Availability::Offered,
    }
}

fn project(id: i64, selection: Selection, upgrade_pricing: UpgradePricing) -> Project {
    Project {
        id: project_id(id),
        school_id: Some(school_id(1)),
        name: "智慧校园一卡通".to_owned(),
        kind: ProjectKind::Card,
        selection,
        channels: Project::DEFAULT_CHANNELS.to_vec(),
        accounts: PayeeAccounts::default(),
        description: String::new(),
        protocol_url: String::new(),
        upgrade_pricing,
        availability: Availability::Offered,
    }
}

fn student() -> Student {
    let texts =
        StudentTexts { name: "陈雅诺".to_owned(), mobile: "13800000000".to_owned(), ..StudentTexts::default() };
    let card = Card { card_no: CardNo::parse("335731330").unwrap(), issued_on: day("2016-01-01"), replaced_on: None };
    Student { user_id: user_id(10_129_580), school_id: school_id(1), texts, cards: vec![card] }
}

/// One student with two projects, and what a store would do with the plans of the rules.
#[derive(Clone)]
struct World {
    view: OfferView,
    unpaid: Vec<UnpaidPurchase>,
    today: Day,
    drawn: u32,
}

/// What became of a purchase that was paid.
#[derive(Debug, PartialEq)]
enum Fate {
    Applied(Box<PaidPurchase>),
    Kept(UnappliedReason),
}

impl World {
    /// Packages of 158, 188 and 258 yuan a year in a project of one choice, and another project.
    fn new(today: &str) -> Self {
        Self::of(today, Selection::Single, UpgradePricing::Difference)
    }

    fn of(today: &str, selection: Selection, pricing: UpgradePricing) -> Self {
        let view = OfferView {
            student: student(),
            projects: vec![project(1, selection, pricing), project(2, Selection::Single, pricing)],
            packages: vec![
                package(A, 1, 15_800, 12),
                package(B, 1, 18_800, 12),
                package(C, 1, 25_800, 12),
                package(OTHER, 2, 1_000, 1),
            ],
            periods: Vec::new(),
        };
        Self { view, unpaid: Vec::new(), today: day(today), drawn: 0 }
    }

    fn package(&mut self, id: i64) -> &mut Package {
        self.view.packages.iter_mut().find(|package| package.id == package_id(id)).unwrap()
    }

    fn command(&mut self, kind: PurchaseKind, ids: &[i64]) -> PlacePurchase {
        self.drawn += 1;
        let candidate = GatewayOrderNo::parse(&format!("2{:019}", self.drawn)).unwrap();
        let at = morning(self.today);
        PlacePurchase {
            buyer: user_id(1),
            user_id: self.view.student.user_id,
            purchase_no: number(&format!("4{:019}", self.drawn)),
            kind,
            package_ids: ids.iter().map(|id| package_id(*id)).collect(),
            claimed: None,
            charge: OpenCharge::new(Channel::Wx, candidate, at, TimeDelta::days(60)),
            expires_at: at + TimeDelta::days(60),
            claim: None,
        }
    }

    fn place_view(&self) -> PlaceView {
        PlaceView { offer: Some(self.view.clone()), unpaid: self.unpaid.clone() }
    }

    fn plan(&self, command: &PlacePurchase) -> Result<PlacePlan, PlaceRefusal> {
        place_purchase(command, &self.place_view())
    }

    /// Places a purchase and keeps what a store would keep.
    fn place(&mut self, kind: PurchaseKind, ids: &[i64]) -> Result<Purchase, PlaceRefusal> {
        let command = self.command(kind, ids);
        match self.plan(&command)? {
            PlacePlan::Place { purchase, attempt } => {
                self.unpaid.push(UnpaidPurchase { purchase: purchase.clone(), attempts: vec![attempt] });
                Ok(purchase)
            }
            PlacePlan::Wait { purchase, .. } => Ok(purchase),
        }
    }

    fn confirm_view(&self, purchase: &Purchase) -> ConfirmPurchaseView {
        let attempt = attempt(purchase);
        ConfirmPurchaseView {
            wallet: Wallet::new(purchase.user_id),
            attempt,
            purchase: Some(purchase.clone()),
            project: self.view.projects.iter().find(|project| project.id == purchase.project_id).cloned(),
            packages: self.view.packages.clone(),
            periods: self.view.periods.clone(),
            receipt: None,
        }
    }

    /// Pays a purchase this morning and keeps what a store would keep.
    fn pay(&mut self, purchase: &Purchase) -> Fate {
        let view = self.confirm_view(purchase);
        let command = confirm_command(purchase, &view.attempt, morning(self.today));
        match confirm_purchase_charge(&command, &view).unwrap() {
            ConfirmationPlan::Apply { subject, .. } => {
                for replaced in &subject.superseded {
                    let mut periods = self.view.periods.iter_mut();
                    *periods.find(|held| held.record_id == replaced.record_id).unwrap() = replaced.clone();
                }
                self.view.periods.extend(subject.periods.clone());
                self.unpaid.retain(|unpaid| unpaid.purchase.purchase_no != purchase.purchase_no);
                Fate::Applied(Box::new(subject))
            }
            ConfirmationPlan::Keep { receipt, .. } => Fate::Kept(receipt.reason.unwrap()),
            ConfirmationPlan::AlreadyConfirmed(_) => panic!("no receipt was shown to the rule"),
        }
    }

    /// Places and pays at once; answers what was paid and the days of each record.
    fn buy(&mut self, kind: PurchaseKind, ids: &[i64]) -> Result<(i64, Vec<String>), PlaceRefusal> {
        let purchase = self.place(kind, ids)?;
        let Fate::Applied(paid) = self.pay(&purchase) else { panic!("a purchase that is paid at once is applied") };
        Ok((paid.purchase.amount.fen(), paid.periods.iter().map(|held| days(held.period)).collect()))
    }
}

fn days(period: Period) -> String {
    format!("{}..{}", period.starts, period.ends)
}

fn attempt(purchase: &Purchase) -> ChargeAttempt {
    let candidate = GatewayOrderNo::parse("29").unwrap();
    let wish = OpenCharge::new(Channel::Wx, candidate, purchase.created_at, TimeDelta::days(60));
    let payable = crate::payments::Payable {
        user_id: purchase.user_id,
        subject: crate::payments::ChargeSubject::Purchase(purchase.purchase_no.clone()),
        own_number: GatewayOrderNo::of_purchase(&purchase.purchase_no),
        amount: purchase.amount,
        expires_at: purchase.expires_at,
    };
    match crate::payments::open_charge(&wish, payable, &[]) {
        OpenChargePlan::Open(attempt) | OpenChargePlan::Reuse(attempt) | OpenChargePlan::AskAgain(attempt) => attempt,
    }
}

fn merchant() -> Merchant {
    Merchant { app_id: "app_1".to_owned(), mode: Mode::Test }
}

fn confirm_command(purchase: &Purchase, attempt: &ChargeAttempt, paid_at: Timestamp) -> ConfirmPurchaseCharge {
    let Merchant { app_id, mode } = merchant();
    ConfirmPurchaseCharge {
        route: ChargeRoute {
            user_id: purchase.user_id,
            gateway_order_no: attempt.gateway_order_no.clone(),
            subject: attempt.subject.clone(),
        },
        purchase_no: purchase.purchase_no.clone(),
        charge: Charge {
            id: ChargeId::parse(&format!("ch_{}", purchase.purchase_no)).unwrap(),
            gateway_order_no: attempt.gateway_order_no.clone(),
            app_id,
            mode,
            paid: true,
            reversed: false,
            amount: purchase.amount,
            amount_refunded: Money::ZERO,
            currency: "cny".to_owned(),
            channel: "wx".to_owned(),
            paid_at: Some(paid_at),
            document: ChargeDocument("{}".to_owned()),
        },
        merchant: merchant(),
        at: paid_at,
        event_id: EventId::from_random(7),
    }
}

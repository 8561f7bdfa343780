//! The school of the campus tests, with links to its cashier.

use crate::campus::school::{CHILD, School, now};
use crate::client::{Reply, Request};
use edupay_domain::cashier::CashierTarget;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, UserId};
use edupay_domain::orders::Order;
use edupay_domain::packages::{ProjectKind, Purchase};
use edupay_domain::payments::{Channel, Charge};

/// The child's guardian.
pub(crate) const GUARDIAN_ID: i64 = 1;

pub(crate) const COMPUTER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
pub(crate) const PHONE: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0 Mobile Safari/537.36";
pub(crate) const WECHAT: &str = "Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.42";

pub(crate) fn user(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

/// A school and what a browser does there.
pub(crate) struct Till {
    pub(crate) school: School,
    agent: &'static str,
    language: &'static str,
}

impl Till {
    pub(crate) fn open() -> Self {
        Self::of(School::open())
    }

    pub(crate) fn of(school: School) -> Self {
        Self { school, agent: COMPUTER, language: "zh-CN" }
    }

    pub(crate) fn shown_on(self, agent: &'static str) -> Self {
        Self { agent, ..self }
    }

    /// A link that the guardian made to the child's packages.
    pub(crate) fn link(&self, kind: ProjectKind) -> String {
        self.link_of(GUARDIAN_ID, CashierTarget::Packages { user_id: user(CHILD), kind })
    }

    pub(crate) fn link_of(&self, maker: i64, target: CashierTarget) -> String {
        let (token, _) = now(self.school.platform.cashier.create(user(maker), target)).unwrap();
        format!("/cashier/{}", token.reveal())
    }

    /// An order of 99 yuan and a link to it.
    pub(crate) fn order(&self) -> (Order, String) {
        let order = now(async {
            let buyer = self.school.platform.buyer("buyer", 0).await;
            self.school.platform.order(&buyer, 9_900).await
        });
        let target = CashierTarget::Order { user_id: order.user_id, order_no: order.order_no.clone() };
        let link = self.link_of(order.user_id.get(), target);
        (order, link)
    }

    pub(crate) fn get(&self, address: &str) -> Reply {
        self.school.call(self.request(Request::get(address)))
    }

    pub(crate) fn request(&self, request: Request) -> Request {
        let request = request.header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        request.header("User-Agent", self.agent).header("Accept-Language", self.language)
    }

    /// Sends the form of a link.
    pub(crate) fn submit(&self, link: &str, form: &str) -> Reply {
        self.school.call(self.request(Request::post(&format!("{link}/pay")).form(form)))
    }

    /// Sends the form; the address of the payment that it leads to.
    #[track_caller]
    pub(crate) fn pay(&self, link: &str, form: &str) -> String {
        let next = self.submit(link, form).expect(303).header("Location").unwrap().to_owned();
        assert!(next.starts_with(&format!("{link}?no=")), "{next}");
        next
    }

    /// The word that a refused form comes back with.
    #[track_caller]
    pub(crate) fn refused(&self, link: &str, form: &str) -> String {
        let next = self.submit(link, form).expect(303).header("Location").unwrap().to_owned();
        next.strip_prefix(&format!("{link}?notice=")).unwrap_or_else(|| panic!("{next}")).to_owned()
    }

    /// The payer pays a charge, and the gateway tells us.
    pub(crate) fn settle(&self, charge: usize) -> Charge {
        let charge = self.school.platform.gateway.charges().remove(charge);
        self.settle_id(&charge.id)
    }

    pub(crate) fn settle_id(&self, id: &ChargeId) -> Charge {
        let paid = self.school.platform.gateway.payer_pays(id).unwrap();
        now(self.school.platform.payments.confirm(&paid)).unwrap();
        paid
    }

    /// The child's purchases, newest first.
    pub(crate) fn purchases(&self) -> Vec<Purchase> {
        now(self.school.platform.packages.list(user(CHILD), user(CHILD), None, 100)).unwrap().unwrap()
    }

    /// The channels of the charges that the gateway was asked for.
    pub(crate) fn channels_asked(&self) -> Vec<Channel> {
        self.school.platform.gateway.requests().iter().map(|request| request.channel).collect()
    }
}

/// The number in a payment's address.
pub(crate) fn number(payment: &str) -> GatewayOrderNo {
    let number = payment.split_once("no=").unwrap().1;
    GatewayOrderNo::parse(number.split('&').next().unwrap()).unwrap()
}

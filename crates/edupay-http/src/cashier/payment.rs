//! One payment of a link: an attempt to pay an order, or a purchase of the link's student.

use super::history::History;
use super::opened::Opened;
use super::query::Look;
use crate::failure::Failure;
use crate::services::Services;
use edupay_domain::cashier::CashierTarget;
use edupay_domain::ids::{GatewayOrderNo, OrderNo, UserId};
use edupay_domain::orders::{Order, OrderState};
use edupay_domain::packages::{Purchase, PurchaseQuery, PurchaseState};
use edupay_domain::payments::{AttemptStatus, ChargeAttempt, ChargeSubject};
use edupay_domain::store::EffectError;

/// What is paid.
pub(super) enum Payable {
    Purchase(Purchase),
    Order(Order),
}

/// One payment, and what else was tried to pay the same thing.
pub(super) struct Payment {
    pub(super) payable: Payable,
    /// The attempt that is looked at; `None` when the order itself is.
    pub(super) attempt: Option<ChargeAttempt>,
    pub(super) history: History,
}

/// How far a payment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing was asked for yet.
    Unpaid,
    /// Its charge can be paid.
    Waiting,
    /// Its charge can't be paid any more, and what it pays for still can.
    Failed,
    Paid,
    /// Money came that could not be used.
    Returned,
    /// The time to pay is over.
    Closed,
    Cancelled,
}

/// What one payment is for. It says nothing of how far it has come, so that it can be asked for once and
/// watched for a while.
pub(super) struct Watched {
    number: GatewayOrderNo,
    user_id: UserId,
    subject: ChargeSubject,
}

impl Watched {
    /// What a payment of this link is for.
    ///
    /// # Errors
    /// `NotFound` for a number that is not one of the link's payments.
    pub(super) async fn of(opened: &Opened, number: &GatewayOrderNo) -> Result<Self, Failure> {
        let (user_id, subject) = match &opened.link.target {
            CashierTarget::Order { user_id, order_no } => (*user_id, ChargeSubject::Order(order_no.clone())),
            CashierTarget::Packages { user_id, .. } => {
                (*user_id, ChargeSubject::Purchase(purchase(opened, *user_id, number).await?.purchase_no))
            }
        };
        Ok(Self { number: number.clone(), user_id, subject })
    }

    /// What came of it so far.
    ///
    /// # Errors
    /// `NotFound` for a number that is not one of the link's payments.
    pub(super) async fn history(&self, services: &Services) -> Result<History, Failure> {
        let history = History::of(services, self.user_id, &self.subject).await?;
        if history.attempt(&self.number).is_some() { Ok(history) } else { Err(Failure::NotFound) }
    }
}

impl Payment {
    /// The payment of this number.
    ///
    /// # Errors
    /// `NotFound` for a number that is not one of the link's payments.
    pub(super) async fn find(opened: &Opened, number: &GatewayOrderNo, look: Look) -> Result<Self, Failure> {
        let payable = match &opened.link.target {
            CashierTarget::Order { user_id, order_no } => order(opened, *user_id, order_no).await?,
            CashierTarget::Packages { user_id, .. } => {
                if look == Look::AtTheGateway {
                    ask(opened, *user_id, number).await?;
                }
                Payable::Purchase(purchase(opened, *user_id, number).await?)
            }
        };
        let history = History::of(&opened.state.services, payable.user_id(), &payable.subject()).await?;
        let attempt = history.attempt(number).cloned().ok_or(Failure::NotFound)?;
        Ok(Self { payable, attempt: Some(attempt), history })
    }

    /// An order, whichever way it is paid.
    pub(super) async fn of_order(opened: &Opened, user_id: UserId, order_no: &OrderNo) -> Result<Self, Failure> {
        let payable = order(opened, user_id, order_no).await?;
        let history = History::of(&opened.state.services, user_id, &payable.subject()).await?;
        Ok(Self { payable, attempt: None, history })
    }

    /// How far it has come.
    pub(super) fn standing(&self) -> Standing {
        match &self.payable {
            Payable::Purchase(purchase) => match purchase.state {
                PurchaseState::Paid { .. } => Standing::Paid,
                PurchaseState::Closed => Standing::Closed,
                PurchaseState::Unpaid => self.unpaid(),
            },
            Payable::Order(order) => match order.state {
                OrderState::Paid(_) | OrderState::PartlyRefunded(_) | OrderState::Refunded(_) => Standing::Paid,
                OrderState::Cancelled => Standing::Cancelled,
                OrderState::Closed => Standing::Closed,
                OrderState::Unpaid => self.unpaid(),
            },
        }
    }

    fn unpaid(&self) -> Standing {
        match self.attempt.as_ref().map(|attempt| attempt.status) {
            None => Standing::Unpaid,
            Some(AttemptStatus::Requested | AttemptStatus::Open) => Standing::Waiting,
            Some(AttemptStatus::Refused | AttemptStatus::Closed) => Standing::Failed,
            Some(AttemptStatus::Paid) => Standing::Returned,
        }
    }
}

impl Payable {
    fn user_id(&self) -> UserId {
        match self {
            Self::Purchase(purchase) => purchase.user_id,
            Self::Order(order) => order.user_id,
        }
    }

    fn subject(&self) -> ChargeSubject {
        match self {
            Self::Purchase(purchase) => ChargeSubject::Purchase(purchase.purchase_no.clone()),
            Self::Order(order) => ChargeSubject::Order(order.order_no.clone()),
        }
    }
}

/// The gateway is asked for an unpaid order, so that a lost callback heals when somebody looks.
async fn order(opened: &Opened, user_id: UserId, order_no: &OrderNo) -> Result<Payable, Failure> {
    let order = opened.state.services.orders.find(user_id, order_no).await?;
    order.map(Payable::Order).ok_or(Failure::NotFound)
}

async fn purchase(opened: &Opened, user_id: UserId, number: &GatewayOrderNo) -> Result<Purchase, Failure> {
    let packages = &opened.state.services.packages;
    let found = packages.status(opened.link.created_by, user_id, number.clone()).await?;
    found.map(|status| status.purchase).ok_or(Failure::NotFound)
}

/// Asks the gateway; that it was not paid, as far as it knows, is no failure.
async fn ask(opened: &Opened, user_id: UserId, number: &GatewayOrderNo) -> Result<(), Failure> {
    let query = PurchaseQuery::Number(number.clone());
    match opened.state.services.packages.success(opened.link.created_by, user_id, &query).await {
        Err(EffectError::Store(error)) => Err(error.into()),
        Ok(_) | Err(EffectError::Refused(_)) => Ok(()),
    }
}

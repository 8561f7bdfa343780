//! Which rows an effect's rule looks at.

use edupay_domain::idempotency::IdempotencyKey;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, OrderNo, PurchaseNo, TopUpNo, UserId};

/// The rows of one effect. All of them are the user's.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// Whose: picks the lane; the wallet is always loaded.
    pub(crate) user_id: UserId,
    /// An order with its lines, and which of its courses the user owns.
    pub(crate) order_no: Option<OrderNo>,
    /// An attempt.
    pub(crate) gateway_order_no: Option<GatewayOrderNo>,
    /// The receipt of a charge.
    pub(crate) charge_id: Option<ChargeId>,
    /// A top-up.
    pub(crate) top_up_no: Option<TopUpNo>,
    /// A purchase with its records, its project and packages as they are now, and all periods that the
    /// user has in the project.
    pub(crate) purchase_no: Option<PurchaseNo>,
    /// The key of a request that is done once.
    pub(crate) idempotency_key: Option<IdempotencyKey>,
}

impl Keys {
    /// The user's wallet alone.
    pub(crate) fn wallet(user_id: UserId) -> Self {
        Self {
            user_id,
            order_no: None,
            gateway_order_no: None,
            charge_id: None,
            top_up_no: None,
            purchase_no: None,
            idempotency_key: None,
        }
    }

    /// Whether anything of a charge is looked at.
    pub(super) fn names_a_charge(&self) -> bool {
        self.gateway_order_no.is_some() || self.charge_id.is_some() || self.top_up_no.is_some()
    }

    /// Whether anything of a purchase is looked at.
    pub(super) fn names_a_purchase(&self) -> bool {
        self.purchase_no.is_some()
    }
}

/// The keys of an ordinal, which PostgreSQL counts from one.
pub(super) fn nth<'a>(keys: &[&'a Keys], nth: i64) -> Option<&'a Keys> {
    let index = usize::try_from(nth).ok()?.checked_sub(1)?;
    keys.get(index).copied()
}

//! Which rows an effect's rule looks at.

use edupay_domain::ids::{ChargeId, GatewayOrderNo, OrderNo, TopUpNo, UserId};

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
}

impl Keys {
    /// The user's wallet alone.
    pub(crate) fn wallet(user_id: UserId) -> Self {
        Self { user_id, order_no: None, gateway_order_no: None, charge_id: None, top_up_no: None }
    }

    /// Whether anything of a charge is looked at.
    pub(super) fn names_a_charge(&self) -> bool {
        self.gateway_order_no.is_some() || self.charge_id.is_some() || self.top_up_no.is_some()
    }
}

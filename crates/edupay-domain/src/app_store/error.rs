//! Why a purchase was not credited.

use super::ports::SignatureRefusal;
use thiserror::Error;

/// Why a purchase was not credited. What a client is told of it is one thing for all, so that nobody
/// learns whose a purchase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedeemRefusal {
    /// It is not what the App Store signed for our app.
    #[error("the proof was not signed for this app")]
    Signature(#[source] SignatureRefusal),
    /// It is a subscription or another thing that fills no balance.
    #[error("what was bought is no consumable")]
    NotConsumable,
    /// The user did not buy it.
    #[error("the purchase was shared, not bought")]
    NotPurchased,
    /// None, or more than [`CreditPolicy::max_quantity`](super::CreditPolicy::max_quantity).
    #[error("the quantity is out of bounds")]
    QuantityOutOfBounds,
    /// The App Store gave it back to its payer.
    #[error("the purchase was refunded")]
    Refunded,
    /// We have no price for it.
    #[error("the product is not known")]
    ProductUnknown,
    /// It does not say whose it is.
    #[error("the purchase names no user")]
    TokenMissing,
    /// It says that it is another user's.
    #[error("the purchase names another user")]
    TokenDiffers,
    /// The client believes that it credits another amount.
    #[error("the amount differs from what the purchase credits")]
    AmountDiffers,
    /// What it credits does not fit.
    #[error("the amount can't be booked")]
    AmountTooLarge,
    /// Another user has it.
    #[error("the purchase is another user's")]
    OtherUser,
    /// It is play money, and the user may have none.
    #[error("the purchase was made in the App Store's sandbox")]
    SandboxNotCredited,
}

impl RedeemRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Signature(refusal) => refusal.code(),
            Self::NotConsumable => "app_store_not_consumable",
            Self::NotPurchased => "app_store_not_purchased",
            Self::QuantityOutOfBounds => "app_store_quantity_out_of_bounds",
            Self::Refunded => "app_store_refunded",
            Self::ProductUnknown => "app_store_product_unknown",
            Self::TokenMissing => "app_store_token_missing",
            Self::TokenDiffers => "app_store_token_differs",
            Self::AmountDiffers => "app_store_amount_differs",
            Self::AmountTooLarge => "app_store_amount_too_large",
            Self::OtherUser => "app_store_other_user",
            Self::SandboxNotCredited => "app_store_sandbox_not_credited",
        }
    }
}

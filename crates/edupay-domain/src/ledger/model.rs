//! Accounts, postings, entries and the wallet.

use super::error::LedgerError;
use crate::ids::UserId;
use crate::money::Money;

/// One of a user's three balances. Spent in the order bonus, iap, cash; refunded to where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Gifts: never leave through a channel.
    Bonus,
    /// Money that came through the App Store.
    Iap,
    /// Money that came through a payment channel.
    Cash,
}

/// An account of the ledger. The user's accounts are those of the entry's user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerAccount {
    /// A user's balance: a liability of the platform.
    User(Bucket),
    /// What a user owes after a refund that the balance could not give.
    UserDebt,
    /// What the gateway holds for the merchant.
    GatewayReceivable,
    /// What the App Store owes the merchant.
    AppStoreReceivable,
    /// The other side of what the App Store's sandbox credits: play money, apart from what is owed.
    AppStoreSandbox,
    /// What courses earned.
    CourseRevenue,
    /// What packages earned.
    PackageRevenue,
    /// Payments that could not be applied: owed back to their payers.
    UnappliedReceipts,
    /// The other side of gifts and of adjustments by staff.
    Adjustments,
}

impl LedgerAccount {
    /// Every account.
    pub const ALL: [Self; 11] = [
        Self::User(Bucket::Cash),
        Self::User(Bucket::Iap),
        Self::User(Bucket::Bonus),
        Self::UserDebt,
        Self::GatewayReceivable,
        Self::AppStoreReceivable,
        Self::AppStoreSandbox,
        Self::CourseRevenue,
        Self::PackageRevenue,
        Self::UnappliedReceipts,
        Self::Adjustments,
    ];

    /// The stable name, used in stores and reports.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::User(Bucket::Cash) => "user_cash",
            Self::User(Bucket::Iap) => "user_iap",
            Self::User(Bucket::Bonus) => "user_bonus",
            Self::UserDebt => "user_debt",
            Self::GatewayReceivable => "gateway_receivable",
            Self::AppStoreReceivable => "app_store_receivable",
            Self::AppStoreSandbox => "app_store_sandbox",
            Self::CourseRevenue => "course_revenue",
            Self::PackageRevenue => "package_revenue",
            Self::UnappliedReceipts => "unapplied_receipts",
            Self::Adjustments => "adjustments",
        }
    }
}

/// The side of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The left side: what an asset gains, what a liability loses.
    Debit,
    /// The right side.
    Credit,
}

/// One line of an entry. The amount is above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub account: LedgerAccount,
    /// On which side.
    pub direction: Direction,
    /// How much.
    pub amount: Money,
}

/// One movement between two accounts: the smallest balanced thing, of which entries are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// The account on the left.
    pub debit: LedgerAccount,
    /// The account on the right.
    pub credit: LedgerAccount,
    /// How much; a transfer of nothing is left out of the entry.
    pub amount: Money,
}

/// What an entry books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// An order was paid from the balance.
    PayFromBalance,
    /// A charge paid an order.
    ConfirmOrderCharge,
    /// A charge paid a purchase of packages.
    ConfirmPurchaseCharge,
    /// A charge paid a top-up.
    CreditTopUp,
    /// A charge could not be applied.
    KeepUnappliedReceipt,
    /// An unapplied receipt went back.
    RefundUnappliedReceipt,
    /// Staff added to a balance, with a reason.
    AdjustBalance,
    /// A purchase in the App Store was credited.
    CreditAppStorePurchase,
    /// The App Store gave a purchase back to its payer: taken from the balances, or owed.
    ClawBackAppStorePurchase,
    /// The App Store took such a refund back.
    RestoreAppStorePurchase,
    /// An order was refunded, in full or in part.
    RefundOrder,
    /// A purchase of packages was refunded, in full or in part.
    RefundPurchase,
    /// The gateway gave a top-up back to its payer: taken from the balances, or owed.
    ClawBackTopUp,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::PayFromBalance,
        Self::ConfirmOrderCharge,
        Self::ConfirmPurchaseCharge,
        Self::CreditTopUp,
        Self::KeepUnappliedReceipt,
        Self::RefundUnappliedReceipt,
        Self::AdjustBalance,
        Self::CreditAppStorePurchase,
        Self::ClawBackAppStorePurchase,
        Self::RestoreAppStorePurchase,
        Self::RefundOrder,
        Self::RefundPurchase,
        Self::ClawBackTopUp,
    ];

    /// The stable name, used in stores and on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PayFromBalance => "pay_from_balance",
            Self::ConfirmOrderCharge => "confirm_order_charge",
            Self::ConfirmPurchaseCharge => "confirm_purchase_charge",
            Self::CreditTopUp => "credit_top_up",
            Self::KeepUnappliedReceipt => "keep_unapplied_receipt",
            Self::RefundUnappliedReceipt => "refund_unapplied_receipt",
            Self::AdjustBalance => "adjust_balance",
            Self::CreditAppStorePurchase => "credit_app_store_purchase",
            Self::ClawBackAppStorePurchase => "claw_back_app_store_purchase",
            Self::RestoreAppStorePurchase => "restore_app_store_purchase",
            Self::RefundOrder => "refund_order",
            Self::RefundPurchase => "refund_purchase",
            Self::ClawBackTopUp => "claw_back_top_up",
        }
    }
}

/// A balanced entry: made of transfers, so its debits equal its credits whatever they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    kind: EntryKind,
    reference: String,
    transfers: Vec<Transfer>,
    postings: Vec<Posting>,
}

impl JournalEntry {
    /// Joins transfers into one entry: one posting per account and side, in the order they appear.
    /// The reference names what caused it (an order number, a charge id, a reason).
    ///
    /// # Errors
    /// [`LedgerError::Empty`] when nothing moves, [`LedgerError::Overflow`] when a sum does not fit.
    pub fn from_transfers(
        kind: EntryKind,
        reference: impl Into<String>,
        transfers: impl IntoIterator<Item = Transfer>,
    ) -> Result<Self, LedgerError> {
        let transfers: Vec<Transfer> = transfers.into_iter().filter(|transfer| !transfer.amount.is_zero()).collect();
        let mut postings: Vec<Posting> = Vec::with_capacity(4);
        for transfer in &transfers {
            for (account, direction) in [(transfer.debit, Direction::Debit), (transfer.credit, Direction::Credit)] {
                match postings.iter_mut().find(|posting| posting.account == account && posting.direction == direction) {
                    Some(posting) => {
                        posting.amount = posting.amount.checked_add(transfer.amount).ok_or(LedgerError::Overflow)?;
                    }
                    None => postings.push(Posting { account, direction, amount: transfer.amount }),
                }
            }
        }
        if postings.is_empty() {
            return Err(LedgerError::Empty);
        }
        Ok(Self { kind, reference: reference.into(), transfers, postings })
    }

    /// What it books.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// What caused it.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The movements it is made of, each balanced in itself: what a store writes.
    #[must_use]
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    /// Its lines, one per account and side; debits equal credits.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// The balances of one user, in fen, and the count of the user's entries. One row, locked for the
/// time of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wallet {
    /// Whose.
    pub user_id: UserId,
    /// Money from payment channels.
    pub cash: Money,
    /// Money from the App Store.
    pub iap: Money,
    /// Gifts.
    pub bonus: Money,
    /// What the user owes.
    pub debt: Money,
    /// How many entries the user's journal has: the last one's number.
    pub entries: i64,
}

impl Wallet {
    /// An empty wallet.
    #[must_use]
    pub fn new(user_id: UserId) -> Self {
        Self { user_id, cash: Money::ZERO, iap: Money::ZERO, bonus: Money::ZERO, debt: Money::ZERO, entries: 0 }
    }

    /// What can be spent: bonus, iap and cash together. `None` when the sum does not fit.
    #[must_use]
    pub fn balance(&self) -> Option<Money> {
        Money::checked_sum([self.bonus, self.iap, self.cash])
    }
}

/// How a payment was taken from the three balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    /// From gifts.
    pub bonus: Money,
    /// From App Store money.
    pub iap: Money,
    /// From channel money.
    pub cash: Money,
}

/// What is taken back from a user: out of the balances as far as they reach, the rest is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// From the balances.
    pub taken: Split,
    /// What becomes the user's debt.
    pub owed: Money,
}

/// What comes back to a user: a debt is paid first, the rest goes into the balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Return {
    /// What pays a debt.
    pub debt: Money,
    /// What goes into the balances.
    pub into: Split,
}

/// An entry with its number and what it makes of the wallet: what a store writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedEntry {
    /// The number among the user's entries, from 1.
    pub number: i64,
    /// The entry.
    pub entry: JournalEntry,
    /// What could be spent before.
    pub balance_before: Money,
    /// What can be spent after.
    pub balance_after: Money,
    /// The wallet after.
    pub wallet: Wallet,
}

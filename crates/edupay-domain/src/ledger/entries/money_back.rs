//! The legs by which earned money goes back, whatever earned it.

use crate::ledger::{Bucket, LedgerAccount, Recovery, Return, Transfer};
use crate::money::Money;

/// Which way earned money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyBack {
    /// Into the user's balances, a debt first.
    IntoBalances(Return),
    /// The gateway gave it to the payer.
    ByGateway {
        /// What comes out of what was earned.
        earned: Money,
        /// What comes out of the user's balances, or is owed: the gateway gave back what was no longer
        /// there to give.
        recovery: Recovery,
    },
}

impl MoneyBack {
    pub(super) fn legs(self, revenue: LedgerAccount) -> Vec<Transfer> {
        match self {
            Self::IntoBalances(Return { debt, into }) => {
                let leg = |credit, amount| Transfer { debit: revenue, credit, amount };
                vec![
                    leg(LedgerAccount::UserDebt, debt),
                    leg(LedgerAccount::User(Bucket::Cash), into.cash),
                    leg(LedgerAccount::User(Bucket::Iap), into.iap),
                    leg(LedgerAccount::User(Bucket::Bonus), into.bonus),
                ]
            }
            Self::ByGateway { earned, recovery } => {
                let credit = LedgerAccount::GatewayReceivable;
                let mut legs = vec![Transfer { debit: revenue, credit, amount: earned }];
                legs.extend(taken_by_gateway(recovery));
                legs
            }
        }
    }
}

/// What the gateway gave back out of the user's balances, or at the user's debt.
pub(super) fn taken_by_gateway(recovery: Recovery) -> [Transfer; 4] {
    let leg = |debit, amount| Transfer { debit, credit: LedgerAccount::GatewayReceivable, amount };
    let Recovery { taken, owed } = recovery;
    [
        leg(LedgerAccount::User(Bucket::Cash), taken.cash),
        leg(LedgerAccount::User(Bucket::Iap), taken.iap),
        leg(LedgerAccount::User(Bucket::Bonus), taken.bonus),
        leg(LedgerAccount::UserDebt, owed),
    ]
}

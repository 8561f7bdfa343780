//! The wallet row of a user: how it is locked, read and written.

use crate::codes::{Corrupt, money, user_id};
use crate::conn::{Conn, lock};
use crate::schema::wallets;
use crate::tx::TxError;
use diesel::prelude::*;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::Wallet;

/// The balances of one user, as they lie in their row.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone, Copy)]
#[diesel(table_name = wallets)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct WalletRow {
    user_id: i64,
    cash_fen: i64,
    iap_fen: i64,
    bonus_fen: i64,
    debt_fen: i64,
    entries: i64,
}

impl WalletRow {
    pub(crate) fn of(wallet: &Wallet) -> Self {
        Self {
            user_id: wallet.user_id.get(),
            cash_fen: wallet.cash.fen(),
            iap_fen: wallet.iap.fen(),
            bonus_fen: wallet.bonus.fen(),
            debt_fen: wallet.debt.fen(),
            entries: wallet.entries,
        }
    }

    /// The count of entries.
    pub(crate) fn entries(&self) -> i64 {
        self.entries
    }

    pub(crate) fn wallet(self) -> Result<Wallet, Corrupt> {
        Ok(Wallet {
            user_id: user_id(self.user_id)?,
            cash: money("wallets.cash_fen", self.cash_fen)?,
            iap: money("wallets.iap_fen", self.iap_fen)?,
            bonus: money("wallets.bonus_fen", self.bonus_fen)?,
            debt: money("wallets.debt_fen", self.debt_fen)?,
            entries: self.entries,
        })
    }
}

/// Locks a user's wallet: the first statement of every effect on the user's rows.
pub(crate) fn lock_wallet<R>(conn: &mut Conn<'_>, id: UserId) -> Result<Option<Wallet>, TxError<R>> {
    let query = wallets::table.find(id.get());
    let row: Option<WalletRow> = lock!(conn, query, first).optional()?;
    Ok(row.map(WalletRow::wallet).transpose()?)
}

/// Locks the wallet of a user who must be there.
pub(crate) fn lock_known_wallet<R>(conn: &mut Conn<'_>, id: UserId) -> Result<Wallet, TxError<R>> {
    lock_wallet(conn, id)?.ok_or_else(|| Corrupt::new("wallets.user_id", "no row").into())
}

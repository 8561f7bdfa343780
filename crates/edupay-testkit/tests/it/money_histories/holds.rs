//! What must hold after every step: every balance, every state, every account of the platform.

use super::model::{Charge, Coin, Kind, Stage, Thing};
use super::world::{Handle, World, fen_of};
use edupay_domain::ids::CourseId;
use edupay_domain::ledger::{Direction, LedgerAccount};
use edupay_domain::payments::ReceiptStatus;
use edupay_domain::refunds::RefundStage;
use edupay_testkit::contract::StoreHarness;
use proptest::prelude::*;
use std::collections::BTreeSet;

impl World<'_> {
    pub(super) async fn check(&self) -> Result<(), TestCaseError> {
        let (wallet, purse) = (self.case.wallet(self.buyer).await, &self.model.purse);
        let found = [wallet.bonus, wallet.iap, wallet.cash, wallet.debt].map(fen_of);
        let [gifts, app, cash] = [Coin::Gift, Coin::App, Coin::Cash].map(|coin| purse.count(coin));
        prop_assert_eq!(found, [gifts, app, cash, purse.debt], "gifts, App Store money, cash, debt");
        for thing in 0..self.handles.len() {
            self.check_thing(thing).await?;
        }
        self.check_refunds().await?;
        self.check_receipts()?;
        self.check_platform()?;
        let owned: BTreeSet<CourseId> =
            self.store.orders().owned_courses(self.buyer).await.unwrap().into_iter().collect();
        let courses = self.courses.iter().enumerate().filter(|(at, _)| self.model.owns(*at));
        prop_assert_eq!(owned, courses.map(|(_, course)| course.id).collect::<BTreeSet<_>>());
        let report = self.store.ledger().audit().await.unwrap();
        prop_assert_eq!((report.total_fen, report.breaches), (0, Vec::new()));
        Ok(())
    }

    async fn check_thing(&self, at: usize) -> Result<(), TestCaseError> {
        let (thing, refunded) = (&self.model.things[at], self.model.refunded(at));
        let expected = match (&thing.paid, thing.is_cancelled) {
            (None, true) => "cancelled",
            (None, false) => "unpaid",
            (Some(_), _) if refunded == 0 => "paid",
            (Some(_), _) if refunded < thing.price => "partly_refunded",
            (Some(_), _) => "refunded",
        };
        let found = match &self.handles[at] {
            Handle::Order(order) => self.case.stored(order).await.state.code(),
            Handle::Purchase(placed) => self.case.stored_purchase(&placed.purchase).await.status_code(),
            Handle::TopUp(_) => return Ok(()),
        };
        prop_assert_eq!(found, expected);
        Ok(())
    }

    async fn check_refunds(&self) -> Result<(), TestCaseError> {
        for (at, refund) in self.model.refunds.iter().enumerate() {
            let stored = self.stored_refund(at).await;
            let expected = match refund.stage {
                Stage::Awaiting => RefundStage::AwaitingApproval,
                Stage::Asked => RefundStage::Requested,
                Stage::Pending => RefundStage::Pending,
                Stage::Done => RefundStage::Succeeded,
                Stage::Failed => RefundStage::Failed,
                Stage::Rejected => RefundStage::Rejected,
            };
            let recovered = refund.amount - refund.earned;
            let found = (stored.stage, fen_of(stored.amount), fen_of(stored.recovered));
            prop_assert_eq!(found, (expected, refund.amount, recovered));
            prop_assert_eq!(stored.charge_id.is_some(), self.model.charge_of(at).is_some());
        }
        Ok(())
    }

    fn check_receipts(&self) -> Result<(), TestCaseError> {
        let receipts = self.store.receipts_of(self.buyer);
        prop_assert_eq!(receipts.len(), self.charges.len(), "every paid charge has one receipt");
        for (charge, (_, told)) in self.model.charges.iter().zip(&self.charges) {
            let receipt = receipts.iter().find(|receipt| receipt.charge_id == told.id);
            let status = receipt.map(|receipt| receipt.status);
            prop_assert_eq!(status == Some(ReceiptStatus::Applied), charge.is_applied);
            let is_back = !charge.is_applied && charge.given_back > 0;
            prop_assert_eq!(status == Some(ReceiptStatus::Refunded), is_back);
        }
        Ok(())
    }

    /// The platform's side of everything that happened, added up from the model's lists.
    fn check_platform(&self) -> Result<(), TestCaseError> {
        let model = &self.model;
        let charges = |of: &dyn Fn(&Charge) -> usize| model.charges.iter().map(of).sum::<usize>();
        let kept = |charge: &Charge| if charge.is_applied { 0 } else { charge.amount - charge.given_back };
        let earned = |is_of: &dyn Fn(&Thing) -> bool| {
            let paid = model.things.iter().enumerate().filter(|(_, thing)| is_of(thing) && thing.paid.is_some());
            paid.map(|(at, thing)| thing.price - model.refunded(at)).sum::<usize>()
        };
        for (account, side, expected) in [
            (LedgerAccount::GatewayReceivable, Direction::Debit, charges(&|charge| charge.amount - charge.given_back)),
            (LedgerAccount::UnappliedReceipts, Direction::Credit, charges(&kept)),
            (
                LedgerAccount::CourseRevenue,
                Direction::Credit,
                earned(&|thing| matches!(thing.kind, Kind::Order { .. })),
            ),
            (LedgerAccount::PackageRevenue, Direction::Credit, earned(&|thing| thing.kind == Kind::Purchase)),
            (LedgerAccount::Adjustments, Direction::Debit, model.presents),
            (LedgerAccount::AppStoreReceivable, Direction::Debit, 0),
        ] {
            let rows = self.store.journal(self.buyer);
            let lines = rows.iter().flat_map(|row| &row.postings).filter(|line| line.account == account);
            let sum = lines.fold(0, |sum, line| match line.direction == side {
                true => sum + line.amount.fen(),
                false => sum - line.amount.fen(),
            });
            prop_assert_eq!(usize::try_from(sum), Ok(expected), "{}", account.code());
        }
        Ok(())
    }
}

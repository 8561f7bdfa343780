//! What the form of a page carries: ids, a kind and a channel. No price and no name.

use super::opened::{Opened, offers};
use crate::failure::{Failure, Refusal};
use edupay_domain::accounts::{Activity, Principal};
use edupay_domain::cashier::CashierTarget;
use edupay_domain::ids::{GatewayOrderNo, OrderNo, PackageId, UserId};
use edupay_domain::packages::{PayForPackages, PlaceRefusal, ProjectKind, Purchase, PurchaseKind};
use edupay_domain::payments::Channel;

/// A form as it came; what could not be read is not there, or as an id that nobody has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PayForm {
    kind: Option<PurchaseKind>,
    pub(super) package_ids: Vec<PackageId>,
    channel: Option<Channel>,
}

impl PayForm {
    pub(super) fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "kind" => form.kind = value.parse().ok().and_then(PurchaseKind::from_number),
                "channel" => form.channel = Channel::parse(&value),
                // One too many is refused as a selection; the rest of a flood need not be kept.
                "package" if form.package_ids.len() <= Purchase::MAX_RECORDS => {
                    form.package_ids.extend(value.parse().ok().and_then(|id| PackageId::try_new(id).ok()));
                }
                _ => {}
            }
        }
        form
    }

    /// Opens the charge that pays for what was chosen, or finds the one that is open: the same choice
    /// again, by a double click, the way back or a second tab, is the same purchase and the same charge.
    pub(super) async fn pay(self, opened: &Opened) -> Result<GatewayOrderNo, Failure> {
        let fits = |channel: &Channel| opened.device.takes(*channel);
        let channel = self.channel.filter(fits).ok_or(Refusal::InvalidChannel)?;
        let payer = payer(opened).await?;
        match &opened.link.target {
            CashierTarget::Packages { user_id, kind } => {
                self.check_packages(opened, *user_id, *kind).await?;
                self.pay_for_packages(opened, *user_id, channel).await
            }
            CashierTarget::Order { order_no, .. } => pay_for_order(opened, &payer, order_no, channel).await,
        }
    }

    /// Whoever has the link is not its maker: it buys what it leads to and nothing else that its maker
    /// could buy.
    async fn check_packages(&self, opened: &Opened, user_id: UserId, kind: ProjectKind) -> Result<(), Failure> {
        let sheets = offers(opened, user_id, kind).await?;
        let offered =
            |id: &PackageId| sheets.iter().flat_map(|sheet| &sheet.quotes).any(|quote| quote.package.id == *id);
        match self.package_ids.iter().find(|id| !offered(id)) {
            Some(id) => Err(PlaceRefusal::NotOffered(*id).into()),
            None => Ok(()),
        }
    }

    async fn pay_for_packages(
        self,
        opened: &Opened,
        user_id: UserId,
        channel: Channel,
    ) -> Result<GatewayOrderNo, Failure> {
        let wanted = PayForPackages {
            user_id,
            kind: self.kind.ok_or(PlaceRefusal::BadSelection)?,
            package_ids: self.package_ids,
            channel,
            claimed: None,
            client_ip: opened.client_ip,
        };
        let placed = opened.state.services.packages.pay(opened.link.created_by, &wanted).await?;
        Ok(placed.attempt.gateway_order_no)
    }
}

async fn pay_for_order(
    opened: &Opened,
    payer: &Principal,
    order_no: &OrderNo,
    channel: Channel,
) -> Result<GatewayOrderNo, Failure> {
    let orders = &opened.state.services.orders;
    Ok(orders.pay_by_charge(payer, order_no.clone(), channel, opened.client_ip).await?.gateway_order_no)
}

/// As whom the link acts; nobody, once they are no longer let in.
async fn payer(opened: &Opened) -> Result<Principal, Failure> {
    let user = opened.state.services.accounts.find(opened.link.created_by).await?;
    let user = user.map(|user| user.principal).filter(|user| user.activity == Activity::Active);
    user.ok_or(Failure::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_far_as_it_can_be() {
        let id = |id| PackageId::try_new(id).unwrap();
        let whole = PayForm::read(b"kind=1&package=10000002&channel=wx_pub_qr");
        let expected = PayForm {
            kind: Some(PurchaseKind::Upgrade),
            package_ids: vec![id(10_000_002)],
            channel: Some(Channel::WxPubQr),
        };
        assert_eq!(whole, expected);
        assert_eq!(PayForm::read(b"package=3&package=x&package=-1&package=4").package_ids, vec![id(3), id(4)]);
        for odd in ["", "kind=9&channel=cash&price=1", "kind=&package=&channel=", "%ff=%ff&&=", "kind=1.0"] {
            assert_eq!(PayForm::read(odd.as_bytes()), PayForm::default(), "{odd}");
        }
        assert_eq!(PayForm::read("package=1&".repeat(10_000).as_bytes()).package_ids.len(), 21);
    }
}

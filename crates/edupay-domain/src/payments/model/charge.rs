//! A charge at the gateway: how it is asked for, and how the gateway tells it.

use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayOrderNo, OpenId};
use crate::money::Money;

/// A channel of the gateway through which a payer pays. The names are Ping++'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Alipay, in an app.
    Alipay,
    /// Alipay, in a phone's browser.
    AlipayWap,
    /// Alipay, by a code to scan.
    AlipayQr,
    /// WeChat, in an app.
    Wx,
    /// WeChat, inside WeChat.
    WxPub,
    /// WeChat, by a code to scan.
    WxPubQr,
    /// WeChat, in a phone's browser.
    WxWap,
    /// UnionPay, in an app.
    Upacp,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 8] =
        [Self::Alipay, Self::AlipayWap, Self::AlipayQr, Self::Wx, Self::WxPub, Self::WxPubQr, Self::WxWap, Self::Upacp];

    /// The gateway's name of it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::AlipayWap => "alipay_wap",
            Self::AlipayQr => "alipay_qr",
            Self::Wx => "wx",
            Self::WxPub => "wx_pub",
            Self::WxPubQr => "wx_pub_qr",
            Self::WxWap => "wx_wap",
            Self::Upacp => "upacp",
        }
    }

    /// Whether a charge of this channel names its payer by an [`OpenId`].
    #[must_use]
    pub fn asks_for_open_id(self) -> bool {
        matches!(self, Self::WxPub)
    }

    /// The channel of this name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }
}

/// Whether money is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Real money.
    Live,
    /// The gateway's test mode or a sandbox.
    Test,
}

/// Who we are at the gateway: what a charge must name to be ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// The gateway's app id.
    pub app_id: String,
    /// Follows the key.
    pub mode: Mode,
}

/// The gateway's charge document, as it came, byte for byte: for the client, never for us to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeDocument(pub String);

/// A charge as the gateway tells it, decoded for the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The gateway's name of it.
    pub id: ChargeId,
    /// Our number of it.
    pub gateway_order_no: GatewayOrderNo,
    /// The app it was paid to.
    pub app_id: String,
    /// Real money or not.
    pub mode: Mode,
    /// Whether the payer has paid.
    pub paid: bool,
    /// Whether it was reversed: then it can't be paid any more.
    pub reversed: bool,
    /// How much.
    pub amount: Money,
    /// How much of it the gateway has given back, or is giving back.
    pub amount_refunded: Money,
    /// The ISO code, lower case: `cny`.
    pub currency: String,
    /// The gateway's channel name.
    pub channel: String,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// The document.
    pub document: ChargeDocument,
}

/// A value of a charge's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataValue {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// What we ask the gateway to charge. The same request gives the same charge for a while: the
/// gateway knows it by number, channel, amount, subject, body and app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    /// Our number.
    pub gateway_order_no: GatewayOrderNo,
    /// How the payer will pay.
    pub channel: Channel,
    /// How much.
    pub amount: Money,
    /// The payer's address, as far as it is known.
    pub client_ip: std::net::IpAddr,
    /// The payer's name inside WeChat, where the channel asks for it.
    pub open_id: Option<OpenId>,
    /// What the payer reads: at most 32 characters.
    pub subject: String,
    /// At most 128 characters.
    pub body: String,
    /// Flat pairs, for the merchant's own eyes.
    pub metadata: Vec<(&'static str, MetadataValue)>,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

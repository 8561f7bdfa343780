//! Attempts, charges, receipts, refunds and the gateway's events.

use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayEventId, GatewayOrderNo, OrderNo, RefundId, TopUpNo, UserId};
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
    /// What the payer reads: at most 32 characters.
    pub subject: String,
    /// At most 128 characters.
    pub body: String,
    /// Flat pairs, for the merchant's own eyes.
    pub metadata: Vec<(&'static str, MetadataValue)>,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

/// What a charge pays for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ChargeSubject {
    /// A course order.
    Order(OrderNo),
    /// A top-up of the cash balance.
    TopUp(TopUpNo),
}

/// How far an attempt has come. It only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptStatus {
    /// Stored; the gateway is being asked, or the answer was lost.
    Requested,
    /// The gateway has the charge; it can be paid.
    Open,
    /// The gateway refused it; nothing can be paid.
    Refused,
    /// It can't be paid any more: reversed at the gateway, or past its time.
    Closed,
    /// It was paid.
    Paid,
}

impl AttemptStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Requested, Self::Open, Self::Refused, Self::Closed, Self::Paid];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Paid => "paid",
        }
    }
}

/// One try to have something paid by a charge: stored before the gateway is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeAttempt {
    /// Whose.
    pub user_id: UserId,
    /// Our number at the gateway, unique over all.
    pub gateway_order_no: GatewayOrderNo,
    /// What it pays for.
    pub subject: ChargeSubject,
    /// How.
    pub channel: Channel,
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub status: AttemptStatus,
    /// The gateway's charge, once known.
    pub charge_id: Option<ChargeId>,
    /// The gateway's document, once known.
    pub document: Option<ChargeDocument>,
    /// When it was stored.
    pub requested_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

/// Where a gateway order number leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRoute {
    /// Whose attempt it is.
    pub user_id: UserId,
    /// The number.
    pub gateway_order_no: GatewayOrderNo,
    /// What it pays for.
    pub subject: ChargeSubject,
}

/// Why a paid charge could not be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnappliedReason {
    /// What it pays for was paid already.
    PaidAlready,
    /// A course of the order is owned already.
    CourseOwned,
    /// The order's time had run out.
    OrderClosed,
    /// The buyer had cancelled the order.
    OrderCancelled,
    /// Another amount than asked for.
    AmountDiffers,
    /// Another currency than CNY.
    CurrencyDiffers,
    /// Paid to another app.
    AppDiffers,
    /// Test money for a live service, or the other way round.
    ModeDiffers,
    /// What it pays for is not there.
    SubjectMissing,
}

impl UnappliedReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::PaidAlready,
        Self::CourseOwned,
        Self::OrderClosed,
        Self::OrderCancelled,
        Self::AmountDiffers,
        Self::CurrencyDiffers,
        Self::AppDiffers,
        Self::ModeDiffers,
        Self::SubjectMissing,
    ];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PaidAlready => "paid_already",
            Self::CourseOwned => "course_owned",
            Self::OrderClosed => "order_closed",
            Self::OrderCancelled => "order_cancelled",
            Self::AmountDiffers => "amount_differs",
            Self::CurrencyDiffers => "currency_differs",
            Self::AppDiffers => "app_differs",
            Self::ModeDiffers => "mode_differs",
            Self::SubjectMissing => "subject_missing",
        }
    }

    /// What follows: a plain second or late payment goes back by itself, anything odd waits for a
    /// person (contract section 4).
    #[must_use]
    pub fn follow_up(self) -> ReceiptStatus {
        match self {
            Self::PaidAlready | Self::CourseOwned | Self::OrderClosed | Self::OrderCancelled => {
                ReceiptStatus::RefundDue
            }
            Self::AmountDiffers
            | Self::CurrencyDiffers
            | Self::AppDiffers
            | Self::ModeDiffers
            | Self::SubjectMissing => ReceiptStatus::Review,
        }
    }
}

/// What became of a paid charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiptStatus {
    /// It paid what it was for.
    Applied,
    /// It must go back; the gateway has not been asked.
    RefundDue,
    /// The gateway is being asked for the refund, or the answer was lost.
    RefundRequested,
    /// The gateway is refunding.
    RefundPending,
    /// It went back.
    Refunded,
    /// A person must look.
    Review,
}

impl ReceiptStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Applied, Self::RefundDue, Self::RefundRequested, Self::RefundPending, Self::Refunded, Self::Review];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RefundDue => "refund_due",
            Self::RefundRequested => "refund_requested",
            Self::RefundPending => "refund_pending",
            Self::Refunded => "refunded",
            Self::Review => "review",
        }
    }
}

/// A paid charge, booked once for ever: applied, or kept as an unapplied receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whose.
    pub user_id: UserId,
    /// The gateway's charge, unique over all.
    pub charge_id: ChargeId,
    /// Our number of it.
    pub gateway_order_no: GatewayOrderNo,
    /// What was paid, in fen of CNY; what another currency's smallest unit says is not booked.
    pub amount: Money,
    /// What became of it.
    pub status: ReceiptStatus,
    /// Why it was not applied.
    pub reason: Option<UnappliedReason>,
    /// The gateway's refund, once known.
    pub refund_id: Option<RefundId>,
    /// When it was booked.
    pub received_at: Timestamp,
    /// When its refund may be worked on next; in the future while somebody works on it.
    pub next_try_at: Timestamp,
}

/// What a confirmation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The charge paid what it was for, now.
    Applied(Receipt),
    /// The charge could not be applied and is kept.
    Unapplied(Receipt),
    /// This charge was booked before; nothing moved.
    AlreadyConfirmed(Receipt),
}

impl Confirmation {
    /// The receipt, new or old.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        match self {
            Self::Applied(receipt) | Self::Unapplied(receipt) | Self::AlreadyConfirmed(receipt) => receipt,
        }
    }
}

/// What we ask the gateway to refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Of which charge.
    pub charge_id: ChargeId,
    /// How much.
    pub amount: Money,
    /// Why: at most 255 characters.
    pub description: String,
}

/// How far a refund has come at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// Under way.
    Pending,
    /// The payer has it.
    Succeeded,
    /// It did not work.
    Failed,
}

/// A refund as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRefund {
    /// The gateway's name of it.
    pub id: RefundId,
    /// Of which charge.
    pub charge_id: ChargeId,
    /// Our number of the charge.
    pub gateway_order_no: Option<GatewayOrderNo>,
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub status: RefundStatus,
}

/// What a verified callback is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboundObject {
    /// A charge.
    Charge(Charge),
    /// A refund.
    Refund(GatewayRefund),
    /// Something we have no use for.
    Other,
}

/// A callback whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundEvent {
    /// The gateway's name of it.
    pub id: GatewayEventId,
    /// Its type, such as `charge.succeeded`.
    pub kind: String,
    /// What it is about.
    pub object: InboundObject,
    /// The body, as it came.
    pub body: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InboundStatus {
    /// Stored; not worked on to the end.
    Kept,
    /// It names a charge that we do not know yet.
    Unmatched,
    /// Done.
    Processed,
    /// Of no use to us.
    Ignored,
}

impl InboundStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Kept, Self::Unmatched, Self::Processed, Self::Ignored];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unmatched => "unmatched",
            Self::Processed => "processed",
            Self::Ignored => "ignored",
        }
    }
}

//! What two sides do not agree on, and what is to be done about it.

use crate::clock::Timestamp;
use crate::ids::{ChargeId, RefundId};

/// The side that ours is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The gateway's lists.
    Gateway,
    /// A bill file of WeChat.
    WechatBill,
    /// A bill file of Alipay.
    AlipayBill,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Gateway, Self::WechatBill, Self::AlipayBill];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::WechatBill => "wechat_bill",
            Self::AlipayBill => "alipay_bill",
        }
    }
}

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// Money that came in.
    Payment,
    /// Money that went back.
    Refund,
    /// A line or an object that can't be read.
    Line,
}

impl Thing {
    /// Every thing.
    pub const ALL: [Self; 3] = [Self::Payment, Self::Refund, Self::Line];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Line => "line",
        }
    }
}

/// How the two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// It happened there and is not booked here.
    MissingHere,
    /// It is booked here and nobody there knows it.
    MissingThere,
    /// The amounts differ.
    AmountDiffers,
    /// How far it has come differs.
    StatusDiffers,
    /// It was paid in another currency than CNY.
    CurrencyDiffers,
    /// It was paid to another app.
    AppDiffers,
    /// Play money for a live service, or the other way round.
    LivemodeDiffers,
    /// What went back of a charge differs.
    RefundedAmountDiffers,
    /// Paid on one day there and booked on another here: a hint, not a difference.
    PaidDayDiffers,
    /// Paid more often there than booked here.
    DuplicateThere,
    /// What they tell can't be read.
    UnreadableThere,
}

impl DifferenceKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::MissingHere,
        Self::MissingThere,
        Self::AmountDiffers,
        Self::StatusDiffers,
        Self::CurrencyDiffers,
        Self::AppDiffers,
        Self::LivemodeDiffers,
        Self::RefundedAmountDiffers,
        Self::PaidDayDiffers,
        Self::DuplicateThere,
        Self::UnreadableThere,
    ];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::AmountDiffers => "amount_differs",
            Self::StatusDiffers => "status_differs",
            Self::CurrencyDiffers => "currency_differs",
            Self::AppDiffers => "app_differs",
            Self::LivemodeDiffers => "livemode_differs",
            Self::RefundedAmountDiffers => "refunded_amount_differs",
            Self::PaidDayDiffers => "paid_day_differs",
            Self::DuplicateThere => "duplicate_there",
            Self::UnreadableThere => "unreadable_there",
        }
    }

    /// Whether it only explains something and is no difference.
    #[must_use]
    pub fn is_hint(self) -> bool {
        matches!(self, Self::PaidDayDiffers)
    }
}

/// What is to be done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Ask the gateway for the charge and confirm it.
    Confirm,
    /// Ask the gateway for the charge's refunds and book them.
    RecordRefund,
    /// A person must look.
    Review,
    /// Nothing.
    Nothing,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Confirm, Self::RecordRefund, Self::Review, Self::Nothing];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::RecordRefund => "record_refund",
            Self::Review => "review",
            Self::Nothing => "none",
        }
    }
}

/// One thing that the two sides do not agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The other side.
    pub source: Source,
    /// What it is about.
    pub thing: Thing,
    /// How they differ.
    pub kind: DifferenceKind,
    /// The field that differs. Amounts end in `_fen`.
    pub field: String,
    /// What the thing is known by: a charge id, a refund id, the channel's number, a line.
    pub name: String,
    /// The gateway order number, as it was told.
    pub gateway_order_no: Option<String>,
    /// The gateway's charge, where it is known.
    pub charge_id: Option<ChargeId>,
    /// The gateway's refund, where it is known.
    pub refund_id: Option<RefundId>,
    /// Our value; none where there is nothing here.
    pub ours: Option<String>,
    /// Their value; none where there is nothing there.
    pub theirs: Option<String>,
    /// What is to be done.
    pub action: Action,
}

impl Difference {
    /// The longest text of a field, a name or a value that is kept, in characters.
    pub const MAX_TEXT: usize = 128;

    /// By what it is known again in another run: everything but the values.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let Self { source, thing, kind, field, name, .. } = self;
        format!("{}/{}/{}/{field}/{name}", source.code(), thing.code(), kind.code())
    }
}

/// How a difference stands to the run of the same days before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It was not there.
    New,
    /// It was there, and still is.
    Still,
    /// It was there, and is no longer.
    Gone,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 3] = [Self::New, Self::Still, Self::Gone];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Still => "still",
            Self::Gone => "gone",
        }
    }
}

/// What has been done about a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Nothing so far.
    Open,
    /// It was tried, and could not be told or done now; it can be tried again.
    Failed {
        /// Why: a stable code.
        code: String,
        /// When.
        at: Timestamp,
    },
    /// The gateway's word is booked.
    Done {
        /// When.
        at: Timestamp,
    },
    /// It can't be repaired here: a person must look.
    ForAPerson {
        /// Since when.
        at: Timestamp,
    },
}

impl Repair {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Failed { .. } => "failed",
            Self::Done { .. } => "repaired",
            Self::ForAPerson { .. } => "for_a_person",
        }
    }
}

/// A difference as it is kept with its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDifference {
    /// Its place in the run, from 1.
    pub ordinal: i64,
    /// What differs.
    pub difference: Difference,
    /// How it stands to the run before.
    pub standing: Standing,
    /// What has been done about it.
    pub repair: Repair,
}

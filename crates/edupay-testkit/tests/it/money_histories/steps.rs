//! What may happen, with amounts that meet what is there: the balance, a debt, what is left of an order.

use super::model::Coin;
use edupay_domain::payments::{Channel, RefundStatus};
use proptest::prelude::*;

/// An amount: a mark of the moment and how far off it is, or any.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amount {
    At(Mark, i8),
    Any(u32),
}

/// Amounts at which rules change their answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    /// All that can be spent.
    Balance,
    /// The gifts alone.
    Gifts,
    /// The gifts and the App Store money.
    GiftsAndApp,
    /// What is owed.
    Debt,
    /// What a thing needs beyond the balance.
    Missing(usize),
    /// What is left of a thing to refund.
    Left(usize),
    /// What the gateway has of a charge.
    AtGateway(usize),
    /// From where on a campaign gives something.
    Tier(usize),
}

/// What is changed in a request that is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    Amount,
    Way,
}

/// What follows at once on something that was just made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// It is paid from the balance.
    Pay,
    /// A payer pays its charge.
    Charge,
}

/// One step. Indexes pick among what there is.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Gift(Coin, Amount),
    TopUp(Amount, Then),
    /// An order of a new course of this price.
    Order(Amount, Then),
    /// An order of a course that was ordered before.
    OrderAgain(usize),
    /// A package of this price.
    Buy(Amount, Then),
    Pay(usize),
    OpenCharge(usize, Channel),
    /// A payer pays an attempt, of the right amount or off by a fen.
    Charge(usize, i8),
    /// An earlier charge is told again.
    ChargeAgain(usize),
    Cancel(usize),
    /// A charge that was kept goes back.
    SendBack(usize),
    /// Staff asks for a refund; `limit` is how far the limit of approval is from the amount.
    Ask {
        thing: usize,
        amount: Option<Amount>,
        to_source: bool,
        limit: Option<i8>,
    },
    AskAgain {
        refund: usize,
        change: Change,
    },
    /// Who decides is who asked, or somebody else.
    Approve {
        refund: usize,
        by_the_same: bool,
    },
    Reject(usize),
    Answer(usize, RefundStatus),
    Refuse(usize),
    /// The gateway gives back by itself.
    MadeThere(usize, Amount),
}

fn amount(marks: impl Strategy<Value = Mark>) -> impl Strategy<Value = Amount> {
    let off = prop_oneof![4 => Just(0_i8), 1 => Just(1), 1 => Just(-1)];
    prop_oneof![
        3 => (marks, off).prop_map(|(mark, off)| Amount::At(mark, off)),
        1 => (1_u32..250).prop_map(Amount::Any),
    ]
}

fn income() -> impl Strategy<Value = Amount> {
    amount(prop_oneof![
        2 => (0_usize..64).prop_map(Mark::Missing),
        2 => Just(Mark::Debt),
        1 => (0_usize..64).prop_map(Mark::Tier),
    ])
}

fn price() -> impl Strategy<Value = Amount> {
    amount(prop_oneof![3 => Just(Mark::Balance), 1 => Just(Mark::Gifts), 1 => Just(Mark::GiftsAndApp)])
}

fn any() -> std::ops::Range<usize> {
    0..64
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let coin = prop_oneof![Just(Coin::Gift), Just(Coin::App), Just(Coin::Cash)];
    let channel = prop_oneof![Just(Channel::Wx), Just(Channel::Alipay)];
    let off = prop_oneof![8 => Just(0_i8), 1 => Just(1), 1 => Just(-1)];
    let limit = prop_oneof![6 => Just(None), 1 => Just(Some(0_i8)), 2 => Just(Some(-1))];
    let status = prop_oneof![
        3 => Just(RefundStatus::Succeeded),
        1 => Just(RefundStatus::Pending),
        1 => Just(RefundStatus::Failed)
    ];
    let change = prop_oneof![3 => Just(Change::Nothing), 1 => Just(Change::Amount), 2 => Just(Change::Way)];
    let refunded = prop::option::weighted(0.8, amount(any().prop_map(Mark::Left)));
    let back = amount(prop_oneof![any().prop_map(Mark::AtGateway), any().prop_map(Mark::Left)]);
    let charged = || prop_oneof![1 => Just(Then::Nothing), 3 => Just(Then::Charge)];
    let paid = prop_oneof![1 => Just(Then::Nothing), 3 => Just(Then::Pay), 2 => Just(Then::Charge)];
    let money_in = prop_oneof![
        1 => (coin, income()).prop_map(|(coin, amount)| Step::Gift(coin, amount)),
        3 => (income(), charged()).prop_map(|(amount, then)| Step::TopUp(amount, then)),
    ];
    let things = prop_oneof![
        6 => (price(), paid).prop_map(|(amount, then)| Step::Order(amount, then)),
        2 => any().prop_map(Step::OrderAgain),
        2 => (price(), charged()).prop_map(|(amount, then)| Step::Buy(amount, then)),
        1 => any().prop_map(Step::Cancel),
    ];
    let payments = prop_oneof![
        6 => any().prop_map(Step::Pay),
        2 => (any(), channel).prop_map(|(thing, channel)| Step::OpenCharge(thing, channel)),
        7 => (any(), off).prop_map(|(attempt, off)| Step::Charge(attempt, off)),
        1 => any().prop_map(Step::ChargeAgain),
        1 => any().prop_map(Step::SendBack),
    ];
    let refunds = prop_oneof![
        6 => (any(), refunded, prop::bool::weighted(0.6), limit)
            .prop_map(|(thing, amount, to_source, limit)| Step::Ask { thing, amount, to_source, limit }),
        2 => (any(), change).prop_map(|(refund, change)| Step::AskAgain { refund, change }),
        2 => (any(), prop::bool::weighted(0.2))
            .prop_map(|(refund, by_the_same)| Step::Approve { refund, by_the_same }),
        1 => any().prop_map(Step::Reject),
        5 => (any(), status).prop_map(|(refund, status)| Step::Answer(refund, status)),
        1 => any().prop_map(Step::Refuse),
        4 => (any(), back).prop_map(|(charge, amount)| Step::MadeThere(charge, amount)),
    ];
    prop_oneof![3 => money_in, 4 => things, 3 => payments, 6 => refunds]
}

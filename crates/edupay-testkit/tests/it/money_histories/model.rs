//! The model: every fen is a coin that knows where it came from. What was spent is a pile of coins that
//! lies with what it paid for, and a refund takes coins off that pile. There is no arithmetic on balances.

/// One fen, in the order in which coins are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Coin {
    Gift,
    App,
    Cash,
}

/// The coins of one user.
#[derive(Default)]
pub(super) struct Purse {
    coins: Vec<Coin>,
    pub(super) debt: usize,
}

impl Purse {
    pub(super) fn count(&self, coin: Coin) -> usize {
        self.coins.iter().filter(|other| **other == coin).count()
    }

    pub(super) fn balance(&self) -> usize {
        self.coins.len()
    }

    /// A present: it pays no debt.
    pub(super) fn give(&mut self, coin: Coin, amount: usize) {
        self.coins.extend(vec![coin; amount]);
        self.coins.sort();
    }

    /// Coins come in; those of the App Store pay a debt first, then gifts, then cash.
    fn come_in(&mut self, coins: &[Coin]) {
        for coin in [Coin::App, Coin::Gift, Coin::Cash] {
            for _ in coins.iter().filter(|other| **other == coin) {
                match self.debt {
                    0 => self.give(coin, 1),
                    debt => self.debt = debt - 1,
                }
            }
        }
    }

    fn spend(&mut self, price: usize) -> Option<Vec<Coin>> {
        (price <= self.coins.len()).then(|| self.coins.drain(..price).collect())
    }

    /// Coins go, those that would be spent last first; what is not there is owed.
    fn take(&mut self, amount: usize) {
        for _ in 0..amount {
            if self.coins.pop().is_none() {
                self.debt += 1;
            }
        }
    }

    /// As many gifts as there are, but no more than this.
    fn take_gifts(&mut self, most: usize) -> usize {
        let taken = most.min(self.count(Coin::Gift));
        self.coins.drain(..taken);
        taken
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Order { course: usize },
    Purchase,
    TopUp { gift: usize },
}

/// With what a thing was paid.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tender {
    /// Coins, as many as have not come back.
    Coins(Vec<Coin>),
    /// The charge of this index.
    Charge(usize),
}

/// An order, a purchase of packages or a top-up.
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) price: usize,
    pub(super) paid: Option<Tender>,
    pub(super) is_cancelled: bool,
    /// All of it went back.
    pub(super) is_refunded: bool,
}

/// A paid charge.
pub(super) struct Charge {
    pub(super) thing: usize,
    pub(super) amount: usize,
    /// It paid the thing; else it is kept until it is sent back.
    pub(super) is_applied: bool,
    pub(super) given_back: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Awaiting,
    Asked,
    Pending,
    Done,
    Failed,
    Rejected,
}

#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) thing: usize,
    pub(super) amount: usize,
    /// How much of it comes from what was earned; the rest comes from the user.
    pub(super) earned: usize,
    /// The way the money came, or into the balances.
    pub(super) to_source: bool,
    pub(super) is_ours: bool,
    pub(super) is_approved: bool,
    pub(super) stage: Stage,
}

/// What is said to who asks for a refund.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    AboveLeft(usize),
    No,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) purse: Purse,
    pub(super) things: Vec<Thing>,
    pub(super) charges: Vec<Charge>,
    pub(super) refunds: Vec<Refund>,
    /// What staff and campaigns gave, less what was taken back of it.
    pub(super) presents: usize,
}

impl Model {
    pub(super) fn add(&mut self, kind: Kind, price: usize) {
        self.things.push(Thing { kind, price, paid: None, is_cancelled: false, is_refunded: false });
    }

    pub(super) fn give(&mut self, coin: Coin, amount: usize) {
        self.presents += amount;
        self.purse.give(coin, amount);
    }

    pub(super) fn owns(&self, course: usize) -> bool {
        let gives = |thing: &Thing| thing.kind == Kind::Order { course } && thing.paid.is_some();
        self.things.iter().any(|thing| gives(thing) && !thing.is_refunded)
    }

    pub(super) fn can_be_paid(&self, thing: usize) -> bool {
        let thing = &self.things[thing];
        let owned = matches!(thing.kind, Kind::Order { course } if self.owns(course));
        thing.paid.is_none() && !thing.is_cancelled && !owned
    }

    /// Whether it was paid, now.
    pub(super) fn pay(&mut self, thing: usize) -> bool {
        let coins = if self.can_be_paid(thing) { self.purse.spend(self.things[thing].price) } else { None };
        let is_paid = coins.is_some();
        if is_paid {
            self.things[thing].paid = coins.map(Tender::Coins);
        }
        is_paid
    }

    /// Whether the charge pays for its thing.
    pub(super) fn charge(&mut self, thing: usize, amount: usize) -> bool {
        let is_applied = self.can_be_paid(thing) && self.things[thing].price == amount;
        if is_applied {
            self.things[thing].paid = Some(Tender::Charge(self.charges.len()));
            if let Kind::TopUp { gift } = self.things[thing].kind {
                self.purse.come_in(&vec![Coin::Cash; amount]);
                self.give(Coin::Gift, gift);
            }
        }
        self.charges.push(Charge { thing, amount, is_applied, given_back: 0 });
        is_applied
    }

    /// What is neither refunded nor reserved by another refund.
    pub(super) fn left(&self, thing: usize, beside: Option<usize>) -> usize {
        let others =
            self.refunds.iter().enumerate().filter(|(at, refund)| refund.thing == thing && Some(*at) != beside);
        let reserved = others.filter(|(_, other)| !matches!(other.stage, Stage::Failed | Stage::Rejected));
        match self.things[thing].kind {
            Kind::TopUp { .. } => 0,
            Kind::Order { .. } | Kind::Purchase => {
                self.things[thing].price - reserved.map(|(_, other)| other.earned).sum::<usize>()
            }
        }
    }

    /// What went back of what was earned by a thing.
    pub(super) fn refunded(&self, thing: usize) -> usize {
        let done = self.refunds.iter().filter(|refund| refund.thing == thing && refund.stage == Stage::Done);
        done.map(|refund| refund.earned).sum()
    }

    /// A new refund, or one that failed is tried again.
    pub(super) fn ask(
        &mut self,
        wish: (usize, Option<usize>, bool),
        limit: Option<usize>,
        retry: Option<usize>,
    ) -> Said {
        let (thing, amount, to_source) = wish;
        if self.things[thing].paid.is_none() || matches!(self.things[thing].kind, Kind::TopUp { .. }) {
            return Said::No;
        }
        let left = self.left(thing, retry);
        let amount = amount.unwrap_or(left);
        if amount == 0 || amount > left {
            return Said::AboveLeft(left);
        }
        let is_approved = retry.is_some_and(|at| self.refunds[at].is_approved);
        let stage =
            if !is_approved && limit.is_some_and(|limit| amount > limit) { Stage::Awaiting } else { Stage::Asked };
        let refund = Refund { thing, amount, earned: amount, to_source, is_ours: true, is_approved, stage };
        let at = retry.unwrap_or(self.refunds.len());
        match retry {
            Some(at) => self.refunds[at] = refund,
            None => self.refunds.push(refund),
        }
        if stage == Stage::Asked {
            self.go_on(at);
        }
        Said::Yes
    }

    /// The charge through which a refund goes.
    pub(super) fn charge_of(&self, refund: usize) -> Option<usize> {
        match self.things[self.refunds[refund].thing].paid {
            Some(Tender::Charge(charge)) if self.refunds[refund].to_source => Some(charge),
            _ => None,
        }
    }

    pub(super) fn approve(&mut self, refund: usize) {
        self.refunds[refund].is_approved = true;
        self.refunds[refund].stage = Stage::Asked;
        self.go_on(refund);
    }

    fn go_on(&mut self, refund: usize) {
        if self.charge_of(refund).is_none() {
            self.done(refund);
        }
    }

    /// The gateway gives money back on its own.
    pub(super) fn made_there(&mut self, charge: usize, amount: usize) {
        let thing = self.charges[charge].thing;
        let earned = amount.min(self.left(thing, None));
        let (to_source, is_ours, is_approved) = (true, false, false);
        self.refunds.push(Refund { thing, amount, earned, to_source, is_ours, is_approved, stage: Stage::Asked });
        self.done(self.refunds.len() - 1);
    }

    /// The money went back.
    pub(super) fn done(&mut self, refund: usize) {
        let charge = self.charge_of(refund);
        self.refunds[refund].stage = Stage::Done;
        let Refund { thing: at, amount, earned, .. } = self.refunds[refund];
        let thing = &mut self.things[at];
        match (charge, &mut thing.paid) {
            (Some(charge), _) => {
                self.purse.take(amount - earned);
                self.charges[charge].given_back += amount;
                if let Kind::TopUp { gift } = thing.kind
                    && self.charges[charge].given_back >= thing.price
                {
                    self.presents -= self.purse.take_gifts(gift);
                }
            }
            (None, Some(Tender::Coins(coins))) => {
                let back = coins.split_off(coins.len() - amount);
                self.purse.come_in(&back);
            }
            (None, _) => self.purse.come_in(&vec![Coin::Cash; amount]),
        }
        if self.refunded(at) == self.things[at].price {
            self.things[at].is_refunded = true;
        }
    }
}

//! What a claim works with: users, courses, numbers and moments of its own.

use super::{RecordedEvent, StoreHarness};
use crate::fixtures::{self, fen, minutes_after, monday};
use edupay_domain::accounts::{AdjustBalance, NewUser, User, adjust_balance};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{
    AppAccountToken, ChargeId, EventId, GatewayEventId, GatewayOrderNo, OrderNo, ProductId, RefundId, TopUpNo, UserId,
};
use edupay_domain::ledger::{Bucket, EntryKind, StatementLine, Wallet};
use edupay_domain::money::Money;
use edupay_domain::orders::{
    CancelOrder, CloseOrder, ConfirmOrderCharge, CreateOrder, CreatedOrder, OpenChargePlan, OpenOrderCharge,
    OpenedCharge, Order, PaidOrder, PayFromBalance, PayRefusal, confirm_order_charge, create_order, open_order_charge,
    pay_from_balance,
};
use edupay_domain::packages::Purchase;
use edupay_domain::payments::{Channel, Charge, ChargeAttempt, ChargeRoute, Confirmation, LookWay};
use edupay_domain::products::Course;
use edupay_domain::store::EffectError;
use edupay_domain::top_ups::{Campaign, ConfirmTopUp, OpenTopUp, OpenedTopUp, confirm_top_up, open_top_up};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// One run of one claim on a harness. Every name and number it gives is new, also in a database that
/// other claims and earlier runs have used.
pub struct Case<'a, H: ?Sized> {
    harness: &'a H,
    /// Of this case alone.
    pub(super) mark: u64,
    drawn: AtomicU64,
}

impl<'a, H: StoreHarness + ?Sized> Case<'a, H> {
    /// A case on this harness.
    pub fn new(harness: &'a H) -> Self {
        // The keys of a RandomState are random per process and differ per call.
        Self { harness, mark: RandomState::new().hash_one(0_u8), drawn: AtomicU64::new(0) }
    }

    /// The stores.
    pub fn harness(&self) -> &'a H {
        self.harness
    }

    /// When the case begins; orders are made then.
    pub fn start(&self) -> Timestamp {
        monday()
    }

    /// So many minutes after the start.
    pub fn minute(&self, minutes: i64) -> Timestamp {
        minutes_after(self.start(), minutes)
    }

    pub(super) fn draw(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }

    /// Twenty digits that nobody else has: a kind, twelve of the case, seven of the draw, which are
    /// enough for a thousand rounds of the largest race.
    pub(super) fn digits(&self, kind: u8) -> String {
        format!("{kind}{:012}{:07}", self.mark % 1_000_000_000_000, self.draw() % 10_000_000)
    }

    /// A text that nobody else has.
    pub fn unique(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}{:x}", self.mark, self.draw())
    }

    /// A new order number.
    pub fn order_no(&self) -> OrderNo {
        OrderNo::parse(&self.digits(1)).unwrap()
    }

    /// A new gateway order number.
    pub fn attempt_no(&self) -> GatewayOrderNo {
        GatewayOrderNo::parse(&self.digits(2)).unwrap()
    }

    /// A new top-up number.
    pub fn top_up_no(&self) -> TopUpNo {
        TopUpNo::parse(&self.digits(3)).unwrap()
    }

    /// A new charge id.
    pub fn charge_id(&self) -> ChargeId {
        ChargeId::parse(&self.unique("ch_")).unwrap()
    }

    /// A new refund id.
    pub fn refund_id(&self) -> RefundId {
        RefundId::parse(&self.unique("re_")).unwrap()
    }

    /// A new id of a gateway's event.
    pub fn gateway_event_id(&self) -> GatewayEventId {
        GatewayEventId::parse(&self.unique("evt_")).unwrap()
    }

    /// A new product id.
    pub fn product_id(&self) -> ProductId {
        ProductId::parse(&self.unique("com.example.")).unwrap()
    }

    /// A new id of an event of ours.
    pub fn event_id(&self) -> EventId {
        EventId::from_random(u128::from(self.mark) << 64 | u128::from(self.draw()) << 8)
    }

    /// A new token of a user for the App Store.
    pub fn app_account_token(&self) -> AppAccountToken {
        AppAccountToken::from_random(u128::from(self.mark) << 64 | u128::from(self.draw()))
    }

    /// A new member with an empty wallet.
    pub async fn user(&self) -> User {
        let app_account_token = self.app_account_token();
        let new = NewUser { app_account_token, ..fixtures::new_user(&self.unique("user")) };
        self.harness.users().create_user(&new).await.unwrap()
    }

    /// A new member with these balances, in fen.
    pub async fn buyer(&self, bonus: u32, iap: u32, cash: u32) -> UserId {
        let user_id = self.user().await.id;
        for (bucket, amount) in [(Bucket::Bonus, bonus), (Bucket::Iap, iap), (Bucket::Cash, cash)] {
            if amount > 0 {
                let command = self.adjustment(user_id, bucket, fen(amount));
                self.harness.wallets().adjust_balance(&command, adjust_balance).await.unwrap();
            }
        }
        user_id
    }

    /// An adjustment with a reason.
    pub fn adjustment(&self, user_id: UserId, bucket: Bucket, amount: Money) -> AdjustBalance {
        let reason = "a gift of the contract".to_owned();
        AdjustBalance { user_id, bucket, amount, reason, at: self.start(), event_id: self.event_id() }
    }

    /// A new course.
    pub async fn course(&self, price: u32) -> Course {
        self.harness.courses().create_course(&fixtures::new_course(&self.unique("课程 "), fen(price))).await.unwrap()
    }

    /// The command of an order made at the start, payable for an hour.
    pub fn order_command(&self, user_id: UserId, courses: &[Course]) -> CreateOrder {
        CreateOrder {
            user_id,
            order_no: self.order_no(),
            course_ids: courses.iter().map(|course| course.id).collect(),
            at: self.start(),
            expires_at: self.minute(60),
            claim: None,
        }
    }

    /// An order of these courses.
    pub async fn order_of(&self, user_id: UserId, courses: &[Course]) -> Order {
        let command = self.order_command(user_id, courses);
        match self.harness.orders().create(&command, create_order).await.unwrap() {
            CreatedOrder::Created(order) => order,
            CreatedOrder::NumberTaken => unreachable_number(&command.order_no),
        }
    }

    /// An order of a new course of this price.
    pub async fn order(&self, user_id: UserId, price: u32) -> Order {
        let course = self.course(price).await;
        self.order_of(user_id, &[course]).await
    }

    /// The order as it is stored.
    pub async fn stored(&self, order: &Order) -> Order {
        self.harness.orders().find(order.user_id, &order.order_no).await.unwrap().unwrap()
    }

    /// Pays from the balance, two minutes after the start.
    pub fn pay_command(&self, order: &Order) -> PayFromBalance {
        PayFromBalance {
            user_id: order.user_id,
            order_no: order.order_no.clone(),
            at: self.minute(2),
            event_id: self.event_id(),
        }
    }

    /// Pays from the balance, two minutes after the start.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn pay(&self, order: &Order) -> Result<PaidOrder, EffectError<PayRefusal>> {
        self.harness.orders().pay_from_balance(&self.pay_command(order), pay_from_balance).await
    }

    /// Cancels, three minutes after the start.
    pub fn cancel_command(&self, order: &Order) -> CancelOrder {
        let (user_id, order_no) = (order.user_id, order.order_no.clone());
        CancelOrder { user_id, order_no, at: self.minute(3), event_id: self.event_id() }
    }

    /// Closes at the moment the order's time runs out.
    pub fn close_command(&self, order: &Order) -> CloseOrder {
        let (user_id, order_no) = (order.user_id, order.order_no.clone());
        CloseOrder { user_id, order_no, at: order.expires_at, event_id: self.event_id() }
    }

    /// Opens a charge through WeChat, one minute after the start.
    pub fn charge_command(&self, order: &Order) -> OpenOrderCharge {
        OpenOrderCharge {
            user_id: order.user_id,
            order_no: order.order_no.clone(),
            channel: Channel::Wx,
            candidate: self.attempt_no(),
            at: self.minute(1),
            expires_at: self.minute(31),
            min_expires_at: self.minute(2),
            look_at: self.minute(2),
        }
    }

    /// What is to be done for a charge of the order.
    pub async fn planned(&self, command: &OpenOrderCharge) -> OpenChargePlan {
        match self.harness.orders().open_charge(command, open_order_charge).await.unwrap() {
            OpenedCharge::Planned { plan, .. } => plan,
            OpenedCharge::NumberTaken => unreachable_number(&command.candidate),
        }
    }

    /// A new attempt of the order, through a channel that none has used before it.
    pub async fn attempt_by(&self, order: &Order, channel: Channel) -> ChargeAttempt {
        match self.planned(&OpenOrderCharge { channel, ..self.charge_command(order) }).await {
            OpenChargePlan::Open(attempt) | OpenChargePlan::AskAgain(attempt) | OpenChargePlan::Reuse(attempt) => {
                attempt
            }
        }
    }

    /// The first attempt of the order.
    pub async fn attempt(&self, order: &Order) -> ChargeAttempt {
        self.attempt_by(order, Channel::Wx).await
    }

    /// All attempts that are due, however they are looked at.
    pub async fn due_attempts(&self, now: Timestamp) -> Vec<ChargeAttempt> {
        let charges = self.harness.charges();
        let mut due = charges.due_attempts(LookWay::ByCharge, now, 100_000).await.unwrap();
        due.extend(charges.due_attempts(LookWay::ByNumber, now, 100_000).await.unwrap());
        due
    }

    /// A new charge that pays the attempt.
    pub fn charge(&self, attempt: &ChargeAttempt) -> Charge {
        fixtures::paid_charge(attempt, self.charge_id().as_str())
    }

    /// Where the attempt's number leads.
    pub fn route(&self, attempt: &ChargeAttempt) -> ChargeRoute {
        ChargeRoute {
            user_id: attempt.user_id,
            gateway_order_no: attempt.gateway_order_no.clone(),
            subject: attempt.subject.clone(),
        }
    }

    /// Confirms a charge of the order, four minutes after the start.
    pub fn confirm_command(&self, order: &Order, attempt: &ChargeAttempt, charge: &Charge) -> ConfirmOrderCharge {
        ConfirmOrderCharge {
            route: self.route(attempt),
            order_no: order.order_no.clone(),
            charge: charge.clone(),
            merchant: fixtures::merchant(),
            at: self.minute(4),
            event_id: self.event_id(),
        }
    }

    /// Confirms a charge of the order, four minutes after the start.
    pub async fn confirm(&self, order: &Order, attempt: &ChargeAttempt, charge: &Charge) -> Confirmation {
        let command = self.confirm_command(order, attempt, charge);
        self.harness.orders().confirm_charge(&command, confirm_order_charge).await.unwrap()
    }

    /// A top-up with its attempt, one minute after the start.
    pub async fn top_up(&self, user_id: UserId, amount: u32) -> (TopUpNo, ChargeAttempt) {
        let command = self.top_up_command(user_id, amount);
        match self.harness.top_ups().open(&command, open_top_up).await.unwrap() {
            OpenedTopUp::Opened(started) => (command.top_up_no, started.attempt),
            OpenedTopUp::NumberTaken => unreachable_number(&command.top_up_no),
        }
    }

    /// Starts a top-up of at most 50,000 yuan.
    pub fn top_up_command(&self, user_id: UserId, amount: u32) -> OpenTopUp {
        OpenTopUp {
            user_id,
            top_up_no: self.top_up_no(),
            amount: fen(amount),
            max_amount: fen(5_000_000),
            campaign: Campaign::default(),
            channel: Channel::Alipay,
            at: self.minute(1),
            expires_at: self.minute(31),
            look_at: self.minute(2),
            claim: None,
        }
    }

    /// Confirms a charge of the top-up, four minutes after the start.
    pub fn confirm_top_up_command(&self, number: &TopUpNo, attempt: &ChargeAttempt, charge: &Charge) -> ConfirmTopUp {
        ConfirmTopUp {
            route: self.route(attempt),
            top_up_no: number.clone(),
            charge: charge.clone(),
            merchant: fixtures::merchant(),
            at: self.minute(4),
            event_id: self.event_id(),
        }
    }

    /// Confirms a charge of the top-up, four minutes after the start.
    pub async fn confirm_top_up(&self, number: &TopUpNo, attempt: &ChargeAttempt, charge: &Charge) -> Confirmation {
        let command = self.confirm_top_up_command(number, attempt, charge);
        self.harness.top_ups().confirm_charge(&command, confirm_top_up).await.unwrap()
    }

    /// The wallet as it is stored.
    pub async fn wallet(&self, user_id: UserId) -> Wallet {
        self.harness.users().find_user(user_id).await.unwrap().unwrap().wallet
    }

    /// The newest hundred entries.
    pub async fn statement(&self, user_id: UserId) -> Vec<StatementLine> {
        self.harness.ledger().statement(user_id, None, 100).await.unwrap()
    }

    /// The kinds of the newest hundred entries, oldest first.
    pub async fn entry_kinds(&self, user_id: UserId) -> Vec<EntryKind> {
        self.statement(user_id).await.iter().rev().map(|line| line.kind).collect()
    }

    /// The user's events of this type.
    pub async fn events(&self, user_id: UserId, kind: &str) -> Vec<RecordedEvent> {
        self.harness.outbox(user_id).await.into_iter().filter(|event| event.kind == kind).collect()
    }

    /// Everything that a refusal must not have changed.
    pub async fn snapshot(&self, user_id: UserId) -> Snapshot {
        Snapshot {
            wallet: self.wallet(user_id).await,
            statement: self.statement(user_id).await,
            orders: self.harness.orders().list(user_id, None, 100).await.unwrap(),
            owned: self.harness.orders().owned_courses(user_id).await.unwrap(),
            purchases: self.harness.packages().list(user_id, user_id, None, 100).await.unwrap().unwrap_or_default(),
            outbox: self.harness.outbox(user_id).await,
        }
    }

    /// Every claim about money ends with this: nothing is wrong in the whole database.
    pub async fn audit(&self) {
        let report = self.harness.ledger().audit().await.unwrap();
        assert_eq!(report.breaches, Vec::new());
        assert_eq!(report.total_fen, 0);
    }
}

/// What one user has.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    wallet: Wallet,
    statement: Vec<StatementLine>,
    orders: Vec<Order>,
    owned: Vec<edupay_domain::ids::CourseId>,
    purchases: Vec<Purchase>,
    outbox: Vec<RecordedEvent>,
}

#[expect(clippy::panic, reason = "a claim fails by panicking, as a test does")]
pub(super) fn unreachable_number(number: &impl std::fmt::Display) -> ! {
    panic!("the new number {number} was answered as taken")
}

/// The refusal; anything else breaks the claim.
#[expect(clippy::panic, reason = "a claim fails by panicking, as a test does")]
pub(super) fn refusal_of<T: std::fmt::Debug, R: std::fmt::Debug>(answer: Result<T, EffectError<R>>) -> R {
    match answer {
        Err(EffectError::Refused(refusal)) => refusal,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

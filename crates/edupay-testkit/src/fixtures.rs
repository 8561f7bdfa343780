//! Builders of the things that tests are about. Each builds something right; a test changes what
//! it is about.

#![expect(clippy::unwrap_used, reason = "fixtures are test code: a text that is no id is the test's mistake")]

use crate::app_store::{signed, signed_notification};
use chrono::{DateTime, TimeDelta};
use edupay_domain::accounts::{AdjustBalance, AdjustPlan, AdjustRefusal, NewUser, PasswordHash, Profile, Role};
use edupay_domain::app_store::{
    AppStoreNotification, AppStorePrice, AppStoreTransaction, NotificationKind, Ownership, ProductType, RefundedShare,
    StoreEnvironment,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{
    AppAccountToken, CardNo, ChargeId, CourseId, EventId, GatewayOrderNo, NotificationId, OrderNo, OrderPk, PackageId,
    ProductId, ProjectId, PurchaseNo, PurchaseRecordId, SchoolId, TransactionId, UserId, Username,
};
use edupay_domain::ledger::{self, EntryKind, JournalEntry, LedgerAccount, Transfer, Wallet};
use edupay_domain::money::Money;
use edupay_domain::orders::{Order, OrderLine, OrderState, Visibility};
use edupay_domain::packages::{
    Availability, Basis, Card, Day, Holder, Package, PayeeAccounts, Project, ProjectDraft, ProjectKind, Purchase,
    PurchaseKind, PurchaseRecord, PurchaseState, Selection, Student, StudentTexts, Term, UpgradePricing,
};
use edupay_domain::payments::{
    AttemptStatus, Channel, Charge, ChargeAttempt, ChargeDocument, ChargeSubject, Merchant, Mode,
};
use edupay_domain::products::{Course, CourseStatus, NewCourse};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// 2026-01-05 02:00:00 UTC: ten o'clock in Beijing, on a Monday.
#[must_use]
pub fn monday() -> Timestamp {
    DateTime::from_timestamp(1_767_578_400, 0).unwrap()
}

/// So many minutes after another moment.
#[must_use]
pub fn minutes_after(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_add_signed(TimeDelta::minutes(minutes)).unwrap()
}

/// Whole fen.
#[must_use]
pub fn fen(fen: u32) -> Money {
    Money::from_fen_u32(fen)
}

/// Who we are at the gateway in tests.
#[must_use]
pub fn merchant() -> Merchant {
    Merchant { app_id: "app_edupay0000000000".to_owned(), mode: Mode::Test }
}

/// A member to be added, without a usable password.
#[must_use]
pub fn new_user(username: &str) -> NewUser {
    NewUser {
        username: Username::parse(username).unwrap(),
        password: PasswordHash("$none$".to_owned()),
        profile: Profile { nickname: "小雨".to_owned(), ..Profile::default() },
        role: Role::Member,
        app_account_token: app_account_token(username),
        at: monday(),
    }
}

/// A user's token for the App Store: another one for every name.
#[must_use]
pub fn app_account_token(name: &str) -> AppAccountToken {
    let half = |part: u8| u128::from(BuildHasherDefault::<DefaultHasher>::default().hash_one((part, name)));
    AppAccountToken::from_random(half(0) << 64 | half(1))
}

/// A course to be added.
#[must_use]
pub fn new_course(name: &str, price: Money) -> NewCourse {
    NewCourse { name: name.to_owned(), price, at: monday() }
}

/// An offered course.
#[must_use]
pub fn course(id: i64, price: Money) -> Course {
    Course {
        id: CourseId::try_new(id).unwrap(),
        name: format!("course {id}"),
        price,
        status: CourseStatus::Offered,
        created_at: monday(),
    }
}

/// An unpaid order of one course (id 1), made on [`monday`], payable for an hour.
#[must_use]
pub fn order(user_id: UserId, order_no: &str, amount: Money) -> Order {
    Order {
        user_id,
        order_no: OrderNo::parse(order_no).unwrap(),
        pk: OrderPk::try_new(1).unwrap(),
        lines: vec![OrderLine { course_id: CourseId::try_new(1).unwrap(), name: "course 1".to_owned(), price: amount }],
        amount,
        state: OrderState::Unpaid,
        visibility: Visibility::Visible,
        created_at: monday(),
        expires_at: minutes_after(monday(), 60),
    }
}

/// The first attempt for an order, not answered yet, through WeChat.
#[must_use]
pub fn attempt(order: &Order) -> ChargeAttempt {
    ChargeAttempt {
        user_id: order.user_id,
        gateway_order_no: GatewayOrderNo::of_order(&order.order_no),
        subject: ChargeSubject::Order(order.order_no.clone()),
        channel: Channel::Wx,
        amount: order.amount,
        status: AttemptStatus::Requested,
        charge_id: None,
        document: None,
        requested_at: order.created_at,
        expires_at: order.expires_at,
        look_at: minutes_after(order.created_at, 1),
    }
}

/// Student 10129580 of school 1, with a card and nothing else that a school may know.
#[must_use]
pub fn student() -> Student {
    Student {
        user_id: UserId::try_new(10_129_580).unwrap(),
        school_id: SchoolId::try_new(1).unwrap(),
        texts: StudentTexts { name: "陈雅诺".to_owned(), ..StudentTexts::default() },
        cards: vec![Card {
            card_no: CardNo::parse("335731330").unwrap(),
            issued_on: Day::of(monday()),
            replaced_on: None,
        }],
    }
}

/// Project 1 of school 1, for cards, one package at a time, through every channel.
#[must_use]
pub fn project() -> Project {
    Project {
        id: ProjectId::try_new(1).unwrap(),
        school_id: Some(SchoolId::try_new(1).unwrap()),
        name: "智慧校园一卡通".to_owned(),
        kind: ProjectKind::Card,
        selection: Selection::Single,
        channels: Project::DEFAULT_CHANNELS.to_vec(),
        accounts: PayeeAccounts::default(),
        description: String::new(),
        protocol_url: String::new(),
        upgrade_pricing: UpgradePricing::Difference,
        availability: Availability::Offered,
    }
}

/// A new project of this school, or of every school: for cards, one package at a time, through every channel.
#[must_use]
pub fn project_draft(school_id: Option<SchoolId>, name: &str) -> ProjectDraft {
    let project = project();
    ProjectDraft {
        id: None,
        school_id,
        name: name.to_owned(),
        kind: project.kind,
        selection: project.selection,
        channels: project.channels,
        accounts: project.accounts,
        description: project.description,
        protocol_url: project.protocol_url,
        upgrade_pricing: project.upgrade_pricing,
    }
}

/// An offered package of [`project`], for a year.
#[must_use]
pub fn package(id: i64, price: Money) -> Package {
    Package {
        id: PackageId::try_new(id).unwrap(),
        project_id: project().id,
        name: format!("package {id}"),
        price_text: format!("¥{price}元/年"),
        list_price: price,
        term: Term::try_new(12).unwrap(),
        rank: 0,
        description: String::new(),
        details: Vec::new(),
        availability: Availability::Offered,
    }
}

/// An unpaid purchase of one package for [`student`], asked for by user 1 on [`monday`], payable for an
/// hour.
#[must_use]
pub fn purchase(purchase_no: &str, package: &Package) -> Purchase {
    let purchase_no = PurchaseNo::parse(purchase_no).unwrap();
    let (student, project) = (student(), project());
    Purchase {
        user_id: student.user_id,
        buyer: UserId::try_new(1).unwrap(),
        kind: PurchaseKind::New,
        project_id: project.id,
        project_name: project.name,
        holder: Holder {
            card_no: student.card().map(|card| card.card_no.clone()),
            name: student.texts.name,
            ..Holder::default()
        },
        records: vec![PurchaseRecord {
            id: PurchaseRecordId::of(&purchase_no, 1).unwrap(),
            package_id: package.id,
            item_name: package.name.clone(),
            list_price: package.list_price,
            price: package.list_price,
            term: package.term,
            basis: Basis::New,
            period: None,
        }],
        amount: package.list_price,
        state: PurchaseState::Unpaid,
        created_at: monday(),
        expires_at: minutes_after(monday(), 60),
        purchase_no,
    }
}

/// The charge that pays an attempt, one minute after the attempt was made.
#[must_use]
pub fn paid_charge(attempt: &ChargeAttempt, id: &str) -> Charge {
    let Merchant { app_id, mode } = merchant();
    Charge {
        id: ChargeId::parse(id).unwrap(),
        gateway_order_no: attempt.gateway_order_no.clone(),
        app_id,
        mode,
        paid: true,
        reversed: false,
        amount: attempt.amount,
        amount_refunded: Money::ZERO,
        currency: "cny".to_owned(),
        channel: attempt.channel.code().to_owned(),
        paid_at: Some(minutes_after(attempt.requested_at, 1)),
        document: ChargeDocument(format!(r#"{{"id":"{id}","object":"charge"}}"#)),
    }
}

/// A purchase of one piece of a product, made on [`monday`] and signed a minute later, for 6 yuan.
#[must_use]
pub fn app_store_transaction(id: &str, product_id: &str, token: Option<AppAccountToken>) -> AppStoreTransaction {
    signed(AppStoreTransaction {
        id: TransactionId::parse(id).unwrap(),
        environment: StoreEnvironment::Production,
        product_id: ProductId::parse(product_id).unwrap(),
        product_type: ProductType::Consumable,
        quantity: 1,
        ownership: Ownership::Purchased,
        app_account_token: token,
        purchased_at: monday(),
        signed_at: minutes_after(monday(), 1),
        refunded: RefundedShare::NONE,
        price: Some(AppStorePrice { milli_units: 6_000, currency: "CNY".to_owned() }),
        signed: String::new(),
    })
}

/// A notification, signed with its transaction.
#[must_use]
pub fn app_store_notification(
    id: &str,
    kind: NotificationKind,
    transaction: Option<AppStoreTransaction>,
) -> AppStoreNotification {
    let signed_at = transaction.as_ref().map_or(minutes_after(monday(), 1), |transaction| transaction.signed_at);
    let notification = AppStoreNotification {
        id: NotificationId::parse(id).unwrap(),
        kind,
        subtype: String::new(),
        signed_at,
        transaction,
        consumption_reason: String::new(),
        signed: String::new(),
    };
    AppStoreNotification { signed: signed_notification(&notification), ..notification }
}

/// A rule for [`WalletStore::adjust_balance`](edupay_domain::accounts::WalletStore::adjust_balance)
/// that puts a user into debt, as a refund does that the balance can't give.
///
/// # Errors
/// [`AdjustRefusal::UserNotFound`], and an amount that can't be booked.
pub fn owe(command: &AdjustBalance, wallet: &Option<Wallet>) -> Result<AdjustPlan, AdjustRefusal> {
    let wallet = wallet.as_ref().ok_or(AdjustRefusal::UserNotFound)?;
    let (debit, credit) = (LedgerAccount::UserDebt, LedgerAccount::Adjustments);
    let leg = Transfer { debit, credit, amount: command.amount };
    let entry = JournalEntry::from_transfers(EntryKind::AdjustBalance, &command.reason, [leg])?;
    Ok(AdjustPlan { posted: ledger::post(wallet, entry)?, events: Vec::new() })
}

/// An event id that differs for every number.
#[must_use]
pub fn event_id(number: u32) -> EventId {
    EventId::from_random(u128::from(number) << 64)
}

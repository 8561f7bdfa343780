//! Two schools behind a running server: the first is that of seed 002.

use crate::client::{Reply, Request};
use crate::fixtures::{XIAOCHEN, XIAOYU};
use crate::service::{Fixed, Service};
use edupay_domain::accounts::{Profile, Role, Token};
use edupay_domain::event_delivery::{
    AddressPolicy, EventDelivery, EventDeliveryService, MockEventSender, MockSecretSource,
};
use edupay_domain::ids::{CardNo, ChargeId, PackageId, ProjectId, SchoolId, UserId, Username};
use edupay_domain::money::Money;
use edupay_domain::packages::{
    Detail, ImportMode, PackageDraft, PayeeAccounts, Project, ProjectDraft, ProjectKind, PutSchool, Selection,
    StudentDraft, StudentTexts, Term, UpgradePricing,
};
use edupay_http::{HttpConfig, Services, WebPath};
use edupay_testkit::gateway::Call;
use edupay_testkit::ids::SeededIds;
use edupay_testkit::platform::Platform;
use serde_json::Value;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

/// Guardian of [`CHILD`], user 1, no rights.
pub(crate) const GUARDIAN: &str = XIAOCHEN;
/// Guardian of [`OTHER_CHILD`] and [`FAR_CHILD`], user 2, no rights.
pub(crate) const OTHER_GUARDIAN: &str = XIAOYU;
/// Staff, user 3, nobody's guardian.
pub(crate) const STAFF: &str = "3333333333333333333333333333333333333333";
/// The child itself, who is a user too.
pub(crate) const CHILD_TOKEN: &str = "4444444444444444444444444444444444444444";

/// 陈雅诺.
pub(crate) const CHILD: i64 = 10_129_580;
/// Of the same school.
pub(crate) const OTHER_CHILD: i64 = 10_129_581;
/// Of another school.
pub(crate) const FAR_CHILD: i64 = 10_129_582;
/// Nobody.
pub(crate) const NOBODY: i64 = 10_129_599;

/// 158 and 188 yuan a year, one at a time.
pub(crate) const CARD_A: i64 = 10_000_001;
pub(crate) const CARD_B: i64 = 10_000_002;
/// 6 and 12 yuan, several at a time.
pub(crate) const SMS_A: i64 = 10_000_003;
pub(crate) const SMS_B: i64 = 10_000_004;
/// Of the other school.
pub(crate) const FAR_CARD: i64 = 10_000_005;

/// A running server and what lies behind it.
pub(crate) struct School {
    pub(crate) platform: Platform,
    service: Service,
}

impl School {
    pub(crate) fn open() -> Self {
        Self::open_at("")
    }

    /// The campus API below a path.
    pub(crate) fn open_at(web_path: &str) -> Self {
        let platform = Platform::new();
        now(fill(&platform));
        let config = HttpConfig {
            workers: 1,
            campus_web_path: WebPath::parse(web_path).unwrap(),
            public_url: "https://pay.example.org".to_owned(),
            ..HttpConfig::default()
        };
        let service = Service::start(config, services(&platform), Fixed(Vec::new()));
        Self { platform, service }
    }

    pub(crate) fn call(&self, request: Request) -> Reply {
        self.service.call(request)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.service.address
    }

    /// A call of the campus API.
    pub(crate) fn ask(&self, token: &str, call: &str, body: impl AsRef<[u8]>) -> Reply {
        self.call(Request::post(&format!("/api/Pay/{call}")).token(token).json(body))
    }

    /// Staff stores something.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Reply {
        self.call(Request::put(path).token(STAFF).json(body.to_string()))
    }

    /// Buys for the child; the ids of the records and of the charge.
    #[track_caller]
    pub(crate) fn buy(&self, item: i64, amount: &str, kind: u8) -> (String, ChargeId) {
        let reply = self.ask(GUARDIAN, "PayMoney", pay(CHILD, &item.to_string(), amount, kind)).expect(200).json();
        assert_eq!(reply["error"], 0, "{reply}");
        let charge = reply["data"]["chargeData"]["charge"]["id"].as_str().unwrap();
        (reply["data"]["recordIDs"].as_str().unwrap().to_owned(), ChargeId::parse(charge).unwrap())
    }

    /// How often the gateway was asked for a charge.
    pub(crate) fn charges_asked(&self) -> usize {
        self.platform.gateway.calls(Call::CreateCharge)
    }

    /// Asserts that nothing in the ledger is as it must not be.
    pub(crate) fn audit(&self) {
        now(self.platform.audit());
    }
}

/// The body of PayMoney as seed 002 writes it.
pub(crate) fn pay(user_id: i64, items: &str, amount: &str, kind: u8) -> String {
    format!(
        "{{ channel: \"wx\", subject: \"智慧校园一卡通\", body: \"套餐B-带定位功能\", amount: {amount}, \
         userID: \"{user_id}\", empName: \"陈雅诺\", itemIDs: \"{items}\", type:{kind} }}"
    )
}

/// A business failure of the campus API.
#[track_caller]
pub(crate) fn assert_refused(reply: &Reply, message: &str, code: &str) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.text(), format!("{{\"error\":1,\"message\":\"{message}\"}}"));
    assert_eq!(reply.header("X-Error-Code"), Some(code));
}

/// Runs something of the platform's to its end.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn services(platform: &Platform) -> Services {
    Services {
        accounts: platform.accounts.clone(),
        ledger: platform.ledger.clone(),
        products: platform.products.clone(),
        orders: platform.orders.clone(),
        top_ups: platform.top_ups.clone(),
        app_store: platform.app_store.clone(),
        packages: platform.packages.clone(),
        refunds: platform.refunds.clone(),
        reconciliation: platform.reconciliation.clone(),
        campus: platform.campus.clone(),
        cashier: platform.cashier.clone(),
        idempotency: platform.idempotency.clone(),
        events: events(platform),
        payments: platform.payments.clone(),
        recovery: platform.recovery.clone(),
    }
}

/// Nobody is told of anything.
fn events(platform: &Platform) -> EventDeliveryService {
    EventDeliveryService::new(EventDelivery {
        endpoints: Arc::new(platform.store.clone()),
        deliveries: Arc::new(platform.store.clone()),
        sender: Arc::new(MockEventSender::new()),
        secrets: Arc::new(MockSecretSource::new()),
        addresses: AddressPolicy::PublicOnly,
        clock: platform.clock.clone(),
        ids: Arc::new(SeededIds::default()),
    })
}

async fn fill(platform: &Platform) {
    for (token, name, role) in
        [(GUARDIAN, "guardian", Role::Member), (OTHER_GUARDIAN, "other", Role::Member), (STAFF, "staff", Role::Staff)]
    {
        let username = Username::parse(name).unwrap();
        let created = platform.accounts.create(username, "long enough".to_owned(), Profile::default(), role);
        platform.accounts.keep_token(created.await.unwrap().id, &Token::parse(token).unwrap()).await.unwrap();
    }
    for name in ["智慧小学", "另一所小学"] {
        platform.campus.put_school(PutSchool { id: None, name: name.to_owned() }).await.unwrap();
    }
    for draft in [
        project(1, 1, "智慧校园一卡通", ProjectKind::Card, Selection::Single),
        project(2, 1, "短信服务", ProjectKind::Sms, Selection::Multi),
        project(3, 2, "另一张卡", ProjectKind::Card, Selection::Single),
    ] {
        platform.campus.put_project(draft).await.unwrap();
    }
    let packages = vec![
        package(CARD_A, 1, "A套餐-不含定位", "¥158元/年", 15_800),
        package(CARD_B, 1, "B套餐-含定位", "¥188元/年", 18_800),
        package(SMS_A, 2, "到校短信", "¥6元/年", 600),
        package(SMS_B, 2, "成绩短信", "¥12元/年", 1_200),
        package(FAR_CARD, 3, "C套餐", "¥158元/年", 15_800),
    ];
    assert_eq!(platform.campus.put_packages(packages, ImportMode::Write).await.unwrap().refused, []);
    let students = vec![student(CHILD, 1, 1), student(OTHER_CHILD, 1, 2), student(FAR_CHILD, 2, 2)];
    assert_eq!(platform.campus.put_students(students, ImportMode::Write).await.unwrap().refused, []);
    let token = Token::parse(CHILD_TOKEN).unwrap();
    platform.accounts.keep_token(UserId::try_new(CHILD).unwrap(), &token).await.unwrap();
}

fn student(user_id: i64, school_id: i64, guardian: i64) -> StudentDraft {
    let seeds = user_id == CHILD;
    StudentDraft {
        user_id: UserId::try_new(user_id).unwrap(),
        school_id: SchoolId::try_new(school_id).unwrap(),
        texts: StudentTexts {
            name: if seeds { "陈雅诺" } else { "李小明" }.to_owned(),
            photo: "http://oss.zjzdy.net/APP/20170719/d7d8218421b235327690657175e6a0e5.jpg".to_owned(),
            grade_name: "一年级".to_owned(),
            class_name: "2班".to_owned(),
            mobile: "13800000000".to_owned(),
            sim: "89860000000000000001".to_owned(),
            ..StudentTexts::default()
        },
        card_no: CardNo::parse(&if seeds { "335731330".to_owned() } else { format!("9{user_id}") }).ok(),
        guardians: vec![UserId::try_new(guardian).unwrap()],
    }
}

fn project(id: i64, school_id: i64, name: &str, kind: ProjectKind, selection: Selection) -> ProjectDraft {
    ProjectDraft {
        id: ProjectId::try_new(id).ok(),
        school_id: SchoolId::try_new(school_id).ok(),
        name: name.to_owned(),
        kind,
        selection,
        channels: Project::DEFAULT_CHANNELS.to_vec(),
        accounts: PayeeAccounts::default(),
        description: String::new(),
        protocol_url: String::new(),
        upgrade_pricing: UpgradePricing::Difference,
    }
}

fn package(id: i64, project_id: i64, name: &str, price_text: &str, price: u32) -> PackageDraft {
    PackageDraft {
        id: PackageId::try_new(id).ok(),
        project_id: ProjectId::try_new(project_id).unwrap(),
        name: name.to_owned(),
        price_text: price_text.to_owned(),
        list_price: Money::from_fen_u32(price),
        term: Term::try_new(12).unwrap(),
        rank: 0,
        description: description(id).to_owned(),
        details: if project_id == 1 { details() } else { Vec::new() },
    }
}

fn description(id: i64) -> &'static str {
    match id {
        CARD_A => "包含多监护人,进出校考勤,选课走班刷卡,答题卡,语音通话功能",
        CARD_B => "包含多监护人,进出校考勤,选课走班刷卡,答题卡,语音通话,学生定位功能",
        _ => "",
    }
}

fn details() -> Vec<Detail> {
    let rows = [
        ("att", "进出校考勤", "每天上学到校、放学离校,都有及时的消息通知"),
        ("clsAtt", "教室考勤/选修课考勤", "进出教室,选修课到课,近距离刷卡签到"),
        ("FamilyPhone", "校园情亲电话(壁挂式)", "校园内亲情电话,与家长及时联系沟通"),
        ("Answers", "答题器功能", "课堂答题,参与课堂互动"),
    ];
    let detail = |(icon, title, content): (&str, &str, &str)| Detail {
        icon: format!("http://oss.zjzdy.net/APP/{icon}.png"),
        title: title.to_owned(),
        content: content.to_owned(),
    };
    rows.map(detail).into()
}

//! The school of the demo: the student, the card and the packages of seed 002.

use crate::error::{Context, Failure};
use edupay_domain::ids::{CardNo, PackageId, ProjectId, SchoolId, UserId};
use edupay_domain::money::Money;
use edupay_domain::packages::{
    CampusService, Detail, ImportMode, PackageDraft, PayeeAccounts, Project, ProjectDraft, ProjectKind, PutSchool,
    Selection, StudentDraft, StudentTexts, Term, UpgradePricing,
};
use edupay_http::Services;

const SCHOOL: &str = "智慧小学";
const PHOTO: &str = "http://oss.zjzdy.net/APP/20170719/d7d8218421b235327690657175e6a0e5.jpg";
/// Id, name, card, class.
const STUDENTS: [(i64, &str, &str, &str); 2] =
    [(10_129_580, "陈雅诺", "335731330", "1班"), (10_129_581, "林小满", "335731331", "2班")];
const YEAR: u32 = 12;

/// Whether a purchase is of one package or of several, and what is sold.
struct Sold {
    name: &'static str,
    kind: ProjectKind,
    selection: Selection,
    packages: &'static [Offer],
}

/// A package: id, name, price as people read it, price in fen, description.
type Offer = (i64, &'static str, &'static str, u32, &'static str);

const CARD: Sold = Sold {
    name: "智慧校园一卡通",
    kind: ProjectKind::Card,
    selection: Selection::Single,
    packages: &[
        (10_000_001, "A套餐-不含定位", "¥158元/年", 15_800, "包含多监护人,进出校考勤,选课走班刷卡,答题卡,语音通话功能"),
        (
            10_000_002,
            "B套餐-含定位",
            "¥188元/年",
            18_800,
            "包含多监护人,进出校考勤,选课走班刷卡,答题卡,语音通话,学生定位功能",
        ),
    ],
};
const SMS: Sold = Sold {
    name: "短信服务",
    kind: ProjectKind::Sms,
    selection: Selection::Multi,
    packages: &[
        (10_000_003, "到校离校短信", "¥24元/年", 2_400, "孩子到校、离校时给家长发短信"),
        (10_000_004, "成绩作业短信", "¥36元/年", 3_600, "成绩和作业以短信通知家长"),
    ],
};
/// What both card packages have: picture, title, content.
const DETAILS: [(&str, &str, &str); 4] = [
    ("att", "进出校考勤", "每天上学到校、放学离校,都有及时的消息通知"),
    ("clsAtt", "教室考勤/选修课考勤", "进出教室,选修课到课,近距离刷卡签到"),
    ("FamilyPhone", "校园情亲电话(壁挂式)", "校园内亲情电话,与家长及时联系沟通"),
    ("Answers", "答题器功能", "课堂答题,参与课堂互动"),
];

/// Fills an empty database; the first student is bound to the first guardian, the second to the second.
pub(crate) async fn fill(services: &Services, first: UserId, second: UserId) -> Result<(), Failure> {
    let campus = &services.campus;
    let school = campus.put_school(PutSchool { id: None, name: SCHOOL.to_owned() }).await.context("demo data")?;
    for sold in [&CARD, &SMS] {
        sell(campus, school.id, sold).await?;
    }
    let drafts =
        STUDENTS.iter().zip([first, second]).map(|(student, guardian)| student_of(school.id, student, guardian));
    let rows = campus.put_students(drafts.collect::<Result<_, _>>()?, ImportMode::Write).await.context("demo data")?;
    rows.refused.into_iter().next().map_or(Ok(()), |row| Err(Failure::caused("demo data", row.refusal)))
}

async fn sell(campus: &CampusService, school_id: SchoolId, sold: &Sold) -> Result<(), Failure> {
    let project = campus.put_project(ProjectDraft {
        id: None,
        school_id: Some(school_id),
        name: sold.name.to_owned(),
        kind: sold.kind,
        selection: sold.selection,
        channels: Project::DEFAULT_CHANNELS.to_vec(),
        accounts: PayeeAccounts::default(),
        description: String::new(),
        protocol_url: String::new(),
        upgrade_pricing: UpgradePricing::Difference,
    });
    let id = project.await.context("demo data")?.id;
    let drafts = sold.packages.iter().map(|offer| package(id, sold.kind, offer));
    let rows = campus.put_packages(drafts.collect::<Result<_, _>>()?, ImportMode::Write).await.context("demo data")?;
    rows.refused.into_iter().next().map_or(Ok(()), |row| Err(Failure::caused("demo data", row.refusal)))
}

fn package(project_id: ProjectId, kind: ProjectKind, offer: &Offer) -> Result<PackageDraft, Failure> {
    let (id, name, price_text, fen, description) = *offer;
    let detail = |(icon, title, content): (&str, &str, &str)| Detail {
        icon: format!("http://oss.zjzdy.net/APP/{icon}.png"),
        title: title.to_owned(),
        content: content.to_owned(),
    };
    Ok(PackageDraft {
        id: Some(PackageId::try_new(id).context("demo data")?),
        project_id,
        name: name.to_owned(),
        price_text: price_text.to_owned(),
        list_price: Money::from_fen_u32(fen),
        term: Term::try_new(YEAR).context("demo data")?,
        rank: 0,
        description: description.to_owned(),
        details: if kind == ProjectKind::Card { DETAILS.map(detail).into() } else { Vec::new() },
    })
}

fn student_of(
    school_id: SchoolId,
    &(id, name, card_no, class_name): &(i64, &str, &str, &str),
    guardian: UserId,
) -> Result<StudentDraft, Failure> {
    Ok(StudentDraft {
        user_id: UserId::try_new(id).context("demo data")?,
        school_id,
        texts: StudentTexts {
            name: name.to_owned(),
            photo: PHOTO.to_owned(),
            grade_name: "一年级".to_owned(),
            class_name: class_name.to_owned(),
            mobile: "13800138000".to_owned(),
            ..StudentTexts::default()
        },
        card_no: Some(CardNo::parse(card_no).context("demo data")?),
        guardians: vec![guardian],
    })
}

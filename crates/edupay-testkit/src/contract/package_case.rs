//! A school of its own for a claim about packages.

use super::case::unreachable_number;
use super::{Case, StoreHarness};
use crate::fixtures::{self, fen};
use chrono::TimeDelta;
use edupay_domain::accounts::PasswordHash;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{CardNo, GatewayOrderNo, PackageId, PurchaseNo, SchoolId, UserId};
use edupay_domain::packages::{
    Availability, BindGuardian, ClosePurchase, ConfirmPurchaseCharge, Detail, ImportMode, Package, PackageDraft,
    PlacePlan, PlacePurchase, PlacedPurchase, Project, ProjectDraft, ProjectKind, Purchase, PurchaseKind,
    PurchaseQuery, PutPackages, PutProject, PutSchool, PutStudents, School, Selection, ServicePeriod, StudentDraft,
    StudentTexts, Term, confirm_purchase_charge, place_purchase, put_packages, put_project, put_students,
};
use edupay_domain::payments::{Channel, Charge, ChargeAttempt, Confirmation, OpenCharge, OpenChargePlan};

/// A school with one project, a student and a guardian.
#[derive(Debug, Clone)]
pub struct Campus {
    /// The school.
    pub school: School,
    /// A project of the school's, for cards.
    pub project: Project,
    /// Its packages, each dearer than the one before: 100, 190 and 333 fen for a year.
    pub packages: Vec<Package>,
    /// A student of the school, with a card.
    pub student: UserId,
    /// Who may act for the student.
    pub guardian: UserId,
}

/// A purchase with its attempt.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The purchase.
    pub purchase: Purchase,
    /// The attempt.
    pub attempt: ChargeAttempt,
}

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// A user id that nobody has and that no store draws soon.
    pub fn student_id(&self) -> UserId {
        let number = format!("1{:09}{:06}", self.mark % 1_000_000_000, self.draw() % 1_000_000);
        UserId::try_new(number.parse().unwrap()).unwrap()
    }

    /// A card number that nobody has.
    pub fn card_no(&self) -> CardNo {
        CardNo::parse(&self.unique("card")).unwrap()
    }

    /// A new purchase number.
    pub fn purchase_no(&self) -> PurchaseNo {
        PurchaseNo::parse(&self.digits(4)).unwrap()
    }

    /// A new school.
    pub async fn school(&self) -> School {
        let school = PutSchool { id: None, name: self.unique("学校 ") };
        self.harness().campus().put_school(&school).await.unwrap()
    }

    /// A student of the school, with a card and no guardian.
    pub fn student_draft(&self, school_id: SchoolId) -> StudentDraft {
        StudentDraft {
            user_id: self.student_id(),
            school_id,
            texts: StudentTexts {
                name: "陈雅诺".to_owned(),
                photo: "http://oss.example.com/APP/photo.jpg".to_owned(),
                grade_name: "一年级".to_owned(),
                class_name: "2 班".to_owned(),
                mobile: "13800000000".to_owned(),
                imei: "860000000000001".to_owned(),
                sim: "8986000000000000001".to_owned(),
            },
            card_no: Some(self.card_no()),
            guardians: Vec::new(),
        }
    }

    /// Stores students at the start.
    pub fn students_command(&self, rows: Vec<StudentDraft>, mode: ImportMode) -> PutStudents {
        let password = PasswordHash("$none$".to_owned());
        PutStudents { rows, mode, password, app_account_token: self.app_account_token(), at: self.start() }
    }

    /// A stored student of the school.
    pub async fn student(&self, school_id: SchoolId) -> UserId {
        let draft = self.student_draft(school_id);
        let user_id = draft.user_id;
        let command = self.students_command(vec![draft], ImportMode::Write);
        let put = self.harness().campus().put_students(&command, put_students).await.unwrap();
        assert_eq!(put.refused, Vec::new());
        user_id
    }

    /// A project for cards of the school.
    pub fn project_draft(&self, school_id: SchoolId) -> ProjectDraft {
        fixtures::project_draft(Some(school_id), &self.unique("一卡通 "))
    }

    /// A stored project.
    pub async fn project(&self, draft: ProjectDraft) -> Project {
        self.harness().catalogue().put_project(&PutProject { draft }, put_project).await.unwrap()
    }

    /// A package of the project, for a year.
    pub fn package_draft(&self, project: &Project, price: u32) -> PackageDraft {
        PackageDraft {
            id: None,
            project_id: project.id,
            name: self.unique("套餐 "),
            price_text: "¥158元/年".to_owned(),
            list_price: fen(price),
            term: Term::try_new(12).unwrap(),
            rank: 0,
            description: "包含多监护人,进出校考勤".to_owned(),
            details: vec![Detail {
                icon: "http://oss.example.com/APP/att.png".to_owned(),
                title: "进出校考勤".to_owned(),
                content: "每天上学到校、放学离校,都有及时的消息通知".to_owned(),
            }],
        }
    }

    /// Stores packages of at most 50,000 yuan.
    pub fn packages_command(&self, rows: Vec<PackageDraft>, mode: ImportMode) -> PutPackages {
        PutPackages { rows, max_price: fen(5_000_000), mode }
    }

    /// Stored packages.
    pub async fn put_packages(&self, rows: Vec<PackageDraft>) -> Vec<Package> {
        let command = self.packages_command(rows, ImportMode::Write);
        let put = self.harness().catalogue().put_packages(&command, put_packages).await.unwrap();
        assert_eq!(put.refused, Vec::new());
        put.taken
    }

    /// A school of its own, where one package is chosen at a time.
    pub async fn campus(&self) -> Campus {
        self.campus_of(Selection::Single).await
    }

    /// A school of its own.
    pub async fn campus_of(&self, selection: Selection) -> Campus {
        let school = self.school().await;
        let project = self.project(ProjectDraft { selection, ..self.project_draft(school.id) }).await;
        let packages =
            self.put_packages([100, 190, 333].map(|price| self.package_draft(&project, price)).to_vec()).await;
        let (student, guardian) = (self.student(school.id).await, self.user().await.id);
        let binding = BindGuardian { guardian, user_id: student, at: self.start() };
        self.harness().campus().bind_guardian(&binding).await.unwrap();
        Campus { school, project, packages, student, guardian }
    }

    /// The guardian buys, one minute after the start, through WeChat; payable for an hour.
    pub fn place_command(&self, campus: &Campus, kind: PurchaseKind, packages: &[usize]) -> PlacePurchase {
        self.place_command_at(campus, kind, packages, self.minute(1))
    }

    /// The guardian buys at a moment.
    pub fn place_command_at(
        &self,
        campus: &Campus,
        kind: PurchaseKind,
        packages: &[usize],
        at: Timestamp,
    ) -> PlacePurchase {
        let id = |index: &usize| campus.packages.get(*index).map(|package| package.id).unwrap();
        PlacePurchase {
            buyer: campus.guardian,
            user_id: campus.student,
            purchase_no: self.purchase_no(),
            kind,
            package_ids: packages.iter().map(id).collect::<Vec<PackageId>>(),
            claimed: None,
            charge: OpenCharge::new(Channel::Wx, self.attempt_no(), at, TimeDelta::minutes(30)),
            expires_at: fixtures::minutes_after(at, 60),
            claim: None,
        }
    }

    /// The plan that was stored.
    pub async fn planned_purchase(&self, command: &PlacePurchase) -> PlacePlan {
        match self.harness().packages().place(command, place_purchase).await.unwrap() {
            PlacedPurchase::Planned(plan) => plan,
            PlacedPurchase::NumberTaken => unreachable_number(&command.purchase_no),
        }
    }

    /// A purchase with an attempt, new or found.
    pub async fn placed(&self, command: &PlacePurchase) -> Placed {
        let (purchase, plan) = self.planned_purchase(command).await.into_parts();
        let attempt = match plan {
            OpenChargePlan::Open(attempt) | OpenChargePlan::AskAgain(attempt) | OpenChargePlan::Reuse(attempt) => {
                attempt
            }
        };
        Placed { purchase, attempt }
    }

    /// A purchase of these packages.
    pub async fn place(&self, campus: &Campus, kind: PurchaseKind, packages: &[usize]) -> Placed {
        self.placed(&self.place_command(campus, kind, packages)).await
    }

    /// Confirms a charge three minutes after its attempt was made.
    pub fn confirm_purchase_command(&self, placed: &Placed, charge: &Charge) -> ConfirmPurchaseCharge {
        ConfirmPurchaseCharge {
            route: self.route(&placed.attempt),
            purchase_no: placed.purchase.purchase_no.clone(),
            charge: charge.clone(),
            merchant: fixtures::merchant(),
            at: fixtures::minutes_after(placed.attempt.requested_at, 3),
            event_id: self.event_id(),
        }
    }

    /// Confirms a charge three minutes after its attempt was made.
    pub async fn confirm_purchase(&self, placed: &Placed, charge: &Charge) -> Confirmation {
        let command = self.confirm_purchase_command(placed, charge);
        self.harness().packages().confirm_charge(&command, confirm_purchase_charge).await.unwrap()
    }

    /// Pays with a new charge.
    pub async fn pay_purchase(&self, placed: &Placed) -> Confirmation {
        self.confirm_purchase(placed, &self.charge(&placed.attempt)).await
    }

    /// The purchase as it is stored.
    pub async fn stored_purchase(&self, purchase: &Purchase) -> Purchase {
        let number = GatewayOrderNo::of_purchase(&purchase.purchase_no);
        let user_id = purchase.user_id;
        let found = self.harness().packages().find(user_id, user_id, &PurchaseQuery::Number(number)).await.unwrap();
        found.unwrap().into_iter().next().unwrap()
    }

    /// The student's periods of projects for cards, by their first days, then by record.
    pub async fn periods(&self, user_id: UserId) -> Vec<ServicePeriod> {
        let offer = self.harness().packages().offer(user_id, user_id, ProjectKind::Card).await.unwrap();
        let mut periods = offer.unwrap().periods;
        periods.sort_by(|one, other| (one.period, &one.record_id).cmp(&(other.period, &other.record_id)));
        periods
    }

    /// Closes at the moment the purchase's time runs out.
    pub fn close_purchase_command(&self, purchase: &Purchase) -> ClosePurchase {
        let (user_id, purchase_no) = (purchase.user_id, purchase.purchase_no.clone());
        ClosePurchase { user_id, purchase_no, at: purchase.expires_at, event_id: self.event_id() }
    }

    /// Withdraws a package.
    pub async fn withdraw(&self, id: PackageId, since: Timestamp) -> Package {
        let withdrawn = Availability::Withdrawn { since };
        self.harness().catalogue().set_package_availability(id, withdrawn).await.unwrap()
    }
}

//! `edupay student …`.

use super::accounts::tool;
use super::import::{self, Import, Importer, Refused};
use super::{export, say};
use crate::error::{Context, Failure};
use crate::settings::Overrides;
use clap::{Args, Subcommand};
use edupay_domain::ids::{CardNo, SchoolId, UserId};
use edupay_domain::packages::{
    CampusRefusal, CampusService, ImportMode, RefusedRow, RowError, STUDENT_FIELDS, Student, StudentDraft,
    StudentTexts, parse_student_row, student_row,
};
use serde_json::{Value, json};
use std::process::ExitCode;

/// How many rows are read at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum StudentCommand {
    /// Adds a student, with a user of this id where there is none
    Create(CreateStudent),
    /// Changes what is named, and leaves the rest
    Edit(EditStudent),
    /// Shows a student with guardians
    Show { user_id: i64 },
    /// Gives a student another card; the one before stays in the history
    Card { user_id: i64, card_no: String },
    /// Lets a user act for a student
    Bind { user_id: i64, guardian_id: i64 },
    /// From now on the user may not act for the student
    Unbind { user_id: i64, guardian_id: i64 },
    /// Lists students, one JSON object a line
    List {
        /// Only those of this school
        #[arg(long, value_name = "SCHOOL_ID")]
        school: Option<i64>,
    },
    /// Stores the students of a CSV file and names every bad row, one JSON object a line
    Import(Import),
    /// Writes students as a CSV file that `import` reads
    Export {
        /// Only those of this school
        #[arg(long, value_name = "SCHOOL_ID")]
        school: Option<i64>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateStudent {
    user_id: i64,
    name: String,
    /// Of which school
    #[arg(long, value_name = "SCHOOL_ID")]
    school: i64,
    /// Who may act for the student; once for each
    #[arg(long = "guardian", value_name = "USER_ID")]
    guardians: Vec<i64>,
    #[arg(long)]
    card_no: Option<String>,
    #[command(flatten)]
    texts: Texts,
}

#[derive(Debug, Args)]
pub(crate) struct EditStudent {
    user_id: i64,
    #[arg(long)]
    name: Option<String>,
    #[arg(long, value_name = "SCHOOL_ID")]
    school: Option<i64>,
    #[command(flatten)]
    texts: Texts,
}

#[derive(Debug, Args)]
struct Texts {
    /// The address of a picture
    #[arg(long)]
    photo: Option<String>,
    #[arg(long)]
    grade_name: Option<String>,
    #[arg(long)]
    class_name: Option<String>,
    /// The phone number that SMS packages are for
    #[arg(long)]
    mobile: Option<String>,
    /// The number of the device in the card
    #[arg(long)]
    imei: Option<String>,
    /// The number of the SIM in the card
    #[arg(long)]
    sim: Option<String>,
}

pub(super) async fn run(overrides: &Overrides, command: StudentCommand) -> Result<ExitCode, Failure> {
    let (_, services) = tool(overrides).await?;
    let campus = &services.campus;
    let user = |id| UserId::try_new(id).context("user_id");
    let school = |id: Option<i64>| id.map(SchoolId::try_new).transpose().context("school");
    match command {
        StudentCommand::Create(new) => say(put(campus, new.draft()?).await?),
        StudentCommand::Edit(edit) => {
            let student = find(campus, user(edit.user_id)?).await?;
            say(put(campus, edit.draft(student)?).await?);
        }
        StudentCommand::Show { user_id } => {
            let student = find(campus, user(user_id)?).await?;
            say(with_guardians(campus, &student).await?);
        }
        StudentCommand::Card { user_id, card_no } => {
            let card_no = CardNo::parse(&card_no).context("card_no")?;
            say(view(&campus.replace_card(user(user_id)?, card_no).await.context("student card")?));
        }
        StudentCommand::Bind { user_id, guardian_id } => {
            campus.bind_guardian(user(guardian_id)?, user(user_id)?).await.context("student bind")?;
            say(with_guardians(campus, &find(campus, user(user_id)?).await?).await?);
        }
        StudentCommand::Unbind { user_id, guardian_id } => {
            campus.unbind_guardian(user(guardian_id)?, user(user_id)?).await.context("student unbind")?;
            say(with_guardians(campus, &find(campus, user(user_id)?).await?).await?);
        }
        StudentCommand::List { school: of } => {
            each(campus, school(of)?, async |student| {
                say(view(&student));
                Ok(())
            })
            .await?;
        }
        StudentCommand::Import(arguments) => return import::run(&Students(campus), &arguments).await,
        StudentCommand::Export { school: of } => {
            let mut table = export::Table::new(&STUDENT_FIELDS)?;
            each(campus, school(of)?, async |student| {
                let guardians = campus.guardians(student.user_id).await.context("student export")?;
                table.row(student_row(&student, &guardians))
            })
            .await?;
            table.finish()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn each(
    campus: &CampusService,
    school_id: Option<SchoolId>,
    mut work: impl AsyncFnMut(Student) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut above = 0;
    loop {
        let students = campus.list_students(school_id, above, PAGE).await.context("student list")?;
        let Some(last) = students.last().map(|student| student.user_id.get()) else { return Ok(()) };
        above = last;
        for student in students {
            work(student).await?;
        }
    }
}

async fn put(campus: &CampusService, draft: StudentDraft) -> Result<Value, Failure> {
    let rows = campus.put_students(vec![draft], ImportMode::Write).await.context("student")?;
    if let Some(row) = rows.refused.into_iter().next() {
        return Err(Failure::caused("student", row.refusal));
    }
    Ok(rows.taken.first().map(view).unwrap_or_default())
}

async fn find(campus: &CampusService, id: UserId) -> Result<Student, Failure> {
    let found = campus.find_student(id).await.context("student")?;
    found.ok_or_else(|| Failure::new(format!("there is no student {id}")))
}

impl CreateStudent {
    fn draft(self) -> Result<StudentDraft, Failure> {
        let texts = StudentTexts { name: self.name, ..StudentTexts::default() };
        Ok(StudentDraft {
            user_id: UserId::choose(self.user_id).context("user_id")?,
            school_id: SchoolId::try_new(self.school).context("school")?,
            texts: self.texts.over(texts),
            card_no: self.card_no.map(|text| CardNo::parse(&text)).transpose().context("card_no")?,
            guardians: self.guardians.into_iter().map(UserId::try_new).collect::<Result<_, _>>().context("guardian")?,
        })
    }
}

impl EditStudent {
    fn draft(self, student: Student) -> Result<StudentDraft, Failure> {
        let mut texts = self.texts.over(student.texts);
        texts.name = self.name.unwrap_or(texts.name);
        Ok(StudentDraft {
            user_id: student.user_id,
            school_id: self.school.map_or(Ok(student.school_id), SchoolId::try_new).context("school")?,
            texts,
            card_no: None,
            guardians: Vec::new(),
        })
    }
}

impl Texts {
    /// The texts with what was named.
    fn over(self, texts: StudentTexts) -> StudentTexts {
        StudentTexts {
            name: texts.name,
            photo: self.photo.unwrap_or(texts.photo),
            grade_name: self.grade_name.unwrap_or(texts.grade_name),
            class_name: self.class_name.unwrap_or(texts.class_name),
            mobile: self.mobile.unwrap_or(texts.mobile),
            imei: self.imei.unwrap_or(texts.imei),
            sim: self.sim.unwrap_or(texts.sim),
        }
    }
}

/// Students of a file.
struct Students<'a>(&'a CampusService);

impl Importer for Students<'_> {
    type Draft = StudentDraft;
    const FIELDS: &'static [&'static str] = &STUDENT_FIELDS;

    fn parse(&self, fields: &[(&str, &str)]) -> Result<StudentDraft, Vec<RowError>> {
        parse_student_row(fields)
    }

    fn keys(&self, draft: &StudentDraft) -> Vec<(&'static str, String)> {
        let card = draft.card_no.as_ref().map(|card_no| ("card_no", card_no.to_string()));
        [("user_id", draft.user_id.to_string())].into_iter().chain(card).collect()
    }

    async fn put(&self, rows: Vec<StudentDraft>, mode: ImportMode) -> Result<Vec<Refused>, Failure> {
        let rows = self.0.put_students(rows, mode).await.context("student import")?;
        let refused = |row: RefusedRow<CampusRefusal>| Refused {
            row: row.row,
            field: match row.refusal {
                CampusRefusal::SchoolNotFound => "school_id",
                CampusRefusal::GuardianNotFound(_) | CampusRefusal::OwnGuardian => "guardians",
                CampusRefusal::CardTaken => "card_no",
                CampusRefusal::BadText(field) => field,
                _ => "user_id",
            },
            reason: row.refusal.code(),
        };
        Ok(rows.refused.into_iter().map(refused).collect())
    }
}

async fn with_guardians(campus: &CampusService, student: &Student) -> Result<Value, Failure> {
    let guardians = campus.guardians(student.user_id).await.context("student")?;
    let mut view = view(student);
    if let Some(fields) = view.as_object_mut() {
        let ids: Vec<_> = guardians.into_iter().map(UserId::get).collect();
        fields.insert("guardians".to_owned(), json!(ids));
    }
    Ok(view)
}

fn view(student: &Student) -> Value {
    let texts = &student.texts;
    json!({
        "user_id": student.user_id.get(),
        "school_id": student.school_id.get(),
        "name": texts.name,
        "photo": texts.photo,
        "grade_name": texts.grade_name,
        "class_name": texts.class_name,
        "mobile": texts.mobile,
        "imei": texts.imei,
        "sim": texts.sim,
        "card_no": student.card().map(|card| card.card_no.as_str()),
    })
}

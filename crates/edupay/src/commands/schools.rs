//! `edupay school …` and `edupay project …`.

use super::accounts::tool;
use super::say;
use crate::error::{Context, Failure};
use crate::settings::Overrides;
use clap::{Args, Subcommand, ValueEnum};
use edupay_domain::ids::{ProjectId, SchoolId};
use edupay_domain::packages::{
    CampusService, PayeeAccounts, Project, ProjectDraft, ProjectKind, PutSchool, School, Selection, UpgradePricing,
};
use edupay_domain::payments::Channel;
use serde_json::{Value, json};

/// How many rows are read at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum SchoolCommand {
    /// Adds a school
    Create { name: String },
    /// Names a school anew; an id that nobody has makes a school of this id
    Edit { school_id: i64, name: String },
    /// Lists schools, one JSON object a line
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Adds a project: what packages are sold of
    Create(CreateProject),
    /// Changes what is named, and leaves the rest
    Edit(EditProject),
    /// Withdraws a project with all its packages; what is paid for them later goes back
    Withdraw { project_id: i64 },
    /// Offers a project again
    Offer { project_id: i64 },
    /// Lists projects, one JSON object a line
    List,
}

#[derive(Debug, Args)]
pub(crate) struct CreateProject {
    name: String,
    /// What it is for
    #[arg(long, value_enum)]
    kind: KindName,
    /// Whose; left out, it is every school's
    #[arg(long, value_name = "SCHOOL_ID")]
    school: Option<i64>,
    /// Several packages may be bought at once
    #[arg(long)]
    multi: bool,
    #[command(flatten)]
    texts: ProjectTexts,
}

#[derive(Debug, Args)]
pub(crate) struct EditProject {
    project_id: i64,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    texts: ProjectTexts,
}

#[derive(Debug, Args)]
struct ProjectTexts {
    /// Through which channels it can be paid, comma-joined; all of them if nothing is said
    #[arg(long, value_delimiter = ',')]
    channels: Option<Vec<String>>,
    #[arg(long)]
    description: Option<String>,
    /// The address of the terms of use
    #[arg(long)]
    protocol_url: Option<String>,
    #[arg(long)]
    wx_account: Option<String>,
    #[arg(long)]
    alipay_account: Option<String>,
    #[arg(long)]
    union_pay_account: Option<String>,
    /// What an upgrade within the term costs
    #[arg(long, value_enum)]
    upgrade_pricing: Option<PricingName>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindName {
    Card,
    Sms,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PricingName {
    /// The difference of the list prices
    Difference,
    /// That difference for the days that are left
    Prorated,
}

pub(super) async fn school(overrides: &Overrides, command: SchoolCommand) -> Result<(), Failure> {
    let (_, services) = tool(overrides).await?;
    let put = async |id, name| services.campus.put_school(PutSchool { id, name }).await.context("school");
    match command {
        SchoolCommand::Create { name } => say(school_view(&put(None, name).await?)),
        SchoolCommand::Edit { school_id, name } => {
            let id = SchoolId::choose(school_id).context("school_id")?;
            say(school_view(&put(Some(id), name).await?));
        }
        SchoolCommand::List => {
            let mut above = 0;
            loop {
                let schools = services.campus.list_schools(above, PAGE).await.context("school list")?;
                let Some(last) = schools.last().map(|school| school.id.get()) else { return Ok(()) };
                above = last;
                schools.iter().for_each(|school| say(school_view(school)));
            }
        }
    }
    Ok(())
}

pub(super) async fn project(overrides: &Overrides, command: ProjectCommand) -> Result<(), Failure> {
    let (_, services) = tool(overrides).await?;
    let campus = &services.campus;
    let id = |id| ProjectId::try_new(id).context("project_id");
    match command {
        ProjectCommand::Create(new) => say(put(campus, new.draft()?).await?),
        ProjectCommand::Edit(edit) => {
            let project = find(campus, id(edit.project_id)?).await?;
            say(put(campus, edit.draft(project)?).await?);
        }
        ProjectCommand::Withdraw { project_id } => {
            say(project_view(&campus.withdraw_project(id(project_id)?).await.context("project")?));
        }
        ProjectCommand::Offer { project_id } => {
            say(project_view(&campus.offer_project(id(project_id)?).await.context("project")?));
        }
        ProjectCommand::List => {
            let mut above = 0;
            loop {
                let projects = campus.list_projects(above, PAGE).await.context("project list")?;
                let Some(last) = projects.last().map(|project| project.id.get()) else { return Ok(()) };
                above = last;
                projects.iter().for_each(|project| say(project_view(project)));
            }
        }
    }
    Ok(())
}

async fn put(campus: &CampusService, draft: ProjectDraft) -> Result<Value, Failure> {
    Ok(project_view(&campus.put_project(draft).await.context("project")?))
}

async fn find(campus: &CampusService, id: ProjectId) -> Result<Project, Failure> {
    let next = campus.list_projects(id.get().saturating_sub(1), 1).await.context("project")?;
    let found = next.into_iter().find(|project| project.id == id);
    found.ok_or_else(|| Failure::new(format!("there is no project {id}")))
}

impl CreateProject {
    fn draft(self) -> Result<ProjectDraft, Failure> {
        let school_id = self.school.map(SchoolId::try_new).transpose().context("school")?;
        let kind = match self.kind {
            KindName::Card => ProjectKind::Card,
            KindName::Sms => ProjectKind::Sms,
        };
        let selection = if self.multi { Selection::Multi } else { Selection::Single };
        self.texts.over(ProjectDraft {
            id: None,
            school_id,
            name: self.name,
            kind,
            selection,
            channels: Project::DEFAULT_CHANNELS.to_vec(),
            accounts: PayeeAccounts::default(),
            description: String::new(),
            protocol_url: String::new(),
            upgrade_pricing: UpgradePricing::Difference,
        })
    }
}

impl EditProject {
    fn draft(self, project: Project) -> Result<ProjectDraft, Failure> {
        self.texts.over(ProjectDraft {
            id: Some(project.id),
            school_id: project.school_id,
            name: self.name.unwrap_or(project.name),
            kind: project.kind,
            selection: project.selection,
            channels: project.channels,
            accounts: project.accounts,
            description: project.description,
            protocol_url: project.protocol_url,
            upgrade_pricing: project.upgrade_pricing,
        })
    }
}

impl ProjectTexts {
    /// The draft with what was named.
    fn over(self, draft: ProjectDraft) -> Result<ProjectDraft, Failure> {
        let channel =
            |name: &String| Channel::parse(name).ok_or_else(|| Failure::new(format!("there is no channel {name}")));
        let channels =
            self.channels.map(|names| names.iter().map(channel).collect::<Result<Vec<_>, _>>()).transpose()?;
        let accounts = PayeeAccounts {
            wx: self.wx_account.unwrap_or(draft.accounts.wx),
            alipay: self.alipay_account.unwrap_or(draft.accounts.alipay),
            union_pay: self.union_pay_account.unwrap_or(draft.accounts.union_pay),
        };
        Ok(ProjectDraft {
            channels: channels.unwrap_or(draft.channels),
            accounts,
            description: self.description.unwrap_or(draft.description),
            protocol_url: self.protocol_url.unwrap_or(draft.protocol_url),
            upgrade_pricing: match self.upgrade_pricing {
                None => draft.upgrade_pricing,
                Some(PricingName::Difference) => UpgradePricing::Difference,
                Some(PricingName::Prorated) => UpgradePricing::Prorated,
            },
            ..draft
        })
    }
}

fn school_view(school: &School) -> Value {
    json!({ "school_id": school.id.get(), "name": school.name })
}

fn project_view(project: &Project) -> Value {
    json!({
        "project_id": project.id.get(),
        "school_id": project.school_id.map(SchoolId::get),
        "name": project.name,
        "kind": project.kind.code(),
        "selection": project.selection.code(),
        "channels": project.channels.iter().map(|channel| channel.code()).collect::<Vec<_>>(),
        "wx_account": project.accounts.wx,
        "alipay_account": project.accounts.alipay,
        "union_pay_account": project.accounts.union_pay,
        "description": project.description,
        "protocol_url": project.protocol_url,
        "upgrade_pricing": project.upgrade_pricing.code(),
        "status": project.availability.code(),
    })
}

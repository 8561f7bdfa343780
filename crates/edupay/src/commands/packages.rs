//! `edupay package …`.

use super::accounts::tool;
use super::import::{self, Import, Importer, Refused};
use super::{export, say};
use crate::error::{Context, Failure};
use crate::prices;
use crate::settings::Overrides;
use clap::{Args, Subcommand};
use edupay_domain::ids::{PackageId, ProjectId};
use edupay_domain::money::Money;
use edupay_domain::packages::{
    CampusService, CatalogueRefusal, Detail, ImportMode, PACKAGE_FIELDS, Package, PackageDraft, RowError, Term,
    package_row, parse_package_row,
};
use serde_json::{Value, json};
use std::process::ExitCode;

/// How many rows are read at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum PackageCommand {
    /// Adds a package; the price is yuan for the whole term, such as 158.00
    Create(CreatePackage),
    /// Changes what is named, and leaves the rest; a new price touches no purchase that was made before
    Edit(EditPackage),
    /// Withdraws a package; what is paid for it later goes back
    Withdraw { package_id: i64 },
    /// Offers a package again
    Offer { package_id: i64 },
    /// Lists packages, withdrawn ones too, one JSON object a line
    List {
        /// Only those of this project
        #[arg(long, value_name = "PROJECT_ID")]
        project: Option<i64>,
    },
    /// Stores the packages of a CSV file and names every bad row, one JSON object a line
    Import(Import),
    /// Writes packages as a CSV file that `import` reads
    Export {
        /// Only those of this project
        #[arg(long, value_name = "PROJECT_ID")]
        project: Option<i64>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreatePackage {
    name: String,
    price: String,
    /// Of which project
    #[arg(long, value_name = "PROJECT_ID")]
    project: i64,
    /// For how many calendar months it is bought
    #[arg(long, default_value = "12")]
    months: u32,
    /// Which id; the next one if nothing is said
    #[arg(long, value_name = "PACKAGE_ID")]
    id: Option<i64>,
    #[command(flatten)]
    texts: PackageTexts,
}

#[derive(Debug, Args)]
pub(crate) struct EditPackage {
    package_id: i64,
    #[arg(long)]
    name: Option<String>,
    /// Yuan for the whole term
    #[arg(long)]
    price: Option<String>,
    #[arg(long)]
    months: Option<u32>,
    #[command(flatten)]
    texts: PackageTexts,
}

#[derive(Debug, Args)]
struct PackageTexts {
    /// The price as people read it
    #[arg(long)]
    price_text: Option<String>,
    /// Its place in lists, the lowest first
    #[arg(long, allow_hyphen_values = true)]
    rank: Option<i32>,
    #[arg(long)]
    description: Option<String>,
    /// What it has, as `icon|title|content`; once for each
    #[arg(long = "detail")]
    details: Vec<String>,
}

pub(super) async fn run(overrides: &Overrides, command: PackageCommand) -> Result<ExitCode, Failure> {
    let (settings, services) = tool(overrides).await?;
    let campus = &services.campus;
    let id = |id| PackageId::try_new(id).context("package_id");
    let project = |id: Option<i64>| id.map(ProjectId::try_new).transpose().context("project");
    match command {
        PackageCommand::Create(new) => say(put(campus, new.draft(settings.max_amount()?)?).await?),
        PackageCommand::Edit(edit) => {
            let package = find(campus, id(edit.package_id)?).await?;
            say(put(campus, edit.draft(package, settings.max_amount()?)?).await?);
        }
        PackageCommand::Withdraw { package_id } => {
            say(view(&campus.withdraw_package(id(package_id)?).await.context("package")?));
        }
        PackageCommand::Offer { package_id } => {
            say(view(&campus.offer_package(id(package_id)?).await.context("package")?));
        }
        PackageCommand::List { project: of } => {
            each(campus, project(of)?, async |package| {
                say(view(&package));
                Ok(())
            })
            .await?;
        }
        PackageCommand::Import(arguments) => return import::run(&Packages(campus), &arguments).await,
        PackageCommand::Export { project: of } => {
            let mut table = export::Table::new(&PACKAGE_FIELDS)?;
            each(campus, project(of)?, async |package| table.row(package_row(&package))).await?;
            table.finish()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn each(
    campus: &CampusService,
    project_id: Option<ProjectId>,
    mut work: impl AsyncFnMut(Package) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut above = 0;
    loop {
        let packages = campus.list_packages(project_id, above, PAGE).await.context("package list")?;
        let Some(last) = packages.last().map(|package| package.id.get()) else { return Ok(()) };
        above = last;
        for package in packages {
            work(package).await?;
        }
    }
}

async fn put(campus: &CampusService, draft: PackageDraft) -> Result<Value, Failure> {
    let rows = campus.put_packages(vec![draft], ImportMode::Write).await.context("package")?;
    if let Some(row) = rows.refused.into_iter().next() {
        return Err(Failure::caused("package", row.refusal));
    }
    Ok(rows.taken.first().map(view).unwrap_or_default())
}

async fn find(campus: &CampusService, id: PackageId) -> Result<Package, Failure> {
    let next = campus.list_packages(None, id.get().saturating_sub(1), 1).await.context("package")?;
    let found = next.into_iter().find(|package| package.id == id);
    found.ok_or_else(|| Failure::new(format!("there is no package {id}")))
}

impl CreatePackage {
    fn draft(self, limit: Money) -> Result<PackageDraft, Failure> {
        self.texts.over(PackageDraft {
            id: self.id.map(PackageId::choose).transpose().context("id")?,
            project_id: ProjectId::try_new(self.project).context("project")?,
            name: self.name,
            price_text: String::new(),
            list_price: prices::amount(&self.price, limit)?,
            term: Term::try_new(self.months).context("months")?,
            rank: 0,
            description: String::new(),
            details: Vec::new(),
        })
    }
}

impl EditPackage {
    fn draft(self, package: Package, limit: Money) -> Result<PackageDraft, Failure> {
        self.texts.over(PackageDraft {
            id: Some(package.id),
            project_id: package.project_id,
            name: self.name.unwrap_or(package.name),
            price_text: package.price_text,
            list_price: self.price.map_or(Ok(package.list_price), |price| prices::amount(&price, limit))?,
            term: self.months.map_or(Ok(package.term), Term::try_new).context("months")?,
            rank: package.rank,
            description: package.description,
            details: package.details,
        })
    }
}

impl PackageTexts {
    /// The draft with what was named.
    fn over(self, draft: PackageDraft) -> Result<PackageDraft, Failure> {
        let details = self.details.iter().map(|text| detail(text)).collect::<Result<Vec<_>, _>>()?;
        Ok(PackageDraft {
            price_text: self.price_text.unwrap_or(draft.price_text),
            rank: self.rank.unwrap_or(draft.rank),
            description: self.description.unwrap_or(draft.description),
            details: if details.is_empty() { draft.details } else { details },
            ..draft
        })
    }
}

fn detail(text: &str) -> Result<Detail, Failure> {
    let mut parts = text.splitn(3, '|').map(|part| part.trim().to_owned());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(icon), Some(title), Some(content)) => Ok(Detail { icon, title, content }),
        _ => Err(Failure::setting("--detail", "icon|title|content")),
    }
}

/// Packages of a file.
struct Packages<'a>(&'a CampusService);

impl Importer for Packages<'_> {
    type Draft = PackageDraft;
    const FIELDS: &'static [&'static str] = &PACKAGE_FIELDS;

    fn parse(&self, fields: &[(&str, &str)]) -> Result<PackageDraft, Vec<RowError>> {
        parse_package_row(fields, self.0.max_price())
    }

    fn keys(&self, draft: &PackageDraft) -> Vec<(&'static str, String)> {
        draft.id.map(|id| ("id", id.to_string())).into_iter().collect()
    }

    async fn put(&self, rows: Vec<PackageDraft>, mode: ImportMode) -> Result<Vec<Refused>, Failure> {
        let rows = self.0.put_packages(rows, mode).await.context("package import")?;
        let refused = |row: edupay_domain::packages::RefusedRow<CatalogueRefusal>| Refused {
            row: row.row,
            field: match row.refusal {
                CatalogueRefusal::ProjectNotFound => "project_id",
                CatalogueRefusal::Fixed(field) | CatalogueRefusal::BadText(field) => field,
                CatalogueRefusal::PriceOutOfBounds => "list_price",
                _ => "id",
            },
            reason: row.refusal.code(),
        };
        Ok(rows.refused.into_iter().map(refused).collect())
    }
}

fn view(package: &Package) -> Value {
    let detail = |detail: &Detail| json!({ "icon": detail.icon, "title": detail.title, "content": detail.content });
    json!({
        "package_id": package.id.get(),
        "project_id": package.project_id.get(),
        "name": package.name,
        "price_text": package.price_text,
        "list_price_fen": package.list_price.fen(),
        "term_months": package.term.months(),
        "rank": package.rank,
        "description": package.description,
        "details": package.details.iter().map(detail).collect::<Vec<_>>(),
        "status": package.availability.code(),
    })
}

//! How projects and packages are stored.

use super::texts::{Empty, first_bad};
use crate::ids::{PackageId, ProjectId, SchoolId};
use crate::packages::error::CatalogueRefusal;
use crate::packages::model::{
    Availability, Package, PackageDraft, Project, ProjectDraft, PutPackages, PutProject, RefusedRow,
};
use std::collections::{HashMap, HashSet};

/// What storing a project sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutProjectView {
    /// The project of this id, if there is one.
    pub project: Option<Project>,
    /// The named school, if there is one.
    pub school: Option<SchoolId>,
    /// The id of the next project: above every one that was given.
    pub next_id: ProjectId,
}

/// A project has a readable name and at least one channel; its school, kind and selection never change,
/// since what is held depends on them. One that is there keeps its availability.
///
/// # Errors
/// [`CatalogueRefusal`].
pub fn put_project(command: &PutProject, view: &PutProjectView) -> Result<Project, CatalogueRefusal> {
    let draft = &command.draft;
    check_project(draft)?;
    if draft.school_id.is_some() && draft.school_id != view.school {
        return Err(CatalogueRefusal::SchoolNotFound);
    }
    if let Some(project) = &view.project {
        let fixed = [
            ("school_id", project.school_id == draft.school_id),
            ("kind", project.kind == draft.kind),
            ("selection", project.selection == draft.selection),
        ];
        if let Some((field, _)) = fixed.into_iter().find(|(_, same)| !same) {
            return Err(CatalogueRefusal::Fixed(field));
        }
    }
    Ok(Project {
        id: draft.id.unwrap_or(view.next_id),
        school_id: draft.school_id,
        name: draft.name.clone(),
        kind: draft.kind,
        selection: draft.selection,
        channels: draft.channels.clone(),
        accounts: draft.accounts.clone(),
        description: draft.description.clone(),
        protocol_url: draft.protocol_url.clone(),
        upgrade_pricing: draft.upgrade_pricing,
        availability: view.project.as_ref().map_or(Availability::Offered, |project| project.availability),
    })
}

fn check_project(draft: &ProjectDraft) -> Result<(), CatalogueRefusal> {
    const NAME: usize = Project::MAX_NAME;
    let bad = first_bad(&[
        ("name", &draft.name, NAME, Empty::MustNot),
        ("wx_account", &draft.accounts.wx, NAME, Empty::May),
        ("alipay_account", &draft.accounts.alipay, NAME, Empty::May),
        ("union_pay_account", &draft.accounts.union_pay, NAME, Empty::May),
        ("description", &draft.description, Project::MAX_TEXT, Empty::May),
        ("protocol_url", &draft.protocol_url, Project::MAX_TEXT, Empty::May),
    ]);
    if let Some(field) = bad {
        return Err(CatalogueRefusal::BadText(field));
    }
    let distinct: HashSet<_> = draft.channels.iter().collect();
    if distinct.is_empty() || distinct.len() != draft.channels.len() {
        return Err(CatalogueRefusal::BadChannels);
    }
    Ok(())
}

/// What storing a chunk of packages sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutPackagesView {
    /// Those of the named projects that exist.
    pub projects: Vec<ProjectId>,
    /// Those of the packages that exist.
    pub packages: Vec<Package>,
    /// The id of the next package: above every one that was given, and at least [`Package::FIRST_ID`].
    pub next_id: PackageId,
}

/// What storing a chunk of packages writes; nothing of it on a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutPackagesPlan {
    /// The packages in their next state, in the order of their rows.
    pub packages: Vec<Package>,
    /// The rows that are refused.
    pub refused: Vec<RefusedRow<CatalogueRefusal>>,
}

/// Each row stands for itself: what is wrong with one refuses this one. A package that is there takes
/// the row's name, price and texts, and keeps its availability; its project never changes. A row with an
/// id that is repeated changes nothing; one without makes another package.
#[must_use]
pub fn put_packages(command: &PutPackages, view: &PutPackagesView) -> PutPackagesPlan {
    let known: HashMap<_, _> = view.packages.iter().map(|package| (package.id, package)).collect();
    // Ids that are drawn begin above those that the chunk names itself.
    let named = command.rows.iter().filter_map(|draft| draft.id).map(PackageId::get).max();
    let mut next = view.next_id.get().max(named.unwrap_or_default().saturating_add(1));
    let mut seen = HashSet::new();
    let mut plan = PutPackagesPlan::default();
    for (row, draft) in command.rows.iter().enumerate() {
        let checked = check_package(draft, command, view, &known).and_then(|()| {
            let id = draft.id.map_or_else(|| PackageId::try_new(next), Ok);
            id.map_err(|_| CatalogueRefusal::PackageNotFound)
        });
        match checked {
            Ok(id) if seen.insert(id) => {
                next = next.max(id.get().saturating_add(1));
                let availability = known.get(&id).map_or(Availability::Offered, |package| package.availability);
                plan.packages.push(package(id, draft, availability));
            }
            Ok(_) => plan.refused.push(RefusedRow { row, refusal: CatalogueRefusal::Repeated }),
            Err(refusal) => plan.refused.push(RefusedRow { row, refusal }),
        }
    }
    plan
}

fn package(id: PackageId, draft: &PackageDraft, availability: Availability) -> Package {
    Package {
        id,
        project_id: draft.project_id,
        name: draft.name.clone(),
        price_text: draft.price_text.clone(),
        list_price: draft.list_price,
        term: draft.term,
        rank: draft.rank,
        description: draft.description.clone(),
        details: draft.details.clone(),
        availability,
    }
}

fn check_package(
    draft: &PackageDraft,
    command: &PutPackages,
    view: &PutPackagesView,
    known: &HashMap<PackageId, &Package>,
) -> Result<(), CatalogueRefusal> {
    if !view.projects.contains(&draft.project_id) {
        return Err(CatalogueRefusal::ProjectNotFound);
    }
    let before = draft.id.and_then(|id| known.get(&id));
    if before.is_some_and(|before| before.project_id != draft.project_id) {
        return Err(CatalogueRefusal::Fixed("project_id"));
    }
    draft.list_price.positive_within(command.max_price).map_err(|_| CatalogueRefusal::PriceOutOfBounds)?;
    const TEXT: usize = Package::MAX_TEXT;
    let mut fields = vec![
        ("name", draft.name.as_str(), Package::MAX_NAME, Empty::MustNot),
        ("price_text", &draft.price_text, Package::MAX_NAME, Empty::May),
        ("description", &draft.description, TEXT, Empty::May),
    ];
    for detail in &draft.details {
        fields.push(("details", &detail.icon, TEXT, Empty::May));
        fields.push(("details", &detail.title, TEXT, Empty::MustNot));
        fields.push(("details", &detail.content, TEXT, Empty::May));
    }
    // The wire joins names by commas, and files join the parts of a detail by bars.
    let barred = draft.details.iter().any(|detail| detail.icon.contains('|') || detail.title.contains('|'));
    match first_bad(&fields) {
        Some(field) => Err(CatalogueRefusal::BadText(field)),
        None if draft.name.contains(',') => Err(CatalogueRefusal::BadText("name")),
        None if barred || draft.details.len() > Package::MAX_DETAILS => Err(CatalogueRefusal::BadText("details")),
        None => Ok(()),
    }
}

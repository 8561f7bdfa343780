//! Claims about projects and packages.

use super::case::refusal_of;
use super::{Case, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::ids::{PackageId, ProjectId, SchoolId};
use edupay_domain::packages::{
    Availability, CatalogueRefusal, ImportMode, Package, PackageDraft, PayeeAccounts, Project, ProjectDraft,
    ProjectKind, PutProject, RefusedRow, Selection, UpgradePricing, put_packages, put_project,
};
use edupay_domain::payments::Channel;

/// A project comes back with every field and in the order of its channels.
pub async fn a_project_is_stored_as_given<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let draft = ProjectDraft {
        kind: ProjectKind::Sms,
        selection: Selection::Multi,
        channels: vec![Channel::WxPubQr, Channel::Alipay, Channel::Upacp],
        accounts: PayeeAccounts { wx: "wx".to_owned(), alipay: "支付宝".to_owned(), union_pay: String::new() },
        description: "短信".to_owned(),
        protocol_url: "https://example.com/protocol".to_owned(),
        upgrade_pricing: UpgradePricing::Prorated,
        ..case.project_draft(school.id)
    };
    let stored = case.project(draft.clone()).await;
    let expected = Project {
        id: stored.id,
        school_id: Some(school.id),
        name: draft.name.clone(),
        kind: ProjectKind::Sms,
        selection: Selection::Multi,
        channels: draft.channels.clone(),
        accounts: draft.accounts.clone(),
        description: draft.description.clone(),
        protocol_url: draft.protocol_url.clone(),
        upgrade_pricing: UpgradePricing::Prorated,
        availability: Availability::Offered,
    };
    assert_eq!(stored, expected);
    let listed = harness.catalogue().list_projects(stored.id.get().saturating_sub(1), 1).await.unwrap();
    assert_eq!(listed, [expected]);
    let again = ProjectDraft { id: Some(stored.id), ..draft.clone() };
    assert_eq!(case.project(again).await, stored);
    let everyones = case.project(ProjectDraft { school_id: None, ..draft.clone() }).await;
    assert!(everyones.id > stored.id && everyones.school_id.is_none());
    let given = ProjectId::try_new(case.student_id().get()).unwrap();
    assert_eq!(case.project(ProjectDraft { id: Some(given), ..draft.clone() }).await.id, given);
    assert!(case.project(draft).await.id > given);
}

/// A refused project leaves the stored one as it is.
pub async fn what_never_changes_of_a_project_is_refused<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let draft = case.project_draft(school.id);
    let stored = case.project(draft.clone()).await;
    let draft = ProjectDraft { id: Some(stored.id), ..draft };
    let missing = Some(SchoolId::try_new(i64::MAX).unwrap());
    for (draft, expected) in [
        (ProjectDraft { school_id: None, ..draft.clone() }, CatalogueRefusal::Fixed("school_id")),
        (ProjectDraft { kind: ProjectKind::Sms, ..draft.clone() }, CatalogueRefusal::Fixed("kind")),
        (ProjectDraft { selection: Selection::Multi, ..draft.clone() }, CatalogueRefusal::Fixed("selection")),
        (ProjectDraft { school_id: missing, ..draft.clone() }, CatalogueRefusal::SchoolNotFound),
        (ProjectDraft { id: None, school_id: missing, ..draft.clone() }, CatalogueRefusal::SchoolNotFound),
    ] {
        let answer = harness.catalogue().put_project(&PutProject { draft }, put_project).await;
        assert_eq!(refusal_of(answer), expected);
    }
    let listed = harness.catalogue().list_projects(stored.id.get().saturating_sub(1), 1).await.unwrap();
    assert_eq!(listed, [stored]);
}

/// Packages come back with every field; lists run by id.
pub async fn packages_are_stored_as_given_and_listed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let project = case.project(case.project_draft(school.id)).await;
    let draft = PackageDraft { rank: -7, ..case.package_draft(&project, 15_800) };
    let bare = PackageDraft {
        price_text: String::new(),
        description: String::new(),
        details: Vec::new(),
        ..case.package_draft(&project, 1)
    };
    let stored = case.put_packages(vec![draft.clone(), bare]).await;
    let [first, second] = stored.as_slice() else { return assert_eq!(stored, []) };
    let expected = Package {
        id: first.id,
        project_id: project.id,
        name: draft.name.clone(),
        price_text: draft.price_text.clone(),
        list_price: fen(15_800),
        term: draft.term,
        rank: -7,
        description: draft.description.clone(),
        details: draft.details.clone(),
        availability: Availability::Offered,
    };
    assert_eq!(*first, expected);
    assert!(first.id.get() >= Package::FIRST_ID && second.id > first.id);
    let list =
        |above, limit| async move { harness.catalogue().list_packages(Some(project.id), above, limit).await.unwrap() };
    assert_eq!(list(0, 10).await, stored);
    assert_eq!(list(0, 1).await.first(), Some(first));
    assert_eq!(list(first.id.get(), 10).await.first(), Some(second));
    let all = harness.catalogue().list_packages(None, first.id.get().saturating_sub(1), 1).await.unwrap();
    assert_eq!(all.first(), Some(first));
    // A new price, under the same id.
    let dearer = PackageDraft { id: Some(first.id), list_price: fen(16_800), ..draft };
    for _ in 0..2 {
        let changed = case.put_packages(vec![dearer.clone()]).await;
        assert_eq!(changed, [Package { list_price: fen(16_800), ..first.clone() }]);
        assert_eq!(list(0, 1).await, changed);
    }
}

/// What is wrong with a row refuses this row; the others are stored.
pub async fn a_package_chunk_is_taken_row_by_row<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let school = case.school().await;
    let (project, other) =
        (case.project(case.project_draft(school.id)).await, case.project(case.project_draft(school.id)).await);
    let stored = case.put_packages(vec![case.package_draft(&other, 1)]).await;
    let given = PackageId::try_new(case.student_id().get()).unwrap();
    let missing = Project { id: ProjectId::try_new(i64::MAX).unwrap(), ..project.clone() };
    let rows = vec![
        PackageDraft { id: stored.first().map(|package| package.id), ..case.package_draft(&project, 1) },
        case.package_draft(&missing, 1),
        case.package_draft(&project, 0),
        PackageDraft { id: Some(given), ..case.package_draft(&project, 2) },
        PackageDraft { id: Some(given), ..case.package_draft(&project, 3) },
        case.package_draft(&project, 4),
    ];
    let command = case.packages_command(rows, ImportMode::Write);
    let put = harness.catalogue().put_packages(&command, put_packages).await.unwrap();
    let refused = |row, refusal| RefusedRow { row, refusal };
    assert_eq!(
        put.refused,
        [
            refused(0, CatalogueRefusal::Fixed("project_id")),
            refused(1, CatalogueRefusal::ProjectNotFound),
            refused(2, CatalogueRefusal::PriceOutOfBounds),
            refused(4, CatalogueRefusal::Repeated),
        ]
    );
    let listed = harness.catalogue().list_packages(Some(project.id), 0, 10).await.unwrap();
    assert_eq!(listed, put.taken);
    assert_eq!(listed.iter().map(|package| package.list_price.fen()).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(harness.catalogue().list_packages(Some(other.id), 0, 10).await.unwrap(), stored);
}

/// A dry run tells what it would refuse and leaves nothing.
pub async fn a_package_dry_run_writes_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let project = case.project(case.project_draft(case.school().await.id)).await;
    let rows = vec![case.package_draft(&project, 1), case.package_draft(&project, 0)];
    let command = case.packages_command(rows, ImportMode::DryRun);
    let told = harness.catalogue().put_packages(&command, put_packages).await.unwrap();
    assert_eq!((told.taken.len(), told.refused.len()), (1, 1));
    assert_eq!(harness.catalogue().list_packages(Some(project.id), 0, 10).await.unwrap(), []);
}

/// A repeated withdrawal does not move the moment of the first; storing the row again neither.
pub async fn what_was_withdrawn_stays_so_since_the_first_time<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let draft = case.project_draft(case.school().await.id);
    let project = case.project(draft.clone()).await;
    let rows = case.put_packages(vec![case.package_draft(&project, 1)]).await;
    let id = rows.first().map(|package| package.id).unwrap();
    let first = Availability::Withdrawn { since: case.minute(1) };
    let second = Availability::Withdrawn { since: case.minute(2) };
    let catalogue = harness.catalogue();
    for (asked, expected) in [
        (first, first),
        (second, first),
        (Availability::Offered, Availability::Offered),
        (Availability::Offered, Availability::Offered),
        (second, second),
    ] {
        let package = catalogue.set_package_availability(id, asked).await.unwrap();
        let listed = catalogue.list_packages(Some(project.id), 0, 1).await.unwrap();
        assert_eq!((package.availability, listed), (expected, vec![package]));
        let project = catalogue.set_project_availability(project.id, asked).await.unwrap();
        assert_eq!(project.availability, expected);
    }
    let again = PackageDraft { id: Some(id), ..case.package_draft(&project, 2) };
    assert_eq!(case.put_packages(vec![again]).await.first().map(|package| package.availability), Some(second));
    let again = case.project(ProjectDraft { id: Some(project.id), ..draft }).await;
    assert_eq!(again.availability, second);
    let nobody = PackageId::try_new(i64::MAX).unwrap();
    let refused = refusal_of(catalogue.set_package_availability(nobody, first).await);
    assert_eq!(refused, CatalogueRefusal::PackageNotFound);
    let nobody = ProjectId::try_new(i64::MAX).unwrap();
    let refused = refusal_of(catalogue.set_project_availability(nobody, first).await);
    assert_eq!(refused, CatalogueRefusal::ProjectNotFound);
}

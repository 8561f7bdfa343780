//! Projects and packages in rows.

use crate::codes::{Corrupt, coded, moment, money, months, package_id, project_id, school_id, term};
use crate::schema::{packages, projects};
use diesel::prelude::*;
use edupay_domain::packages::{
    Availability, Detail, Package, PayeeAccounts, Project, ProjectKind, Selection, UpgradePricing,
};
use edupay_domain::payments::Channel;
use serde_json::{Value, json};

#[derive(Queryable, Insertable, Clone)]
#[diesel(table_name = projects)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct ProjectRow {
    pub(crate) project_id: i64,
    school_id: Option<i64>,
    name: String,
    kind: String,
    selection: String,
    channels: String,
    wx_account: String,
    alipay_account: String,
    union_pay_account: String,
    description: String,
    protocol_url: String,
    upgrade_pricing: String,
    withdrawn_since: Option<i64>,
}

#[derive(Queryable, Insertable, Clone)]
#[diesel(table_name = packages)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct PackageRow {
    pub(crate) package_id: i64,
    pub(crate) project_id: i64,
    name: String,
    price_text: String,
    list_price_fen: i64,
    term_months: i16,
    rank: i32,
    description: String,
    details: String,
    withdrawn_since: Option<i64>,
}

fn withdrawn_since(availability: Availability) -> Option<i64> {
    match availability {
        Availability::Offered => None,
        Availability::Withdrawn { since } => Some(since.timestamp_micros()),
    }
}

fn availability(column: &'static str, withdrawn_since: Option<i64>) -> Result<Availability, Corrupt> {
    match withdrawn_since {
        None => Ok(Availability::Offered),
        Some(since) => Ok(Availability::Withdrawn { since: moment(column, since)? }),
    }
}

impl ProjectRow {
    pub(crate) fn of(project: &Project) -> Self {
        Self {
            project_id: project.id.get(),
            school_id: project.school_id.map(|id| id.get()),
            name: project.name.clone(),
            kind: project.kind.code().to_owned(),
            selection: project.selection.code().to_owned(),
            channels: project.channels.iter().map(|channel| channel.code()).collect::<Vec<_>>().join(","),
            wx_account: project.accounts.wx.clone(),
            alipay_account: project.accounts.alipay.clone(),
            union_pay_account: project.accounts.union_pay.clone(),
            description: project.description.clone(),
            protocol_url: project.protocol_url.clone(),
            upgrade_pricing: project.upgrade_pricing.code().to_owned(),
            withdrawn_since: withdrawn_since(project.availability),
        }
    }

    pub(crate) fn project(self) -> Result<Project, Corrupt> {
        let channel = |code| Channel::parse(code).ok_or_else(|| Corrupt::new("projects.channels", code));
        Ok(Project {
            id: project_id(self.project_id)?,
            school_id: self.school_id.map(school_id).transpose()?,
            name: self.name,
            kind: coded("projects.kind", &self.kind, &ProjectKind::ALL, ProjectKind::code)?,
            selection: coded("projects.selection", &self.selection, &Selection::ALL, Selection::code)?,
            channels: self.channels.split(',').map(channel).collect::<Result<_, _>>()?,
            accounts: PayeeAccounts {
                wx: self.wx_account,
                alipay: self.alipay_account,
                union_pay: self.union_pay_account,
            },
            description: self.description,
            protocol_url: self.protocol_url,
            upgrade_pricing: coded(
                "projects.upgrade_pricing",
                &self.upgrade_pricing,
                &UpgradePricing::ALL,
                UpgradePricing::code,
            )?,
            availability: availability("projects.withdrawn_since", self.withdrawn_since)?,
        })
    }
}

impl PackageRow {
    pub(crate) fn of(package: &Package) -> Self {
        let detail = |detail: &Detail| json!({"icon": detail.icon, "title": detail.title, "content": detail.content});
        Self {
            package_id: package.id.get(),
            project_id: package.project_id.get(),
            name: package.name.clone(),
            price_text: package.price_text.clone(),
            list_price_fen: package.list_price.fen(),
            term_months: months(package.term),
            rank: package.rank,
            description: package.description.clone(),
            details: package.details.iter().map(detail).collect::<Value>().to_string(),
            withdrawn_since: withdrawn_since(package.availability),
        }
    }

    pub(crate) fn package(self) -> Result<Package, Corrupt> {
        Ok(Package {
            id: package_id(self.package_id)?,
            project_id: project_id(self.project_id)?,
            name: self.name,
            price_text: self.price_text,
            list_price: money("packages.list_price_fen", self.list_price_fen)?,
            term: term("packages.term_months", self.term_months)?,
            rank: self.rank,
            description: self.description,
            details: details(&self.details).ok_or_else(|| Corrupt::new("packages.details", "not a list of details"))?,
            availability: availability("packages.withdrawn_since", self.withdrawn_since)?,
        })
    }
}

fn details(text: &str) -> Option<Vec<Detail>> {
    let list: Vec<Value> = serde_json::from_str(text).ok()?;
    let detail = |value: &Value| {
        let field = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Detail { icon: field("icon")?, title: field("title")?, content: field("content")? })
    };
    list.iter().map(detail).collect()
}

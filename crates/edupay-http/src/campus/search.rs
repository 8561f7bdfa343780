//! SearchPayPackages: what can be bought for a student.

use super::values::{ForUser, choice, user_id};
use super::{AnsweredView, answered};
use crate::config::HttpConfig;
use crate::extract::{Caller, Decode, InOrder, LenientBody, Reader};
use crate::failure::Failure;
use crate::links::cashier_link;
use crate::openapi::OrCampusRefusal;
use crate::services::State;
use crate::wire::YuanNumber;
use actix_web::web::{Data, Json};
use edupay_domain::cashier::CashierTarget;
use edupay_domain::packages::{Detail, ProjectKind, Quote, QuoteSheet, SearchKind};
use serde::Serialize;
use utoipa::ToSchema;

/// For whom, and what is looked for.
#[derive(ToSchema)]
pub(crate) struct SearchBody {
    /// The student.
    #[schema(rename = "userID", value_type = String, example = "10129580")]
    user_id: ForUser,
    /// 0 campus card, 1 short messages.
    #[schema(rename = "type", value_type = u8, example = 0)]
    kind: ProjectKind,
    /// 0 what can be bought, 1 what the package that is held can be upgraded to.
    #[schema(rename = "payType", value_type = u8, example = 0)]
    wanted: SearchKind,
}

impl Decode for SearchBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let user_id = reader.required("userID", user_id);
        let kind = reader.required("type", choice(ProjectKind::from_number));
        let wanted = reader.required(
            "payType",
            choice(|number| match number {
                0 => Some(SearchKind::Buying),
                1 => Some(SearchKind::Upgrade),
                _ => None,
            }),
        );
        Some(Self { user_id: user_id?, kind: kind?, wanted: wanted? })
    }
}

/// The packages of one project, for one student.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampusPackages)]
pub(crate) struct PackagesView {
    /// The student's name.
    #[schema(example = "陈雅诺")]
    emp_name: String,
    /// 0 one package at a time, 1 several.
    #[schema(example = 0)]
    select_type: u8,
    /// The address of a page on which a person pays.
    qr_code: String,
    /// The address of the terms of use.
    protocol_url: String,
    /// The address of the student's picture.
    photo: String,
    /// The number of the student's card.
    #[schema(example = "335731330")]
    card_no: String,
    /// Whom the payer pays, by WeChat.
    wx_account: String,
    /// By Alipay.
    alipay_account: String,
    /// By UnionPay.
    union_pay_account: String,
    /// What the project is.
    project_description: String,
    /// Its packages.
    items: Vec<PackageItemView>,
}

/// A package.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampusPackage)]
pub(crate) struct PackageItemView {
    /// What PayMoney takes as an item id.
    #[schema(example = "10000001")]
    id: String,
    /// Its name.
    #[schema(example = "A套餐-不含定位")]
    item_name: String,
    /// Its price as people read it.
    #[schema(example = "¥158元/年")]
    item_price: String,
    /// Yuan: what PayMoney will ask.
    #[schema(example = 158, value_type = f64)]
    item_value: YuanNumber,
    /// What it is.
    description: String,
    /// What it has.
    details: Vec<DetailView>,
}

/// One thing that a package has.
#[derive(Serialize, ToSchema)]
#[schema(as = CampusDetail)]
pub(crate) struct DetailView {
    /// The address of a picture.
    icon: String,
    /// What it is.
    title: String,
    /// More about it.
    content: String,
}

impl PackagesView {
    fn new(sheet: QuoteSheet, qr_code: String) -> Self {
        let QuoteSheet { student, project, quotes } = sheet;
        Self {
            card_no: student.card().map(|card| card.card_no.to_string()).unwrap_or_default(),
            emp_name: student.texts.name,
            select_type: project.selection.number(),
            qr_code,
            protocol_url: project.protocol_url,
            photo: student.texts.photo,
            wx_account: project.accounts.wx,
            alipay_account: project.accounts.alipay,
            union_pay_account: project.accounts.union_pay,
            project_description: project.description,
            items: quotes.into_iter().map(PackageItemView::from).collect(),
        }
    }
}

impl From<Quote> for PackageItemView {
    fn from(quote: Quote) -> Self {
        Self {
            id: quote.package.id.to_string(),
            item_name: quote.package.name,
            item_price: quote.package.price_text,
            item_value: YuanNumber(quote.price),
            description: quote.package.description,
            details: quote.package.details.into_iter().map(DetailView::from).collect(),
        }
    }
}

impl From<Detail> for DetailView {
    fn from(detail: Detail) -> Self {
        Self { icon: detail.icon, title: detail.title, content: detail.content }
    }
}

/// Shows what can be bought for a student, or upgraded to, with a link to a page on which it is paid.
#[utoipa::path(
    post, path = "/api/Pay/SearchPayPackages", operation_id = "search_pay_packages", tag = "campus",
    security(("token" = [])),
    request_body(content((SearchBody = "application/json"), (SearchBody = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = OrCampusRefusal<AnsweredView<PackagesView>>, description = "The packages, or a refusal"))
)]
pub(crate) async fn search_pay_packages(
    state: Data<State>,
    InOrder(caller, LenientBody(body)): InOrder<Caller, LenientBody<SearchBody>>,
) -> Result<Json<AnsweredView<PackagesView>>, Failure> {
    let (services, caller, user_id) = (&state.services, caller.user.id, body.user_id.id()?);
    let sheet = services.packages.search(caller, user_id, body.kind, body.wanted).await?;
    let target = CashierTarget::Packages { user_id, kind: body.kind };
    let (token, _) = services.cashier.create(caller, target).await?;
    Ok(answered(PackagesView::new(sheet, cashier_link(&state.config, &token))))
}

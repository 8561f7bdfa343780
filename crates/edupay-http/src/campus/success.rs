//! SearchSuccessData: what was bought, and until when.

use super::values::{ForUser, filled, order_number, record_ids, user_id};
use super::{AnsweredView, answered};
use crate::config::HttpConfig;
use crate::extract::{Caller, Decode, InOrder, LenientBody, Reader};
use crate::failure::Failure;
use crate::openapi::OrCampusRefusal;
use crate::services::State;
use actix_web::web::{Data, Json};
use edupay_domain::packages::{PaidRecord, PurchaseQuery};
use serde::Serialize;
use utoipa::ToSchema;

/// Whose, and which.
pub(crate) struct Bought {
    user_id: ForUser,
    query: PurchaseQuery,
}

/// Whose, and which: `ids`, or `orderNumber` where there are none.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document is made from it; what is decoded is the question")]
pub(crate) struct SearchSuccessDataBody {
    /// The student.
    #[schema(rename = "userID", example = "10129580")]
    user_id: String,
    /// The ids of records, comma-joined: the `recordIDs` of PayMoney.
    #[schema(example = "4201707191200000000701")]
    ids: Option<String>,
    /// The `order_no` of a charge.
    #[schema(rename = "orderNumber", example = "42017071912000000007")]
    order_number: Option<String>,
}

impl Decode for Bought {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let user_id = reader.required("userID", user_id);
        let ids = reader.optional("ids", filled(record_ids));
        let number = reader.optional("orderNumber", filled(order_number));
        let query = match (ids?.flatten(), number?.flatten()) {
            (Some(ids), _) => Some(PurchaseQuery::Records(ids)),
            (None, Some(number)) => Some(PurchaseQuery::Number(number)),
            (None, None) => reader.missing("ids"),
        };
        Some(Self { user_id: user_id?, query: query? })
    }
}

/// The first record, and all of them.
#[derive(Serialize, ToSchema)]
#[schema(as = CampusSuccess)]
pub(crate) struct SuccessView {
    #[serde(flatten)]
    first: BoughtView,
    /// Each record that was asked for.
    records: Vec<RecordView>,
}

/// One record.
#[derive(Serialize, ToSchema)]
#[schema(as = CampusRecord)]
pub(crate) struct RecordView {
    /// Its id.
    #[serde(rename = "recordID")]
    #[schema(example = "4201707191200000000701")]
    record_id: String,
    #[serde(flatten)]
    bought: BoughtView,
}

/// What was bought, for whom. A field is empty where there is nothing to say.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampusBought)]
pub(crate) struct BoughtView {
    /// The project.
    project_name: String,
    /// The package.
    #[schema(example = "B套餐-含定位")]
    item_name: String,
    /// The first day.
    #[schema(example = "2017-07-19")]
    pay_start_date: String,
    /// The last day, included.
    #[schema(example = "2018-07-18")]
    pay_end_date: String,
    /// The student.
    emp_name: String,
    /// The number of the card: that of its device, else the one on it.
    imei: String,
    /// The number of the SIM in the card.
    sim: String,
    /// The grade.
    grade_name: String,
    /// The class.
    class_name: String,
    /// The phone number that SMS packages are for.
    mobile: String,
}

impl From<&PaidRecord> for BoughtView {
    fn from(paid: &PaidRecord) -> Self {
        let (holder, period) = (&paid.holder, paid.record.period);
        let card_no = || holder.card_no.as_ref().map(ToString::to_string).unwrap_or_default();
        Self {
            project_name: paid.project_name.clone(),
            item_name: paid.record.item_name.clone(),
            pay_start_date: period.map(|period| period.starts.to_string()).unwrap_or_default(),
            pay_end_date: period.map(|period| period.ends.to_string()).unwrap_or_default(),
            emp_name: holder.name.clone(),
            // The document calls it the number of the campus card; only some cards have a device.
            imei: if holder.imei.is_empty() { card_no() } else { holder.imei.clone() },
            sim: holder.sim.clone(),
            grade_name: holder.grade_name.clone(),
            class_name: holder.class_name.clone(),
            mobile: holder.mobile.clone(),
        }
    }
}

impl From<&PaidRecord> for RecordView {
    fn from(paid: &PaidRecord) -> Self {
        Self { record_id: paid.record.id.to_string(), bought: paid.into() }
    }
}

impl SuccessView {
    fn new(paid: &[PaidRecord]) -> Result<Self, Failure> {
        let first = paid.first().ok_or(Failure::Internal("a purchase without a record"))?;
        Ok(Self { first: first.into(), records: paid.iter().map(RecordView::from).collect() })
    }
}

/// Tells what was bought. While it is unpaid the gateway is asked once whether it was paid.
#[utoipa::path(
    post, path = "/api/Pay/SearchSuccessData", operation_id = "search_success_data", tag = "campus",
    security(("token" = [])),
    request_body(content(
        (SearchSuccessDataBody = "application/json"), (SearchSuccessDataBody = "application/x-www-form-urlencoded")
    )),
    responses((status = 200, body = OrCampusRefusal<AnsweredView<SuccessView>>, description = "What was bought, or a refusal"))
)]
pub(crate) async fn search_success_data(
    state: Data<State>,
    InOrder(caller, LenientBody(bought)): InOrder<Caller, LenientBody<Bought>>,
) -> Result<Json<AnsweredView<SuccessView>>, Failure> {
    let packages = &state.services.packages;
    let paid = packages.success(caller.user.id, bought.user_id.id()?, &bought.query).await?;
    SuccessView::new(&paid).map(answered)
}

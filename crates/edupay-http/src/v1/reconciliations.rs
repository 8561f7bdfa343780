//! Reconciliation, for staff: runs, what they found, and its repair.

use super::page::{PageQuery, PageView};
use super::path;
use crate::config::HttpConfig;
use crate::excel::{differences_csv_head, differences_csv_line};
use crate::extract::{BillBody, Body, Decode, InOrder, Params, Reader, Staff, StaffMember, Value, text, wants_csv};
use crate::failure::{Failure, FieldError};
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use edupay_domain::ids::{ReconciliationId, UserId};
use edupay_domain::packages::Day;
use edupay_domain::reconciliation::{
    Bill, BillKind, Daily, Days, KeptDifference, ReconciliationService, Repair, Repaired, Run, Silent, Source,
    WantedRun,
};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// How many differences of a CSV file are read at once.
const CSV_PAGE: u32 = 500;
/// The characters of a day.
const DAY: usize = 10;

/// Which days.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysBody {
    /// The first day, by Beijing's calendar; yesterday if nothing is said.
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-28")]
    #[param(value_type = Option<String>, example = "2026-11-28")]
    from: Option<Day>,
    /// The last day, which is included; the first day if nothing is said. At most 92 days.
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-28")]
    #[param(value_type = Option<String>, example = "2026-11-28")]
    to: Option<Day>,
}

impl Decode for DaysBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let (from, to) = (reader.optional("from", day), reader.optional("to", day));
        Some(Self { from: from?, to: to? })
    }
}

fn day(value: &Value) -> Result<Day, FieldError> {
    Day::parse(&text(DAY)(value)?).ok_or(FieldError::Invalid)
}

impl DaysBody {
    fn days(&self) -> Result<Option<Days>, Failure> {
        Days::named(self.from, self.to).map_err(|_| Failure::field("to", FieldError::Invalid))
    }
}

/// A comparison of some days.
#[derive(Serialize, ToSchema)]
#[schema(as = Reconciliation)]
pub(crate) struct RunView {
    /// Its number.
    #[schema(example = 12)]
    reconciliation_id: i64,
    /// The first day.
    #[schema(example = "2026-11-28")]
    from: String,
    /// The last day, which is included.
    #[schema(example = "2026-11-28")]
    to: String,
    /// With whom: `gateway`, `wechat_bill`, `alipay_bill`.
    sources: Vec<&'static str>,
    /// `running`, `finished` or `failed`.
    #[schema(example = "finished")]
    status: &'static str,
    /// Why it failed; `left` when whoever worked on it did not come to its end.
    failure: Option<String>,
    /// Who asked for it; `null` for the daily one and for the command line.
    started_by: Option<i64>,
    /// The finished run of the same days and sources before it.
    previous_id: Option<i64>,
    /// When it began.
    started_at: String,
    /// When it last moved.
    touched_at: String,
    /// When it ended.
    finished_at: Option<String>,
    /// Payments that were booked here on the days.
    our_payments: u64,
    /// Payments of the days there.
    their_payments: u64,
    /// Refunds that were booked here on the days.
    our_refunds: u64,
    /// Refunds of the days there.
    their_refunds: u64,
    /// How many differences there are.
    differences: u64,
    /// How many of them the run before had not.
    new: u64,
    /// How many the run before had, and this one has not.
    gone: u64,
    /// What explains something and is no difference.
    hints: u64,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        let counts = run.counts;
        Self {
            reconciliation_id: run.id.get(),
            from: run.days.from().to_string(),
            to: run.days.to().to_string(),
            sources: run.sources.into_iter().map(Source::code).collect(),
            status: run.status.code(),
            failure: run.failure,
            started_by: run.started_by.map(UserId::get),
            previous_id: run.previous.map(ReconciliationId::get),
            started_at: time(run.started_at),
            touched_at: time(run.touched_at),
            finished_at: run.finished_at.map(time),
            our_payments: counts.our_payments,
            their_payments: counts.their_payments,
            our_refunds: counts.our_refunds,
            their_refunds: counts.their_refunds,
            differences: counts.differences,
            new: counts.new,
            gone: counts.gone,
            hints: counts.hints,
        }
    }
}

/// One thing that the two sides do not agree on.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
pub(crate) struct DifferenceView {
    /// Its place in the run.
    #[schema(example = 1)]
    place: i64,
    /// To the run before: `new`, `still` there, or `gone`.
    #[schema(example = "new")]
    standing: &'static str,
    /// The other side: `gateway`, `wechat_bill`, `alipay_bill`.
    #[schema(example = "gateway")]
    source: &'static str,
    /// `payment`, `refund`, or a `line` that can't be read.
    #[schema(example = "payment")]
    thing: &'static str,
    /// How they differ: `missing_here`, `missing_there`, `amount_differs`, `status_differs`, `currency_differs`,
    /// `app_differs`, `livemode_differs`, `refunded_amount_differs`, `duplicate_there`, `unreadable_there`; or the
    /// hint `paid_day_differs`.
    #[schema(example = "missing_here")]
    kind: &'static str,
    /// The field that differs; amounts end in `_fen`.
    #[schema(example = "amount_fen")]
    field: String,
    /// What the thing is known by there.
    name: String,
    /// The gateway order number, as it was told.
    gateway_order_no: Option<String>,
    /// The gateway's charge.
    charge_id: Option<String>,
    /// The gateway's refund.
    refund_id: Option<String>,
    /// Our value; `null` where there is nothing here.
    ours: Option<String>,
    /// Their value; `null` where there is nothing there.
    #[schema(example = "9900")]
    theirs: Option<String>,
    /// What is to be done: `confirm` or `record_refund`, which a repair does; `review` by a person; `none`.
    #[schema(example = "confirm")]
    action: &'static str,
    /// What was done: `open`, `repaired`, `failed` (it can be tried again), `for_a_person`.
    #[schema(example = "open")]
    repair: &'static str,
    /// Why the repair failed.
    repair_failure: Option<String>,
}

impl From<KeptDifference> for DifferenceView {
    fn from(kept: KeptDifference) -> Self {
        let repair = kept.repair.code();
        let repair_failure = match kept.repair {
            Repair::Failed { code, .. } => Some(code),
            Repair::Open | Repair::Done { .. } | Repair::ForAPerson { .. } => None,
        };
        let difference = kept.difference;
        Self {
            place: kept.ordinal,
            standing: kept.standing.code(),
            source: difference.source.code(),
            thing: difference.thing.code(),
            kind: difference.kind.code(),
            field: difference.field,
            name: difference.name,
            gateway_order_no: difference.gateway_order_no,
            charge_id: difference.charge_id.map(|id| id.to_string()),
            refund_id: difference.refund_id.map(|id| id.to_string()),
            ours: difference.ours,
            theirs: difference.theirs,
            action: difference.action.code(),
            repair,
            repair_failure,
        }
    }
}

/// What a repair came to.
#[derive(Serialize, ToSchema)]
#[schema(as = RepairedDifferences)]
pub(crate) struct RepairedView {
    /// Booked on the gateway's word.
    done: u64,
    /// Marked for a person.
    for_a_person: u64,
    /// What could not be done now; a repeat tries again.
    failed: u64,
}

impl From<Repaired> for RepairedView {
    fn from(repaired: Repaired) -> Self {
        let Repaired { done, for_a_person, failed } = repaired;
        Self { done, for_a_person, failed }
    }
}

/// Lists comparisons, the last first. Staff only.
#[utoipa::path(
    get, path = "/v1/reconciliations", operation_id = "list_reconciliations", tag = "staff",
    security(("token" = [])), params(PageQuery),
    responses((status = 200, body = PageView<RunView>, description = "A page of comparisons"))
)]
pub(crate) async fn list_reconciliations(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<Staff, Params<PageQuery>>,
) -> Result<Json<PageView<RunView>>, Failure> {
    let below = page.cursor.and_then(|cursor| ReconciliationId::try_new(cursor).ok());
    let runs = state.services.reconciliation.list(below, page.limit).await?;
    Ok(Json(PageView::of(runs, page.limit, |run| run.id, RunView::from)))
}

/// Begins to compare what was booked on some days with the gateway's lists. The work goes on by itself; a repeat
/// begins another one. Staff only.
#[utoipa::path(
    post, path = "/v1/reconciliations", operation_id = "start_reconciliation", tag = "staff",
    security(("token" = [])), request_body = DaysBody,
    responses((
        status = 201, body = RunView, description = "It has begun",
        links(("find" = (
            operation_id = "find_reconciliation",
            parameters(("reconciliation_id" = "$response.body#/reconciliation_id"))
        )))
    ))
)]
pub(crate) async fn start_reconciliation(
    state: Data<State>,
    InOrder(staff, Body(days)): InOrder<StaffMember, Body<DaysBody>>,
) -> Result<HttpResponse, Failure> {
    begin(&state, &days, staff.user.id, Source::Gateway, Vec::new()).await
}

/// Whose bill, of which days, and the file.
type SentBill = InOrder<Path<String>, InOrder<Params<DaysBody>, BillBody>>;

/// Begins to compare what was booked on some days with a bill file. The work goes on by itself. Staff only.
#[utoipa::path(
    post, path = "/v1/reconciliations/bills/{kind}", operation_id = "reconcile_bill", tag = "staff",
    security(("token" = [])),
    params(("kind" = String, Path, description = "`wechat` or `alipay`", example = "wechat"), DaysBody),
    request_body(
        content = String, content_type = "text/csv",
        description = "The file as it was downloaded, also gzipped or in a zip; at most 16 MiB"
    ),
    responses(
        (status = 201, body = RunView, description = "It has begun"),
        (status = 422, body = crate::dialects::ProblemView, content_type = "application/problem+json",
            description = "The file is no such bill")
    )
)]
pub(crate) async fn reconcile_bill(
    state: Data<State>,
    InOrder(staff, InOrder(kind, InOrder(Params(days), BillBody(file)))): InOrder<StaffMember, SentBill>,
) -> Result<HttpResponse, Failure> {
    let kind = BillKind::ALL.into_iter().find(|each| each.code() == kind.as_str()).ok_or(Failure::NotFound)?;
    let bill = state.services.reconciliation.read_bill(kind, file.to_vec()).await?;
    begin(&state, &days, staff.user.id, kind.source(), vec![(kind, bill)]).await
}

/// A run is begun before the answer and carried out after it: a month takes longer than a client waits.
async fn begin(
    state: &State,
    days: &DaysBody,
    by: UserId,
    source: Source,
    bills: Vec<(BillKind, Bill)>,
) -> Result<HttpResponse, Failure> {
    let service = state.services.reconciliation.clone();
    let wanted = WantedRun { days: days.days()?, sources: vec![source], started_by: Some(by), daily: Daily::No };
    let run = service.begin(&wanted).await?.ok_or(Failure::Internal("a run was denied"))?;
    let begun = run.clone();
    actix_web::rt::spawn(async move {
        let id = run.id.get();
        if let Err(error) = service.carry_out(run, bills, &Silent).await {
            tracing::warn!(reconciliation.id = id, error = &error as &dyn std::error::Error, "a run failed");
        }
    });
    let place = format!("/v1/reconciliations/{}", begun.id);
    Ok(HttpResponse::Created().insert_header(("Location", place)).json(RunView::from(begun)))
}

/// Finds a comparison. Staff only.
#[utoipa::path(
    get, path = "/v1/reconciliations/{reconciliation_id}", operation_id = "find_reconciliation", tag = "staff",
    security(("token" = [])), params(("reconciliation_id" = i64, Path, description = "Its number", minimum = 1)),
    responses((status = 200, body = RunView, description = "The comparison"))
)]
pub(crate) async fn find_reconciliation(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<RunView>, Failure> {
    Ok(Json(found(&state, &id).await?.into()))
}

/// Lists what a comparison found, in its order; all of it as a CSV file for spreadsheets where `Accept` asks for
/// `text/csv`. Staff only.
#[utoipa::path(
    get, path = "/v1/reconciliations/{reconciliation_id}/differences", operation_id = "list_differences",
    tag = "staff", security(("token" = [])),
    params(("reconciliation_id" = i64, Path, description = "Its number", minimum = 1), PageQuery),
    responses((
        status = 200, description = "A page of differences, or all of them as CSV",
        content((PageView<DifferenceView> = "application/json"), (String = "text/csv"))
    ))
)]
pub(crate) async fn list_differences(
    state: Data<State>,
    request: HttpRequest,
    InOrder(_, InOrder(id, Params(page))): InOrder<Staff, InOrder<Path<String>, Params<PageQuery>>>,
) -> Result<HttpResponse, Failure> {
    let run = found(&state, &id).await?;
    let service = state.services.reconciliation.clone();
    if wants_csv(&request) {
        let name = format!("attachment; filename=\"reconciliation-{}.csv\"", run.id);
        return Ok(HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8")
            .insert_header(("Content-Disposition", name))
            .streaming(csv(service, run.id)));
    }
    let kept = service.differences(run.id, page.cursor.unwrap_or(0), page.limit).await?;
    Ok(HttpResponse::Ok().json(PageView::of(kept, page.limit, |kept| kept.ordinal, DifferenceView::from)))
}

/// Repairs what a comparison found and can be repaired: the gateway is asked, and its answer is booked as a
/// callback's would be. The rest is marked for a person. A repeat tries again what failed. Staff only.
#[utoipa::path(
    post, path = "/v1/reconciliations/{reconciliation_id}/repair", operation_id = "repair_reconciliation",
    tag = "staff", security(("token" = [])),
    params(("reconciliation_id" = i64, Path, description = "Its number", minimum = 1)),
    responses(
        (status = 200, body = RepairedView, description = "What the repair came to"),
        (status = 409, body = crate::dialects::ProblemView, content_type = "application/problem+json",
            description = "The comparison has not ended yet")
    )
)]
pub(crate) async fn repair_reconciliation(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<RepairedView>, Failure> {
    let run = found(&state, &id).await?;
    Ok(Json(state.services.reconciliation.repair(run.id, &Silent).await?.into()))
}

async fn found(state: &State, id: &str) -> Result<Run, Failure> {
    let id = path::id(id, ReconciliationId::try_new)?;
    state.services.reconciliation.find(id).await?.ok_or(Failure::NotFound)
}

/// Page by page, so that no list is too long. A store that fails ends the file, and the reader sees that its
/// last chunk is missing.
fn csv(service: ReconciliationService, id: ReconciliationId) -> impl Stream<Item = Result<Bytes, CsvFailed>> {
    let head = futures_util::stream::iter([Ok(Bytes::from_static(differences_csv_head().as_bytes()))]);
    let lines = unfold(Some((service, 0_i64)), move |place| async move {
        let (service, above) = place?;
        match service.differences(id, above, CSV_PAGE).await {
            Ok(page) => {
                let last = page.last()?.ordinal;
                let lines: String = page.iter().map(|kept| differences_csv_line(id, kept)).collect();
                Some((Ok(Bytes::from(lines)), Some((service, last))))
            }
            Err(error) => Some((Err(CsvFailed(error)), None)),
        }
    });
    futures_util::StreamExt::chain(head, lines)
}

/// The rest of a file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the rest of the file could not be read")]
struct CsvFailed(#[source] edupay_domain::store::StoreError);

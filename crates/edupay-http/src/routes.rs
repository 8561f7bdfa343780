//! The route table: every path, its methods, and who may call them. Each path is served with and
//! without its trailing slash, so that no client loses a body on a redirect.

use crate::config::WebPath;
use crate::extract::{Anyone, Caller, InOrder};
use crate::failure::Failure;
use crate::pattern::RoutePattern;
use crate::rates::Pace;
use crate::{campus, cashier, ops, v1, webhooks, yian};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, Route, Scope, guard};

/// Below it lie the uploads of bill files.
pub(crate) const BILLS: &str = "/v1/reconciliations/bills/";
/// What a reconciliation found: answered as a CSV file too, where that is asked for.
pub(crate) const DIFFERENCES: &str = "/v1/reconciliations/{reconciliation_id}/differences";

/// Every endpoint there is.
pub(crate) fn table() -> Vec<Endpoint> {
    vec![
        // The 益安 API.
        Endpoint::open("/account/login/").on(Method::POST, yian::log_in),
        Endpoint::of_users("/account/logout/").on(Method::PUT, yian::log_out),
        Endpoint::of_users("/pay/fill_in_balance/").paced().on(Method::PUT, yian::fill_in_balance),
        Endpoint::of_users("/pay/pay_in_balance/").paced().on(Method::PUT, yian::pay_in_balance),
        Endpoint::of_users("/pay/pay_for_order/").paced().on(Method::PUT, yian::pay_for_order),
        Endpoint::of_users("/pay/products/")
            .on(Method::GET, yian::list_products)
            .on(Method::POST, yian::create_product),
        // The campus API.
        Endpoint::of_users(campus::SEARCH).in_any_case().on(Method::POST, campus::search_pay_packages),
        Endpoint::of_users(campus::PAY).in_any_case().paced().on(Method::POST, campus::pay_money),
        Endpoint::of_users(campus::SUCCESS).in_any_case().on(Method::POST, campus::search_success_data),
        // Our own API.
        Endpoint::of_users("/v1/me").on(Method::GET, v1::me),
        Endpoint::of_users("/v1/courses").on(Method::GET, v1::list_courses).on(Method::POST, v1::create_course),
        Endpoint::of_users("/v1/courses/{course_id}/offer").on(Method::POST, v1::offer_course),
        Endpoint::of_users("/v1/courses/{course_id}/withdraw").on(Method::POST, v1::withdraw_course),
        Endpoint::of_users("/v1/orders").paced().on(Method::GET, v1::list_orders).on(Method::POST, v1::create_order),
        Endpoint::of_users("/v1/orders/{order_no}").on(Method::GET, v1::find_order),
        Endpoint::of_users("/v1/orders/{order_no}/cancel").on(Method::POST, v1::cancel_order),
        Endpoint::of_users("/v1/orders/{order_no}/cashier-link").on(Method::POST, v1::create_order_link),
        Endpoint::of_users("/v1/top-ups").paced().on(Method::POST, v1::start_top_up),
        Endpoint::of_users("/v1/top-ups/{top_up_no}").on(Method::GET, v1::find_top_up),
        Endpoint::of_users("/v1/ledger/entries").on(Method::GET, v1::list_entries),
        Endpoint::of_users("/v1/users").on(Method::GET, v1::list_users).on(Method::POST, v1::create_user),
        Endpoint::of_users("/v1/users/{user_id}/activate").on(Method::POST, v1::activate_user),
        Endpoint::of_users("/v1/users/{user_id}/deactivate").on(Method::POST, v1::deactivate_user),
        Endpoint::of_users("/v1/users/{user_id}/app-store-purchases").on(Method::GET, v1::list_app_store_purchases),
        Endpoint::of_users("/v1/products/{product_id}/price").on(Method::PUT, v1::set_product_price),
        Endpoint::of_users("/v1/app-store/records").on(Method::GET, v1::list_app_store_records),
        Endpoint::of_users("/v1/app-store/consumption-requests").on(Method::GET, v1::list_consumption_requests),
        Endpoint::of_users("/v1/app-store/consumption-requests/{notification_id}/answered")
            .on(Method::POST, v1::answer_consumption_request),
        Endpoint::of_users("/v1/schools").on(Method::GET, v1::list_schools).on(Method::POST, v1::create_school),
        Endpoint::of_users("/v1/schools/{school_id}").on(Method::PUT, v1::put_school),
        Endpoint::of_users("/v1/students").on(Method::GET, v1::list_students),
        Endpoint::of_users("/v1/students/{user_id}").on(Method::GET, v1::find_student).on(Method::PUT, v1::put_student),
        Endpoint::of_users("/v1/students/{user_id}/card").on(Method::PUT, v1::replace_card),
        Endpoint::of_users("/v1/students/{user_id}/guardians").on(Method::GET, v1::list_guardians),
        Endpoint::of_users("/v1/students/{user_id}/guardians/{guardian_id}")
            .on(Method::PUT, v1::bind_guardian)
            .on(Method::DELETE, v1::unbind_guardian),
        Endpoint::of_users("/v1/students/{user_id}/purchases").on(Method::GET, v1::list_purchases),
        Endpoint::of_users("/v1/students/{user_id}/purchases/{purchase_no}").on(Method::GET, v1::find_purchase),
        Endpoint::of_users("/v1/me/students").on(Method::GET, v1::list_wards),
        Endpoint::of_users("/v1/projects").on(Method::GET, v1::list_projects).on(Method::POST, v1::create_project),
        Endpoint::of_users("/v1/projects/{project_id}").on(Method::PUT, v1::put_project),
        Endpoint::of_users("/v1/projects/{project_id}/offer").on(Method::POST, v1::offer_project),
        Endpoint::of_users("/v1/projects/{project_id}/withdraw").on(Method::POST, v1::withdraw_project),
        Endpoint::of_users("/v1/packages").on(Method::GET, v1::list_packages).on(Method::POST, v1::create_package),
        Endpoint::of_users("/v1/packages/{package_id}").on(Method::PUT, v1::put_package),
        Endpoint::of_users("/v1/packages/{package_id}/offer").on(Method::POST, v1::offer_package),
        Endpoint::of_users("/v1/packages/{package_id}/withdraw").on(Method::POST, v1::withdraw_package),
        Endpoint::of_users("/v1/refunds").on(Method::GET, v1::list_refunds),
        Endpoint::of_users("/v1/orders/{order_no}/refunds")
            .on(Method::GET, v1::list_order_refunds)
            .on(Method::POST, v1::refund_order),
        Endpoint::of_users("/v1/orders/{order_no}/refunds/{refund_no}/approve")
            .on(Method::POST, v1::approve_order_refund),
        Endpoint::of_users("/v1/orders/{order_no}/refunds/{refund_no}/reject")
            .on(Method::POST, v1::reject_order_refund),
        Endpoint::of_users("/v1/purchases/{purchase_no}/refunds")
            .on(Method::GET, v1::list_purchase_refunds)
            .on(Method::POST, v1::refund_purchase),
        Endpoint::of_users("/v1/purchases/{purchase_no}/refunds/{refund_no}/approve")
            .on(Method::POST, v1::approve_purchase_refund),
        Endpoint::of_users("/v1/purchases/{purchase_no}/refunds/{refund_no}/reject")
            .on(Method::POST, v1::reject_purchase_refund),
        Endpoint::of_users("/v1/webhook-endpoints")
            .on(Method::GET, v1::list_webhook_endpoints)
            .on(Method::POST, v1::create_webhook_endpoint),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}")
            .on(Method::GET, v1::find_webhook_endpoint)
            .on(Method::PUT, v1::put_webhook_endpoint)
            .on(Method::DELETE, v1::remove_webhook_endpoint),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/enable").on(Method::POST, v1::enable_webhook_endpoint),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/disable")
            .on(Method::POST, v1::disable_webhook_endpoint),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/rotate-secret")
            .on(Method::POST, v1::rotate_webhook_secret),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/ping").on(Method::POST, v1::ping_webhook_endpoint),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/resend").on(Method::POST, v1::resend_events_since),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/deliveries")
            .on(Method::GET, v1::list_webhook_deliveries),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/deliveries/{event_id}")
            .on(Method::GET, v1::find_webhook_delivery),
        Endpoint::of_users("/v1/webhook-endpoints/{endpoint_id}/deliveries/{event_id}/resend")
            .on(Method::POST, v1::resend_event),
        Endpoint::of_users("/v1/reconciliations")
            .on(Method::GET, v1::list_reconciliations)
            .on(Method::POST, v1::start_reconciliation),
        Endpoint::of_users("/v1/reconciliations/bills/{kind}").on(Method::POST, v1::reconcile_bill),
        Endpoint::of_users("/v1/reconciliations/{reconciliation_id}").on(Method::GET, v1::find_reconciliation),
        Endpoint::of_users(DIFFERENCES).on(Method::GET, v1::list_differences),
        Endpoint::of_users("/v1/reconciliations/{reconciliation_id}/repair")
            .on(Method::POST, v1::repair_reconciliation),
        Endpoint::of_users("/v1/recovery").on(Method::GET, v1::show_recovery),
        Endpoint::of_users("/v1/recovery/runs").on(Method::POST, v1::run_recovery),
        Endpoint::of_users("/v1/review").on(Method::GET, v1::list_review),
        Endpoint::of_users("/v1/review/{id}").on(Method::GET, v1::find_review),
        Endpoint::of_users("/v1/review/{id}/refund").on(Method::POST, v1::refund_review),
        Endpoint::of_users("/v1/review/{id}/retry").on(Method::POST, v1::retry_review),
        Endpoint::of_users("/v1/review/{id}/close").on(Method::POST, v1::close_review),
        // Callbacks.
        Endpoint::open("/webhooks/pingpp").on(Method::POST, webhooks::receive_pingpp),
        Endpoint::open("/webhooks/app-store").on(Method::POST, webhooks::receive_app_store),
        // For operators.
        Endpoint::open("/healthz").on(Method::GET, ops::healthz),
        Endpoint::open("/readyz").on(Method::GET, ops::readyz),
        Endpoint::open("/metrics").on(Method::GET, ops::metrics),
        Endpoint::open("/openapi.json").on(Method::GET, ops::openapi),
    ]
}

/// The patterns of all routes, for what is counted by route.
pub(crate) fn patterns() -> Vec<&'static str> {
    let table = table().into_iter().map(|endpoint| endpoint.path);
    table.chain(cashier::PATTERNS).chain(DOCS).collect()
}

/// The documents' page: its folder, and the files in it.
const DOCS: [&str; 2] = ["/docs", "/docs/{file}"];

/// Registers the table, the documents' page, and what answers everything else.
///
/// Plain paths come first: the router compares them as text, and searches those with a part that varies
/// by regular expression. Between them stands one question for the paths of any case.
pub(crate) fn configure(config: &mut ServiceConfig, campus: &WebPath) {
    let (exact, any_case): (Vec<_>, Vec<_>) =
        table().into_iter().partition(|endpoint| endpoint.spelling == Spelling::Exact);
    let (varying, plain): (Vec<_>, Vec<_>) = exact.into_iter().partition(|endpoint| endpoint.path.contains('{'));
    register(config, &plain);
    config.service(campus_calls(&any_case, campus));
    register(config, &varying);
    cashier::configure(config);
    config.service(web::resource("/docs").app_data(RoutePattern("/docs")).get(ops::docs_folder));
    config.service(web::resource("/docs/{file:.*}").app_data(RoutePattern("/docs/{file}")).get(ops::docs_file));
    config.default_service(web::to(not_found));
}

fn register(config: &mut ServiceConfig, endpoints: &[Endpoint]) {
    for resource in endpoints.iter().flat_map(Endpoint::resources) {
        config.service(resource);
    }
}

/// The router can't fold case, so the calls of the campus API are a scope of every path that a guard
/// holds to theirs.
fn campus_calls(endpoints: &[Endpoint], campus: &WebPath) -> Scope {
    let (calls, web_path): (Vec<_>, _) = (endpoints.iter().map(|endpoint| endpoint.path).collect(), campus.clone());
    let is_a_call = guard::fn_guard(move |context| {
        let path = context.head().uri.path();
        calls.iter().any(|call| web_path.leads_to(call, path))
    });
    let scopes = endpoints.iter().flat_map(|endpoint| endpoint.scopes(campus));
    scopes.fold(web::scope("").guard(is_a_call), |calls, scope| calls.service(scope))
}

/// Who may call an endpoint at all; rights beyond that are the handler's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Who has a token.
    Users,
}

/// How a path may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// As it stands.
    Exact,
    /// With letters of any case, below the campus API's path.
    AnyCase,
}

/// One path with its methods.
pub(crate) struct Endpoint {
    path: &'static str,
    spelling: Spelling,
    access: Access,
    pace: Pace,
    methods: Vec<Method>,
    routes: Vec<Box<dyn Fn() -> Route>>,
}

impl Endpoint {
    fn open(path: &'static str) -> Self {
        let (spelling, access, pace) = (Spelling::Exact, Access::Open, Pace::Read);
        Self { path, spelling, access, pace, methods: Vec::new(), routes: Vec::new() }
    }

    fn of_users(path: &'static str) -> Self {
        Self { access: Access::Users, ..Self::open(path) }
    }

    fn in_any_case(self) -> Self {
        Self { spelling: Spelling::AnyCase, ..self }
    }

    /// What is not only read here counts as a payment.
    fn paced(self) -> Self {
        Self { pace: Pace::Payment, ..self }
    }

    /// Whatever GET answers, HEAD answers without the body.
    fn on<F, Arguments>(mut self, method: Method, handler: F) -> Self
    where
        F: Handler<Arguments>,
        Arguments: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.push(method.clone());
        self.routes.push(Box::new(move || {
            let route = if method == Method::GET {
                web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
            } else {
                web::method(method.clone())
            };
            route.to(handler.clone())
        }));
        self
    }

    /// One with the slash and one without: the router compares a single plain path as text, but
    /// searches a list of them by regular expression.
    fn resources(&self) -> [Resource; 2] {
        let bare = self.path.trim_end_matches('/');
        [self.resource(bare.to_owned()), self.resource(format!("{bare}/"))]
    }

    fn resource(&self, path: String) -> Resource {
        let resource = web::resource(path).app_data(RoutePattern(self.path)).app_data(Allow(self.allow()));
        let resource = resource.app_data(self.pace);
        let resource = self.routes.iter().fold(resource, |resource, route| resource.route(route()));
        resource.default_service(self.other_methods())
    }

    /// One for each method and one for all others. (The guards of a scope's default route are not asked.)
    fn scopes(&self, campus: &WebPath) -> Vec<Scope> {
        let scope = || {
            let (call, campus) = (self.path, campus.clone());
            let leads_here = guard::fn_guard(move |context| campus.leads_to(call, context.head().uri.path()));
            let scope = web::scope("").guard(leads_here).app_data(RoutePattern(self.path));
            scope.app_data(Allow(self.allow())).app_data(self.pace)
        };
        let methods = self.methods.iter().zip(&self.routes);
        let known =
            methods.map(|(method, route)| scope().guard(guard::Method(method.clone())).default_service(route()));
        known.chain([scope().default_service(self.other_methods())]).collect()
    }

    fn other_methods(&self) -> Route {
        match self.access {
            Access::Open => web::to(method_not_allowed::<Anyone>),
            Access::Users => web::to(method_not_allowed::<Caller>),
        }
    }

    fn allow(&self) -> String {
        let names = self.methods.iter().map(Method::as_str);
        let head = self.methods.contains(&Method::GET).then_some("HEAD");
        names.chain(head).collect::<Vec<_>>().join(", ")
    }

    /// The path, as the documents write it.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// The methods.
    #[cfg(test)]
    pub(crate) fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Who may call it.
    #[cfg(test)]
    pub(crate) fn access(&self) -> Access {
        self.access
    }
}

/// The methods of a resource.
struct Allow(String);

/// Who has no token hears that first.
async fn method_not_allowed<Who: FromRequest + 'static>(
    request: HttpRequest,
    _: InOrder<Who, ()>,
) -> Result<&'static str, Failure> {
    let allow = request.app_data::<Allow>().map(|allow| allow.0.clone()).unwrap_or_default();
    Err(Failure::MethodNotAllowed { method: request.method().to_string(), allow })
}

async fn not_found() -> Result<&'static str, Failure> {
    Err(Failure::NotFound)
}

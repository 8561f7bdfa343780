//! The route table: every path, its methods, and who may call them. Each path is served with and
//! without its trailing slash, so that no client loses a body on a redirect.

use crate::extract::{Anyone, Caller, InOrder};
use crate::failure::Failure;
use crate::{ops, v1, webhooks, yian};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, Route, guard};

/// Every endpoint there is.
pub(crate) fn table() -> Vec<Endpoint> {
    vec![
        // The 益安 API.
        Endpoint::open("/account/login/").on(Method::POST, yian::log_in),
        Endpoint::of_users("/account/logout/").on(Method::PUT, yian::log_out),
        Endpoint::of_users("/pay/fill_in_balance/").on(Method::PUT, yian::fill_in_balance),
        Endpoint::of_users("/pay/pay_in_balance/").on(Method::PUT, yian::pay_in_balance),
        Endpoint::of_users("/pay/pay_for_order/").on(Method::PUT, yian::pay_for_order),
        Endpoint::of_users("/pay/products/")
            .on(Method::GET, yian::list_products)
            .on(Method::POST, yian::create_product),
        // Our own API.
        Endpoint::of_users("/v1/me").on(Method::GET, v1::me),
        Endpoint::of_users("/v1/courses").on(Method::GET, v1::list_courses).on(Method::POST, v1::create_course),
        Endpoint::of_users("/v1/courses/{course_id}/offer").on(Method::POST, v1::offer_course),
        Endpoint::of_users("/v1/courses/{course_id}/withdraw").on(Method::POST, v1::withdraw_course),
        Endpoint::of_users("/v1/orders").on(Method::GET, v1::list_orders).on(Method::POST, v1::create_order),
        Endpoint::of_users("/v1/orders/{order_no}").on(Method::GET, v1::find_order),
        Endpoint::of_users("/v1/orders/{order_no}/cancel").on(Method::POST, v1::cancel_order),
        Endpoint::of_users("/v1/top-ups").on(Method::POST, v1::start_top_up),
        Endpoint::of_users("/v1/ledger/entries").on(Method::GET, v1::list_entries),
        Endpoint::of_users("/v1/users").on(Method::GET, v1::list_users).on(Method::POST, v1::create_user),
        Endpoint::of_users("/v1/users/{user_id}/activate").on(Method::POST, v1::activate_user),
        Endpoint::of_users("/v1/users/{user_id}/deactivate").on(Method::POST, v1::deactivate_user),
        // Callbacks.
        Endpoint::open("/webhooks/pingpp").on(Method::POST, webhooks::receive_pingpp),
        // For operators.
        Endpoint::open("/healthz").on(Method::GET, ops::healthz),
        Endpoint::open("/readyz").on(Method::GET, ops::readyz),
        Endpoint::open("/openapi.json").on(Method::GET, ops::openapi),
    ]
}

/// Registers the table, the documents' page, and what answers everything else.
pub(crate) fn configure(config: &mut ServiceConfig) {
    for endpoint in table() {
        for resource in endpoint.resources() {
            config.service(resource);
        }
    }
    config.service(web::resource("/docs").app_data(RoutePattern("/docs")).get(ops::docs_folder));
    config.service(web::resource("/docs/{file:.*}").app_data(RoutePattern("/docs/{file}")).get(ops::docs_file));
    config.default_service(web::to(not_found));
}

/// The pattern of the route that answered, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutePattern(pub(crate) &'static str);

/// Who may call an endpoint at all; rights beyond that are the handler's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Who has a token.
    Users,
}

/// One path with its methods.
pub(crate) struct Endpoint {
    path: &'static str,
    access: Access,
    methods: Vec<Method>,
    routes: Vec<Box<dyn Fn() -> Route>>,
}

impl Endpoint {
    fn open(path: &'static str) -> Self {
        Self { path, access: Access::Open, methods: Vec::new(), routes: Vec::new() }
    }

    fn of_users(path: &'static str) -> Self {
        Self { access: Access::Users, ..Self::open(path) }
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
        let resource = self.routes.iter().fold(resource, |resource, route| resource.route(route()));
        match self.access {
            Access::Open => resource.default_service(web::to(method_not_allowed::<Anyone>)),
            Access::Users => resource.default_service(web::to(method_not_allowed::<Caller>)),
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

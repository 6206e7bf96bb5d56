//! One expression per route: path, method and OpenAPI from the handler, then access, recording, and body limit.

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};
use utoipa::openapi::{OpenApi, ResponseBuilder, path::Operation, security::SecurityRequirement};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    core::{caller::RecordKind, dialect::Dialect, permissions::Permission},
    http::{
        body_time::{allow_upload_time, limit_body_time},
        charging::charge_credits,
        content_encoding::decode_content_encoding,
        dashboard_session::{Guard, check_access, check_permission},
        drain::drain,
        error::{ErrorShape, from_panic, render_errors},
        idempotency::{mark_only_read, replay_idempotent},
        middleware::{limit_header_bytes, refuse_control_characters, strip_cors_headers},
        openapi::{self, operations_mut},
        rate_limit::report_rate_limit,
        recording::{Recorded, charge_changes, record_transaction},
        state::Gateway,
    },
};

/// Largest body of a route that takes no file.
const MAX_JSON_BYTES: usize = 64 * 1024;

/// Access to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// The dashboard's own pages, before there is a session.
    DashboardPage,
    /// An API key with the scope that includes this permission; dashboard sessions are rejected.
    ApiKey(Permission),
    /// The token of one record of a journey, and no other.
    Record(RecordKind),
    /// Any dashboard user.
    SignedIn,
    /// A dashboard user with this permission.
    Organisation(Permission),
    /// An API key with the scope that includes this permission, or a dashboard user who has it in the project the request
    /// names.
    Project(Permission),
}

impl Access {
    /// Returns the permission a key needs; `None` when keys are rejected, or all callers are allowed.
    pub const fn key_permission(self) -> Option<Permission> {
        match self {
            Self::ApiKey(permission) | Self::Project(permission) => Some(permission),
            Self::Public | Self::DashboardPage | Self::Record(_) | Self::SignedIn | Self::Organisation(_) => {
                None
            }
        }
    }
}

/// One route; `routes!(handler)` names the handlers that share an access.
pub struct Route {
    methods: UtoipaMethodRouter<Gateway>,
    access: Access,
    recorded_as: Option<&'static str>,
    max_body_bytes: Option<usize>,
    only_reads: bool,
    costs_credits: bool,
}

/// A route open to `access`.
pub const fn route(access: Access, methods: UtoipaMethodRouter<Gateway>) -> Route {
    Route {
        methods,
        access,
        recorded_as: None,
        max_body_bytes: None,
        only_reads: false,
        costs_credits: false,
    }
}

impl Route {
    /// Records a transaction of this kind for every authenticated call.
    #[must_use]
    pub fn recorded_as(mut self, kind: &'static str) -> Self {
        self.recorded_as = Some(kind);
        self
    }

    /// Its calls cost credits, where the models judge what is sent. It must be recorded.
    #[must_use]
    pub fn charged(mut self) -> Self {
        self.costs_credits = true;
        for operation in self.methods.1.paths.values_mut().flat_map(operations_mut) {
            let refusal = ResponseBuilder::new()
                .description("insufficient_credits: the project has paid ahead too little");
            operation.responses.responses.insert("402".to_owned(), refusal.build().into());
        }
        self
    }

    /// Serves the route under another prefix as well.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        let paths = std::mem::take(&mut self.methods.1.paths);
        let moved = paths.into_iter().map(|(path, mut item)| {
            for operation in operations_mut(&mut item) {
                let id = operation.operation_id.take();
                operation.operation_id = id.map(|id| format!("{}_{id}", prefix.trim_matches('/')));
            }
            (format!("{prefix}{path}"), item)
        });
        self.methods.1.paths = moved.collect();
        self
    }

    /// Its calls change nothing, whatever their method: their responses are not stored for an `Idempotency-Key`.
    #[must_use]
    pub fn only_reads(mut self) -> Self {
        self.only_reads = true;
        self
    }

    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = Some(bytes);
        self
    }
}

/// Properties shared by the routes of one audience.
#[derive(Clone, Copy)]
pub struct Audience {
    pub dialect: Dialect,
    pub errors: ErrorShape,
    /// Whether pages of other origins may read the responses, if projects allow them.
    pub cross_origin: bool,
}

/// The routes of the server, audience by audience, and their OpenAPI description.
pub struct RouteTable {
    gateway: Gateway,
    cors: CorsLayer,
    router: Router<Gateway>,
    openapi: OpenApi,
}

impl RouteTable {
    pub fn new(gateway: &Gateway, cors: CorsLayer) -> Self {
        let openapi = openapi::description();
        Self { gateway: gateway.clone(), cors, router: Router::new(), openapi }
    }

    /// Adds the routes of an audience.
    #[must_use]
    pub fn audience(mut self, audience: Audience, routes: impl IntoIterator<Item = Route>) -> Self {
        let router = routes.into_iter().fold(OpenApiRouter::new(), |router, route| {
            router.routes(route.into_methods(&self.gateway, audience.errors))
        });
        let (router, mut openapi) = router.split_for_parts();
        openapi::share_responses(&mut openapi, audience.errors.schema);
        self.openapi.merge(openapi);
        self.undescribed(audience, router)
    }

    /// Adds routes that are not in the API description.
    #[must_use]
    pub fn undescribed(mut self, audience: Audience, router: Router<Gateway>) -> Self {
        let layered = router
            .layer(from_fn_with_state(audience.errors, render_errors))
            .layer(from_fn_with_state(self.gateway.clone(), replay_idempotent))
            .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
            .layer(from_fn(refuse_control_characters))
            .layer(from_fn(limit_header_bytes))
            .layer(from_fn(decode_content_encoding))
            .layer(from_fn(drain))
            .layer(from_fn_with_state(self.gateway.clone(), limit_body_time))
            .layer(CatchPanicLayer::custom(from_panic))
            .layer(from_fn_with_state(audience.errors, render_errors))
            .layer(from_fn(report_rate_limit))
            .layer(Extension(audience.dialect))
            .layer(self.cors.clone());
        let layered =
            if audience.cross_origin { layered } else { layered.layer(from_fn(strip_cors_headers)) };
        self.router = self.router.merge(layered);
        self
    }

    /// The description of all described routes.
    pub fn openapi(&self) -> OpenApi {
        openapi::completed(self.openapi.clone())
    }

    pub fn into_router(self) -> Router<Gateway> {
        self.router
    }
}

impl Route {
    fn into_methods(self, gateway: &Gateway, errors: ErrorShape) -> UtoipaMethodRouter<Gateway> {
        let Self {
            methods: (schemas, mut paths, methods),
            access,
            recorded_as,
            max_body_bytes,
            only_reads,
            costs_credits,
        } = self;
        for operation in paths.paths.values_mut().flat_map(operations_mut) {
            describe(operation, access, recorded_as.is_some());
        }
        let guard = Guard { gateway: gateway.clone(), access };
        let methods = match max_body_bytes {
            Some(bytes) => methods
                .layer(DefaultBodyLimit::max(bytes))
                .layer(from_fn_with_state(gateway.clone(), allow_upload_time)),
            None => methods,
        };
        let is_charged = recorded_as.is_none() && !only_reads && takes_keys(access);
        let methods = match is_charged {
            true => methods.route_layer(from_fn_with_state(gateway.clone(), charge_changes)),
            false => methods,
        };
        let methods = match access {
            access if takes_keys(access) => {
                methods.route_layer(from_fn_with_state(guard.clone(), check_permission))
            }
            _ => methods,
        };
        let methods = if only_reads { methods.layer(from_fn(mark_only_read)) } else { methods };
        // A panic is caught inside of it, so that such a call is given back.
        let methods = if costs_credits {
            let methods = methods.route_layer(CatchPanicLayer::custom(from_panic));
            methods.route_layer(from_fn_with_state(gateway.clone(), charge_credits))
        } else {
            methods
        };
        let methods = match recorded_as {
            // A panic is caught inside of the record, so that such a call is recorded as well.
            Some(kind) => methods.route_layer(CatchPanicLayer::custom(from_panic)).route_layer(
                from_fn_with_state(Recorded { gateway: gateway.clone(), kind, errors }, record_transaction),
            ),
            None => methods,
        };
        (schemas, paths, methods.route_layer(from_fn_with_state(guard, check_access)))
    }
}

fn takes_keys(access: Access) -> bool {
    matches!(access, Access::ApiKey(_) | Access::Project(_) | Access::Record(_))
}

fn describe(operation: &mut Operation, access: Access, is_recorded: bool) {
    let by_key = |permission: Permission| {
        SecurityRequirement::new("api_key", permission.scope().map(|scope| scope.name()))
    };
    let by_person = |permission: Option<Permission>| {
        SecurityRequirement::new("dashboard", permission.map(Permission::name))
    };
    operation.security = Some(match access {
        Access::Public | Access::DashboardPage => vec![SecurityRequirement::default()],
        Access::SignedIn => vec![by_person(None)],
        Access::Organisation(permission) => vec![by_person(Some(permission))],
        Access::ApiKey(permission) => vec![by_key(permission)],
        Access::Record(_) => vec![SecurityRequirement::new("record_token", None::<&str>)],
        Access::Project(permission) if permission.scope().is_none() => vec![by_person(Some(permission))],
        Access::Project(permission) => vec![by_key(permission), by_person(Some(permission))],
    });
    if is_recorded {
        let parameters = openapi::call_header_parameters().map(Into::into);
        operation.parameters.get_or_insert_default().extend(parameters);
    }
}

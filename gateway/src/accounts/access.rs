//! What each role may do, and what each route asks for: two tables, and nothing else decides.

use http::Method;
use proto::accounts::Role;

/// Something a role may do. The names are what `GET /api-auth/me` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    ProjectsRead,
    /// Make projects, change what they choose, retention, SIM swap settings.
    ProjectsWrite,
    TransactionsRead,
    /// Tags and flags.
    TransactionsWrite,
    /// Frames, recordings and documents of a transaction.
    SamplesRead,
    SubjectsRead,
    /// Withdraw consents, erase.
    SubjectsWrite,
    RulesRead,
    RulesWrite,
    /// What-if over past transactions.
    RulesTry,
    KeysRead,
    KeysWrite,
    /// Make keys that can administer the project themselves.
    KeysMint,
    WebhooksRead,
    WebhooksWrite,
    TryIt,
    OperationsRead,
    AuditRead,
    UsersRead,
    UsersWrite,
    /// Make and remove owners.
    OwnersWrite,
    OrganisationDelete,
}

use Permission as P;

impl Permission {
    pub const fn name(self) -> &'static str {
        match self {
            P::ProjectsRead => "projects.read",
            P::ProjectsWrite => "projects.write",
            P::TransactionsRead => "transactions.read",
            P::TransactionsWrite => "transactions.write",
            P::SamplesRead => "samples.read",
            P::SubjectsRead => "subjects.read",
            P::SubjectsWrite => "subjects.write",
            P::RulesRead => "rules.read",
            P::RulesWrite => "rules.write",
            P::RulesTry => "rules.try",
            P::KeysRead => "keys.read",
            P::KeysWrite => "keys.write",
            P::KeysMint => "keys.mint",
            P::WebhooksRead => "webhooks.read",
            P::WebhooksWrite => "webhooks.write",
            P::TryIt => "try_it",
            P::OperationsRead => "operations.read",
            P::AuditRead => "audit.read",
            P::UsersRead => "users.read",
            P::UsersWrite => "users.write",
            P::OwnersWrite => "owners.write",
            P::OrganisationDelete => "organisation.delete",
        }
    }
}

pub const ROLES: [Role; 5] = [Role::Owner, Role::Admin, Role::Developer, Role::FraudAnalyst, Role::Viewer];

const VIEWER: &[Permission] = &[P::ProjectsRead, P::TransactionsRead, P::RulesRead];
const FRAUD_ANALYST: &[Permission] = &[P::TransactionsWrite, P::SamplesRead, P::SubjectsRead, P::RulesTry];
const DEVELOPER: &[Permission] =
    &[P::RulesWrite, P::RulesTry, P::KeysRead, P::KeysWrite, P::WebhooksRead, P::WebhooksWrite, P::TryIt];
const ADMIN: &[Permission] = &[
    P::ProjectsWrite,
    P::SubjectsWrite,
    P::KeysMint,
    P::OperationsRead,
    P::AuditRead,
    P::UsersRead,
    P::UsersWrite,
];
const OWNER: &[Permission] = &[P::OwnersWrite, P::OrganisationDelete];

/// What a role may do: each holds those it stands above.
pub fn permissions(role: Role) -> Vec<Permission> {
    let groups: &[&[Permission]] = match role {
        Role::Unspecified => &[],
        Role::Viewer => &[VIEWER],
        Role::FraudAnalyst => &[VIEWER, FRAUD_ANALYST],
        Role::Developer => &[VIEWER, DEVELOPER],
        Role::Admin => &[VIEWER, FRAUD_ANALYST, DEVELOPER, ADMIN],
        Role::Owner => &[VIEWER, FRAUD_ANALYST, DEVELOPER, ADMIN, OWNER],
    };
    let mut held: Vec<Permission> = Vec::new();
    for permission in groups.iter().flat_map(|group| group.iter()) {
        if !held.contains(permission) {
            held.push(*permission);
        }
    }
    held
}

pub fn may(role: Role, permission: Permission) -> bool {
    permissions(role).contains(&permission)
}

/// What a route asks of a dashboard session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: it takes no session, or looks for one itself.
    Open,
    /// An API key; a session is no help.
    Key,
    /// Anybody who is signed in.
    SignedIn,
    /// In the organisation.
    Organisation(Permission),
    /// In the project the request names.
    Project(Permission),
}

use Access::{Key, Open, Organisation, Project, SignedIn};

/// Every route. One that is missing is closed to sessions.
const TABLE: &[(&str, &str, Access)] = &[
    ("POST", "/api-auth/sign-in", Open),
    ("POST", "/api-auth/second-factor", Open),
    ("POST", "/api-auth/invitations/accept", Open),
    ("POST", "/api-auth/sign-out", Open),
    ("GET", "/api-auth/me", SignedIn),
    ("POST", "/api-auth/password", SignedIn),
    ("GET", "/api-auth/sessions", SignedIn),
    ("DELETE", "/api-auth/sessions/{id}", SignedIn),
    ("POST", "/api-auth/totp/begin", SignedIn),
    ("POST", "/api-auth/totp/confirm", SignedIn),
    ("POST", "/api-auth/totp/disable", SignedIn),
    ("POST", "/api-auth/recovery-codes", SignedIn),
    ("GET", "/api-auth/invitations", Organisation(P::UsersRead)),
    ("POST", "/api-auth/invitations", Organisation(P::UsersWrite)),
    ("DELETE", "/api-auth/invitations/{id}", Organisation(P::UsersWrite)),
    ("GET", "/api-auth/users", Organisation(P::UsersRead)),
    ("PATCH", "/api-auth/users/{id}", Organisation(P::UsersWrite)),
    ("DELETE", "/api-auth/users/{id}", Organisation(P::UsersWrite)),
    ("GET", "/api-auth/audit", Organisation(P::AuditRead)),
    ("DELETE", "/api-auth/organisation", Organisation(P::OrganisationDelete)),
    // The id is not to be guessed.
    ("GET", "/api-auth/deletions/{id}", Open),
    ("GET", "/api-projects/projects", Organisation(P::ProjectsRead)),
    ("POST", "/api-projects/projects", Organisation(P::ProjectsWrite)),
    ("GET", "/api-projects/projects/{id}", Organisation(P::ProjectsRead)),
    ("PATCH", "/api-projects/projects/{id}", Organisation(P::ProjectsWrite)),
    ("POST", "/api-gateway/sessions/start", Key),
    ("POST", "/api-gateway/sessions/end/{id}", Key),
    ("POST", "/api-gateway/process-video", Key),
    ("POST", "/api-gateway/enroll/face", Key),
    ("POST", "/api-gateway/enroll/voice", Key),
    ("POST", "/api-gateway/match-faces", Key),
    ("POST", "/api-gateway/docauth/check", Key),
    ("POST", "/api-consent/consent", Project(P::SubjectsWrite)),
    ("POST", "/api-consent/strg-consent", Project(P::SubjectsWrite)),
    ("GET", "/api-consent/consent/{user}", Project(P::SubjectsRead)),
    ("GET", "/api-consent/consents", Project(P::SubjectsRead)),
    ("GET", "/api-consent/consents/export", Project(P::SubjectsRead)),
    ("GET", "/api-transactions/transactions", Project(P::TransactionsRead)),
    ("POST", "/api-transactions/transactions/query", Project(P::TransactionsRead)),
    ("GET", "/api-transactions/transactions/export", Project(P::TransactionsRead)),
    ("GET", "/api-transactions/transactions/{id}", Project(P::TransactionsRead)),
    ("GET", "/api-transactions/transactions/{id}/related", Project(P::TransactionsRead)),
    ("GET", "/api-transactions/live", Project(P::TransactionsRead)),
    ("GET", "/api-transactions/stats", Project(P::TransactionsRead)),
    ("GET", "/api-transactions/transactions/{id}/samples", Project(P::SamplesRead)),
    // The link is signed.
    ("GET", "/api-transactions/samples/{id}", Open),
    ("PUT", "/api-transactions/transactions/{id}/tags", Project(P::TransactionsWrite)),
    ("PUT", "/api-transactions/transactions/{id}/flag", Project(P::TransactionsWrite)),
    ("GET", "/api-projects/public/apikeys", Project(P::KeysRead)),
    ("POST", "/api-projects/public/apikeys", Project(P::KeysWrite)),
    ("GET", "/api-projects/public/apikeys/{id}", Project(P::KeysRead)),
    ("PATCH", "/api-projects/public/apikeys/{id}", Project(P::KeysWrite)),
    ("DELETE", "/api-projects/public/apikeys/{id}", Project(P::KeysWrite)),
    ("GET", "/api-projects/keys", Open),
    ("GET", "/api-projects/subjects/{user}", Project(P::SubjectsRead)),
    ("DELETE", "/api-projects/subjects/{user}", Project(P::SubjectsWrite)),
    ("GET", "/api-projects/erasures/{id}", Project(P::SubjectsRead)),
    ("GET", "/api-projects/retention", Project(P::ProjectsRead)),
    ("PUT", "/api-projects/retention", Project(P::ProjectsWrite)),
    ("GET", "/api-projects/scoring-rules", Project(P::RulesRead)),
    ("POST", "/api-projects/scoring-rules", Project(P::RulesWrite)),
    ("GET", "/api-projects/scoring-rules/schema", Project(P::RulesRead)),
    ("GET", "/api-projects/scoring-rules/default", Project(P::RulesRead)),
    ("POST", "/api-projects/scoring-rules/validate", Project(P::RulesTry)),
    ("POST", "/api-projects/scoring-rules/what-if", Project(P::RulesTry)),
    ("PUT", "/api-projects/scoring-rules/assignment", Project(P::RulesWrite)),
    ("GET", "/api-projects/scoring-rules/{id}", Project(P::RulesRead)),
    ("PUT", "/api-projects/scoring-rules/{id}", Project(P::RulesWrite)),
    ("GET", "/api-projects/scoring-rules/{id}/versions/{version}", Project(P::RulesRead)),
    ("GET", "/api-projects/calibration", Project(P::RulesTry)),
    ("POST", "/api-projects/try-it", Project(P::TryIt)),
    ("GET", "/api-gateway/operations", Organisation(P::OperationsRead)),
    ("GET", "/api-gateway/webhooks", Project(P::WebhooksRead)),
    ("POST", "/api-gateway/webhooks", Project(P::WebhooksWrite)),
    ("GET", "/api-gateway/webhooks/dead-letters", Project(P::WebhooksRead)),
    ("GET", "/api-gateway/webhooks/{id}", Project(P::WebhooksRead)),
    ("PUT", "/api-gateway/webhooks/{id}", Project(P::WebhooksWrite)),
    ("PATCH", "/api-gateway/webhooks/{id}", Project(P::WebhooksWrite)),
    ("DELETE", "/api-gateway/webhooks/{id}", Project(P::WebhooksWrite)),
    ("POST", "/api-gateway/webhooks/{id}/rotate", Project(P::WebhooksWrite)),
    ("POST", "/api-gateway/webhooks/{id}/test", Project(P::WebhooksWrite)),
    ("GET", "/api-gateway/webhooks/{id}/deliveries", Project(P::WebhooksRead)),
    ("POST", "/api-gateway/webhooks/{id}/deliveries/{delivery_id}/replay", Project(P::WebhooksWrite)),
    ("GET", "/api-gateway/webhooks/{id}/dead-letters", Project(P::WebhooksRead)),
    ("POST", "/api-gateway/webhooks/{id}/dead-letters/replay", Project(P::WebhooksWrite)),
    ("GET", "/api-projects/sim-swap", Project(P::ProjectsRead)),
    ("PUT", "/api-projects/sim-swap", Project(P::ProjectsWrite)),
    ("DELETE", "/api-projects/sim-swap", Project(P::ProjectsWrite)),
    ("GET", "/healthz", Open),
    ("GET", "/readyz", Open),
];

/// What the route of a request asks for. `route` is its pattern. HEAD is the GET of a route.
pub fn of(method: &Method, route: &str) -> Option<Access> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    TABLE.iter().find(|(m, path, _)| *m == method && *path == route).map(|(_, _, access)| *access)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_route_says_what_it_asks_of_a_session() {
        let described = serde_json::to_value(crate::openapi::description()).unwrap();
        let mut missing = Vec::new();
        for (path, item) in described["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
                if of(&method.parse().unwrap(), path).is_none() {
                    missing.push(format!("{method} {path}"));
                }
            }
        }
        assert!(missing.is_empty(), "add to TABLE: {missing:?}");
        // The description itself is checked against the routes.
        assert!(crate::routes::PATHS.iter().all(|path| !described["paths"][path].is_null()));
    }

    #[test]
    fn no_route_is_listed_twice() {
        for (at, (method, path, _)) in TABLE.iter().enumerate() {
            assert!(!TABLE[..at].iter().any(|(m, p, _)| m == method && p == path), "{method} {path}");
        }
    }

    #[test]
    fn nothing_that_changes_something_is_open_but_the_door_itself() {
        let open = TABLE.iter().filter(|(method, _, access)| *method != "GET" && *access == Open);
        let paths: Vec<_> = open.map(|(_, path, _)| *path).collect();
        let door = ["sign-in", "second-factor", "invitations/accept", "sign-out"];
        assert_eq!(paths, door.map(|name| format!("/api-auth/{name}")));
    }

    proptest! {
        #[test]
        fn a_role_holds_all_that_those_below_it_hold(a in 0..5_usize, b in 0..5_usize) {
            // The order of roles: who may appoint whom.
            let above = |a: Role, b: Role| match a {
                Role::Owner => true,
                Role::Admin => b != Role::Owner,
                _ => b == Role::Viewer || a == b,
            };
            let (a, b) = (ROLES[a], ROLES[b]);
            if above(a, b) {
                prop_assert!(permissions(b).iter().all(|p| may(a, *p)), "{a:?} {b:?}");
            }
        }

        #[test]
        fn whoever_may_change_something_may_read_it(role in 0..5_usize) {
            let held: Vec<&str> = permissions(ROLES[role]).into_iter().map(Permission::name).collect();
            for write in held.iter().filter_map(|name| name.strip_suffix(".write")).filter(|what| *what != "owners") {
                let read = format!("{write}.read");
                prop_assert!(held.contains(&read.as_str()), "{read}");
            }
        }
    }
}

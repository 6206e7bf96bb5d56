//! What each role may do. What a route requires is registered with the route.

use proto::accounts::Role;

/// A permission. `GET /api-auth/me` lists them by name.
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

/// The name of a role in JSON.
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Developer => "developer",
        Role::FraudAnalyst => "fraud_analyst",
        Role::Viewer | Role::Unspecified => "viewer",
    }
}

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

/// What a role may do: each role has the permissions of those below it.
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

pub fn is_allowed(role: Role, permission: Permission) -> bool {
    permissions(role).contains(&permission)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
                prop_assert!(permissions(b).iter().all(|p| is_allowed(a, *p)), "{a:?} {b:?}");
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

//! Permissions of users by role, and of API keys by scope. The required permission is registered with each route.

use proto::{Word, accounts::Role};

/// A permission. `GET /api-auth/me` lists those of a user by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Sessions, videos, enrollments, comparisons and documents.
    Capture,
    /// Record consents; users only withdraw them.
    ConsentWrite,
    ConsentRead,
    TransactionsRead,
    /// Tags and flags.
    TransactionsWrite,
    /// Frames, recordings and documents of a transaction.
    SamplesRead,
    /// The schema of rules, and the built-in ones.
    RulesSchemaRead,
    /// Measured error rates.
    CalibrationRead,
    WebhooksRead,
    WebhooksWrite,
    /// The webhooks of every key of the project, not only the own ones.
    WebhooksAll,
    /// Names of other users that a 1:N search found.
    Identify,
    /// Similarities and probabilities with all their digits.
    SimilarityRead,
    /// Strengthen a template with a picture without a liveness check.
    EnrollStill,
    /// Replace a template, even by another person's.
    EnrollReplace,
    ProjectsRead,
    /// Create projects, change their settings, retention, SIM swap settings.
    ProjectsWrite,
    SubjectsRead,
    /// Erase.
    SubjectsWrite,
    RulesRead,
    RulesWrite,
    /// What-if over past transactions.
    RulesTry,
    KeysRead,
    KeysWrite,
    /// Create keys with scopes beyond those of an integration.
    KeysMint,
    TryIt,
    OperationsRead,
    AuditRead,
    UsersRead,
    UsersWrite,
    /// Create and remove owners.
    OwnersWrite,
    OrganisationDelete,
}

/// A scope of API keys: a group of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Capture,
    ConsentWrite,
    RecordsRead,
    SamplesRead,
    ReviewWrite,
    WebhooksWrite,
    Identify,
    SimilarityRead,
    EnrollStill,
    KeysAdmin,
    ProjectAdmin,
}

use {Permission as P, Scope as S};

/// Roles with a permission, one bit each.
type Roles = u8;
const NOBODY: Roles = 0;
const OWNERS: Roles = 1;
const ADMINS: Roles = OWNERS | 2;
const DEVELOPERS: Roles = ADMINS | 4;
const ANALYSTS: Roles = ADMINS | 8;
const ALL_BUT_VIEWERS: Roles = DEVELOPERS | ANALYSTS;
const EVERYBODY: Roles = ALL_BUT_VIEWERS | 16;

const fn bit(role: Role) -> Roles {
    match role {
        Role::Owner => 1,
        Role::Admin => 2,
        Role::Developer => 4,
        Role::FraudAnalyst => 8,
        Role::Viewer => 16,
        Role::Unspecified => 0,
    }
}

/// The table: permission, its name, the roles that have it, the scope that includes it.
const PERMISSIONS: [(Permission, &str, Roles, Option<Scope>); 32] = [
    (P::Capture, "capture", NOBODY, Some(S::Capture)),
    (P::ConsentWrite, "consent.write", ADMINS, Some(S::ConsentWrite)),
    (P::ConsentRead, "consent.read", ANALYSTS, Some(S::RecordsRead)),
    (P::TransactionsRead, "transactions.read", EVERYBODY, Some(S::RecordsRead)),
    (P::TransactionsWrite, "transactions.write", ANALYSTS, Some(S::ReviewWrite)),
    (P::SamplesRead, "samples.read", ANALYSTS, Some(S::SamplesRead)),
    (P::RulesSchemaRead, "rules_schema.read", EVERYBODY, Some(S::RecordsRead)),
    (P::CalibrationRead, "calibration.read", ALL_BUT_VIEWERS, Some(S::RecordsRead)),
    (P::WebhooksRead, "webhooks.read", DEVELOPERS, Some(S::WebhooksWrite)),
    (P::WebhooksWrite, "webhooks.write", DEVELOPERS, Some(S::WebhooksWrite)),
    (P::WebhooksAll, "webhooks.all", DEVELOPERS, Some(S::ProjectAdmin)),
    (P::Identify, "identify", ANALYSTS, Some(S::Identify)),
    (P::SimilarityRead, "similarity.read", ANALYSTS, Some(S::SimilarityRead)),
    (P::EnrollStill, "enroll.still", NOBODY, Some(S::EnrollStill)),
    (P::EnrollReplace, "enroll.replace", NOBODY, Some(S::ProjectAdmin)),
    (P::ProjectsRead, "projects.read", EVERYBODY, Some(S::ProjectAdmin)),
    (P::ProjectsWrite, "projects.write", ADMINS, Some(S::ProjectAdmin)),
    (P::SubjectsRead, "subjects.read", ANALYSTS, Some(S::ProjectAdmin)),
    (P::SubjectsWrite, "subjects.write", ADMINS, Some(S::ProjectAdmin)),
    (P::RulesRead, "rules.read", EVERYBODY, Some(S::ProjectAdmin)),
    (P::RulesWrite, "rules.write", DEVELOPERS, Some(S::ProjectAdmin)),
    (P::RulesTry, "rules.try", ALL_BUT_VIEWERS, Some(S::ProjectAdmin)),
    (P::KeysRead, "keys.read", DEVELOPERS, Some(S::KeysAdmin)),
    (P::KeysWrite, "keys.write", DEVELOPERS, Some(S::KeysAdmin)),
    (P::KeysMint, "keys.mint", ADMINS, Some(S::KeysAdmin)),
    (P::TryIt, "try_it", DEVELOPERS, None),
    (P::OperationsRead, "operations.read", ADMINS, None),
    (P::AuditRead, "audit.read", ADMINS, None),
    (P::UsersRead, "users.read", ADMINS, None),
    (P::UsersWrite, "users.write", ADMINS, None),
    (P::OwnersWrite, "owners.write", OWNERS, None),
    (P::OrganisationDelete, "organisation.delete", OWNERS, None),
];

/// The scopes, their names, and the permission required to grant them. A developer creates the keys of an
/// integration; wider ones are created by an admin.
const SCOPES: [(Scope, &str, Permission); 11] = [
    (S::Capture, "capture", P::KeysWrite),
    (S::ConsentWrite, "consent.write", P::KeysWrite),
    (S::RecordsRead, "records.read", P::KeysWrite),
    (S::SamplesRead, "samples.read", P::KeysMint),
    (S::ReviewWrite, "review.write", P::KeysMint),
    (S::WebhooksWrite, "webhooks.write", P::KeysWrite),
    (S::Identify, "identify", P::KeysMint),
    (S::SimilarityRead, "similarity.read", P::KeysMint),
    (S::EnrollStill, "enroll.still", P::KeysMint),
    (S::KeysAdmin, "keys.admin", P::KeysMint),
    (S::ProjectAdmin, "project.admin", P::KeysMint),
];

impl Permission {
    pub const fn name(self) -> &'static str {
        PERMISSIONS[self as usize].1
    }

    /// Returns the scope that includes it; `None`: no key has it.
    pub const fn scope(self) -> Option<Scope> {
        PERMISSIONS[self as usize].3
    }
}

impl Scope {
    pub const fn name(self) -> &'static str {
        SCOPES[self as usize].1
    }

    pub fn from_name(name: &str) -> Option<Self> {
        SCOPES.iter().find(|(_, known, _)| *known == name).map(|(scope, ..)| *scope)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(u64);

impl PermissionSet {
    pub fn of_role(role: Role) -> Self {
        Self::of_rows(|(_, _, roles, _)| roles & bit(role) != 0)
    }

    pub fn of_scopes(scopes: &[Scope]) -> Self {
        Self::of_rows(|(_, _, _, scope)| scope.is_some_and(|scope| scopes.contains(&scope)))
    }

    fn of_rows(held: impl Fn(&(Permission, &str, Roles, Option<Scope>)) -> bool) -> Self {
        let held = PERMISSIONS.iter().filter(|row| held(row));
        Self(held.fold(0, |set, (permission, ..)| set | 1 << *permission as u64))
    }

    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u64 != 0
    }
}

/// The name of a role in JSON.
pub fn role_name(role: Role) -> &'static str {
    role.to_word().unwrap_or("viewer")
}

/// Returns the permissions of a role.
pub fn permissions(role: Role) -> Vec<Permission> {
    let held = PermissionSet::of_role(role);
    PERMISSIONS.iter().map(|(permission, ..)| *permission).filter(|p| held.contains(*p)).collect()
}

pub fn is_allowed(role: Role, permission: Permission) -> bool {
    PermissionSet::of_role(role).contains(permission)
}

/// Returns the scopes a role may grant. It may neither create nor change a key with any other.
pub fn grantable_scopes(role: Role) -> Vec<Scope> {
    let grantable = SCOPES.iter().filter(|(_, _, needed)| is_allowed(role, *needed));
    grantable.map(|(scope, ..)| *scope).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROLES: [Role; 5] = [Role::Owner, Role::Admin, Role::Developer, Role::FraudAnalyst, Role::Viewer];

    #[test]
    fn the_tables_are_in_the_order_of_their_enums_and_name_each_once() {
        for (index, (permission, name, ..)) in PERMISSIONS.iter().enumerate() {
            assert_eq!(*permission as usize, index, "{name}");
            assert!(PERMISSIONS[..index].iter().all(|(_, other, ..)| other != name), "{name}");
        }
        for (index, (scope, name, _)) in SCOPES.iter().enumerate() {
            assert_eq!(*scope as usize, index, "{name}");
            assert_eq!(Scope::from_name(name), Some(*scope));
            assert!(PERMISSIONS.iter().any(|row| row.3 == Some(*scope)), "{name} grants nothing");
        }
    }

    #[test]
    fn a_developer_makes_the_keys_of_an_integration_and_no_others() {
        let names: Vec<_> = grantable_scopes(Role::Developer).into_iter().map(Scope::name).collect();
        assert_eq!(names, ["capture", "consent.write", "records.read", "webhooks.write"]);
        assert_eq!(grantable_scopes(Role::Admin), SCOPES.map(|(scope, ..)| scope));
        assert!(grantable_scopes(Role::FraudAnalyst).is_empty());
    }

    proptest! {
        #[test]
        fn a_role_holds_all_that_those_below_it_hold(a in 0..5_usize, b in 0..5_usize) {
            // The order of roles by which they may grant each other.
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
        fn write_permissions_imply_read_permissions(role in 0..5_usize) {
            let held: Vec<&str> = permissions(ROLES[role]).into_iter().map(Permission::name).collect();
            for write in held.iter().filter_map(|name| name.strip_suffix(".write")).filter(|what| *what != "owners") {
                let read = format!("{write}.read");
                prop_assert!(held.contains(&read.as_str()), "{read}");
            }
        }
    }
}

//! API keys as plain values: ids, names, selected services, token claims.

use scoring::Service;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{dialects::KeyDialects, error::Error, scope::Scopes};

/// The services a key can select, by their names in responses.
fn service_titles() -> [&'static str; Service::SELECTABLE.len()] {
    Service::SELECTABLE.map(Service::title)
}

/// Longest name of an organisation, project, key or rule set, in characters.
const MAX_NAME: usize = 200;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $missing:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Generates an id; later ones sort after earlier ones.
            pub fn generate() -> Self {
                Self(Uuid::now_v7().to_string())
            }

            /// Parses an id; any other text is reported as an unknown id.
            pub fn parse(text: &str) -> Result<Self, Error> {
                Uuid::try_parse(text).map(|id| Self(id.to_string())).map_err(|_| $missing)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// One tenant: no data crosses the boundary of a project.
    ProjectId,
    Error::NoSuchProject
);
id!(
    /// One API key.
    ApiKeyId,
    Error::NoSuchKey
);
id!(
    /// One set of scoring rules, over all its versions.
    ScoresId,
    Error::NoSuchRules
);

id!(
    /// One customer, with its users and projects.
    OrganisationId,
    Error::NoSuchOrganisation
);
id!(
    /// The id of a dashboard user.
    UserId,
    Error::NoSuchUser
);

/// A name given by a person: 1 to 200 characters, no control characters, no surrounding space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// `what` names the field in the error.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Invalid(format!("{what} is required")));
        }
        if text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
            return Err(Error::Invalid(format!(
                "{what} may hold at most {MAX_NAME} characters and no control characters"
            )));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The services a key may run: never empty, no repeats, in the order of [`Service::SELECTABLE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SelectedServices(Vec<String>);

impl SelectedServices {
    /// Parses a selection; an empty list selects all. The result is explicit, so that no reader of a token can take
    /// "all" for "none".
    pub fn parse(names: &[String]) -> Result<Self, Error> {
        if let Some(unknown) = names.iter().find(|name| !service_titles().contains(&name.as_str())) {
            let known = service_titles().join(", ");
            return Err(Error::Invalid(format!("unknown service {unknown:?}; the services are {known}")));
        }
        let chosen = |service: &&str| names.is_empty() || names.iter().any(|name| name == service);
        Ok(Self(service_titles().into_iter().filter(chosen).map(str::to_owned).collect()))
    }

    pub fn names(&self) -> &[String] {
        &self.0
    }

    pub fn into_names(self) -> Vec<String> {
        self.0
    }
}

/// The response format of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    /// The documented API.
    Default,
    /// The format of the vendor's client library.
    Sdk,
}

impl ResponseFormat {
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "" => Ok(Self::Default),
            "sdk" => Ok(Self::Sdk),
            _ => Err(Error::Invalid("response_format must be empty or \"sdk\"".into())),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Sdk => "sdk",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Active,
    Revoked,
    /// Its expiry has passed. Not stored: it follows from the expiry.
    Expired,
}

impl State {
    /// Parses a stored state; anything else is revoked: a damaged row must not grant access.
    pub fn from_stored(text: &str) -> Self {
        if text == "active" { Self::Active } else { Self::Revoked }
    }

    /// Returns the state at a time, of a key that expires at `expires_at_ms`.
    pub fn at(self, now_ms: i64, expires_at_ms: Option<i64>) -> Self {
        match self {
            Self::Active if expires_at_ms.is_some_and(|end| end <= now_ms) => Self::Expired,
            state => state,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// A stored API key: everything except the token, which only its holder has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub project_id: ProjectId,
    /// The signing key of its token.
    pub kid: String,
    pub name: Name,
    pub state: State,
    pub selected_services: SelectedServices,
    pub scores_id: Option<ScoresId>,
    pub scopes: Scopes,
    pub response_format: ResponseFormat,
    pub created_at_ms: i64,
    pub updated_at_ms: i64,
    /// 0: never.
    pub last_used_at_ms: i64,
    /// Calls per minute, instead of the project's; 0: the project's.
    pub rate_limit_per_minute: u32,
    /// `None`: does not expire.
    pub expires_at_ms: Option<i64>,
    /// The APIs it may be used with.
    pub dialects: KeyDialects,
    /// Its calls return sandbox responses without models; cannot be changed.
    pub is_test: bool,
}

/// Validates an expiry: in the future, and representable. 0: does not expire.
pub fn expiry(given_ms: i64, now_ms: i64) -> Result<Option<i64>, Error> {
    /// The end of the year 9999.
    const LATEST_MS: i64 = 253_402_300_799_999;
    match given_ms {
        0 => Ok(None),
        end if end > now_ms && end <= LATEST_MS => Ok(Some(end)),
        _ => Err(Error::field("expires_at", "a key ends at a time to come, or never")),
    }
}

/// The last key of a page; the next page starts after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub created_at_ms: i64,
    pub id: ApiKeyId,
}

impl Cursor {
    pub fn parse(given: &str) -> Result<Self, Error> {
        let parts =
            given.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, ApiKeyId::parse(id).ok()?)));
        let (created_at_ms, id) =
            parts.ok_or_else(|| Error::Invalid("cursor is not one a list answered".into()))?;
        Ok(Self { created_at_ms, id })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.created_at_ms, self.id.as_str())
    }
}

/// The claims of a key's token. It does not expire; the state of the key is checked on every call.
#[derive(Debug, Serialize)]
pub struct Claims<'a> {
    id: &'a str,
    project_id: &'a str,
    selected_services: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    scores_id: Option<&'a str>,
    can_mint: bool,
    /// `test`, for a key with sandbox responses. Only informative: the stored flag is checked on every call.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    /// Seconds since 1970, as JWT dates are.
    iat: i64,
}

/// The claims of a session token: the key it acts for, its only session, and its expiry.
#[derive(Debug, Serialize)]
pub struct SessionClaims<'a> {
    pub id: &'a str,
    pub project_id: &'a str,
    pub session_id: &'a str,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
}

impl<'a> From<&'a ApiKey> for Claims<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: key.id.as_str(),
            project_id: key.project_id.as_str(),
            selected_services: key.selected_services.names(),
            scores_id: key.scores_id.as_ref().map(ScoresId::as_str),
            can_mint: key.scopes.can_mint(),
            mode: key.is_test.then_some("test"),
            iat: key.created_at_ms / 1000,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_selection_is_every_service_by_name() {
        assert_eq!(SelectedServices::parse(&[]).unwrap().names(), service_titles());
    }

    #[test]
    fn an_unknown_service_is_refused_by_name() {
        let error = SelectedServices::parse(&["Face Recognition".into(), "Palm Reading".into()]).unwrap_err();
        assert!(error.to_string().starts_with("unknown service \"Palm Reading\"; the services are Active"));
    }

    #[test]
    fn a_name_is_trimmed_and_bounded() {
        assert_eq!(Name::parse("name", "  Zoë's key ").unwrap().as_str(), "Zoë's key");
        for bad in ["", "  ", "a\nb", "a\0b", &"x".repeat(201)] {
            assert!(Name::parse("name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = ApiKeyId::generate();
        assert_eq!(ApiKeyId::parse(&id.as_str().to_uppercase()).unwrap(), id);
        assert!(ApiKeyId::parse("sess_1").is_err());
    }

    proptest! {
        #[test]
        fn a_selection_has_no_repeats_and_keeps_its_order(picks in prop::collection::vec(0..Service::SELECTABLE.len(), 1..12)) {
            let names: Vec<String> = picks.iter().map(|&i| service_titles()[i].to_owned()).collect();
            let selected = SelectedServices::parse(&names).unwrap();
            let expected: Vec<&str> = service_titles().into_iter().filter(|s| names.iter().any(|n| n == s)).collect();
            prop_assert_eq!(selected.names(), expected);
        }
    }
}

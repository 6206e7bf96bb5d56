//! SIM swap: the calls of the service.

use blob::{KeyRing, Purpose};
use proto::sessions as wire;
use uuid::Uuid;

use crate::{
    error::Error,
    operator::Operators,
    service::Sessions,
    sim_swap::{DEFAULT_MAX_AGE, PhoneNumber, Seen, Settings, TokenAuth, Trouble},
    store::StoredSimSwap,
};

pub const SETTINGS: Purpose = Purpose("a project's SIM swap operator");

/// The dependencies of a query to the projects' operators.
#[derive(Clone)]
pub struct SimSwaps {
    pub ring: KeyRing,
    pub operators: Operators,
}

impl Sessions {
    pub async fn check_sim_swap(&self, request: &wire::CheckSimSwapRequest) -> Result<wire::SimSwap, Error> {
        let number = PhoneNumber::parse(&request.phone_number)?;
        let Some((version, settings, _)) = self.sim_swap_settings(&request.project_id).await? else {
            return Ok(wire::SimSwap {
                status: wire::SimSwapStatus::NotChecked.into(),
                description: "no mobile operator is configured for this project".to_owned(),
                ..wire::SimSwap::default()
            });
        };
        let answer = self.sim_swaps.operators.check_sim_swap(&version, &settings, &number).await;
        if let Err(trouble) = &answer {
            let project = &request.project_id;
            tracing::warn!(project.id = %project, error = trouble.word, "a project's operator did not check a number");
        }
        Ok(encode(answer, settings.max_age_hours))
    }

    pub async fn put_sim_swap_settings(
        &self,
        request: wire::PutSimSwapSettingsRequest,
    ) -> Result<wire::SimSwapSettings, Error> {
        let wire::PutSimSwapSettingsRequest { project_id, settings, client_secret } = request;
        let asked = settings.ok_or(Error::Invalid("the settings are missing"))?;
        let settings = Settings {
            base_url: asked.base_url,
            token_url: asked.token_url,
            client_id: asked.client_id,
            client_secret: client_secret.into(),
            scope: asked.scope.filter(|scope| !scope.is_empty()),
            token_auth: token_auth(asked.token_auth)?,
            max_age_hours: if asked.max_age_hours == 0 { DEFAULT_MAX_AGE } else { asked.max_age_hours },
        };
        settings.validate()?;
        self.sim_swaps.operators.parse_url(&settings.base_url).map_err(|e| Error::Address("base_url", e))?;
        self.sim_swaps
            .operators
            .parse_url(&settings.token_url)
            .map_err(|e| Error::Address("token_url", e))?;
        let sealed =
            self.sim_swaps.ring.seal(SETTINGS, project_id.as_bytes(), &serde_json::to_vec(&settings)?)?;
        let updated_at = (self.clock)();
        let stored = StoredSimSwap { version: Uuid::new_v4().to_string(), sealed, updated_at };
        self.store.put_sim_swap(&project_id, &stored).await?;
        Ok(public(settings, updated_at))
    }

    pub async fn get_sim_swap_settings(&self, project: &str) -> Result<wire::SimSwapSettings, Error> {
        let found = self.sim_swap_settings(project).await?;
        found.map(|(_, settings, updated_at)| public(settings, updated_at)).ok_or(Error::NoOperator)
    }

    pub async fn delete_sim_swap_settings(&self, project: &str) -> Result<(), Error> {
        if self.store.delete_sim_swap(project).await? { Ok(()) } else { Err(Error::NoOperator) }
    }

    async fn sim_swap_settings(&self, project: &str) -> Result<Option<(String, Settings, i64)>, Error> {
        let Some(stored) = self.store.find_sim_swap(project).await? else { return Ok(None) };
        let settings = self.sim_swaps.ring.open_sealed(SETTINGS, project.as_bytes(), &stored.sealed)?;
        Ok(Some((stored.version, serde_json::from_slice(&settings)?, stored.updated_at)))
    }
}

fn token_auth(number: i32) -> Result<TokenAuth, Error> {
    match wire::TokenAuth::try_from(number) {
        Ok(wire::TokenAuth::Unspecified | wire::TokenAuth::Basic) => Ok(TokenAuth::Basic),
        Ok(wire::TokenAuth::Post) => Ok(TokenAuth::Post),
        Err(_) => Err(Error::Invalid("token_auth must be basic or post")),
    }
}

/// Returns the settings without the secret, which is never returned again.
fn public(settings: Settings, updated_at_ms: i64) -> wire::SimSwapSettings {
    wire::SimSwapSettings {
        base_url: settings.base_url,
        token_url: settings.token_url,
        client_id: settings.client_id,
        scope: settings.scope,
        token_auth: match settings.token_auth {
            TokenAuth::Basic => wire::TokenAuth::Basic,
            TokenAuth::Post => wire::TokenAuth::Post,
        }
        .into(),
        max_age_hours: settings.max_age_hours,
        updated_at_ms,
    }
}

fn encode(answer: Result<Seen, Trouble>, max_age_hours: u32) -> wire::SimSwap {
    match answer {
        Err(trouble) => wire::SimSwap {
            status: wire::SimSwapStatus::Error.into(),
            error: Some(trouble.word.to_owned()),
            description: trouble.description.to_owned(),
            ..wire::SimSwap::default()
        },
        Ok(seen) => {
            let (status, what) = if seen.swapped {
                (wire::SimSwapStatus::Swapped, "was")
            } else {
                (wire::SimSwapStatus::NotSwapped, "was not")
            };
            let date = if seen.date_asked {
                ""
            } else {
                "; the operator did not report the date of the last change"
            };
            wire::SimSwap {
                status: status.into(),
                swapped: Some(seen.swapped),
                latest_sim_change: seen.latest_sim_change,
                monitored_period: seen.monitored_period,
                max_age_hours: Some(max_age_hours),
                error: None,
                description: format!(
                    "the number's SIM {what} changed in the last {max_age_hours} hours{date}"
                ),
            }
        }
    }
}

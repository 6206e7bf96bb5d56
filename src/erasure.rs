//! `biometry erasure verify`: checks whether any store of this installation still has data of a user.

mod files;

use std::io::Write;

use anyhow::{Context, bail, ensure};
use gateway::{DataHolder, SubjectDataServices};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proto::{
    projects::{GetVerificationKeysRequest, projects_client::ProjectsClient},
    subjects::Subject,
};
use rpc::Transport;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    cli::VerifyErasureArgs,
    config::{Config, DEADLINE, ML_DEADLINE},
    serve::Credentials,
};

/// The checked claims of a receipt.
#[derive(Deserialize)]
struct Receipt {
    receipt_id: String,
    project_id: String,
    subject: String,
    erased_at: String,
}

/// Asks every service, then searches every file of the data folder for the name in clear text and for the keyed
/// hashes of the subject: rows that were deleted and not overwritten still contain them.
///
/// # Errors
/// When data is left, or a store cannot be searched: then nothing is proven.
pub async fn verify_erasure(args: VerifyErasureArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.place)?;
    let mut out = std::io::stdout();
    let user_fullname =
        gateway::parse_any_user_name(&args.user).map_err(|error| anyhow::anyhow!("--user: {error}"))?;
    let subject = Subject { project_id: args.project, user_fullname };
    let hashes = traces(&config, &subject).await?;
    let (holders, projects) = stores(config).await?;
    if let Some(receipt) = &args.receipt {
        let receipt = verified(receipt, &subject, projects).await.context("the receipt")?;
        writeln!(
            out,
            "receipt {} of {} is genuine and about this user",
            receipt.receipt_id, receipt.erased_at
        )?;
    }
    let mut left = 0;
    for holder in DataHolder::ALL {
        let found = holders.find_stored_data(holder, subject.clone()).await;
        let found = found.map_err(|status| anyhow::anyhow!("{}: {}", holder.name(), status.message()))?;
        let kept: Vec<_> = found.kept.into_iter().filter(|kept| kept.count > 0).collect();
        left += kept.len();
        let what: Vec<_> = kept.iter().map(|kept| format!("{} {}", kept.count, kept.kind)).collect();
        let what = if what.is_empty() { "nothing".to_owned() } else { what.join(", ") };
        writeln!(out, "{}: {what}", holder.name())?;
    }
    let scanned = files::scan(&args.place.data_dir, &subject.user_fullname, &hashes)
        .with_context(|| format!("{} cannot be looked into", args.place.data_dir.display()))?;
    for file in &scanned.found {
        writeln!(out, "left in a file: {}", file.display())?;
    }
    writeln!(out, "{} files, {} bytes looked through", scanned.files, scanned.bytes)?;
    if left > 0 || !scanned.found.is_empty() {
        bail!("something is left of this user");
    }
    writeln!(out, "nothing is left of this user")?;
    Ok(())
}

/// Returns the keyed hashes of the services in this process; remote ones have their own keys and files.
async fn traces(config: &Config, subject: &Subject) -> anyhow::Result<Vec<Vec<u8>>> {
    let (urls, project, user) = (&config.urls, &subject.project_id, &subject.user_fullname);
    let mut traces = Vec::new();
    if urls.consent.is_none() {
        traces.extend(svc_consent::subject_traces(&config.consent, project, user).await?);
    }
    if urls.sessions.is_none() {
        traces.extend(svc_sessions::subject_traces(&config.sessions, project, user).await?);
    }
    if urls.ml.is_none() {
        traces.extend(svc_ml::subject_traces(&config.ml, project, user).await?);
    }
    if urls.journeys.is_none() {
        traces.extend(svc_journeys::subject_traces(&config.journeys, project, user).await?);
    }
    if urls.transactions.is_none() {
        traces.extend(svc_transactions::subject_traces(&config.transactions, project, user).await?);
    }
    Ok(traces)
}

/// Erases `users`, by project and name, in every service of this process.
///
/// # Errors
/// When a service cannot be opened or does not respond.
pub async fn erase_all(config: Config, users: Vec<(String, String)>) -> anyhow::Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let (holders, _) = stores(config).await?;
    for (project_id, user_fullname) in users {
        for holder in DataHolder::ALL {
            let subject = Subject { project_id: project_id.clone(), user_fullname: user_fullname.clone() };
            let erased = holders.erase(holder, subject).await;
            erased.map_err(|status| anyhow::anyhow!("{}: {}", holder.name(), status.message()))?;
        }
    }
    Ok(())
}

async fn stores(config: Config) -> anyhow::Result<(SubjectDataServices, Transport)> {
    let credentials = Credentials::of(&config)?;
    let peer = |url, deadline| credentials.peer(url, deadline);
    let urls = config.urls;
    // One worker: the models are not used, but belong to the service.
    let ml = svc_ml::Config { workers: 1, ..config.ml };
    let holders = SubjectDataServices {
        consent: peer(urls.consent, DEADLINE).or("consent", svc_consent::routes(config.consent)).await?,
        sessions: peer(urls.sessions, DEADLINE).or("sessions", svc_sessions::routes(config.sessions)).await?,
        ml: peer(urls.ml, ML_DEADLINE).or("ml", svc_ml::routes(ml)).await?,
        journeys: peer(urls.journeys, DEADLINE).or("journeys", svc_journeys::routes(config.journeys)).await?,
        transactions: peer(urls.transactions, DEADLINE)
            .or("transactions", svc_transactions::routes(config.transactions))
            .await?,
    };
    let projects =
        peer(urls.projects, DEADLINE).or("projects", svc_projects::routes(config.projects)).await?;
    Ok((holders, projects))
}

/// Returns the receipt, if a key of this installation signed it for this subject.
async fn verified(jws: &str, subject: &Subject, projects: Transport) -> anyhow::Result<Receipt> {
    let header = jsonwebtoken::decode_header(jws).context("is no signature")?;
    ensure!(header.typ.as_deref() == Some("erasure-receipt+jwt"), "is the signature of something else");
    let keys = ProjectsClient::new(projects)
        .get_verification_keys(GetVerificationKeysRequest {})
        .await
        .map_err(|status| anyhow::anyhow!("{}", status.message()))?
        .into_inner()
        .keys;
    let key = keys.into_iter().find(|key| Some(&key.kid) == header.kid.as_ref());
    let key = DecodingKey::from_ed_der(&key.context("names a key that is not ours")?.public_key);
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    let receipt = jsonwebtoken::decode::<Receipt>(jws, &key, &rules).context("is not genuine")?.claims;
    ensure!(receipt.project_id == subject.project_id, "is of another project");
    ensure!(is_about(&receipt.subject, subject), "is about another user");
    Ok(receipt)
}

/// Whether `sha256:<salt>:<hash>` is of this subject.
fn is_about(salted: &str, subject: &Subject) -> bool {
    let [_, salt, hash] = salted.split(':').collect::<Vec<_>>()[..] else { return false };
    let Ok(salt) = hex::decode(salt) else { return false };
    let computed = Sha256::new()
        .chain_update(salt)
        .chain_update(&subject.project_id)
        .chain_update([0])
        .chain_update(&subject.user_fullname)
        .finalize();
    hex::encode(computed) == hash
}

//! Restores a backup of an embedded installation: the ledgers verify, and subjects erased since stay erased.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use proto::{
    consent::{ConsentKind, GetConsentRequest, RecordConsentRequest, consent_client::ConsentClient},
    projects::{BootstrapRequest, SignErasureRequest, projects_client::ProjectsClient},
    subjects::Subject,
};
use rpc::Transport;
use sha2::{Digest, Sha256};

fn biometry(data_dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biometry"));
    command.args(args).env("BIOMETRY_DATA_DIR", data_dir).output().expect("the CLI runs")
}

fn text(output: &Output) -> String {
    [output.stdout.as_slice(), output.stderr.as_slice()].map(String::from_utf8_lossy).concat()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

#[track_caller]
fn refused(output: &Output, why: &str) {
    assert!(!output.status.success() && text(output).contains(why), "{}", text(output));
}

/// The services whose data this test reads, configured as the server runs them.
struct Services {
    consent: ConsentClient<Transport>,
    projects: ProjectsClient<Transport>,
}

impl Services {
    async fn open(data_dir: &Path, tombstones: &Path) -> Self {
        let consent = svc_consent::routes(svc_consent::Config::embedded(data_dir)).await.unwrap();
        let embedded = svc_projects::Config::embedded(data_dir);
        let config = svc_projects::Config { tombstones: Some(tombstones.to_owned()), ..embedded };
        let projects = svc_projects::routes(config).await.unwrap();
        let deadline = Duration::from_secs(30);
        Self {
            consent: ConsentClient::new(rpc::local(consent, deadline)),
            projects: ProjectsClient::new(rpc::local(projects, deadline)),
        }
    }

    async fn consents(&mut self, project: &str, user: &str) {
        let request = RecordConsentRequest {
            project_id: project.into(),
            user_fullname: user.into(),
            kind: ConsentKind::Storage.into(),
            given: true,
            ..RecordConsentRequest::default()
        };
        self.consent.record_consent(request).await.unwrap();
    }

    async fn has_consented(&mut self, project: &str, user: &str) -> bool {
        let request = GetConsentRequest { project_id: project.into(), user_fullname: user.into() };
        self.consent.get_consent(request).await.unwrap().into_inner().storage
    }

    /// Like the gateway.
    async fn erase(&mut self, project: &str, api_key: &str, user: &str) {
        let subject = Subject { project_id: project.into(), user_fullname: user.into() };
        self.consent.erase_subject(subject).await.unwrap();
        let salt = [7_u8; 16];
        let hash =
            Sha256::new().chain_update(salt).chain_update(project).chain_update([0]).chain_update(user);
        let request = SignErasureRequest {
            project_id: project.into(),
            api_key_id: api_key.into(),
            subject: format!("sha256:{}:{}", hex::encode(salt), hex::encode(hash.finalize())),
            ..SignErasureRequest::default()
        };
        self.projects.sign_erasure(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_restored_copy_verifies_and_users_erased_since_stay_erased() {
    let dir = tempfile::tempdir().unwrap();
    let [data, copy, anew, tombstones] =
        ["data", "copy", "anew", "erasures.jsonl"].map(|name| dir.path().join(name));
    done(&biometry(&data, &["migrate"]));
    let mut services = Services::open(&data, &tombstones).await;
    let request = BootstrapRequest {
        organisation_name: "Acme".into(),
        project_name: "Onboarding".into(),
        ..BootstrapRequest::default()
    };
    let made = services.projects.bootstrap(request).await.unwrap().into_inner();
    let (project, key) = (made.project_id.as_str(), made.api_key_id.as_str());
    for user in ["Ada", "Bob", "Carol"] {
        services.consents(project, user).await;
    }
    services.erase(project, key, "Carol").await;
    services.consents(project, "Carol").await;
    let blob = data.join("samples/blobs/p1/s1");
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(&blob, b"a sample").unwrap();

    // The services keep running during the copy.
    let copied = copy.display().to_string();
    done(&biometry(&data, &["backup", &copied]));
    refused(&biometry(&data, &["backup", &copied]), "is not empty");
    assert!(!copy.join("master.key").exists());
    services.erase(project, key, "Ada").await;
    services.consents(project, "Dora").await;
    drop(services);

    let erasures = tombstones.display().to_string();
    let restore = ["restore", &copied, "--erasures", &erasures];
    refused(&biometry(&data, &restore), "holds more than the master key");
    std::fs::create_dir(&anew).unwrap();
    std::fs::copy(data.join("master.key"), anew.join("master.key")).unwrap();
    let database = copy.join("databases/consent.db");
    let whole = std::fs::read(&database).unwrap();
    std::fs::write(&database, [whole.as_slice(), b"x"].concat()).unwrap();
    refused(&biometry(&anew, &restore), "was changed or is not whole");
    assert_eq!(std::fs::read_dir(&anew).unwrap().count(), 1, "nothing is left behind");
    std::fs::write(&database, whole).unwrap();

    let report = done(&biometry(&anew, &restore));
    assert!(report.contains("1 users erased again") && report.contains("the ledgers hold"), "{report}");
    let mut services = Services::open(&anew, &tombstones).await;
    let mut known = Vec::new();
    for user in ["Ada", "Bob", "Carol", "Dora"] {
        known.push(services.has_consented(project, user).await);
    }
    assert_eq!(known, [false, true, true, false], "Carol was erased before the copy and came back");
    assert_eq!(std::fs::read(anew.join("samples/blobs/p1/s1")).unwrap(), b"a sample");
    drop(services);
    done(&biometry(&anew, &["consent", "verify"]));
    done(&biometry(&anew, &["audit", "verify"]));
}

#[tokio::test]
async fn a_forged_or_truncated_line_erases_no_user() {
    let dir = tempfile::tempdir().unwrap();
    let (data, tombstones) = (dir.path().join("data"), dir.path().join("erasures.jsonl"));
    done(&biometry(&data, &["migrate"]));
    std::fs::write(&tombstones, b"{\"erased_at_ms\":1,\"proj").unwrap();
    let mut services = Services::open(&data, &tombstones).await;
    let request = BootstrapRequest {
        organisation_name: "Acme".into(),
        project_name: "Onboarding".into(),
        ..BootstrapRequest::default()
    };
    let made = services.projects.bootstrap(request).await.unwrap().into_inner();
    services.erase(&made.project_id, &made.api_key_id, "Ada").await;
    drop(services);
    let config = svc_projects::Config::embedded(&data);
    let read = svc_projects::read_tombstones(&config, &tombstones).await.unwrap();
    assert_eq!(read.len(), 1);
    assert!(read[0].is_about(&made.project_id, "Ada") && !read[0].is_about(&made.project_id, "Bob"));
    let text = std::fs::read_to_string(&tombstones).unwrap();
    assert!(!text.contains("Ada"), "{text}");
    let forged = text.replace(&format!("\"erased_at_ms\":{}", read[0].erased_at_ms), "\"erased_at_ms\":9");
    std::fs::write(&tombstones, forged).unwrap();
    let refused = svc_projects::read_tombstones(&config, &tombstones).await.unwrap_err().to_string();
    assert!(refused.ends_with("line 2 was changed or made by others"), "{refused}");
}

//! TLS between services: the deployment's own authority, callers identified by certificate, files reloaded.

use std::{fs, path::Path, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rpc::{Callers, ClientTls, Remote, Server, ServerTls, TlsFiles, Transport};
use tempfile::TempDir;
use tokio::{net::TcpListener, time::Instant};
use tonic::{Code, body::Body};

use crate::{DEADLINE, call, check, named};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate files for the process `name` in `dir`, issued by `authority`.
fn issue(authority: &Authority, name: &str, dir: &Path) -> TlsFiles {
    let key = KeyPair::generate().unwrap();
    let names = vec![name.to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, authority).unwrap();
    let files = TlsFiles {
        ca: dir.join("ca.pem"),
        certificate: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}.key")),
    };
    fs::write(&files.ca, authority.pem()).unwrap();
    fs::write(&files.certificate, certificate.pem()).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    files
}

async fn serve(files: &TlsFiles) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::default().tls(ServerTls::load(files).unwrap(), Callers::default());
    tokio::spawn(server.serve(listener, named("tls"), std::future::pending()));
    format!("https://localhost:{port}")
}

fn connect(url: &str, files: &TlsFiles) -> Transport {
    Remote::new(url, DEADLINE).tls(Some(ClientTls::load(files).unwrap())).connect().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_may_call_and_a_service_may_not() {
    let (dir, ca) = (TempDir::new().unwrap(), authority());
    let url = serve(&issue(&ca, "svc-ml", dir.path())).await;
    let gateway = connect(&url, &issue(&ca, "gateway", dir.path()));
    assert_eq!(call(&gateway, Body::empty()).await.as_deref(), Ok("tls"));
    let service = connect(&url, &issue(&ca, "svc-docauth", dir.path()));
    assert_eq!(call(&service, Body::empty()).await, Err(Code::PermissionDenied));
    // Health is for every holder of a certificate: load balancers and probes have their own.
    assert_eq!(check(service).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_another_authority_are_worth_nothing_on_either_end() {
    let (dir, other_dir) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (ca, other) = (authority(), authority());
    let url = serve(&issue(&ca, "svc-ml", dir.path())).await;
    let stranger = issue(&other, "gateway", other_dir.path());
    let trusting = TlsFiles { ca: dir.path().join("ca.pem"), ..stranger.clone() };
    assert_eq!(call(&connect(&url, &trusting), Body::empty()).await, Err(Code::Unavailable));
    let distrusting = TlsFiles { ca: stranger.ca, ..issue(&ca, "gateway", dir.path()) };
    assert_eq!(call(&connect(&url, &distrusting), Body::empty()).await, Err(Code::Unavailable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let (dir, old, new) = (TempDir::new().unwrap(), authority(), authority());
    let server_files = issue(&old, "svc-ml", dir.path());
    let gateway_files = issue(&old, "gateway", dir.path());
    let url = serve(&server_files).await;
    let gateway = connect(&url, &gateway_files);
    assert_eq!(call(&gateway, Body::empty()).await.as_deref(), Ok("tls"));
    issue(&new, "svc-ml", dir.path());
    issue(&new, "gateway", dir.path());
    let limit = Instant::now() + Duration::from_secs(90);
    // A client that starts now trusts only the new authority; the running one reloads within seconds.
    assert_eq!(call(&connect(&url, &gateway_files), Body::empty()).await.as_deref(), Ok("tls"));
    while call(&gateway, Body::empty()).await.as_deref() != Ok("tls") {
        assert!(Instant::now() < limit, "the running client did not follow the new authority");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn https_without_certificates_is_rejected_when_it_is_configured() {
    let error = Remote::new("https://localhost:7000", DEADLINE).connect().err().unwrap();
    assert!(error.message().contains("tls section"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let files = TlsFiles { ca: "/nowhere/ca.pem".into(), certificate: "c".into(), key: "k".into() };
    let error = ServerTls::load(&files).err().unwrap().to_string();
    assert!(error.contains("/nowhere/ca.pem"), "{error}");
}

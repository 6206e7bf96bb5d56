//! TLS between services: both sides present a certificate of the deployment's own authority, reloaded when its file
//! changes.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tonic::{
    Status,
    transport::{Certificate, ClientTlsConfig, Identity},
};

/// The certificate files of a process. All three are PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The authority (or authorities) of every certificate of this deployment.
    pub ca: PathBuf,
    /// This process's certificate chain. Its first DNS name identifies it to other processes.
    pub certificate: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
}

#[derive(Clone, PartialEq, Eq)]
struct Pem {
    ca: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read =
            |path: &Path| fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source });
        Ok(Self { ca: read(&files.ca)?, certificate: read(&files.certificate)?, key: read(&files.key)? })
    }
}

/// Errors of the TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("tls: cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("tls: {what} is not usable: {cause}")]
    Unusable { what: &'static str, cause: String },
}

impl TlsError {
    fn unusable(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |cause| Self::Unusable { what, cause: cause.to_string() }
    }
}

/// The client side.
#[derive(Clone)]
pub struct ClientTls {
    files: TlsFiles,
    pem: Pem,
}

impl ClientTls {
    /// Loads `files`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self { files: files.clone(), pem: Pem::read(files)? })
    }

    /// Reads the files again; true when they changed. Unreadable files change nothing.
    pub(crate) fn has_changed(&mut self) -> bool {
        match Pem::read(&self.files) {
            Ok(pem) if pem != self.pem => {
                self.pem = pem;
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(%error, "cannot reload the certificate; the one in use stays");
                false
            }
        }
    }

    pub(crate) fn config(&self, host: &str) -> Result<ClientTlsConfig, Status> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.pem.ca))
            .identity(Identity::from_pem(&self.pem.certificate, &self.pem.key))
            .domain_name(host))
    }
}

/// A file changed less than this ago may change again with the same modification time.
const SETTLED: Duration = Duration::from_secs(2);

/// Returns when the files were changed; `None` when one of them cannot be read or is not [`SETTLED`].
fn modified(files: &TlsFiles) -> Option<[SystemTime; 3]> {
    let modified = |path: &Path| {
        let time = fs::metadata(path).and_then(|file| file.modified()).ok()?;
        time.elapsed().is_ok_and(|age| age > SETTLED).then_some(time)
    };
    Some([modified(&files.ca)?, modified(&files.certificate)?, modified(&files.key)?])
}

/// The server side: accepted callers, and this process's certificate.
pub struct ServerTls {
    files: TlsFiles,
    modified: Option<[SystemTime; 3]>,
    pem: Pem,
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// Loads `files`.
    ///
    /// # Errors
    /// When a file cannot be read or has no usable certificate or key.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let modified = modified(files);
        let pem = Pem::read(files)?;
        let config = Arc::new(server_config(&pem)?);
        Ok(Self { files: files.clone(), modified, pem, config })
    }

    /// Returns the configuration for the next connection. Changed files are loaded; if that fails, the last good ones
    /// stay. Files with unchanged modification times are not read.
    pub(crate) fn current(&mut self) -> Arc<ServerConfig> {
        let modified = modified(&self.files);
        if modified.is_some() && modified == self.modified {
            return Arc::clone(&self.config);
        }
        let reloaded = Pem::read(&self.files).and_then(|pem| {
            if pem != self.pem {
                self.config = Arc::new(server_config(&pem)?);
                self.pem = pem;
                tracing::info!("reloaded the certificate");
            }
            self.modified = modified;
            Ok(())
        });
        if let Err(error) = reloaded {
            tracing::warn!(%error, "cannot reload the certificate; the one in use stays");
        }
        Arc::clone(&self.config)
    }
}

fn server_config(pem: &Pem) -> Result<ServerConfig, TlsError> {
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem.ca) {
        let certificate = certificate.map_err(|e| TlsError::unusable("ca")(&e))?;
        authorities.add(certificate).map_err(|e| TlsError::unusable("ca")(&e))?;
    }
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem.certificate)
        .collect::<Result<_, _>>()
        .map_err(|e| TlsError::unusable("certificate")(&e))?;
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|e| TlsError::unusable("key")(&e))?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(authorities))
        .build()
        .map_err(|e| TlsError::unusable("ca")(&e))?;
    let mut config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|e| TlsError::unusable("certificate")(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

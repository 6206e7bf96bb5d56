//! Access control between processes: the methods each caller may call. The caller's name comes from its certificate.

use std::collections::BTreeMap;

use axum::extract::Request;
use serde::{Deserialize, Serialize};
use tonic::{
    Status,
    transport::{
        CertificateDer,
        server::{TcpConnectInfo, TlsConnectInfo},
    },
};
use x509_parser::{extensions::GeneralName, prelude::FromDer};

/// Allowed methods by caller. A pattern is `*`, a whole service (`/package.Service/*`) or one method
/// (`/package.Service/Method`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Callers(BTreeMap<String, Vec<String>>);

impl Default for Callers {
    /// The gateway and the command line may call everything; services nothing.
    fn default() -> Self {
        Self(["gateway", "biometry"].map(|name| (name.to_owned(), vec!["*".to_owned()])).into())
    }
}

impl Callers {
    pub(crate) fn allow(&self, caller: &str, path: &str) -> bool {
        let matches = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => pattern == path,
        };
        self.0.get(caller).is_some_and(|patterns| patterns.iter().any(matches))
    }

    /// Rejects a call over TLS whose certificate names a caller without permission.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Status> {
        let info = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
        let certificates = info.and_then(TlsConnectInfo::peer_certs).unwrap_or_default();
        let names = certificates.first().map(dns_names).unwrap_or_default();
        if names.iter().any(|name| self.allow(name, request.uri().path())) {
            return Ok(());
        }
        tracing::warn!(caller = ?names, method = request.uri().path(), "a caller without permission for a method was rejected");
        Err(Status::permission_denied("this caller may not use this method"))
    }
}

/// The DNS names in the certificate's subject alternative names.
fn dns_names(certificate: &CertificateDer<'static>) -> Vec<String> {
    let Ok((_, parsed)) = x509_parser::certificate::X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let Ok(Some(names)) = parsed.subject_alternative_name() else { return Vec::new() };
    let dns = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(dns).collect()
}

#[cfg(test)]
mod tests {
    use super::Callers;

    #[test]
    fn a_service_may_call_nothing_unless_it_is_listed() {
        let callers = Callers::default();
        assert!(callers.allow("gateway", "/biometry.ml.v1.Ml/AnalyzeVideo"));
        assert!(!callers.allow("svc-ml", "/biometry.ml.v1.Ml/AnalyzeVideo"));
        assert!(!callers.allow("", "/biometry.ml.v1.Ml/AnalyzeVideo"));
    }

    #[test]
    fn a_pattern_names_a_method_or_a_whole_service() {
        let callers: Callers =
            serde_json::from_str(r#"{"worker":["/a.B/*","/a.C/One"]}"#).expect("a table of callers");
        assert!(callers.allow("worker", "/a.B/Any"));
        assert!(callers.allow("worker", "/a.C/One"));
        assert!(!callers.allow("worker", "/a.C/OneMore"));
        assert!(!callers.allow("worker", "/a.Bee/Any"));
    }
}

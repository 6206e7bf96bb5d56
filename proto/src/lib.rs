//! The wire contract between the services: one package `biometry.<service>.v1` each.
//!
//! Generated from `proto/biometry/**`. Tags are never reused; enums start with `_UNSPECIFIED`. These types stop
//! at each service's `service.rs`: inside a service its own domain types are used.

mod word;

pub use word::Word;

macro_rules! package {
    ($name:ident, $path:literal) => {
        #[doc = concat!("Messages, client and server of `", $path, "`.")]
        pub mod $name {
            tonic::include_proto!($path);
        }
    };
}

package!(subjects, "biometry.subjects.v1");
package!(sessions, "biometry.sessions.v1");
package!(consent, "biometry.consent.v1");
package!(ml, "biometry.ml.v1");
package!(docauth, "biometry.docauth.v1");
package!(transactions, "biometry.transactions.v1");
package!(projects, "biometry.projects.v1");
package!(accounts, "biometry.accounts.v1");
package!(journeys, "biometry.journeys.v1");

/// Every message and service, for gRPC server reflection and for tests that enumerate the methods.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Methods that may be retried (`option idempotency_level` in the `.proto`), sorted.
const IDEMPOTENT_METHODS: &[&str] = include!(concat!(env!("OUT_DIR"), "/idempotent_methods.rs"));

/// Whether `/package.Service/Method` may be retried when its response was lost.
pub fn is_idempotent(path: &str) -> bool {
    IDEMPOTENT_METHODS.binary_search(&path).is_ok()
}

use ml::service_result::Detail;

impl ml::AnalyzeVideoResponse {
    /// Returns the result of a service, if it ran.
    pub fn result(&self, service: ml::Service) -> Option<&ml::ServiceResult> {
        self.results.iter().find(|result| result.service() == service)
    }
}

/// The detail of a result; `None` when the service could not judge, or for another service.
impl ml::ServiceResult {
    pub fn active_speaker(&self) -> Option<&ml::ActiveSpeaker> {
        match &self.detail {
            Some(Detail::ActiveSpeaker(detail)) => Some(detail),
            _ => None,
        }
    }

    pub fn visual_speech(&self) -> Option<&ml::VisualSpeech> {
        match &self.detail {
            Some(Detail::VisualSpeech(detail)) => Some(detail),
            _ => None,
        }
    }

    pub fn spoken_phrase(&self) -> Option<&ml::SpokenPhrase> {
        match &self.detail {
            Some(Detail::SpokenPhrase(detail)) => Some(detail),
            _ => None,
        }
    }

    pub fn voice_recognition(&self) -> Option<&ml::VoiceRecognition> {
        match &self.detail {
            Some(Detail::VoiceRecognition(detail)) => Some(detail),
            _ => None,
        }
    }

    pub fn face_recognition(&self) -> Option<&ml::FaceRecognition> {
        match &self.detail {
            Some(Detail::FaceRecognition(detail)) => Some(detail),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_idempotent;

    #[test]
    fn reads_and_recording_by_id_may_be_sent_twice_and_writes_may_not() {
        assert!(is_idempotent("/biometry.consent.v1.Consent/GetConsent"));
        assert!(is_idempotent("/biometry.transactions.v1.Transactions/RecordTransaction"));
        assert!(!is_idempotent("/biometry.consent.v1.Consent/RecordConsent"));
        assert!(!is_idempotent("/biometry.ml.v1.Ml/EnrollCandidate"));
    }
}

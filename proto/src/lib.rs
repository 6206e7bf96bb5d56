//! The wire contract between the services and nothing else: one package `biometry.<service>.v1` each.
//!
//! Generated from `proto/biometry/**`. Tags are never reused; enums start with `_UNSPECIFIED`. These types stop
//! at each service's `service.rs`: inside a service its own domain types are used.

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

/// Every message and service, for reflection and for compatibility checks.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

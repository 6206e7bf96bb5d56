//! The groups of operations, in the order in which somebody new needs them.

use utoipa::openapi::{OpenApi, tag::TagBuilder};

const TAGS: [(&str, &str); 15] = [
    ("sessions", "Start and end a session, have the phrase of a video chosen. Begin here."),
    ("consent", "What the user agreed to. Without consent nobody is compared and nothing is stored."),
    ("biometrics", "Judge a video, enroll a face or voice, compare with a reference picture."),
    ("documents", "Read and check identity documents."),
    ("transactions", "What happened: one record for each call, its samples, tags and flags."),
    ("fraud", "What suspicious calls have in common, and the block lists of a project."),
    ("webhooks", "Where events are sent, and what became of each delivery."),
    ("reference", "What codes mean."),
    ("scoring rules", "How findings become a verdict; what would change under other rules."),
    ("projects", "API keys, retention, subjects and their erasure, settings."),
    ("accounts", "People of the dashboard: sign-in, invitations, roles, the audit log."),
    ("identity verification", "The Identity Verification API, for projects that switched it on."),
    ("neuroid", "NeuroID, for projects that switched it on."),
    ("biometry v2", "Version 2 of the Biometry API, for projects that switched it on."),
    ("health", "Whether the server works."),
];

/// Names the groups in their order; one that is not listed comes last.
pub fn order_tags(api: &mut OpenApi) {
    let tags =
        TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build());
    api.tags = Some(tags.into());
}

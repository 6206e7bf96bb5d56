//! Stable codes of errors for clients, with the input at fault and a hint.

use std::borrow::Cow;

use crate::core::error::{Error, Refusal};

/// Documentation of an error code.
#[derive(Clone, Copy, Debug)]
pub struct ErrorCode {
    /// Stable.
    pub code: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
    /// How to fix it.
    pub hint: &'static str,
}

const fn code(code: &'static str, meaning: &'static str, hint: &'static str) -> ErrorCode {
    ErrorCode { code, meaning, hint }
}

/// Every code, in the order of the documentation.
pub const ERROR_CODES: [ErrorCode; 58] = [
    code(
        "missing_token",
        "The call carries no API key.",
        "send `Authorization: Bearer <API key>`; X-API-Key and query parameters are not read",
    ),
    code("invalid_key_format", "The bearer token is no API key.", "send the whole key, as it was shown once"),
    code(
        "invalid_key",
        "The API key is not one of this installation.",
        "a key that was cut, or one of another installation, is not known; make another one if it is lost",
    ),
    code("key_not_active", "The API key was revoked or has expired.", "make another key and use that"),
    code("session_token_over", "The session token has ended.", "start another session"),
    code(
        "outside_session",
        "A session token is for one session and one user.",
        "leave X-Session-ID and X-User-Fullname out, or start another session",
    ),
    code("test_key", "Test keys are for this API alone.", "use a live key"),
    code(
        "missing_scope",
        "The API key has no permission for this call.",
        "use a key with the scope that is named, or add the scope to this one",
    ),
    code("signed_out", "Not signed in.", "sign in to the dashboard; API keys are not accepted here"),
    code("second_factor_required", "The second factor is required.", "POST /api-auth/second-factor"),
    code(
        "wrong_credentials",
        "Address or password is wrong.",
        "check both; the response does not say which is wrong",
    ),
    code("wrong_code", "The code of the second factor is wrong or was used.", "wait for the next code"),
    code("role_not_allowed", "The user's role does not allow the call.", "ask an owner or admin"),
    code("project_not_found", "There is no such project in this organisation.", "check X-Project-ID"),
    code("subject_not_found", "Nothing is stored for this user.", "check the spelling of the identifier"),
    code("cross_origin", "The request came from another web page.", "call from the dashboard's own page"),
    code(
        "origin_not_allowed",
        "The project does not allow calls from this web page.",
        "add the origin to the project's cors_origins, or call from your backend",
    ),
    code(
        "invalid_csrf_token",
        "The token against forged requests is missing.",
        "read it from GET /api-auth/me",
    ),
    code("consent_is_personal", "Only the user can give consents.", "record it where the user gives it"),
    code(
        "challenge_required",
        "The project requires phrases chosen by this server.",
        "POST /api-gateway/sessions/{id}/challenge, and send the video in that session",
    ),
    code("owner_required", "Only an owner may do this.", "ask an owner"),
    code("consent_required", "A consent of the user is missing.", "record it with POST /api-consent/consent"),
    code(
        "enrollment_consent_required",
        "An enrollment needs both consents of the user.",
        "POST /api-consent/consent and POST /api-consent/strg-consent",
    ),
    code("missing_fields", "Required fields of the form are missing.", "send all that are named"),
    code("unreadable_pictures", "A picture cannot be read.", "send JPEG, PNG or WebP"),
    code("user_required", "The call names no user.", "send X-User-Fullname, or X-Session-ID of theirs"),
    code("throttled", "There were too many failed attempts.", "wait as long as Retry-After says"),
    code("invalid_parameter", "One input is missing or malformed.", "`param` names it"),
    code("invalid_request", "The request does not fit the call.", "the message says what is wrong"),
    code("file_too_large", "The file is larger than 50 MB.", "send a shorter recording or a smaller picture"),
    code("body_too_large", "The request body is too large.", "send less"),
    code("headers_too_large", "The headers are larger than 256 KiB.", "shorten X-Device-Info"),
    code("not_multipart", "The body is no form.", "send multipart/form-data; let the client set the header"),
    code(
        "no_boundary",
        "The content type lacks its boundary.",
        "let the HTTP client set Content-Type of the form",
    ),
    code("unknown_content_encoding", "The content encoding is not read.", "send the body plain or as gzip"),
    code("idempotency_key_in_use", "The first call with this key is running.", "retry when it has ended"),
    code("idempotency_key_reused", "The key was used with another request.", "send another Idempotency-Key"),
    code("rate_limited", "The rate limit is used up.", "wait as long as Retry-After says"),
    code(
        "quota_used_up",
        "The project's calls of the day are used up.",
        "wait until midnight UTC, or raise the quota",
    ),
    code(
        "storage_full",
        "The server has no storage left for the call; nothing was stored.",
        "give the server more disk space, or delete what is no longer needed; media are refused first",
    ),
    code(
        "storage_quota_used_up",
        "The project's media quota is used up; nothing was stored.",
        "shorten the project's retention, erase subjects, or raise max_tenant_bytes",
    ),
    code("request_timeout", "The request was not sent in time.", "retry over a faster connection"),
    code(
        "route_not_found",
        "There is no such path.",
        "check the spelling, and that it has no slash at its end; /docs lists all",
    ),
    code(
        "method_not_allowed",
        "The path does not take this method.",
        "the Allow header names those it takes",
    ),
    code("busy", "The server is at its limit.", "retry after the seconds of Retry-After"),
    code("unavailable", "A service does not respond.", "retry after the seconds of Retry-After"),
    code("forbidden", "This is not allowed.", "the message says why"),
    code("not_found", "There is no such object in this project.", "check the id, and whose key it is"),
    code("conflict", "The state of the named object does not allow it.", "the message says which"),
    code("not_supported", "This part of the API is not built.", "see the documentation"),
    code(
        "unreadable_media",
        "The file cannot be read.",
        "send MP4, WebM or MOV for videos, JPEG or PNG for pictures",
    ),
    code("unusable_media", "The file does not show what is required.", "record or photograph again"),
    code("length_required", "The length of the body is not known.", "send Content-Length or chunks"),
    code("unsupported_media_type", "The content type is not accepted.", "see the documentation"),
    code("bad_request", "The request is malformed.", "see the documentation"),
    code("unauthorized", "The caller is not known.", "send an API key"),
    code(
        "internal_error",
        "A fault of this server.",
        "report request_id; the server's log has the cause under it",
    ),
    code("error", "The request was refused.", "the status says why"),
];

impl ErrorCode {
    /// Returns the entry of a code; `None` for unlisted words of services.
    pub fn find(code: &str) -> Option<&'static Self> {
        ERROR_CODES.iter().find(|entry| entry.code == code)
    }

    /// Returns the code of an error made outside of handlers.
    pub const fn of_status(status: u16) -> &'static str {
        match status {
            400 => "bad_request",
            401 => "unauthorized",
            403 => "forbidden",
            404 => "route_not_found",
            405 => "method_not_allowed",
            408 => "request_timeout",
            411 => "length_required",
            413 => "body_too_large",
            415 => "unsupported_media_type",
            429 => "rate_limited",
            431 => "headers_too_large",
            500 => "internal_error",
            503 => "busy",
            507 => "storage_full",
            _ => "error",
        }
    }
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::MissingToken => "missing_token",
            Self::KeyFormat => "invalid_key_format",
            Self::InvalidKey => "invalid_key",
            Self::KeyNotActive => "key_not_active",
            Self::SessionTokenOver => "session_token_over",
            Self::OutsideSession | Self::OtherToken => "outside_session",
            Self::TestKey => "test_key",
            Self::MissingScope(_) => "missing_scope",
            Self::SignedOut => "signed_out",
            Self::SecondFactorRequired => "second_factor_required",
            Self::WrongCredentials => "wrong_credentials",
            Self::WrongCode => "wrong_code",
            Self::RoleNotAllowed => "role_not_allowed",
            Self::ProjectNotFound => "project_not_found",
            Self::SubjectNotFound => "subject_not_found",
            Self::CrossOrigin => "cross_origin",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::InvalidCsrfToken => "invalid_csrf_token",
            Self::ConsentIsPersonal => "consent_is_personal",
            Self::ChallengeRequired => "challenge_required",
            Self::OwnerRequired => "owner_required",
            Self::ConsentRequired => "consent_required",
            Self::EnrollmentConsentRequired { .. } => "enrollment_consent_required",
            Self::MissingFields(_) => "missing_fields",
            Self::UnreadablePictures(_) => "unreadable_pictures",
            Self::UserRequired => "user_required",
            Self::Throttled(_) => "throttled",
            Self::Field(..) => "invalid_parameter",
            Self::Invalid(_) | Self::Refused(Refusal::Invalid, _) => "invalid_request",
            Self::FileTooLarge => "file_too_large",
            Self::BodyTooLarge => "body_too_large",
            Self::HeadersTooLarge => "headers_too_large",
            Self::NotMultipart => "not_multipart",
            Self::NoBoundary => "no_boundary",
            Self::UnknownContentEncoding => "unknown_content_encoding",
            Self::IdempotencyKeyInUse => "idempotency_key_in_use",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::RateLimited(_) => "rate_limited",
            Self::QuotaUsedUp { .. } => "quota_used_up",
            Self::StorageFull(limit) => limit.word(),
            Self::RequestTimeout => "request_timeout",
            Self::RouteNotFound => "route_not_found",
            Self::Busy => "busy",
            Self::Unavailable | Self::ConnectionLost => "unavailable",
            Self::Refused(Refusal::Forbidden, _) => "forbidden",
            Self::Refused(Refusal::NotFound, _) => "not_found",
            Self::Refused(Refusal::Conflict, _) => "conflict",
            Self::Refused(Refusal::NotSupported, _) => "not_supported",
            Self::Refused(Refusal::UnreadableMedia, _) => "unreadable_media",
            Self::Refused(Refusal::UnusableMedia, _) => "unusable_media",
            Self::Worded { word, .. } => return word.clone(),
            Self::Internal => "internal_error",
        })
    }

    /// Returns the header, field or parameter it is about.
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::Field(name, _) => Some(name),
            Self::Invalid(message) => param_of(message),
            Self::Refused(Refusal::Invalid, message) => param_of(message),
            Self::MissingFields(names) => names.first().copied(),
            Self::MissingToken | Self::KeyFormat | Self::InvalidKey => Some("Authorization"),
            Self::UserRequired => Some("X-User-Fullname"),
            Self::InvalidCsrfToken => Some("X-CSRF-Token"),
            Self::ProjectNotFound => Some("X-Project-ID"),
            Self::IdempotencyKeyInUse | Self::IdempotencyKeyReused => Some("Idempotency-Key"),
            Self::NotMultipart | Self::NoBoundary => Some("Content-Type"),
            Self::UnknownContentEncoding => Some("Content-Encoding"),
            _ => None,
        }
    }
}

/// Returns the input that an error message begins with: `'video' file is required`, `X-Device-Info header is …`,
/// `request body at a.b: …` or `limit must be …`.
fn param_of(message: &str) -> Option<&str> {
    if let Some(quoted) = message.strip_prefix('\'') {
        return quoted.split('\'').next().filter(|name| !name.is_empty());
    }
    if let Some(rest) = message.strip_prefix("request body at ") {
        return rest.split(':').next();
    }
    if let Some(field) = message.strip_prefix("request body: ") {
        return field.strip_suffix(" is required");
    }
    let (first, rest) = message.split_once(' ')?;
    let is_header = first.contains('-') && first.starts_with(|c: char| c.is_ascii_uppercase());
    let is_named = rest.starts_with("must be ") || rest.starts_with("must not be ");
    let is_word = first.contains(|c: char| c.is_ascii_lowercase()) && first.bytes().all(is_of_name);
    (is_header || is_named && is_word && first != "it").then_some(first)
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_input_is_read_from_the_sentence() {
        for (message, param) in [
            ("'video' file is required", Some("video")),
            ("X-Device-Info header is not a JSON object", Some("X-Device-Info")),
            ("Idempotency-Key header must be one string", Some("Idempotency-Key")),
            (
                "request body at services.face_recognition.pass: not what this call takes",
                Some("services.face_recognition.pass"),
            ),
            ("request body: name is required", Some("name")),
            ("limit must be from 1 to 200", Some("limit")),
            ("the form has more than 32 fields", None),
            ("request body must be a JSON object", None),
            ("no video found for this session", None),
        ] {
            assert_eq!(param_of(message), param, "{message}");
        }
    }

    #[test]
    fn every_code_is_listed_once_with_a_meaning_and_a_hint() {
        let listed: BTreeSet<&str> = ERROR_CODES.iter().map(|entry| entry.code).collect();
        assert_eq!(listed.len(), ERROR_CODES.len());
        for ErrorCode { code, meaning, hint } in ERROR_CODES {
            assert!(meaning.ends_with('.') && !hint.is_empty() && !hint.ends_with('.'), "{code}");
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
        }
        let errors = [
            Error::MissingToken,
            Error::Internal,
            Error::field("name", "wrong"),
            Error::invalid("wrong"),
            Error::Refused(Refusal::Conflict, String::new()),
            Error::QuotaUsedUp { calls: 1, seconds: 1 },
            Error::StorageFull(rpc::StorageLimit::Full),
            Error::StorageFull(rpc::StorageLimit::QuotaUsedUp),
        ];
        for error in errors {
            assert!(listed.contains(&*error.code()), "{error:?}");
        }
        for status in [400, 401, 403, 404, 405, 408, 411, 413, 415, 418, 429, 431, 500, 503, 507] {
            assert!(listed.contains(ErrorCode::of_status(status)), "{status}");
        }
    }
}

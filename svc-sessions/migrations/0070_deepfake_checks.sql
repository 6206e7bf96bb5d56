-- Checks of a video that are made after the call that asked for them. The video is the last video of a session that is for
-- nothing else and ends with the check.
CREATE TABLE deepfake_checks (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    user_hash BYTEA NOT NULL,
    state TEXT NOT NULL,
    -- How often it was leased, and until when it is.
    leases BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    result_sealed BYTEA,
    error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX deepfake_checks_queue ON deepfake_checks (state, leased_until, created_at);
CREATE INDEX deepfake_checks_user ON deepfake_checks (project_id, user_hash);
CREATE INDEX deepfake_checks_expiry ON deepfake_checks (expires_at);

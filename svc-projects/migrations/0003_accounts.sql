-- What a project chooses for itself.
ALTER TABLE projects ADD COLUMN selected_services TEXT NOT NULL DEFAULT '[]';
ALTER TABLE projects ADD COLUMN cors_origins TEXT NOT NULL DEFAULT '[]';
ALTER TABLE projects ADD COLUMN rate_limit_per_minute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN response_format TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX projects_organisation ON projects (organisation_id, id);

-- The people of the dashboard. Their address and name are sealed; the address is looked up by its keyed hash.
CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    email_hash TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    -- Argon2id, sealed as well: a stolen database alone is nothing to guess against.
    sealed_password BYTEA NOT NULL,
    role TEXT NOT NULL,
    sealed_totp BYTEA,
    -- Being set up; not asked for yet.
    pending_totp BYTEA,
    -- The time step of the last code that was taken; no earlier one is.
    totp_step BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email_hash);
CREATE INDEX users_organisation ON users (organisation_id, id);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Keyed hash.
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE dashboard_sessions (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of a random token that only the browser has.
    token_hash TEXT NOT NULL,
    -- 1: the second factor is still to come.
    half_open BIGINT NOT NULL,
    -- Address and browser.
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX dashboard_sessions_token ON dashboard_sessions (token_hash);
CREATE INDEX dashboard_sessions_user ON dashboard_sessions (user_id);

-- Links that let somebody in once: a new user, or one who lost a password or second factor.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    -- Who is let in again; none: a new user.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE INDEX invitations_organisation ON invitations (organisation_id, id);

-- What went wrong lately, by account and by address (keyed hashes).
CREATE TABLE sign_in_failures (
    bucket TEXT PRIMARY KEY NOT NULL,
    failures BIGINT NOT NULL,
    failed_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_age ON sign_in_failures (failed_at);

-- Who changed what. Append only: triggers refuse anything else, and each entry is chained to the one before under a key
-- no database holds.
CREATE TABLE audit_entries (
    seq BIGINT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    -- `user:<id>`, `api_key:<id>`, `operator`.
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    -- An id or a keyed hash.
    target TEXT NOT NULL,
    -- What was before and after, encrypted.
    sealed BYTEA NOT NULL,
    happened_at BIGINT NOT NULL,
    mac TEXT NOT NULL
);
CREATE INDEX audit_entries_organisation ON audit_entries (organisation_id, seq);
CREATE TABLE audit_head (
    one BIGINT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    mac TEXT NOT NULL,
    seal TEXT NOT NULL
);
INSERT INTO audit_head (one, seq, mac, seal) VALUES (1, 0, '', '');

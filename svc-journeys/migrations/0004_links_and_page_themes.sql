-- Links that are used once. Whom one is for lies under the row's own key; of its token and its codes there are hashes alone.
CREATE TABLE links (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    subject_hash BYTEA NOT NULL,
    -- Of the secret of the browser it is bound to; none: not yet.
    browser_hash BYTEA,
    -- 1: a code must be compared before it is taken.
    needs_code BIGINT NOT NULL,
    -- Keyed hash of the code; none: there is none, or it was used.
    code_hash BYTEA,
    code_tries BIGINT NOT NULL,
    code_expires_at BIGINT NOT NULL,
    -- None: it can be used.
    used_at BIGINT,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX links_token ON links (token_hash);
CREATE INDEX links_subject ON links (project_id, subject_hash);
CREATE INDEX links_expiry ON links (expires_at);

-- How the pages of a tenant that this server shows look.
CREATE TABLE page_themes (
    project_id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    accent TEXT NOT NULL,
    language TEXT NOT NULL,
    redirect_url TEXT NOT NULL,
    frame_ancestors TEXT NOT NULL,
    logo BYTEA NOT NULL,
    logo_type TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

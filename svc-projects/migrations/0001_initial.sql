-- Portable between SQLite and PostgreSQL: ids and JSON are TEXT, times BIGINT milliseconds UTC, flags BIGINT 0/1.
CREATE TABLE organisations (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE projects (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    -- The project's own scoring rules; none: the built-in defaults.
    scores_id TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    public_key BYTEA NOT NULL,
    -- PKCS#8, encrypted under the master key; gone once the key no longer signs.
    sealed_private_key BYTEA,
    current BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
-- One key signs at a time, whichever process rotates.
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (current) WHERE current = 1;

CREATE TABLE scoring_rules (
    scores_id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    -- The version in force, kept here so that authorising a call joins one row.
    version BIGINT NOT NULL,
    rules_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX scoring_rules_project ON scoring_rules (project_id);

-- Every version ever in force: an old decision stays explainable.
CREATE TABLE scoring_rule_versions (
    scores_id TEXT NOT NULL REFERENCES scoring_rules (scores_id),
    version BIGINT NOT NULL,
    rules_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (scores_id, version)
);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    -- The signing key of its token; the token itself is not kept.
    kid TEXT NOT NULL REFERENCES signing_keys (kid),
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    selected_services TEXT NOT NULL,
    scores_id TEXT REFERENCES scoring_rules (scores_id),
    can_mint BIGINT NOT NULL,
    response_format TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX api_keys_project ON api_keys (project_id, created_at, id);

-- Portable between SQLite and PostgreSQL: ids and JSON are TEXT, times BIGINT milliseconds UTC.
CREATE TABLE transactions (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    session_id TEXT,
    -- Keyed hash of project and user: equal users are found, none can be read.
    subject_hash BYTEA,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    http_status BIGINT NOT NULL,
    verdict TEXT,
    score DOUBLE PRECISION,
    reasons TEXT NOT NULL,
    rules TEXT,
    action_trigger TEXT,
    tags TEXT NOT NULL,
    durations_json TEXT,
    duration_ms BIGINT NOT NULL,
    client_app TEXT,
    client_app_version TEXT,
    -- Encrypted: the user, device, place, results and error text, all of which may name a person.
    sealed BYTEA NOT NULL
);
CREATE INDEX transactions_time ON transactions (project_id, created_at, id);

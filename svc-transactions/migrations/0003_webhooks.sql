-- Where customers want to be told what happened.
CREATE TABLE webhook_endpoints (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    -- JSON list of event types; empty: every one.
    events TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Encrypted: the url and the customer's own headers, which may hold credentials.
    sealed_target BYTEA NOT NULL,
    -- Encrypted: the signing secret and, for a day after a rotation, the one before.
    sealed_secrets BYTEA NOT NULL,
    success_count BIGINT NOT NULL DEFAULT 0,
    failure_count BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX webhook_endpoints_key ON webhook_endpoints (project_id, api_key_id, id);

-- The outbox and, once delivered or given up, the log of it. One row for each event and endpoint, written in the database
-- transaction of what it tells about. No foreign key: an endpoint removed at that moment must not stop the record.
CREATE TABLE webhook_deliveries (
    -- What the receiver sees as webhook-id; grows with time.
    id TEXT PRIMARY KEY NOT NULL,
    endpoint_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    subject_hash BYTEA,
    event TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- pending, delivered or dead
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Only while pending: the next attempt; while one is under way, when it counts as lost.
    due_at BIGINT,
    -- Whose attempt is under way.
    claim TEXT,
    -- Encrypted: the payload, which names a person.
    sealed BYTEA NOT NULL,
    -- Encrypted: what became of each attempt.
    sealed_log BYTEA
);
-- An event reaches an endpoint once, however often it is told.
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (transaction_id, endpoint_id, event);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (project_id, id) WHERE status = 'dead';
CREATE INDEX webhook_deliveries_subject ON webhook_deliveries (project_id, subject_hash)
    WHERE subject_hash IS NOT NULL;

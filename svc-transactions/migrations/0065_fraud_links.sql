-- What transactions can have in common: device, address, country, document, and whose enrolled face they show.
CREATE TABLE transaction_links (
    id TEXT NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    project_id TEXT NOT NULL,
    -- Keyed hash of the value; of a face: the hash of the subject who enrolled it.
    value_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- Encrypted: what people are shown. None for a face.
    sealed BYTEA,
    PRIMARY KEY (id, kind)
);
CREATE INDEX transaction_links_value ON transaction_links (project_id, kind, value_hash, created_at, id);
-- A summary of a span of time reads these alone.
CREATE INDEX fraud_hits_time ON fraud_hits (project_id, created_at, rule, id);
-- What a project blocks, as keyed hashes.
CREATE TABLE blocklist (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- As user:<id> or key:<id>.
    created_by TEXT NOT NULL,
    -- The call it was made from, and its subject: the entry is erased with them.
    transaction_id TEXT,
    subject_hash BYTEA,
    -- Encrypted: what people are shown, their note and who made it.
    sealed BYTEA NOT NULL
);
CREATE UNIQUE INDEX blocklist_value ON blocklist (project_id, kind, value_hash);
CREATE INDEX blocklist_subject ON blocklist (project_id, subject_hash) WHERE subject_hash IS NOT NULL;

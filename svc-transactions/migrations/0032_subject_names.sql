-- Subjects as they are searched by the beginning of their name. Neither table holds a name: the newest transaction does,
-- encrypted.
CREATE TABLE subject_names (
    project_id TEXT NOT NULL,
    subject_hash BYTEA NOT NULL,
    last_at BIGINT NOT NULL,
    -- Their newest transaction.
    transaction_id TEXT NOT NULL,
    PRIMARY KEY (project_id, subject_hash)
);
CREATE INDEX subject_names_age ON subject_names (project_id, last_at);

-- Keyed hashes of what a name, or a part of it, begins with.
CREATE TABLE subject_prefixes (
    project_id TEXT NOT NULL,
    prefix_hash BYTEA NOT NULL,
    subject_hash BYTEA NOT NULL,
    PRIMARY KEY (project_id, prefix_hash, subject_hash)
);
CREATE INDEX subject_prefixes_subject ON subject_prefixes (project_id, subject_hash);

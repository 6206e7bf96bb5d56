-- Append only: this service holds no statement that changes or removes a row, and `hash` makes another's change seen.
CREATE TABLE consent_entries (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    -- Keyed hash of the subject's name, hex.
    subject TEXT NOT NULL,
    -- 1, 2, 3, ... for each subject; the key below keeps two processes from writing the same number.
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    given BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    api_key_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    -- Name, session and device, encrypted.
    sealed BYTEA NOT NULL,
    hash TEXT NOT NULL
);
CREATE UNIQUE INDEX consent_entries_chain ON consent_entries (project_id, subject, seq);
-- The newest entry of a kind is read on every call that processes biometrics.
CREATE INDEX consent_entries_state ON consent_entries (project_id, subject, kind, seq);

-- Listing newest first by any one filter reads only the rows it answers with. Where most rows have no value, the index
-- holds only those that have one.
ALTER TABLE transactions ADD COLUMN flag TEXT;

CREATE INDEX transactions_kind ON transactions (project_id, kind, created_at, id);
CREATE INDEX transactions_key ON transactions (project_id, api_key_id, created_at, id);
CREATE INDEX transactions_subject ON transactions (project_id, subject_hash, created_at, id)
    WHERE subject_hash IS NOT NULL;
CREATE INDEX transactions_session ON transactions (project_id, session_id, created_at, id)
    WHERE session_id IS NOT NULL;
CREATE INDEX transactions_verdict ON transactions (project_id, verdict, created_at, id) WHERE verdict IS NOT NULL;
CREATE INDEX transactions_flag ON transactions (project_id, flag, created_at, id) WHERE flag IS NOT NULL;

-- The same tags as in `transactions.tags`, to be found by.
CREATE TABLE transaction_tags (
    project_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    id TEXT NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    PRIMARY KEY (id, tag)
);
CREATE INDEX transaction_tags_tag ON transaction_tags (project_id, tag, created_at, id);

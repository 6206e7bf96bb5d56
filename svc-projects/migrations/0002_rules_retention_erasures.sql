-- Rule sets of a project, newest first.
CREATE INDEX scoring_rules_newest ON scoring_rules (project_id, scores_id);

-- How long a project keeps what it records, in days; a project without a row has the defaults.
CREATE TABLE retention (
    project_id TEXT PRIMARY KEY NOT NULL REFERENCES projects (id),
    samples_days BIGINT NOT NULL,
    transactions_days BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Receipts of erasures. The subject is a salted hash: who has the name can tell that it is meant, nobody can read it.
CREATE TABLE erasures (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    api_key_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    destroyed_json TEXT NOT NULL,
    signature TEXT NOT NULL,
    erased_at BIGINT NOT NULL
);

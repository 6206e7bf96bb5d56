-- Texts of a project that people approve. An approval is an entry of the ledger.
CREATE TABLE consent_texts (
    project_id TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    grants TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id)
);

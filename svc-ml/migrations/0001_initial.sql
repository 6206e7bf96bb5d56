-- Whom templates belong to. Erasing a row erases its key, and with it everything sealed under the key.
CREATE TABLE subjects (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    -- Keyed hash of the name, hex.
    name_hash TEXT NOT NULL,
    -- The name, under the subject's data key.
    name_sealed BYTEA NOT NULL,
    -- The subject's data key, under the master key.
    wrapped_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (project_id, name_hash)
);

CREATE TABLE templates (
    -- uuid v7: the greatest of a project is the newest.
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    subject_id TEXT NOT NULL REFERENCES subjects (id) ON DELETE CASCADE,
    modality TEXT NOT NULL,
    -- Name and version of the model that made it; vectors of different models cannot be compared.
    model TEXT NOT NULL,
    -- Under the subject's data key.
    sealed BYTEA NOT NULL,
    transaction_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (subject_id, modality)
);
CREATE INDEX templates_project ON templates (project_id, id);

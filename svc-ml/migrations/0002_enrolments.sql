-- Counts the changes of a project's templates: a gallery in memory is right for as long as this stands still.
CREATE TABLE galleries (
    project_id TEXT PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL
);

-- Counts a subject's enrolments, so that of two at once none overwrites the other.
ALTER TABLE subjects ADD COLUMN enrolments BIGINT NOT NULL DEFAULT 0;

-- The pictures and recordings a template is the mean of; without a template, what does not suffice for one yet.
CREATE TABLE enrolments (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    subject_id TEXT NOT NULL REFERENCES subjects (id) ON DELETE CASCADE,
    modality TEXT NOT NULL,
    model TEXT NOT NULL,
    -- Its weight in the mean.
    quality DOUBLE PRECISION NOT NULL,
    -- Under the subject's data key.
    sealed BYTEA NOT NULL,
    transaction_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX enrolments_subject ON enrolments (subject_id, modality);

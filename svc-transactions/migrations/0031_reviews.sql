-- What people review: one row for a transaction that was referred, hit by a fraud rule or found to be a duplicate.
CREATE TABLE reviews (
    id TEXT PRIMARY KEY NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    -- As the transaction has them: a new capture is recognised by both.
    subject_hash BYTEA,
    kind TEXT NOT NULL,
    -- When the transaction was, and when its review was opened.
    created_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    -- Why: flags.
    referred BIGINT NOT NULL DEFAULT 0,
    fraud BIGINT NOT NULL DEFAULT 0,
    duplicate BIGINT NOT NULL DEFAULT 0,
    requested BIGINT NOT NULL DEFAULT 0,
    -- open, second_review, new_capture, approved or rejected
    status TEXT NOT NULL,
    -- open, waiting or done
    queue TEXT NOT NULL,
    -- Who holds it and until when, as user:<id> or key:<id>.
    claimed_by TEXT,
    claimed_until BIGINT,
    -- What the first of two people decided.
    first_by TEXT,
    first_decision TEXT,
    -- The final decision.
    reason TEXT,
    decided_by TEXT,
    decided_at BIGINT,
    -- Encrypted: the names of these reviewers.
    sealed_names BYTEA,
    -- Grows with each change: of two at once, one finds it changed.
    version BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX reviews_queue ON reviews (project_id, queue, opened_at, id);
CREATE INDEX reviews_claimed ON reviews (project_id, claimed_by, opened_at, id) WHERE claimed_by IS NOT NULL;
CREATE INDEX reviews_done ON reviews (project_id, decided_at, id) WHERE queue = 'done';
CREATE INDEX reviews_status ON reviews (project_id, status, created_at, id);
CREATE INDEX reviews_subject ON reviews (project_id, subject_hash) WHERE subject_hash IS NOT NULL;

-- What each person decided.
CREATE TABLE review_steps (
    id TEXT NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    step BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Encrypted: the note and the name of the reviewer. Empty once the subject is erased.
    sealed BYTEA NOT NULL,
    PRIMARY KEY (id, step)
);

-- How a project reviews; one without a row has the defaults.
CREATE TABLE review_settings (
    project_id TEXT PRIMARY KEY NOT NULL,
    four_eyes BIGINT NOT NULL,
    target_minutes BIGINT NOT NULL,
    lease_minutes BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

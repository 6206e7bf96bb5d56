-- Responses to calls with an Idempotency-Key, until they expire.
CREATE TABLE idempotency_answers (
    -- A hash of project, caller and key.
    id BYTEA PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    -- Which call holds it, and until when that counts; later the time the response is kept to.
    owner TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Encrypted under a key made of the caller's credential, which is stored nowhere. None: the call still runs.
    sealed BYTEA,
    bytes BIGINT NOT NULL
);
CREATE INDEX idempotency_answers_expire ON idempotency_answers (expires_at);
CREATE INDEX idempotency_answers_project ON idempotency_answers (project_id, expires_at);

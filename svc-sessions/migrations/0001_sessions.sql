-- Portable between SQLite and PostgreSQL: ids are TEXT, times BIGINT milliseconds UTC.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    -- The bound user: a keyed hash to compare with, and the name encrypted. Both or none.
    user_hash BYTEA,
    user_sealed BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- Size of the last video; none: there is no video.
    video_bytes BIGINT
);
-- The sweeper removes sessions whose time is over.
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The phrase the session's next video must say, encrypted for the session; none: none was issued, or it was used.
ALTER TABLE sessions ADD COLUMN challenge_sealed BYTEA;
ALTER TABLE sessions ADD COLUMN challenge_expires_at BIGINT;
-- How many phrases the session was issued.
ALTER TABLE sessions ADD COLUMN challenges BIGINT NOT NULL DEFAULT 0;

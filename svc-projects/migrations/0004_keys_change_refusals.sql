-- What a key has of its own: calls a minute (0: the project's limit), and when it stops (none: never).
ALTER TABLE api_keys ADD COLUMN rate_limit_per_minute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;

-- When the audit log last said that somebody did not get into an account: once an hour for each kind is enough.
CREATE TABLE refusals_noted (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, action)
);

CREATE INDEX audit_entries_project ON audit_entries (organisation_id, project_id, seq);
CREATE INDEX audit_entries_action ON audit_entries (organisation_id, action, seq);

-- Rows that grant something carry a MAC under a key of the master key; a row without its own is rejected when it is read.
ALTER TABLE api_keys ADD COLUMN mac TEXT NOT NULL DEFAULT '';
ALTER TABLE signing_keys ADD COLUMN mac TEXT NOT NULL DEFAULT '';
-- Since when nothing it signed is believed any more; none: it verifies.
ALTER TABLE signing_keys ADD COLUMN distrusted_at BIGINT;
ALTER TABLE users ADD COLUMN mac TEXT NOT NULL DEFAULT '';
ALTER TABLE dashboard_sessions ADD COLUMN mac TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN mac TEXT NOT NULL DEFAULT '';
-- One row once those that were there before have theirs.
CREATE TABLE row_macs_made (
    one BIGINT PRIMARY KEY NOT NULL,
    made_at BIGINT NOT NULL
);

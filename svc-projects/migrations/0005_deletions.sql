-- An organisation whose deletion has begun: nobody signs in to it, no key of it opens anything.
ALTER TABLE organisations ADD COLUMN deleting_at BIGINT;

-- Deletions of organisations: what was destroyed so far and, once all is, the receipt. No name is in it.
CREATE TABLE deletions (
    -- Random: whoever has it may read the receipt, as nobody can sign in any more.
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL,
    projects BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    destroyed_json TEXT NOT NULL,
    -- None: under way.
    deleted_at BIGINT,
    signature TEXT
);
CREATE UNIQUE INDEX deletions_organisation ON deletions (organisation_id);
CREATE INDEX deletions_open ON deletions (begun_at) WHERE deleted_at IS NULL;

-- Every master key that wrote into these tables and may still have something there ('in_use'), and those under which nothing
-- counts any more ('distrusted').
CREATE TABLE known_master_keys (
    -- Hex.
    key_id TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- Keys of single purposes that outlive their master key, wrapped under the present one.
CREATE TABLE kept_keys (
    key_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    PRIMARY KEY (key_id, purpose)
);

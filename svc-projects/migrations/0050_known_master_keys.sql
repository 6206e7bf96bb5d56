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

-- Of an entry whose master key was replaced: a keyed hash over its mac under the present one. Empty: none.
ALTER TABLE audit_entries ADD COLUMN endorsement TEXT NOT NULL DEFAULT '';

-- Recovery codes let somebody in. Empty: made before this column, and given one at the next start.
ALTER TABLE recovery_codes ADD COLUMN mac TEXT NOT NULL DEFAULT '';

-- Hashes of the Merkle tree over the audit log, one for each 256 entries and those above them. They save work, and are
-- computed again from the log where they are missing.
CREATE TABLE log_nodes (
    -- Always 'audit'.
    log TEXT NOT NULL,
    -- In the order of Crosby and Wallach's "Efficient Data Structures for Tamper-Evident Logging", 3.3.
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    mac TEXT NOT NULL,
    PRIMARY KEY (log, position)
);

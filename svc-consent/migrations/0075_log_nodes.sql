-- Hashes of the Merkle trees over the journals, one for each 256 entries and those above them. They save work, and are
-- computed again from the journals where they are missing.
CREATE TABLE log_nodes (
    -- The project.
    log TEXT NOT NULL,
    -- In the order of Crosby and Wallach's "Efficient Data Structures for Tamper-Evident Logging", 3.3.
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    mac TEXT NOT NULL,
    PRIMARY KEY (log, position)
);

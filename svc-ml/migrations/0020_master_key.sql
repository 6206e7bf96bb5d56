-- A value sealed under the master key: a process with another key recognises by it that these tables are not its own.
CREATE TABLE master_key (
    one BIGINT PRIMARY KEY NOT NULL,
    canary BYTEA NOT NULL
);

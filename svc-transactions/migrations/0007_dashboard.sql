-- Counting a span of time reads this index alone.
CREATE INDEX transactions_stats ON transactions (project_id, created_at, verdict, http_status, duration_ms);
-- In the order in which calls ended, which is when they were recorded: a long call that began earlier comes later.
CREATE INDEX transactions_ended ON transactions (project_id, (created_at + duration_ms), id);

-- The device a transaction was made with, as a keyed hash. Written with what the fraud rules found.
CREATE TABLE transaction_devices (
    id TEXT PRIMARY KEY NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    device_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX transaction_devices_device ON transaction_devices (project_id, device_hash, created_at, id);

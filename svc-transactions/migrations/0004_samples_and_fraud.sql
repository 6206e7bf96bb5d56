-- Media kept of a transaction, with storage consent. The bytes lie in the blob store under the same id.
CREATE TABLE samples (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    -- Recorded only after its samples, so it is no reference.
    transaction_id TEXT NOT NULL,
    subject_hash BYTEA NOT NULL,
    name TEXT NOT NULL,
    -- Without a value until the bytes are there in full.
    content_type TEXT,
    bytes BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX samples_transaction ON samples (project_id, transaction_id, id);
CREATE INDEX samples_subject ON samples (project_id, subject_hash, id);
CREATE INDEX samples_expiry ON samples (expires_at, id);

-- Transactions the fraud rules have not looked at. Who works on one claims it for a while.
CREATE TABLE fraud_pending (
    id TEXT PRIMARY KEY NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    claimed_until BIGINT NOT NULL
);
CREATE INDEX fraud_pending_claim ON fraud_pending (claimed_until, id);

-- What the fraud rules found: each rule at most once in a transaction.
CREATE TABLE fraud_hits (
    id TEXT NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    project_id TEXT NOT NULL,
    -- When the transaction was, and when the hit was found.
    created_at BIGINT NOT NULL,
    found_at BIGINT NOT NULL,
    -- Encrypted: the evidence, which says where somebody was and with which device.
    sealed BYTEA NOT NULL,
    PRIMARY KEY (id, rule)
);
CREATE INDEX fraud_hits_rule ON fraud_hits (project_id, rule, created_at, id);

-- Devices and countries a subject was seen with, as keyed hashes.
CREATE TABLE fraud_seen (
    project_id TEXT NOT NULL,
    subject_hash BYTEA NOT NULL,
    trait TEXT NOT NULL,
    value_hash BYTEA NOT NULL,
    first_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, subject_hash, trait, value_hash)
);

ALTER TABLE transactions ADD COLUMN has_fraud BIGINT NOT NULL DEFAULT 0;
CREATE INDEX transactions_fraud ON transactions (project_id, created_at, id) WHERE has_fraud = 1;

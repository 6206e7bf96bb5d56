-- What the calls of a project cost it.
CREATE TABLE credit_plans (
    project_id TEXT PRIMARY KEY NOT NULL,
    -- 1: its calls are paid out of the balance; 0: they are only counted.
    is_prepaid BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    -- JSON object: the price by the kind of a transaction.
    prices TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE credit_entries (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    -- purchase or usage
    category TEXT NOT NULL,
    -- approved, pending (reserved) or postPaid
    status TEXT NOT NULL,
    amount BIGINT NOT NULL,
    description TEXT NOT NULL,
    -- Of a purchase its own id, so that no two entries are of one transaction.
    transaction_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX credit_entries_transaction ON credit_entries (project_id, transaction_id);
CREATE INDEX credit_entries_list ON credit_entries (project_id, created_at, id);
CREATE INDEX credit_entries_pending ON credit_entries (project_id, created_at) WHERE status = 'pending';

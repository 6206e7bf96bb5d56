-- What a user was seen with is forgotten once it was not seen for as long as its project keeps transactions.
ALTER TABLE fraud_seen ADD COLUMN last_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX fraud_seen_age ON fraud_seen (project_id, last_at);

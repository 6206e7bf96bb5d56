-- Calls made with test keys: listed, but counted and compared with nothing.
ALTER TABLE transactions ADD COLUMN is_test BIGINT NOT NULL DEFAULT 0;
-- Statistics count live calls alone, from this index alone.
DROP INDEX transactions_stats;
CREATE INDEX transactions_stats ON transactions (project_id, is_test, created_at, verdict, http_status, duration_ms);

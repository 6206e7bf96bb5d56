-- Keys for trying an integration out: their calls are answered without models and never count as live ones.
ALTER TABLE api_keys ADD COLUMN is_test BIGINT NOT NULL DEFAULT 0;

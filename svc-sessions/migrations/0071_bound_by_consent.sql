-- 1: the session is bound to its user by consents alone, and another API may name them otherwise.
ALTER TABLE sessions ADD COLUMN bound_by_consent BIGINT NOT NULL DEFAULT 0;

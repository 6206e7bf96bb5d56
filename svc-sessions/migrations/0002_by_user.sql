-- Erasing a subject finds the sessions bound to it.
CREATE INDEX sessions_user ON sessions (project_id, user_hash);

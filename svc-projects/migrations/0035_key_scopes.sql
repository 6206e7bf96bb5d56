-- What a key may do, a JSON list. Empty: a key of a release without scopes, which may do what it could then. The MAC of a row
-- covers the list where there is one, so that a release without scopes rejects such a key instead of giving it everything.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '';

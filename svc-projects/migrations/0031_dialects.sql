-- The other APIs a project has switched on, and how each takes consent: a JSON object by name.
ALTER TABLE projects ADD COLUMN dialects TEXT NOT NULL DEFAULT '{}';
-- The APIs a key may be used with, a JSON list; empty: any the project has.
ALTER TABLE api_keys ADD COLUMN dialects TEXT NOT NULL DEFAULT '[]';

-- Whose a project is, and whose word about consents it takes, carries a MAC like other rows that grant something.
ALTER TABLE projects ADD COLUMN mac TEXT NOT NULL DEFAULT '';

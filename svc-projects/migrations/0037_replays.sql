-- What a recording that was used before means where scoring rules do not say it.
ALTER TABLE projects ADD COLUMN replays TEXT NOT NULL DEFAULT 'fail';

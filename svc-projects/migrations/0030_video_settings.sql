-- What a project asks of videos. A project of the release before has the defaults.
ALTER TABLE projects ADD COLUMN challenge TEXT NOT NULL DEFAULT 'optional';
ALTER TABLE projects ADD COLUMN challenge_phrase TEXT NOT NULL DEFAULT 'digits';
ALTER TABLE projects ADD COLUMN replay_scope TEXT NOT NULL DEFAULT 'project';
-- None: never set.
ALTER TABLE projects ADD COLUMN video_settings_at BIGINT;

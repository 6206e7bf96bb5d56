-- The candidate rules that decide beside those in force, without effect. The release before never reads them.
ALTER TABLE projects ADD COLUMN shadow_scores_id TEXT;

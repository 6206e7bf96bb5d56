-- The changes of a project's templates of faces and voices, in order: a gallery in memory reads what came since its own
-- number instead of everything. `seq` is the revision (`galleries`) a change made; a template that is listed and exists was
-- added, one that is gone was removed. A revision without a row was made by the release before, or was deleted as too old:
-- then everything is read.
CREATE TABLE template_changes (
    project_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    -- Says nothing of whose it was.
    template_id TEXT NOT NULL,
    PRIMARY KEY (project_id, seq, template_id)
);

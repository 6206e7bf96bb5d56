-- Each project's mobile operator: addresses, client id and secret, encrypted for the project.
CREATE TABLE sim_swap_settings (
    project_id TEXT PRIMARY KEY NOT NULL,
    -- Another one with each change, so that no token of earlier settings is used.
    version TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    updated_at BIGINT NOT NULL
);

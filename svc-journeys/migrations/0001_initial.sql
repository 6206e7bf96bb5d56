-- Portable between SQLite and PostgreSQL: ids are TEXT, times BIGINT milliseconds UTC, settings JSON.
CREATE TABLE journey_projects (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    details TEXT NOT NULL,
    collection_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX journey_projects_name ON journey_projects (project_id, name);

CREATE TABLE collections (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    code TEXT NOT NULL,
    -- Empty: of no journey project.
    journey_project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX collections_code ON collections (code);
CREATE INDEX collections_project ON collections (project_id, created_at);

CREATE TABLE flows (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    journey_project_id TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX flows_project ON flows (project_id, journey_project_id, created_at);

-- Somebody's way through a flow. Address and names lie under the row's own key, which is gone with it.
CREATE TABLE registrations (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    journey_project_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    status TEXT NOT NULL,
    current_step TEXT NOT NULL,
    passed_steps TEXT NOT NULL,
    language TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    -- Keyed hashes: of the address within its journey project, and of the subject within the tenant.
    address_hash BYTEA NOT NULL,
    subject_hash BYTEA NOT NULL,
    information_validation_id TEXT NOT NULL,
    -- Empty: not yet.
    biometric_validation_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    face_attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX registrations_address ON registrations (journey_project_id, address_hash);
CREATE INDEX registrations_subject ON registrations (project_id, subject_hash);
CREATE INDEX registrations_person ON registrations (project_id, person_id);
CREATE INDEX registrations_list ON registrations (project_id, created_at);

CREATE TABLE persons (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    collection_id TEXT NOT NULL,
    -- The name the models know the template by: `registration:<id>` or `person:<id>`.
    subject TEXT NOT NULL,
    subject_hash BYTEA NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX persons_subject ON persons (collection_id, subject);
CREATE INDEX persons_hash ON persons (project_id, subject_hash);

CREATE TABLE validations (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    journey_project_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    status TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    subject_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    completed_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX validations_subject ON validations (project_id, subject_hash);
CREATE INDEX validations_list ON validations (project_id, created_at);

CREATE TABLE email_validations (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    journey_project_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    -- Empty: of no registration.
    registration_id TEXT NOT NULL,
    status TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    address_hash BYTEA NOT NULL,
    subject_hash BYTEA NOT NULL,
    -- Keyed hash of the code; none: it was used.
    code_hash BYTEA,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX email_validations_registration ON email_validations (project_id, registration_id, created_at);
CREATE INDEX email_validations_address ON email_validations (project_id, journey_project_id, address_hash, created_at);
CREATE INDEX email_validations_subject ON email_validations (project_id, subject_hash);

-- A value sealed under the master key: a process with another key recognises by it that these tables are not its own.
CREATE TABLE master_key (
    one BIGINT PRIMARY KEY NOT NULL,
    canary BYTEA NOT NULL
);

-- Recordings that were judged, so that one that comes again is recognised. What they are recognised by are keyed hashes.
CREATE TABLE recordings (
    -- The order in which recordings came: of two at once the later one is the replay.
    seq BIGINT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL,
    -- The session, or the transaction of a call without one: within it, a recording may come again.
    session_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    -- Keyed hash of the user's name, hex; none: nobody was named.
    subject_hash TEXT,
    -- Keyed hash of the file's bytes, hex.
    bytes_hash TEXT NOT NULL,
    -- The stored marks of the sound and of the picture: how many, and from where to where.
    sound_marks BIGINT NOT NULL,
    sound_first BIGINT NOT NULL,
    sound_last BIGINT NOT NULL,
    picture_marks BIGINT NOT NULL,
    picture_first BIGINT NOT NULL,
    picture_last BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX recordings_bytes ON recordings (bytes_hash);
CREATE INDEX recordings_age ON recordings (project_id, created_at);
CREATE INDEX recordings_subject ON recordings (project_id, subject_hash);

CREATE TABLE recording_marks (
    -- 64 bits of a keyed hash of project, kind and mark.
    hash BIGINT NOT NULL,
    seq BIGINT NOT NULL REFERENCES recordings (seq) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    place BIGINT NOT NULL
);
CREATE INDEX recording_marks_hash ON recording_marks (hash);
CREATE INDEX recording_marks_seq ON recording_marks (seq);

-- Numbers recordings; a transaction that takes a number holds the row until its recording is there.
CREATE TABLE recording_numbers (
    one BIGINT PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);
INSERT INTO recording_numbers (one, last) VALUES (1, 0);

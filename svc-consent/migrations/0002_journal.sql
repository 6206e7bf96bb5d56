-- Each project's journal: one mark for each entry and each erasure, chained under a key no database holds, so that what
-- is removed as a whole is seen as well. The journal of the projects themselves has the empty project.
CREATE TABLE consent_journal (
    project_id TEXT NOT NULL,
    -- 1, 2, 3, ... for each project.
    seq BIGINT NOT NULL,
    -- 'entry': written; 'erased': the chain's entries were destroyed; 'project': its journal was begun.
    event TEXT NOT NULL,
    -- Random; says nothing of the subject. Of a 'project': its id.
    chain TEXT NOT NULL,
    -- Of the entry; of an erasure: how many there were, and the last one's hash.
    chain_seq BIGINT NOT NULL,
    chain_hash TEXT NOT NULL,
    marked_at BIGINT NOT NULL,
    mac TEXT NOT NULL,
    PRIMARY KEY (project_id, seq)
);
CREATE INDEX consent_journal_chain ON consent_journal (chain, chain_seq);
-- Where each journal ends, sealed: cutting its end off needs the seal of an earlier end.
CREATE TABLE consent_heads (
    project_id TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    mac TEXT NOT NULL,
    seal TEXT NOT NULL
);
ALTER TABLE consent_entries ADD COLUMN chain TEXT NOT NULL DEFAULT '';
CREATE INDEX consent_entries_by_chain ON consent_entries (chain, seq);
-- The export reads a project in the order of its entries' ids, which is that of time.
CREATE INDEX consent_entries_export ON consent_entries (project_id, id);

-- What the document of a registration came to; empty: none was judged.
ALTER TABLE registrations ADD COLUMN document_id TEXT NOT NULL DEFAULT '';
ALTER TABLE registrations ADD COLUMN document_status TEXT NOT NULL DEFAULT '';
ALTER TABLE registrations ADD COLUMN document_attempts BIGINT NOT NULL DEFAULT 0;

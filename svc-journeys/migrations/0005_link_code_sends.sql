-- How many codes were mailed for a link.
ALTER TABLE links ADD COLUMN code_sends BIGINT NOT NULL DEFAULT 0;

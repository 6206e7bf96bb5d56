-- One address may have an account in each of several organisations: nobody learns from an invitation that it is known
-- elsewhere, and nobody keeps an address from an organisation they are not in.
DROP INDEX users_email;
CREATE UNIQUE INDEX users_email_of_organisation ON users (organisation_id, email_hash);
CREATE INDEX users_email_hash ON users (email_hash);

-- Who made the link; empty: an operator, or a release before this one. The link ends with its maker.
ALTER TABLE invitations ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
CREATE INDEX invitations_maker ON invitations (made_by);

-- What a project keeps for a time only is found by its age.
CREATE INDEX samples_age ON samples (project_id, created_at);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (project_id, created_at);

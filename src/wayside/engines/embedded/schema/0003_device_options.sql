-- What the operator set for this one device, as a JSON object of texts; keys and passwords are among it.
ALTER TABLE device ADD COLUMN options TEXT NOT NULL DEFAULT '{}';

-- The same bytes under several names of a device: a record each, and one blob for all of them.

ALTER TABLE media ADD COLUMN blob TEXT;     -- NULL: it lies under the record's own `id`
CREATE INDEX media_blob ON media (blob) WHERE blob IS NOT NULL;
DROP INDEX media_content;
CREATE UNIQUE INDEX media_content ON media (device, sha256, name);

-- Pictures, clips and recordings: what is known of each file; the bytes are elsewhere, under `id`.

CREATE TABLE media (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    device INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    md5 TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    taken_at INTEGER,
    channel TEXT NOT NULL,
    origin TEXT NOT NULL,
    alarm INTEGER,                  -- of the event that announced it
    command TEXT                    -- that asked for it
) STRICT;
CREATE UNIQUE INDEX media_content ON media (device, sha256);
CREATE INDEX media_received ON media (received_at, seq);
-- With size and origin, so that a device's share is added up in the index alone.
CREATE INDEX media_device ON media (device, received_at, seq, size, origin);
CREATE INDEX media_name ON media (name, device, received_at, seq);
CREATE INDEX media_alarm ON media (alarm, received_at, seq) WHERE alarm IS NOT NULL;
CREATE INDEX media_command ON media (command, received_at, seq) WHERE command IS NOT NULL;

-- Blobs without a record: before it is written, and after it is gone until they are gone too.
CREATE TABLE media_orphan (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- What a device said it holds; `place` is that of the list as it is shown.
CREATE TABLE recording (
    device INTEGER NOT NULL,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    reported_at INTEGER NOT NULL,
    taken_at INTEGER,
    channel TEXT NOT NULL,
    PRIMARY KEY (device, place)
) STRICT, WITHOUT ROWID;

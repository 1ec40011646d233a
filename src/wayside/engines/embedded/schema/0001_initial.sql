-- Times are microseconds since 1970, UTC.  `vals` is JSON.  `device` is a number from device_key, except in the
-- table of that name.  The numbers of kinds stand in kinds.py; 0 is an exchange that meant no event.

-- A deleted device loses its row here, which makes all that it left behind invisible at once; AUTOINCREMENT,
-- because a number that was given once must never name another device.
CREATE TABLE device_key (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL UNIQUE
) STRICT;

-- The names of an event's values, as a JSON array: written once, because nearly all reports have the names of many
-- others.  Three quarters of the log would be names.
CREATE TABLE shape (
    id INTEGER PRIMARY KEY,
    names BLOB NOT NULL UNIQUE
) STRICT;

-- Append-only, without any index: a second one would cost more than all else together.
CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    device INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    at INTEGER,
    message TEXT NOT NULL,
    event_message TEXT,             -- only where the event's name differs from the frame's
    shape INTEGER,                  -- names the values; NULL where `vals` is an object with its own names
    vals BLOB,                      -- an array in the order of the shape's names
    received BLOB,
    sent BLOB
) STRICT;

-- The side indexes follow the log in sorted rounds (side_index.py); `mark` says how far.
CREATE TABLE log_by_device (
    device INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (device, kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_by_kind (          -- rare kinds only
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The zone map: which times a range of ids holds.  Clocks jump, so `floor` is the smallest time from this span
-- on and `ceiling` the largest up to it: both only grow with the ids, which makes them searchable.
CREATE TABLE log_span (
    first_id INTEGER PRIMARY KEY,
    last_id INTEGER NOT NULL,
    received_min INTEGER NOT NULL,
    received_max INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    ceiling INTEGER NOT NULL,
    frames_min INTEGER              -- no row that still has its raw frames is older; null: none has
) STRICT;
CREATE INDEX log_span_floor ON log_span (floor, first_id);
CREATE INDEX log_span_ceiling ON log_span (ceiling, first_id);
CREATE INDEX log_span_oldest ON log_span (received_min);
CREATE INDEX log_span_oldest_frames ON log_span (frames_min) WHERE frames_min IS NOT NULL;
CREATE INDEX log_span_with_frames ON log_span (first_id) WHERE frames_min IS NOT NULL;

CREATE TABLE mark (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO mark (name, value) VALUES
    ('indexed', 0),                 -- every row up to this id is in the side indexes,
    ('round', 0),                   -- and up to this id those of devices
    ('round_device', 0),            -- up to this number
    ('checkpoint', 0),              -- `state` covers every row up to this id
    ('command_number', 0);

-- What is folded from the log, as it was after row `log_id`.
CREATE TABLE state (
    device INTEGER PRIMARY KEY,
    log_id INTEGER NOT NULL,
    vals BLOB NOT NULL,
    times BLOB NOT NULL
) STRICT;

-- Deleted devices whose rows are still being removed; none of them is newer than `until`.
CREATE TABLE forgotten (
    device INTEGER PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE device (
    device TEXT PRIMARY KEY,
    protocol TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
    id INTEGER PRIMARY KEY,         -- of its row in the log
    device INTEGER NOT NULL,
    alarm TEXT,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX alarm_device ON alarm (device, id);
CREATE INDEX alarm_alarm ON alarm (alarm, id);
CREATE INDEX alarm_open ON alarm (id) WHERE acknowledged_at IS NULL;
CREATE INDEX alarm_open_device ON alarm (device, id) WHERE acknowledged_at IS NULL;

CREATE TABLE command (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    number INTEGER NOT NULL,
    device INTEGER NOT NULL,
    capability TEXT NOT NULL,
    parameters BLOB NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    requested_by TEXT NOT NULL,
    idempotency_key TEXT,
    late INTEGER NOT NULL,
    detail TEXT NOT NULL,
    vals BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX command_key ON command (requested_by, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX command_created ON command (created_at, seq);
CREATE INDEX command_device ON command (device, created_at, seq);
CREATE INDEX command_state ON command (state, created_at, seq);
CREATE INDEX command_capability ON command (capability, created_at, seq);

CREATE TABLE command_transition (
    command INTEGER NOT NULL,       -- command.seq
    step INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    vals BLOB NOT NULL,
    late INTEGER NOT NULL,
    PRIMARY KEY (command, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes BLOB NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at, id);

-- Always empty: healthy() writes here and deletes it again, to find out whether there is room.
CREATE TABLE probe (data BLOB) STRICT;

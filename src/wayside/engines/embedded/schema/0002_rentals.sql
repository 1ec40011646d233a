-- Power banks and who borrowed them.  Cabinets are devices, by their names: what is told of a bank stays when the
-- cabinet is deleted.

CREATE TABLE bank (
    id TEXT PRIMARY KEY,
    registered_at INTEGER NOT NULL,
    label TEXT NOT NULL,
    retired_at INTEGER,
    cabinet TEXT,
    slot INTEGER,
    rental TEXT                     -- the open one
) STRICT, WITHOUT ROWID;

CREATE TABLE slot (
    cabinet TEXT NOT NULL,
    slot INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    bank TEXT,
    gave TEXT,
    PRIMARY KEY (cabinet, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE rental (
    seq INTEGER PRIMARY KEY,        -- in the order in which they began: a bank's last one is its latest
    id TEXT NOT NULL UNIQUE,
    bank TEXT NOT NULL,
    cabinet TEXT NOT NULL,          -- taken from there
    slot INTEGER NOT NULL,
    state TEXT NOT NULL,
    requested_at INTEGER,
    requested_by TEXT NOT NULL,
    sent_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    returned_cabinet TEXT,
    returned_slot INTEGER,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX rental_bank ON rental (bank, seq);
CREATE INDEX rental_cabinet ON rental (cabinet, seq);
CREATE INDEX rental_state ON rental (state, seq);

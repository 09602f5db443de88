-- A world: who owns things, and what must never be handed out twice.

-- The single row of facts about the world itself.
CREATE TABLE world (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The last timestamp that was given to anything. Timestamps grow strictly across the whole
    -- database, whatever the clock does, because slapgrid compares them for equality only.
    last_stamp_us INTEGER NOT NULL
) STRICT;
INSERT INTO world (id, last_stamp_us) VALUES (1, 0);

-- The last number of each kind of reference. Apart from the row ids, so that a fixture can choose
-- references and none is ever used again, also after destruction.
CREATE TABLE counter (
    prefix TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (prefix, last) VALUES
    ('COMP', 0), ('HOSTSUBS', 0), ('SOFTINST', 0), ('SOFTINSTALL', 0);

-- A person, who owns instance trees.
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    -- The one who is taken to call where nobody proves who calls.
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX user_default ON user (is_default) WHERE is_default = 1;
INSERT INTO user (reference, is_default) VALUES ('default-user', 1);

-- A project: everything else belongs to one. Most worlds have just the default one.
CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX project_default ON project (is_default) WHERE is_default = 1;
INSERT INTO project (reference, is_default) VALUES ('PROJ-1', 1);

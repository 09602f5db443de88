-- Computers and their partitions: what slapformat declares (semantics.md 2.4, 2.5, 5).

CREATE TABLE computer (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE RESTRICT,
    -- A draft is only named: software was supplied for it before it was ever formatted.
    validation TEXT NOT NULL CHECK (validation IN ('draft', 'validated', 'invalidated')),
    -- The reference with its digits padded, so that COMP-2 sorts before COMP-10.
    natural_key TEXT NOT NULL,
    -- The owner's policy, and what the capacity check would say.
    allocation_scope TEXT NOT NULL DEFAULT 'open' CHECK (allocation_scope IN (
        'open', 'close/forever', 'close/termination', 'close/outdated', 'close/maintenance',
        'close/noallocation')),
    capacity_scope TEXT NOT NULL DEFAULT 'open' CHECK (capacity_scope IN ('open', 'close')),
    capacity_quantity INTEGER NOT NULL DEFAULT 1000000,
    subscription TEXT NOT NULL DEFAULT 'subscribed'
        CHECK (subscription IN ('subscribed', 'not_subscribed', 'nopaid')),
    -- What SLA filters ask for.
    network TEXT,
    categories TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(categories)),
    -- What the last format said; absence clears.
    quantity INTEGER NOT NULL DEFAULT 0,
    address TEXT,
    netmask TEXT,
    os_type TEXT,
    public_ipv4_address TEXT,
    slapos_version TEXT,
    -- All of the last format, for inspection.
    format_document TEXT CHECK (format_document IS NULL OR json_valid(format_document))
) STRICT;
CREATE INDEX computer_project ON computer (project_id);

-- A partition is never deleted (unless `format.missing` says so): one that its computer no longer
-- lists is invalidated, and the same row is used again when it comes back.
CREATE TABLE partition (
    id INTEGER PRIMARY KEY,
    computer_id INTEGER NOT NULL REFERENCES computer (id) ON DELETE CASCADE,
    reference TEXT NOT NULL,
    slap_state TEXT NOT NULL CHECK (slap_state IN ('free', 'busy', 'inactive')),
    validation TEXT NOT NULL CHECK (validation IN ('draft', 'validated', 'invalidated')),
    -- Order of the last format that listed it, and the same below its computer's natural key:
    -- the order in which partitions are taken.
    position INTEGER NOT NULL,
    allocation_order TEXT NOT NULL,
    -- [interface, address, netmask, gateway, network] each, in stored order.
    addresses TEXT NOT NULL CHECK (json_valid(addresses)),
    -- Order and duplicates as sent.
    capabilities TEXT NOT NULL CHECK (json_valid(capabilities)),
    -- When it was last edited or taken; part of the visible timestamp (semantics.md 8.3).
    touched_us INTEGER NOT NULL,
    UNIQUE (computer_id, reference)
) STRICT;
CREATE INDEX partition_free ON partition (allocation_order)
    WHERE slap_state = 'free' AND validation = 'validated';
CREATE INDEX partition_free_on_computer ON partition (computer_id, position)
    WHERE slap_state = 'free' AND validation = 'validated';

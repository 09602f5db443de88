-- Instance trees and instances (semantics.md 1, 2, 3). A tree is the contract, its root instance
-- the running thing; they are distinct records even though they share their title.

CREATE TABLE instance_tree (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES user (id) ON DELETE RESTRICT,
    project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE RESTRICT,
    kind TEXT NOT NULL CHECK (kind IN ('software', 'shared')),
    release TEXT NOT NULL,
    software_type TEXT NOT NULL,
    parameters TEXT NOT NULL CHECK (json_valid(parameters)),
    sla TEXT NOT NULL CHECK (json_valid(sla)),
    slap_state TEXT NOT NULL CHECK (slap_state IN ('started', 'stopped', 'destroyed')),
    -- Invalidated: archived. Its title is then free at once, whatever its instances still occupy.
    validation TEXT NOT NULL CHECK (validation IN ('draft', 'validated', 'invalidated')),
    subscription TEXT NOT NULL DEFAULT 'subscribed'
        CHECK (subscription IN ('subscribed', 'not_subscribed', 'nopaid'))
) STRICT;
CREATE UNIQUE INDEX instance_tree_live ON instance_tree (owner_id, title)
    WHERE validation = 'validated';
CREATE INDEX instance_tree_owner ON instance_tree (owner_id);
CREATE INDEX instance_tree_project ON instance_tree (project_id);
CREATE INDEX instance_tree_stopped ON instance_tree (id)
    WHERE validation = 'validated' AND slap_state = 'stopped';

CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    -- SOFTINST-n for both kinds: one counter.
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('software', 'shared')),
    title TEXT NOT NULL,
    tree_id INTEGER NOT NULL REFERENCES instance_tree (id) ON DELETE CASCADE,
    -- The instance that requested it; null where the tree itself did.
    parent_id INTEGER REFERENCES instance (id) ON DELETE RESTRICT,
    release TEXT NOT NULL,
    software_type TEXT NOT NULL,
    parameters TEXT NOT NULL CHECK (json_valid(parameters)),
    sla TEXT NOT NULL CHECK (json_valid(sla)),
    connection TEXT NOT NULL CHECK (json_valid(connection)),
    slap_state TEXT NOT NULL CHECK (slap_state IN ('started', 'stopped', 'destroyed')),
    validation TEXT NOT NULL CHECK (validation IN ('draft', 'validated', 'invalidated')),
    -- Where it runs; of a shared instance, where its host runs. There is no link to the host: it
    -- is the live software instance on that partition.
    partition_id INTEGER REFERENCES partition (id) ON DELETE RESTRICT,
    -- When it was last changed or banged.
    stamped_us INTEGER NOT NULL,
    subscription TEXT NOT NULL DEFAULT 'subscribed'
        CHECK (subscription IN ('subscribed', 'not_subscribed', 'nopaid')),
    -- Why it was not allocated when that was last tried; null once it is.
    allocation_failure TEXT
) STRICT;
CREATE UNIQUE INDEX instance_live ON instance (tree_id, title) WHERE validation = 'validated';
CREATE INDEX instance_tree_id ON instance (tree_id);
CREATE INDEX instance_parent ON instance (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX instance_partition ON instance (partition_id) WHERE partition_id IS NOT NULL;
-- Those that wait for a partition, those that ended and still hold one, those that may host.
CREATE INDEX instance_waiting ON instance (id)
    WHERE validation = 'validated' AND partition_id IS NULL;
CREATE INDEX instance_leaving ON instance (id)
    WHERE validation = 'invalidated' AND partition_id IS NOT NULL;
CREATE INDEX instance_host ON instance (release, software_type)
    WHERE validation = 'validated' AND kind = 'software' AND partition_id IS NOT NULL;
-- Those that end without a node's report, or whose children may be to be destroyed.
CREATE INDEX instance_ending ON instance (id)
    WHERE validation = 'validated' AND slap_state = 'destroyed';

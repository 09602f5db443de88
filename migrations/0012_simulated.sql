-- A computer that the mock master plays itself (`docs/simulated-computers.md`). Here and not in
-- memory, so that what is under way is committed with what came of it, and goes wherever the
-- database goes: into copies, snapshots and the next start.
CREATE TABLE simulated_computer (
    computer_id INTEGER PRIMARY KEY REFERENCES computer (id) ON DELETE CASCADE,
    -- How it is simulated, as it was written: many computers have the same.
    rules TEXT NOT NULL CHECK (json_valid(rules)),
    -- What it is at. Read and written as a whole, by each of its passes; nothing is looked for in it.
    progress TEXT NOT NULL CHECK (json_valid(progress)),
    -- Since when it is simulated, and therefore seen.
    since_us INTEGER NOT NULL
) STRICT;

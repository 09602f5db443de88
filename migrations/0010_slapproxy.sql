-- What a world takes over from a slapproxy that it stands in for (slap.md 9.3, 9.4).

-- The folder that local software releases are below; what is below it moves when it does.
ALTER TABLE world ADD COLUMN local_release_root TEXT NOT NULL DEFAULT '/';

-- A product of the configuration file, which is written anew at each start and counts for nothing
-- where it is asked whether anything was ever put into the world.
ALTER TABLE software_product ADD COLUMN configured INTEGER NOT NULL DEFAULT 0
    CHECK (configured IN (0, 1));

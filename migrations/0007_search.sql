-- What documents are searched by, in the HATEOAS dialect (hateoas.md A.4).

-- When something was made; 0 of what was made before this was kept.
ALTER TABLE instance_tree ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE computer ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE software_installation ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;

-- A tree by its title, whoever owns it, and the instances of such trees.
CREATE INDEX instance_tree_title ON instance_tree (title);
-- Lists of what counts, oldest first, past all that ended.
CREATE INDEX instance_tree_listed ON instance_tree (id) WHERE validation = 'validated';
CREATE INDEX instance_tree_owned ON instance_tree (owner_id, id) WHERE validation = 'validated';
CREATE INDEX instance_listed ON instance (id) WHERE validation = 'validated';

-- Software: what is asked for on a computer (semantics.md 6), and products, which are named lists
-- of releases (semantics.md 12.4).

CREATE TABLE software_installation (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    computer_id INTEGER NOT NULL REFERENCES computer (id) ON DELETE CASCADE,
    release TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('available', 'destroyed')),
    validation TEXT NOT NULL CHECK (validation IN ('draft', 'validated', 'invalidated'))
) STRICT;
CREATE UNIQUE INDEX software_installation_live ON software_installation (computer_id, release)
    WHERE validation = 'validated';
CREATE INDEX software_installation_computer ON software_installation (computer_id);

CREATE TABLE software_product (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX software_product_project ON software_product (project_id);

CREATE TABLE software_product_release (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES software_product (id) ON DELETE CASCADE,
    release TEXT NOT NULL,
    -- From when it is offered; its creation where no date was given.
    effective_us INTEGER NOT NULL,
    UNIQUE (product_id, release)
) STRICT;
CREATE INDEX software_product_release_release ON software_product_release (release);

-- A software type that a product offers, with the weight that an instance of it has on a computer.
CREATE TABLE software_product_type (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES software_product (id) ON DELETE CASCADE,
    software_type TEXT NOT NULL,
    weight INTEGER NOT NULL DEFAULT 1,
    UNIQUE (product_id, software_type)
) STRICT;

-- Certificates, tokens and who may do what (semantics.md 9, 10; hateoas.md B.4).

-- The world's certificate authority: made when it is first needed, or given.
CREATE TABLE authority (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    certificate_pem TEXT NOT NULL,
    key_pem TEXT NOT NULL
) STRICT;

-- Every certificate that was issued. What counts is looked up here at each call; the revocation
-- list is a rendering of it.
CREATE TABLE certificate (
    id INTEGER PRIMARY KEY,
    -- Lower-case hexadecimal digits; random, so that worlds which share an authority never meet.
    serial TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL CHECK (subject IN ('computer', 'instance', 'user', 'server')),
    common_name TEXT NOT NULL,
    -- Whose it is; null where that is gone, and of the server's.
    computer_id INTEGER REFERENCES computer (id) ON DELETE SET NULL,
    instance_id INTEGER REFERENCES instance (id) ON DELETE SET NULL,
    user_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
    certificate_pem TEXT NOT NULL,
    -- Only what is handed out again has its key kept: an instance's, and the server's own.
    key_pem TEXT,
    -- What the server's is for, as a list of host names and addresses; null of the others.
    names TEXT CHECK (json_valid(names)),
    not_before_us INTEGER NOT NULL,
    not_after_us INTEGER NOT NULL,
    issued_us INTEGER NOT NULL,
    revoked_us INTEGER
) STRICT;
CREATE INDEX certificate_computer ON certificate (computer_id) WHERE computer_id IS NOT NULL;
CREATE INDEX certificate_instance ON certificate (instance_id) WHERE instance_id IS NOT NULL;
CREATE INDEX certificate_user ON certificate (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX certificate_name ON certificate (common_name);
CREATE INDEX certificate_revoked ON certificate (not_after_us) WHERE revoked_us IS NOT NULL;
CREATE INDEX certificate_server ON certificate (id) WHERE subject = 'server';

-- What lets a person or a new computer obtain a certificate.
CREATE TABLE token (
    id INTEGER PRIMARY KEY,
    value TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('computer', 'user')),
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    used_us INTEGER,
    reusable INTEGER NOT NULL CHECK (reusable IN (0, 1))
) STRICT;
CREATE INDEX token_user ON token (user_id);
CREATE INDEX token_project ON token (project_id);
CREATE INDEX token_expires ON token (expires_us);

-- What a person does in a project; rights follow from it (semantics.md 10.1, 10.2).
CREATE TABLE assignment (
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    function TEXT NOT NULL
        CHECK (function IN ('customer', 'production_agent', 'production_manager')),
    PRIMARY KEY (user_id, project_id, function)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_project ON assignment (project_id);
INSERT INTO assignment (user_id, project_id, function)
    SELECT u.id, p.id, f.value FROM user u, project p,
        json_each('["customer", "production_manager"]') f
    WHERE u.is_default = 1 AND p.is_default = 1;

-- A computer that is registered or requested is found by its title.
CREATE INDEX computer_title ON computer (project_id, title);

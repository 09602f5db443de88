-- What nodes and instances report: access statuses (semantics.md 7) and usage (semantics.md 11).

-- The last status of a subject, kept by its reference; forgotten by age, not by deletion.
CREATE TABLE access_status (
    subject TEXT NOT NULL CHECK (subject IN ('computer', 'instance', 'installation')),
    reference TEXT NOT NULL,
    -- Reference of who reported it.
    user TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('access', 'error', 'building')),
    message TEXT NOT NULL,
    state TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    -- Since when the kind is the same.
    since_us INTEGER NOT NULL,
    PRIMARY KEY (subject, reference)
) STRICT, WITHOUT ROWID;

-- Valid usage reports. The same reference again makes a new version; of each computer only the
-- newest are kept.
CREATE TABLE usage_report (
    id INTEGER PRIMARY KEY,
    computer_id INTEGER NOT NULL REFERENCES computer (id) ON DELETE CASCADE,
    reference TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    UNIQUE (computer_id, reference, version)
) STRICT;

-- Requests that were forwarded to other masters (slap.md 9.1): nothing else of them is kept here.
-- A pair is there from the first answer of the other master until it was asked for the state
-- destroyed.
CREATE TABLE forwarded_request (
    -- The title under which the other master knows the request: who asked, and the title here.
    title TEXT NOT NULL,
    -- The other master's URL, as it was configured.
    master_url TEXT NOT NULL,
    PRIMARY KEY (title, master_url)
) STRICT, WITHOUT ROWID;

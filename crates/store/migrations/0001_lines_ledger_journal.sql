-- Books, what was imported into them, and their lines. Behind a fence (S3), what was paid since `fenced_ms` may be
-- missing in the ledger.
CREATE TABLE books (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    region    TEXT NOT NULL,
    policy    TEXT NOT NULL,
    fenced_ms INTEGER
) STRICT;

CREATE TABLE contacts (
    id   INTEGER PRIMARY KEY,
    book INTEGER NOT NULL REFERENCES books,
    file TEXT NOT NULL,
    name TEXT NOT NULL,
    raw  BLOB NOT NULL
) STRICT;
CREATE INDEX contacts_in_file ON contacts (book, file);

CREATE TABLE contact_lines (
    contact INTEGER NOT NULL,
    line    INTEGER NOT NULL,
    PRIMARY KEY (contact, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_of_line ON contact_lines (line);

-- The columns beside `body` are what lists are filtered by. The body is the line as it was when it was last at rest;
-- a line to which nothing happened since its import has none.
CREATE TABLE lines (
    id       INTEGER PRIMARY KEY,
    book     INTEGER NOT NULL REFERENCES books,
    msisdn   INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    enrolled INTEGER NOT NULL,
    open     INTEGER NOT NULL,
    waiting  INTEGER NOT NULL,
    grp      TEXT,
    body     TEXT,
    UNIQUE (book, msisdn)
) STRICT;
CREATE INDEX lines_by_number ON lines (msisdn);
CREATE INDEX lines_open ON lines (id) WHERE open = 1;
CREATE INDEX lines_waiting ON lines (id) WHERE waiting = 1;

-- The lines with an open recovery as they are now: few at a time, large, and written with each transition.
CREATE TABLE open_lines (
    line    INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT;

-- What open recoveries pinned (P10), apart from their lines, since it is large and hardly ever changes.
CREATE TABLE pinned (
    line INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

-- What happened, per line and per claim, append-only.
CREATE TABLE journal (
    id    INTEGER PRIMARY KEY,
    line  INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL
) STRICT;
CREATE INDEX journal_of_line ON journal (line);

CREATE TABLE claim_journal (
    id        INTEGER PRIMARY KEY,
    reference TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    event     TEXT NOT NULL
) STRICT;

-- The audit chain (S5): one row for each batch that appended anything, with the last ids of the tables that it covers.
CREATE TABLE batches (
    id            INTEGER PRIMARY KEY,
    at_ms         INTEGER NOT NULL,
    journal       INTEGER NOT NULL,
    claim_journal INTEGER NOT NULL,
    transactions  INTEGER NOT NULL,
    topups        INTEGER NOT NULL,
    hash          BLOB NOT NULL
) STRICT;

CREATE TABLE recoveries (
    line     INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (line, number)
) STRICT, WITHOUT ROWID;

-- Orders. `msisdn` is unique among the held ones, across books (P3). One in suspense is unresolved as well and keeps
-- new orders out, but it is a fact that may turn up while another order is held (P13).
CREATE TABLE topups (
    id            INTEGER PRIMARY KEY,
    reference     TEXT NOT NULL UNIQUE,
    line          INTEGER NOT NULL,
    recovery      INTEGER NOT NULL,
    book          INTEGER NOT NULL,
    provider      TEXT NOT NULL,
    msisdn        INTEGER NOT NULL,
    held          INTEGER NOT NULL,
    suspense      INTEGER NOT NULL,
    sent          INTEGER NOT NULL,
    exposed_minor INTEGER NOT NULL,
    currency      TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    body          TEXT NOT NULL
) STRICT;
CREATE INDEX topups_of_line ON topups (line);
CREATE UNIQUE INDEX topups_held ON topups (msisdn) WHERE held = 1;
CREATE INDEX topups_suspense ON topups (msisdn) WHERE suspense = 1;

-- The double-entry ledger, append-only, with cached balances (M2). `postings` is an array of account, currency, minor.
CREATE TABLE transactions (
    id        INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    reference TEXT NOT NULL,
    provider  TEXT NOT NULL,
    kind      TEXT NOT NULL,
    postings  TEXT NOT NULL
) STRICT;

CREATE TABLE balances (
    provider TEXT NOT NULL,
    account  TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor    INTEGER NOT NULL,
    PRIMARY KEY (provider, account, currency)
) STRICT, WITHOUT ROWID;

-- What is exposed in the scopes that are too wide to fold each time; day -1 is the lifetime.
CREATE TABLE exposure (
    scope    TEXT NOT NULL,
    owner    TEXT NOT NULL,
    currency TEXT NOT NULL,
    day      INTEGER NOT NULL,
    minor    INTEGER NOT NULL,
    PRIMARY KEY (scope, owner, currency, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE claims (
    reference TEXT PRIMARY KEY,
    line      INTEGER NOT NULL,
    open      INTEGER NOT NULL,
    body      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_open ON claims (line) WHERE open = 1;

CREATE TABLE requests (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL
) STRICT;

-- One row: the switches, the greatest day on which anything was committed (C3), and the fence that books begin behind
-- which the database does not know yet (S3).
CREATE TABLE installation (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    paused      INTEGER NOT NULL,
    frozen      INTEGER NOT NULL,
    clock_fault INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    fenced_ms   INTEGER
) STRICT;
INSERT INTO installation (id, paused, frozen, clock_fault, day) VALUES (1, 0, 0, 0, 0);

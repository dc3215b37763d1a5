-- A file of schema 1, as the program that knew no later one left it. For the test of migrations; never changed.

CREATE TABLE apps (
    id       INTEGER PRIMARY KEY,
    keys     TEXT NOT NULL,          -- JSON: [AppKey]
    admins   TEXT NOT NULL,          -- JSON: [UserId]
    settings TEXT NOT NULL           -- JSON: AppSettings
) STRICT;

CREATE TABLE accounts (
    app          INTEGER NOT NULL,
    id           TEXT NOT NULL,
    created      INTEGER NOT NULL,
    sigs_revoked INTEGER,
    PRIMARY KEY (app, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE logins (
    app      INTEGER NOT NULL,
    user     TEXT NOT NULL,
    device   TEXT NOT NULL,
    platform INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (app, user, device),
    FOREIGN KEY (app, user) REFERENCES accounts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE kick_marks (
    app       INTEGER NOT NULL,
    user      TEXT NOT NULL,
    device    TEXT NOT NULL,
    kicked_by INTEGER NOT NULL,      -- a platform
    told      INTEGER NOT NULL,      -- 0 or 1
    at        INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (app, user, device),
    FOREIGN KEY (app, user) REFERENCES accounts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE friends (
    app    INTEGER NOT NULL,
    owner  TEXT NOT NULL,
    friend TEXT NOT NULL,
    remark TEXT NOT NULL,
    PRIMARY KEY (app, owner, friend),
    FOREIGN KEY (app, owner) REFERENCES accounts ON DELETE CASCADE,
    FOREIGN KEY (app, friend) REFERENCES accounts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX friends_by_friend ON friends (app, friend);

INSERT INTO apps VALUES (1, '[]', '["administrator"]', '{}');
INSERT INTO accounts VALUES (1, 'alice', 1700000000001, NULL);
INSERT INTO accounts VALUES (1, 'bob', 1700000000002, 1700000000009);
INSERT INTO accounts VALUES (1, 'carol', 1700000000003, NULL);
INSERT INTO accounts VALUES (2, 'alice', 1700000000004, NULL);
INSERT INTO logins VALUES (1, 'alice', 'phone', 2, 1700000000005, 1);
INSERT INTO kick_marks VALUES (1, 'alice', 'old phone', 2, 0, 1700000000006, 1);
INSERT INTO friends VALUES (1, 'alice', 'bob', 'B''s');
INSERT INTO friends VALUES (1, 'bob', 'alice', '');
INSERT INTO friends VALUES (1, 'carol', 'alice', '');

PRAGMA application_id = 1281453424;
PRAGMA user_version = 1;

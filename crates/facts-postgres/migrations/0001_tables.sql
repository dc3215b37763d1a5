-- The tables, the views and the types of answers.
--
-- Ids are printable ASCII and compared by their bytes: text with the collation "C". A text that people write may hold
-- any character, U+0000 too, which PostgreSQL's text cannot: it is bytea, in UTF-8. Numbers are bigint, times are
-- milliseconds since 1970. JSON is text, since nothing here looks into it.

CREATE TABLE apps (
    id       bigint PRIMARY KEY,
    keys     text NOT NULL,                  -- JSON: [AppKey]
    admins   text NOT NULL,                  -- JSON: [UserId]
    settings text NOT NULL                   -- JSON: AppSettings
);

-- Apps that were deleted, and not made again since: nothing of them is taken in.
CREATE TABLE deleted_apps (
    id      bigint PRIMARY KEY,
    emptied boolean NOT NULL                 -- no row of it is left
);

-- Numbers logins and the making of accounts. A number is taken while the account is locked, or the account is new.
CREATE SEQUENCE numbers;

CREATE TABLE accounts (
    app           bigint NOT NULL,
    id            text COLLATE "C" NOT NULL,
    created       bigint NOT NULL,
    born          bigint NOT NULL,           -- the number of its making
    nick          bytea NOT NULL DEFAULT '',
    nick_folded   bytea NOT NULL DEFAULT '', -- as it is searched for
    avatar_url    bytea NOT NULL DEFAULT '',
    allow         bigint NOT NULL DEFAULT 0, -- 0 anybody may add it, 1 nobody
    fields        text NOT NULL DEFAULT '{}',-- JSON: ProfileFields
    lists_version bigint NOT NULL,
    unread        bigint NOT NULL DEFAULT 0, -- over all conversations
    PRIMARY KEY (app, id)
) WITH (fillfactor = 80);
CREATE INDEX accounts_by_nick ON accounts (app, nick_folded, id) WHERE nick_folded <> '';

-- The last login of each device. That of a Web device is no fact, but its number tells an end that comes late from one
-- that is due.
CREATE TABLE logins (
    app      bigint NOT NULL,
    user_id  text COLLATE "C" NOT NULL,
    device   text COLLATE "C" NOT NULL,
    platform bigint NOT NULL,
    at       bigint NOT NULL,
    number   bigint NOT NULL,
    durable  boolean NOT NULL,
    PRIMARY KEY (app, user_id, device),
    FOREIGN KEY (app, user_id) REFERENCES accounts ON DELETE CASCADE
) WITH (fillfactor = 80);

CREATE TABLE marks (
    app     bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    device  text COLLATE "C" NOT NULL,
    why     bigint NOT NULL,                 -- a platform, or 0: the device logged out
    told    boolean NOT NULL,
    at      bigint NOT NULL,
    seq     bigint NOT NULL,                 -- orders what has the same time, among the marks of one user
    PRIMARY KEY (app, user_id, device),
    FOREIGN KEY (app, user_id) REFERENCES accounts ON DELETE CASCADE
);

-- Outlives the account. UserSigs dated before the second of `at` do not count, nor those of the seconds `also`; every
-- login up to the number `through` has ended.
CREATE TABLE revocations (
    app     bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    at      bigint NOT NULL,
    also    bigint[] NOT NULL,
    through bigint NOT NULL,
    PRIMARY KEY (app, user_id)
);

CREATE TABLE friends (
    app     bigint NOT NULL,
    owner   text COLLATE "C" NOT NULL,
    friend  text COLLATE "C" NOT NULL,
    remark  bytea NOT NULL,
    added   bigint NOT NULL,
    source  bytea NOT NULL,
    wording bytea NOT NULL,
    PRIMARY KEY (app, owner, friend),
    FOREIGN KEY (app, owner) REFERENCES accounts ON DELETE CASCADE,
    FOREIGN KEY (app, friend) REFERENCES accounts ON DELETE CASCADE
);
CREATE INDEX friends_by_friend ON friends (app, friend);

-- Two users who ever wrote to each other, or one to themselves. A pair outlives its accounts, conversations and
-- messages: no sequence comes twice.
CREATE TABLE pairs (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app    bigint NOT NULL,
    low    text COLLATE "C" NOT NULL,        -- the two, in the order of their bytes
    high   text COLLATE "C" NOT NULL,
    last   bigint NOT NULL,                  -- the sequence of the newest message ever
    of_low bigint NOT NULL,                  -- how many messages there ever were of low
    UNIQUE (app, low, high)
) WITH (fillfactor = 80);

CREATE TABLE messages (
    app       bigint NOT NULL,
    pair      bigint NOT NULL,
    sequence  bigint NOT NULL,
    sender    text COLLATE "C" NOT NULL,
    born      bigint NOT NULL,               -- of the account of the sender: one made again is another
    nth       bigint NOT NULL,               -- among the messages of the sender in the pair, from 1
    at        bigint NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    text      bytea NOT NULL,
    custom    text,                          -- JSON: [data, extension]; NULL: a text
    pushed    boolean NOT NULL,              -- it has had a notice for the backend
    PRIMARY KEY (pair, sequence)
);
CREATE INDEX messages_by_client_id ON messages (app, sender, born, client_id, pair, at);
CREATE INDEX messages_by_time ON messages (app, at);

CREATE TABLE conversations (
    app     bigint NOT NULL,
    owner   text COLLATE "C" NOT NULL,
    peer    text COLLATE "C" NOT NULL,
    pair    bigint NOT NULL,
    pinned  boolean NOT NULL,
    active  bigint NOT NULL,
    cleared bigint NOT NULL,                 -- the owner sees what comes after this sequence
    read    bigint NOT NULL,                 -- and has read up to this one
    unread  bigint NOT NULL,
    PRIMARY KEY (app, owner, peer),
    FOREIGN KEY (app, owner) REFERENCES accounts ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX conversations_in_order ON conversations (app, owner, pinned DESC, active DESC, peer);

-- Notices that webhooks have still to be told. Ids are never used again: a result that comes late must not meet another.
CREATE TABLE notices (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app      bigint NOT NULL,
    hook     bigint NOT NULL,
    user_id  text COLLATE "C" NOT NULL,
    ordinal  bigint NOT NULL,
    device   text COLLATE "C",               -- of a disconnect: whose return takes the notice away
    queued   bigint NOT NULL,
    attempts bigint NOT NULL,
    due      bigint,                         -- only of the head: the first of its app, hook and user
    error    bytea NOT NULL,
    content  text NOT NULL,                  -- JSON: NoticeContent
    UNIQUE (app, hook, user_id, ordinal)
);
CREATE INDEX notices_due ON notices (app, hook, due, id) INCLUDE (queued) WHERE due IS NOT NULL;

CREATE TABLE dead_letters (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app      bigint NOT NULL,
    hook     bigint NOT NULL,
    user_id  text COLLATE "C" NOT NULL,
    ordinal  bigint NOT NULL,
    queued   bigint NOT NULL,
    attempts bigint NOT NULL,
    died     bigint NOT NULL,
    error    bytea NOT NULL,
    content  text NOT NULL                   -- JSON: NoticeContent
);
CREATE INDEX dead_letters_by_app ON dead_letters (app, id);

-- How many rows of the two there are: counting them each time would take too long. The count of a lane is the sum over
-- its slots; a connection adds to its own, so that calls at the same time do not wait for each other's commit.
CREATE TABLE lanes (
    app     bigint NOT NULL,
    hook    bigint NOT NULL,
    slot    bigint NOT NULL,
    waiting bigint NOT NULL,
    dead    bigint NOT NULL,
    PRIMARY KEY (app, hook, slot)
) WITH (fillfactor = 50);

-- The session events of a user up to this ordinal were taken into the outbox, and its live record may not know it.
CREATE TABLE taken_in (
    app     bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    ordinal bigint NOT NULL,
    PRIMARY KEY (app, user_id)
);

-- The audit log: changes that operators have made.
CREATE TABLE audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       bigint NOT NULL,
    operator bytea NOT NULL,                 -- a name, or 'command line'
    address  bytea,
    app      bigint,
    action   text NOT NULL,                  -- JSON: AuditAction
    target   bytea NOT NULL,
    changes  text NOT NULL,                  -- JSON: [AuditChange]
    outcome  text NOT NULL,                  -- JSON: AuditOutcome
    note     bytea NOT NULL
);
CREATE INDEX audit_by_app ON audit (app, id);
CREATE INDEX audit_by_time ON audit (at, id);

-- Figures of the past, for the charts of the console.
CREATE TABLE figures (
    level   bigint NOT NULL,
    at      bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (level, at)
);

-- One row: by it live records tell whether these are the facts that they were written beside.
CREATE TABLE mark (
    one     boolean PRIMARY KEY CHECK (one),
    history bigint NOT NULL,                 -- the bits of a u64
    count   bigint NOT NULL
);
INSERT INTO mark VALUES (true, ('x' || left(md5(gen_random_uuid()::text), 16))::bit(64)::bigint, 0);

-- An entry of a friend list with what the friend shows.
CREATE VIEW friend_entries AS
SELECT f.app, f.owner, f.friend, f.remark,
       EXISTS (SELECT FROM friends AS b WHERE b.app = f.app AND b.owner = f.friend AND b.friend = f.owner) AS mutual,
       f.added, f.source, f.wording, a.nick, a.avatar_url, a.allow
FROM friends AS f JOIN accounts AS a ON a.app = f.app AND a.id = f.friend;

-- A row of a conversation list with what the peer shows and the newest message that the owner can see.
CREATE VIEW conversation_rows AS
SELECT c.app, c.owner, c.peer, c.unread, c.read, c.pinned, c.active, f.remark, a.nick, a.avatar_url, a.allow,
       m.sender, m.sequence, m.at, m.client_id, m.text, m.custom
FROM conversations AS c
LEFT JOIN accounts AS a ON a.app = c.app AND a.id = c.peer
LEFT JOIN friends AS f ON f.app = c.app AND f.owner = c.owner AND f.friend = c.peer
LEFT JOIN LATERAL (
    SELECT * FROM messages AS m WHERE m.pair = c.pair AND m.sequence > c.cleared ORDER BY m.sequence DESC LIMIT 1
) AS m ON true;

CREATE TYPE lists_state AS (version bigint, unread bigint);

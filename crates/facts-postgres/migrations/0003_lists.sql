-- The lists of users: profiles, friends, messages, conversations.
--
-- The unread messages of a user are kept as a number in the account, and those of a conversation in its row. Both are
-- counted and never summed up: each change of a row carries its difference to the account. Whatever changes the lists of
-- a user first locks the account, so that versions count one change after the other.

CREATE FUNCTION lock_accounts(_app bigint, _one text, _other text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM enter_app(_app);
    PERFORM FROM accounts WHERE app = _app AND id IN (_one, _other) ORDER BY id FOR NO KEY UPDATE;
END $$;

-- The lists of a user; zeros where there is no account.
CREATE FUNCTION state_of(_app bigint, _id text) RETURNS lists_state LANGUAGE plpgsql AS $$
DECLARE
    _state lists_state;
BEGIN
    SELECT lists_version, unread INTO _state FROM accounts WHERE app = _app AND id = _id;
    IF NOT FOUND THEN
        RETURN (0::bigint, 0::bigint);
    END IF;
    RETURN _state;
END $$;

-- Counts up the version of a user's lists if something changed, of whose messages so many more are unread, or fewer.
CREATE FUNCTION count_up(_changed boolean, _app bigint, _id text, _unread bigint) RETURNS lists_state
LANGUAGE plpgsql AS $$
BEGIN
    IF _changed THEN
        UPDATE accounts SET lists_version = lists_version + 1, unread = unread + _unread WHERE app = _app AND id = _id;
    END IF;
    RETURN state_of(_app, _id);
END $$;

-- Profiles

CREATE TYPE profile_set AS (
    nick bytea, avatar_url bytea, allow bigint, changed boolean, version bigint, unread bigint
);

-- A NULL leaves the profile as it is there; no row where there is no account.
CREATE FUNCTION set_profile(_app bigint, _id text, _nick bytea, _nick_folded bytea, _avatar_url bytea, _allow bigint)
RETURNS SETOF profile_set LANGUAGE plpgsql AS $$
DECLARE
    _before accounts;
    _changed boolean;
    _state lists_state;
BEGIN
    PERFORM enter_app(_app);
    SELECT * INTO _before FROM accounts WHERE app = _app AND id = _id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF _nick IS NULL THEN
        _nick_folded := _before.nick_folded;
    END IF;
    _nick := coalesce(_nick, _before.nick);
    _avatar_url := coalesce(_avatar_url, _before.avatar_url);
    _allow := coalesce(_allow, _before.allow);
    _changed := (_nick, _avatar_url, _allow) <> (_before.nick, _before.avatar_url, _before.allow);
    IF _changed THEN
        UPDATE accounts SET nick = _nick, nick_folded = _nick_folded, avatar_url = _avatar_url, allow = _allow
        WHERE app = _app AND id = _id;
    END IF;
    _state := count_up(_changed, _app, _id, 0);
    RETURN NEXT (_nick, _avatar_url, _allow, _changed, _state.version, _state.unread)::profile_set;
END $$;

-- Friends

CREATE TYPE befriending AS (
    outcome        bigint,                   -- 0: done; from 1: why not, in the order of the port
    owner_changed  boolean,
    friend_changed boolean,
    owner_version  bigint,
    owner_unread   bigint,
    friend_version bigint,
    friend_unread  bigint,
    friend         text,                     -- the entry of the owner
    remark         bytea,
    mutual         boolean,
    added          bigint,
    source         bytea,
    wording        bytea,
    nick           bytea,
    avatar_url     bytea,
    allow          bigint,
    back_friend    text,                     -- the entry of the friend
    back_remark    bytea,
    back_mutual    boolean,
    back_added     bigint,
    back_source    bytea,
    back_wording   bytea,
    back_nick      bytea,
    back_avatar    bytea,
    back_allow     bigint
);

CREATE FUNCTION is_full(_app bigint, _owner text, _limit bigint) RETURNS boolean LANGUAGE sql AS $$
    -- Looks at so many entries and no more.
    SELECT count(*) >= _limit FROM (SELECT FROM friends WHERE app = _app AND owner = _owner LIMIT _limit) AS f
$$;

CREATE FUNCTION befriend(_app bigint, _owner text, _friend text, _both boolean, _remark bytea, _source bytea,
                         _wording bytea, _at bigint, _limit bigint, _ask boolean)
RETURNS SETOF befriending LANGUAGE plpgsql AS $$
DECLARE
    _before friend_entries;
    _after friend_entries;
    _back friend_entries;
    _had boolean;
    _had_back boolean;
    _allow bigint;
    _outcome bigint := 0;
    _owner_changed boolean := false;
    _friend_changed boolean := false;
    _owner_state lists_state;
    _friend_state lists_state;
BEGIN
    PERFORM lock_accounts(_app, _owner, _friend);
    SELECT * INTO _before FROM friend_entries WHERE app = _app AND owner = _owner AND friend = _friend;
    _had := FOUND;
    _had_back := EXISTS (SELECT FROM friends WHERE app = _app AND owner = _friend AND friend = _owner);
    SELECT allow INTO _allow FROM accounts WHERE app = _app AND id = _friend;
    IF NOT EXISTS (SELECT FROM accounts WHERE app = _app AND id = _owner) THEN
        _outcome := 1;
    ELSIF _allow IS NULL THEN
        _outcome := 2;
    ELSIF NOT _had AND is_full(_app, _owner, _limit) THEN
        _outcome := 3;
    ELSIF _both AND NOT _had_back AND is_full(_app, _friend, _limit) THEN
        _outcome := 4;
    ELSIF _allow <> 0 AND _ask AND (NOT _had OR (_both AND NOT _had_back)) THEN
        _outcome := 5;
    END IF;
    IF _outcome = 0 THEN
        INSERT INTO friends AS f (app, owner, friend, remark, added, source, wording)
        VALUES (_app, _owner, _friend, _remark, _at, _source, _wording)
        ON CONFLICT (app, owner, friend) DO UPDATE
        SET remark = coalesce(nullif(excluded.remark, ''), f.remark),
            source = coalesce(nullif(excluded.source, ''), f.source),
            wording = coalesce(nullif(excluded.wording, ''), f.wording);
        IF _both AND NOT _had_back THEN
            -- The friend was asked and has said nothing.
            INSERT INTO friends AS f (app, owner, friend, remark, added, source, wording)
            VALUES (_app, _friend, _owner, '', _at, _source, '')
            ON CONFLICT (app, owner, friend) DO UPDATE
            SET source = coalesce(nullif(excluded.source, ''), f.source);
        END IF;
        SELECT * INTO _after FROM friend_entries WHERE app = _app AND owner = _owner AND friend = _friend;
        _owner_changed := _before IS DISTINCT FROM _after;
    END IF;
    SELECT * INTO _back FROM friend_entries WHERE app = _app AND owner = _friend AND friend = _owner;
    -- The words of an entry that was there stay; it is new, or it is mutual now.
    _friend_changed := _outcome = 0 AND _back.friend IS NOT NULL AND (NOT _had_back OR NOT _had);
    _owner_state := count_up(_owner_changed, _app, _owner, 0);
    _friend_state := count_up(_friend_changed, _app, _friend, 0);
    RETURN NEXT (_outcome, _owner_changed, _friend_changed, _owner_state.version, _owner_state.unread,
        _friend_state.version, _friend_state.unread,
        _after.friend, _after.remark, _after.mutual, _after.added, _after.source, _after.wording, _after.nick,
        _after.avatar_url, _after.allow,
        _back.friend, _back.remark, _back.mutual, _back.added, _back.source, _back.wording, _back.nick,
        _back.avatar_url, _back.allow)::befriending;
END $$;

CREATE TYPE remark_set AS (
    changed boolean, version bigint, unread bigint,
    friend text, remark bytea, mutual boolean, added bigint, source bytea, wording bytea,
    nick bytea, avatar_url bytea, allow bigint
);

-- No row where there is no entry.
CREATE FUNCTION set_remark(_app bigint, _owner text, _friend text, _remark bytea) RETURNS SETOF remark_set
LANGUAGE plpgsql AS $$
DECLARE
    _changed boolean;
    _state lists_state;
BEGIN
    PERFORM lock_accounts(_app, _owner, _owner);
    UPDATE friends SET remark = _remark WHERE app = _app AND owner = _owner AND friend = _friend AND remark <> _remark;
    _changed := FOUND;
    _state := count_up(_changed, _app, _owner, 0);
    RETURN QUERY SELECT _changed, _state.version, _state.unread,
        e.friend, e.remark, e.mutual, e.added, e.source, e.wording, e.nick, e.avatar_url, e.allow
    FROM friend_entries AS e WHERE e.app = _app AND e.owner = _owner AND e.friend = _friend;
END $$;

CREATE TYPE unfriended AS (
    forth boolean, back boolean,
    owner_version bigint, owner_unread bigint, friend_version bigint, friend_unread bigint,
    friend text, remark bytea, mutual boolean, added bigint, source bytea, wording bytea,
    nick bytea, avatar_url bytea, allow bigint                  -- the entry that the friend still has
);

CREATE FUNCTION unfriend(_app bigint, _owner text, _friend text, _both boolean) RETURNS SETOF unfriended
LANGUAGE plpgsql AS $$
DECLARE
    _forth boolean;
    _back boolean := false;
    _left friend_entries;
    _owner_state lists_state;
    _friend_state lists_state;
BEGIN
    PERFORM lock_accounts(_app, _owner, _friend);
    DELETE FROM friends WHERE app = _app AND owner = _owner AND friend = _friend;
    _forth := FOUND;
    IF _both THEN
        DELETE FROM friends WHERE app = _app AND owner = _friend AND friend = _owner;
        _back := FOUND;
    END IF;
    SELECT * INTO _left FROM friend_entries WHERE app = _app AND owner = _friend AND friend = _owner;
    _owner_state := count_up(_forth, _app, _owner, 0);
    _friend_state := count_up(_back OR (_forth AND _left.friend IS NOT NULL), _app, _friend, 0);
    RETURN NEXT (_forth, _back, _owner_state.version, _owner_state.unread, _friend_state.version,
        _friend_state.unread, _left.friend, _left.remark, _left.mutual, _left.added, _left.source, _left.wording,
        _left.nick, _left.avatar_url, _left.allow)::unfriended;
END $$;

-- Conversations

CREATE TYPE conversation_set AS (
    changed boolean, version bigint, total_unread bigint,
    peer text, unread bigint, read bigint, pinned boolean, active bigint, remark bytea,
    nick bytea, avatar_url bytea, allow bigint,
    sender text, sequence bigint, at bigint, client_id text, text bytea, custom text
);

-- Counts up what changed, and answers with the row as it is now.
CREATE FUNCTION conversation_after(_changed boolean, _app bigint, _owner text, _peer text, _unread bigint)
RETURNS SETOF conversation_set LANGUAGE plpgsql AS $$
DECLARE
    _state lists_state := count_up(_changed, _app, _owner, _unread);
BEGIN
    RETURN QUERY SELECT _changed, _state.version, _state.unread,
        r.peer, r.unread, r.read, r.pinned, r.active, r.remark, r.nick, r.avatar_url, r.allow,
        r.sender, r.sequence, r.at, r.client_id, r.text, r.custom
    FROM conversation_rows AS r WHERE r.app = _app AND r.owner = _owner AND r.peer = _peer;
END $$;

-- A message came. A row that is made now sees this message and not what was before it.
CREATE FUNCTION touch(_app bigint, _owner text, _peer text, _pair bigint, _sequence bigint, _at bigint, _unread bigint)
RETURNS conversations LANGUAGE sql AS $$
    INSERT INTO conversations AS c (app, owner, peer, pair, pinned, active, cleared, read, unread)
    VALUES (_app, _owner, _peer, _pair, false, _at, _sequence - 1, _sequence - 1, _unread)
    ON CONFLICT (app, owner, peer) DO UPDATE SET active = excluded.active, unread = c.unread + excluded.unread
    RETURNING c.*
$$;

-- How many messages of the peer come after the sequence `_read`.
--
-- Counts nothing: a message knows how many of its sender's there were up to it, and as there is no gap, how many of the
-- other one's. Messages that were forgotten unread, and come after `_read`, may have been the peer's: as many stay counted
-- as can be.
CREATE FUNCTION unread_after(_row conversations, _pair pairs, _read bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _of_peer bigint := CASE _pair.high WHEN _row.peer THEN _pair.last - _pair.of_low ELSE _pair.of_low END;
    _next messages;
    _after bigint;
BEGIN
    IF _row.unread = 0 OR _read = _pair.last THEN
        RETURN 0;
    END IF;
    SELECT * INTO _next FROM messages WHERE pair = _pair.id AND sequence > _read ORDER BY sequence LIMIT 1;
    IF NOT FOUND THEN
        _after := _pair.last - _read;
    ELSIF _next.sender = _row.peer THEN
        _after := _of_peer - (_next.nth - 1) + (_next.sequence - 1 - _read);
    ELSE
        _after := _of_peer - (_next.sequence - _next.nth) + (_next.sequence - 1 - _read);
    END IF;
    RETURN least(_after, _row.unread);
END $$;

CREATE FUNCTION mark_read(_app bigint, _owner text, _peer text, _sequence bigint) RETURNS SETOF conversation_set
LANGUAGE plpgsql AS $$
DECLARE
    _row conversations;
    _pair pairs;
    _read bigint;
    _unread bigint;
BEGIN
    PERFORM lock_accounts(_app, _owner, _owner);
    SELECT * INTO _row FROM conversations WHERE app = _app AND owner = _owner AND peer = _peer;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO _pair FROM pairs WHERE id = _row.pair;
    _read := least(coalesce(_sequence, _pair.last), _pair.last);
    IF _read <= _row.read THEN
        RETURN QUERY SELECT * FROM conversation_after(false, _app, _owner, _peer, 0);
        RETURN;
    END IF;
    _unread := unread_after(_row, _pair, _read);
    UPDATE conversations SET read = _read, unread = _unread WHERE app = _app AND owner = _owner AND peer = _peer;
    RETURN QUERY SELECT * FROM conversation_after(true, _app, _owner, _peer, _unread - _row.unread);
END $$;

CREATE FUNCTION pin_conversation(_app bigint, _owner text, _peer text, _pinned boolean)
RETURNS SETOF conversation_set LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_accounts(_app, _owner, _owner);
    UPDATE conversations SET pinned = _pinned
    WHERE app = _app AND owner = _owner AND peer = _peer AND pinned <> _pinned;
    RETURN QUERY SELECT * FROM conversation_after(FOUND, _app, _owner, _peer, 0);
END $$;

CREATE FUNCTION delete_conversation(_app bigint, _owner text, _peer text) RETURNS SETOF lists_state
LANGUAGE plpgsql AS $$
DECLARE
    _unread bigint;
BEGIN
    PERFORM lock_accounts(_app, _owner, _owner);
    DELETE FROM conversations WHERE app = _app AND owner = _owner AND peer = _peer RETURNING unread INTO _unread;
    IF FOUND THEN
        RETURN NEXT count_up(true, _app, _owner, -_unread);
    END IF;
END $$;

CREATE FUNCTION forget_messages(_app bigint, _before bigint, _limit bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _forgotten bigint;
BEGIN
    PERFORM enter_app(_app);
    DELETE FROM messages WHERE (pair, sequence) IN (
        SELECT pair, sequence FROM messages WHERE app = _app AND at < _before ORDER BY at, pair, sequence LIMIT _limit);
    GET DIAGNOSTICS _forgotten = ROW_COUNT;
    RETURN _forgotten;
END $$;

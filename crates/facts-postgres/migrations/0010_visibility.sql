-- Who may see the status of a user: the visibility that the user has set, and the block list.

ALTER TABLE accounts
    ADD COLUMN visibility bigint NOT NULL DEFAULT 0,         -- 0: everyone; 1: friends; 2: nobody
    ADD COLUMN block_count bigint NOT NULL DEFAULT 0;        -- the number of rows in `blocks`
CREATE INDEX accounts_restricted ON accounts (app, id) WHERE visibility <> 0 OR block_count <> 0;

-- The block lists. A row stays when the account of the blocked user is deleted.
CREATE TABLE blocks (
    app     bigint NOT NULL,
    owner   text COLLATE "C" NOT NULL,
    blocked text COLLATE "C" NOT NULL,
    since   bigint NOT NULL,
    PRIMARY KEY (app, owner, blocked),
    FOREIGN KEY (app, owner) REFERENCES accounts ON DELETE CASCADE
);

CREATE TYPE visibility_set AS (changed boolean, version bigint, unread bigint);

-- Returns no row if there is no account.
CREATE FUNCTION set_visibility(_app bigint, _id text, _visibility bigint) RETURNS SETOF visibility_set
LANGUAGE plpgsql AS $$
DECLARE
    _before bigint;
    _state lists_state;
BEGIN
    PERFORM enter_app(_app);
    SELECT visibility INTO _before FROM accounts WHERE app = _app AND id = _id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF _before <> _visibility THEN
        UPDATE accounts SET visibility = _visibility WHERE app = _app AND id = _id;
    END IF;
    _state := count_up(_before <> _visibility, _app, _id, 0);
    RETURN NEXT (_before <> _visibility, _state.version, _state.unread)::visibility_set;
END $$;

CREATE TYPE blocking AS (
    outcomes bigint[],                       -- 0: added; from 1: the reason against it, in the order of the port
    version  bigint,
    unread   bigint
);

-- Returns no row if the owner has no account.
CREATE FUNCTION block_users(_app bigint, _owner text, _users text[], _at bigint, _limit bigint) RETURNS SETOF blocking
LANGUAGE plpgsql AS $$
DECLARE
    _before bigint;
    _count bigint;
    _user text;
    _outcomes bigint[] := '{}';
    _state lists_state;
BEGIN
    PERFORM enter_app(_app);
    SELECT block_count INTO _before FROM accounts WHERE app = _app AND id = _owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    _count := _before;
    FOREACH _user IN ARRAY _users LOOP
        IF EXISTS (SELECT FROM blocks WHERE app = _app AND owner = _owner AND blocked = _user) THEN
            _outcomes := _outcomes || 1::bigint;
        ELSIF NOT EXISTS (SELECT FROM accounts WHERE app = _app AND id = _user) THEN
            _outcomes := _outcomes || 2::bigint;
        ELSIF _count >= _limit THEN
            _outcomes := _outcomes || 3::bigint;
        ELSE
            INSERT INTO blocks (app, owner, blocked, since) VALUES (_app, _owner, _user, _at);
            _count := _count + 1;
            _outcomes := _outcomes || 0::bigint;
        END IF;
    END LOOP;
    IF _count <> _before THEN
        UPDATE accounts SET block_count = _count WHERE app = _app AND id = _owner;
    END IF;
    _state := count_up(_count <> _before, _app, _owner, 0);
    RETURN NEXT (_outcomes, _state.version, _state.unread)::blocking;
END $$;

CREATE TYPE unblocking AS (removed text[], version bigint, unread bigint);

-- Returns no row if the owner has no account.
CREATE FUNCTION unblock_users(_app bigint, _owner text, _users text[]) RETURNS SETOF unblocking LANGUAGE plpgsql AS $$
DECLARE
    _removed text[];
    _state lists_state;
BEGIN
    PERFORM enter_app(_app);
    PERFORM FROM accounts WHERE app = _app AND id = _owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    WITH removed AS (
        DELETE FROM blocks WHERE app = _app AND owner = _owner AND blocked = ANY (_users) RETURNING blocked)
    SELECT coalesce(array_agg(blocked), '{}') INTO _removed FROM removed;
    IF _removed <> '{}' THEN
        UPDATE accounts SET block_count = block_count - cardinality(_removed) WHERE app = _app AND id = _owner;
    END IF;
    _state := count_up(_removed <> '{}', _app, _owner, 0);
    RETURN NEXT (_removed, _state.version, _state.unread)::unblocking;
END $$;

-- As before. A user whom the friend has blocked cannot add the friend.
CREATE OR REPLACE FUNCTION befriend(_app bigint, _owner text, _friend text, _both boolean, _remark bytea, _source bytea,
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
    ELSIF _ask AND (NOT _had OR (_both AND NOT _had_back)) AND (
        _allow <> 0 OR EXISTS (SELECT FROM blocks WHERE app = _app AND owner = _friend AND blocked = _owner))
    THEN
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

-- The former `send_message`, with one further outcome. 4: the recipient has blocked the sender.
CREATE FUNCTION send_unless_blocked(_app bigint, _from text, _to text, _low text, _high text, _text bytea,
                                    _custom text, _client_id text, _at bigint, _too_old bigint, _push text[],
                                    _hook bigint, _most bigint)
RETURNS sent LANGUAGE plpgsql AS $$
DECLARE
    _account accounts;
    _sender accounts;
    _recipient accounts;
    _repeated record;
    _pair pairs;
    _own conversations;
    _other conversations;
    _state lists_state;
    _done sent;
    _notice enqueued;
BEGIN
    PERFORM enter_app(_app);
    FOR _account IN SELECT * FROM accounts WHERE app = _app AND id IN (_from, _to) ORDER BY id FOR NO KEY UPDATE LOOP
        IF _account.id = _from THEN
            _sender := _account;
        END IF;
        IF _account.id = _to THEN
            _recipient := _account;
        END IF;
    END LOOP;
    IF _sender.id IS NULL THEN
        _done.outcome := 2;
        RETURN _done;
    END IF;
    SELECT m.sequence, m.at INTO _repeated
    FROM pairs AS p JOIN messages AS m
        ON m.app = p.app AND m.sender = _from AND m.born = _sender.born AND m.client_id = _client_id AND m.pair = p.id
    WHERE p.app = _app AND p.low = _low AND p.high = _high AND m.at > _too_old AND m.text = _text
        AND m.custom IS NOT DISTINCT FROM _custom
    ORDER BY m.at DESC, m.sequence DESC LIMIT 1;
    IF FOUND THEN
        _done.outcome := 1;
        _done.sequence := _repeated.sequence;
        _done.at := _repeated.at;
        RETURN _done;
    END IF;
    IF _recipient.id IS NULL THEN
        _done.outcome := 3;
        RETURN _done;
    END IF;
    IF _recipient.block_count <> 0
        AND EXISTS (SELECT FROM blocks WHERE app = _app AND owner = _to AND blocked = _from)
    THEN
        _done.outcome := 4;
        RETURN _done;
    END IF;

    INSERT INTO pairs AS p (app, low, high, last, of_low) VALUES (_app, _low, _high, 1, (_from = _low)::int)
    ON CONFLICT (app, low, high) DO UPDATE SET last = p.last + 1, of_low = p.of_low + excluded.of_low
    RETURNING * INTO _pair;
    INSERT INTO messages (app, pair, sequence, sender, born, nth, at, client_id, text, custom, pushed)
    VALUES (_app, _pair.id, _pair.last, _from, _sender.born,
            CASE WHEN _from = _low THEN _pair.of_low ELSE _pair.last - _pair.of_low END,
            _at, _client_id, _text, _custom, _push IS NOT NULL AND _from <> _to);

    _own := touch(_app, _from, _to, _pair.id, _pair.last, _at, 0);
    _state := count_up(true, _app, _from, 0);
    _done.outcome := 0;
    _done.sequence := _pair.last;
    _done.pushed := false;
    _done.from_version := _state.version;
    _done.from_total := _state.unread;
    _done.from_unread := _own.unread;
    _done.from_read := _own.read;
    _done.from_pinned := _own.pinned;
    SELECT remark INTO _done.from_remark FROM friends WHERE app = _app AND owner = _from AND friend = _to;
    _done.from_nick := _recipient.nick;
    _done.from_avatar := _recipient.avatar_url;
    _done.from_allow := _recipient.allow;
    IF _from = _to THEN
        RETURN _done;
    END IF;

    _other := touch(_app, _to, _from, _pair.id, _pair.last, _at, 1);
    _state := count_up(true, _app, _to, 1);
    _done.to_version := _state.version;
    _done.to_total := _state.unread;
    _done.to_unread := _other.unread;
    _done.to_read := _other.read;
    _done.to_pinned := _other.pinned;
    SELECT remark INTO _done.to_remark FROM friends WHERE app = _app AND owner = _to AND friend = _from;
    _done.to_nick := _sender.nick;
    _done.to_avatar := _sender.avatar_url;
    _done.to_allow := _sender.allow;
    IF _push IS NOT NULL THEN
        _notice := take_in(_app, _hook, ARRAY[_to], ARRAY[NULL]::bigint[], ARRAY[NULL]::text[], ARRAY[_at], ARRAY[
            '{"Push":{"from":' || _push[1] || ',"sequence":' || _pair.last || ',"at":' || _at || ',"text":' || _push[2]
            || ',"unread":' || _state.unread || ',"devices":' || _push[3] || '}}'], _most);
        _done.pushed := _notice.added = 1;
    END IF;
    RETURN _done;
END $$;

-- For nodes of the release before, which do not know the outcome 4. They get the outcome 3: no such recipient.
CREATE OR REPLACE FUNCTION send_message(_app bigint, _from text, _to text, _low text, _high text, _text bytea, _custom text,
                             _client_id text, _at bigint, _too_old bigint, _push text[], _hook bigint, _most bigint)
RETURNS sent LANGUAGE plpgsql AS $$
DECLARE
    _done sent := send_unless_blocked(_app, _from, _to, _low, _high, _text, _custom, _client_id, _at, _too_old, _push,
                                      _hook, _most);
BEGIN
    IF _done.outcome = 4 THEN
        _done.outcome := 3;
    END IF;
    RETURN _done;
END $$;

-- As before, with the block lists.
CREATE OR REPLACE FUNCTION delete_app_rows(_app bigint, _limit bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _deleted bigint := 0;
    _here bigint;
    _table text;
BEGIN
    PERFORM close_app(_app);
    IF NOT EXISTS (SELECT FROM deleted_apps WHERE id = _app AND NOT emptied) THEN
        RETURN 0;
    END IF;
    -- Accounts come last: a row that names an account goes before it, so that no deletion takes more rows along than it
    -- counts.
    FOREACH _table IN ARRAY ARRAY['logins', 'marks', 'friends', 'blocks', 'conversations', 'messages', 'pairs',
                                  'notices', 'taken_in', 'dead_letters', 'lanes', 'lane_leases', 'revocations',
                                  'accounts'] LOOP
        EXIT WHEN _deleted >= _limit;
        EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %I WHERE app = $1 LIMIT $2))',
                       _table, _table) USING _app, _limit - _deleted;
        GET DIAGNOSTICS _here = ROW_COUNT;
        _deleted := _deleted + _here;
    END LOOP;
    IF _deleted < _limit THEN
        UPDATE deleted_apps SET emptied = true WHERE id = _app;
    END IF;
    RETURN _deleted;
END $$;

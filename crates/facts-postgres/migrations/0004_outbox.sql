-- The outbox of webhooks. The head of a user's notices is the one with a `due`: who puts a notice in, or takes one out,
-- holds the turn of the user and sees to it that exactly the first has one.

-- Waits for the turns of these users in these lanes, always in the same order. A turn is one of 128, so that a call takes no
-- more locks than that; users share one by chance.
CREATE FUNCTION lock_turns(_app bigint, _hook bigint, _users text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _turn int;
BEGIN
    FOR _turn IN
        SELECT DISTINCT hashtext(_app || ' ' || _hook || ' ' || u) & 127 AS t FROM unnest(_users) AS u ORDER BY t
    LOOP
        PERFORM pg_advisory_xact_lock(76102, _turn);
    END LOOP;
END $$;

-- Adds to the counts of a lane, in the slot of this connection.
CREATE FUNCTION add_to_lane(_app bigint, _hook bigint, _waiting bigint, _dead bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO lanes AS l (app, hook, slot, waiting, dead)
    SELECT _app, _hook, pg_backend_pid() % 16, _waiting, _dead WHERE _waiting <> 0 OR _dead <> 0
    ON CONFLICT (app, hook, slot) DO UPDATE
    SET waiting = l.waiting + excluded.waiting, dead = l.dead + excluded.dead
$$;

-- Makes the first notice of a user the head.
CREATE FUNCTION promote(_app bigint, _hook bigint, _user text, _at bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE notices SET due = _at WHERE due IS NULL AND id = (
        SELECT id FROM notices WHERE app = _app AND hook = _hook AND user_id = _user ORDER BY ordinal LIMIT 1)
$$;

CREATE TYPE enqueued AS (added bigint, repeated bigint, dropped bigint);

-- Takes notices of one lane in, in their order. Those without an ordinal come once and go last; a session event has one, and
-- is passed over where it was taken in before. A lane has either those or these.
--
-- All in one statement: a row that one transaction changes again and again, as that of a user with many events would be,
-- takes longer each time.
CREATE FUNCTION take_in(_app bigint, _hook bigint, _users text[], _ordinals bigint[], _devices text[], _at bigint[],
                        _contents text[], _most bigint)
RETURNS enqueued LANGUAGE plpgsql AS $$
DECLARE
    _done enqueued := (0, 0, 0);
    _room bigint;
BEGIN
    IF enter_app(_app) THEN
        _done.dropped := cardinality(_users);
        RETURN _done;
    END IF;
    PERFORM lock_turns(_app, _hook, _users);
    SELECT _most - coalesce(sum(waiting), 0) INTO _room FROM lanes WHERE app = _app;
    WITH given AS (
        SELECT g.*, greatest(
                   max(ordinal) OVER (PARTITION BY user_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                   (SELECT t.ordinal FROM taken_in AS t WHERE t.app = _app AND t.user_id = g.user_id)) AS last
        FROM unnest(_users, _ordinals, _devices, _at, _contents)
            WITH ORDINALITY AS g (user_id, ordinal, device, at, content, place)),
    fresh AS (
        SELECT * FROM given WHERE ordinal IS NULL OR last IS NULL OR ordinal > last),
    known AS (
        INSERT INTO taken_in (app, user_id, ordinal)
        SELECT _app, user_id, max(ordinal) FROM fresh WHERE ordinal IS NOT NULL GROUP BY user_id
        ON CONFLICT (app, user_id) DO UPDATE SET ordinal = excluded.ordinal),
    missing AS (
        SELECT f.*, row_number() OVER (ORDER BY place) AS nth,
               row_number() OVER (PARTITION BY user_id ORDER BY place) AS nth_of_user,
               (SELECT max(n.ordinal) FROM notices AS n
                WHERE n.app = _app AND n.hook = _hook AND n.user_id = f.user_id) AS highest
        FROM fresh AS f WHERE ordinal IS NULL OR NOT EXISTS (
            SELECT FROM notices AS n
            WHERE n.app = _app AND n.hook = _hook AND n.user_id = f.user_id AND n.ordinal = f.ordinal)),
    put AS (
        INSERT INTO notices (app, hook, user_id, ordinal, device, queued, attempts, due, error, content)
        SELECT _app, _hook, user_id, coalesce(ordinal, coalesce(highest, 0) + nth_of_user), device, at, 0,
               CASE WHEN highest IS NULL AND nth_of_user = 1 THEN at END, '', content
        FROM missing WHERE nth <= _room ORDER BY place
        RETURNING id)
    SELECT (SELECT count(*) FROM put), count(*) FILTER (WHERE nth > _room)
    INTO _done.added, _done.dropped FROM missing;
    _done.repeated := cardinality(_users) - _done.added - _done.dropped;
    PERFORM add_to_lane(_app, _hook, _done.added, 0);
    RETURN _done;
END $$;

-- What became of notices. The arrays have one place for each: 0: gone; 1: again, at `_due`; 2: dead. Says how many dead
-- letters were forgotten beyond the bound.
CREATE FUNCTION settle(_ids bigint[], _outcomes bigint[], _attempts bigint[], _due bigint[], _errors bytea[], _at bigint,
                       _most_dead bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _lane record;
    _hook bigint;
    _count bigint;
    _forgotten bigint := 0;
BEGIN
    FOR _lane IN SELECT app, hook, array_agg(user_id) AS users FROM notices WHERE id = ANY (_ids)
                 GROUP BY app, hook ORDER BY app, hook LOOP
        PERFORM enter_app(_lane.app);
        PERFORM lock_turns(_lane.app, _lane.hook, _lane.users);
    END LOOP;
    UPDATE notices AS n
    SET attempts = s.attempts, error = s.error, due = CASE WHEN n.due IS NOT NULL THEN s.due END
    FROM unnest(_ids, _outcomes, _attempts, _due, _errors) AS s (id, outcome, attempts, due, error)
    WHERE n.id = s.id AND s.outcome = 1;
    FOR _lane IN
        WITH s AS (
            SELECT * FROM unnest(_ids, _outcomes, _attempts, _errors)
                WITH ORDINALITY AS s (id, outcome, attempts, error, place)
            WHERE outcome <> 1),
        gone AS (
            DELETE FROM notices AS n USING s WHERE n.id = s.id
            RETURNING n.app, n.hook, n.user_id, n.ordinal, n.queued, n.content, s.outcome, s.attempts, s.error, s.place),
        dead AS (
            INSERT INTO dead_letters (app, hook, user_id, ordinal, queued, attempts, died, error, content)
            SELECT app, hook, user_id, ordinal, queued, attempts, _at, error, content FROM gone
            WHERE outcome = 2 ORDER BY place)
        SELECT app, hook, array_agg(DISTINCT user_id) AS users, count(*) AS gone,
               count(*) FILTER (WHERE outcome = 2) AS dead
        FROM gone GROUP BY app, hook ORDER BY app, hook
    LOOP
        UPDATE notices SET due = _at WHERE due IS NULL AND id IN (
            SELECT f.id FROM unnest(_lane.users) AS u, LATERAL (
                SELECT id FROM notices WHERE app = _lane.app AND hook = _lane.hook AND user_id = u
                ORDER BY ordinal LIMIT 1) AS f);
        PERFORM add_to_lane(_lane.app, _lane.hook, -_lane.gone, _lane.dead);
        IF _lane.dead > 0 THEN
            FOR _hook, _count IN
                WITH forgotten AS (
                    DELETE FROM dead_letters WHERE app = _lane.app AND id <= (
                        SELECT id FROM dead_letters WHERE app = _lane.app ORDER BY id DESC LIMIT 1 OFFSET _most_dead)
                    RETURNING hook)
                SELECT hook, count(*) FROM forgotten GROUP BY hook ORDER BY hook
            LOOP
                PERFORM add_to_lane(_lane.app, _hook, 0, -_count);
                _forgotten := _forgotten + _count;
            END LOOP;
        END IF;
    END LOOP;
    RETURN _forgotten;
END $$;

-- Puts dead letters back among the waiting. Says how many of them there were.
CREATE FUNCTION resend(_app bigint, _ids bigint[], _at bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _letter dead_letters;
    _hook bigint;
    _users text[];
    _put bigint;
    _found bigint := 0;
    _id bigint;
BEGIN
    IF enter_app(_app) THEN
        RETURN 0;
    END IF;
    FOR _hook, _users IN SELECT hook, array_agg(user_id) FROM dead_letters WHERE app = _app AND id = ANY (_ids)
                         GROUP BY hook ORDER BY hook LOOP
        PERFORM lock_turns(_app, _hook, _users);
    END LOOP;
    FOREACH _id IN ARRAY _ids LOOP
        DELETE FROM dead_letters WHERE app = _app AND id = _id RETURNING * INTO _letter;
        CONTINUE WHEN NOT FOUND;
        -- It keeps its place: what waits behind it was not told either. One that is there already is not put twice.
        INSERT INTO notices (app, hook, user_id, ordinal, device, queued, attempts, due, error, content)
        VALUES (_app, _letter.hook, _letter.user_id, _letter.ordinal, NULL, _at, 0, NULL, '', _letter.content)
        ON CONFLICT (app, hook, user_id, ordinal) DO NOTHING;
        GET DIAGNOSTICS _put = ROW_COUNT;
        UPDATE notices SET due = NULL
        WHERE app = _app AND hook = _letter.hook AND user_id = _letter.user_id AND due IS NOT NULL AND ordinal > (
            SELECT min(ordinal) FROM notices WHERE app = _app AND hook = _letter.hook AND user_id = _letter.user_id);
        PERFORM promote(_app, _letter.hook, _letter.user_id, _at);
        PERFORM add_to_lane(_app, _letter.hook, _put, -1);
        _found := _found + 1;
    END LOOP;
    RETURN _found;
END $$;

CREATE FUNCTION drop_dead_letters(_app bigint, _ids bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _hook bigint;
    _count bigint;
    _found bigint := 0;
BEGIN
    FOR _hook, _count IN
        WITH gone AS (DELETE FROM dead_letters WHERE app = _app AND id = ANY (_ids) RETURNING hook)
        SELECT hook, count(*) FROM gone GROUP BY hook ORDER BY hook
    LOOP
        PERFORM add_to_lane(_app, _hook, 0, -_count);
        _found := _found + _count;
    END LOOP;
    RETURN _found;
END $$;

-- Takes a disconnect back whose device has come back, and says of the events behind it the status of after the login. Says
-- whether it was still there and not handed out.
CREATE FUNCTION take_back(_id bigint, _login bigint, _behind bigint[], _contents text[], _at bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    _notice notices;
BEGIN
    DELETE FROM notices WHERE id = _id AND device IS NOT NULL RETURNING * INTO _notice;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE notices AS n SET content = b.content
    FROM unnest(_behind, _contents) AS b (id, content) WHERE n.id = b.id;
    INSERT INTO taken_in (app, user_id, ordinal) VALUES (_notice.app, _notice.user_id, _login)
    ON CONFLICT (app, user_id) DO UPDATE SET ordinal = excluded.ordinal;
    PERFORM promote(_notice.app, _notice.hook, _notice.user_id, _at);
    PERFORM add_to_lane(_notice.app, _notice.hook, -1, 0);
    RETURN true;
END $$;

-- Messages

CREATE TYPE sent AS (
    outcome          bigint,                 -- 0: stored; 1: repeated; 2: no such sender; 3: no such recipient
    sequence         bigint,
    at               bigint,                 -- of the message that is repeated
    pushed           boolean,
    from_version     bigint,
    from_total       bigint,
    from_unread      bigint,
    from_read        bigint,
    from_pinned      boolean,
    from_remark      bytea,                  -- the sender's remark on the recipient
    from_nick        bytea,
    from_avatar      bytea,
    from_allow       bigint,
    to_version       bigint,
    to_total         bigint,
    to_unread        bigint,
    to_read          bigint,
    to_pinned        boolean,
    to_remark        bytea,                  -- the recipient's remark on the sender
    to_nick          bytea,
    to_avatar        bytea,
    to_allow         bigint
);

-- `_push` has the parts of the notice for the backend that are known before the message is stored, each as JSON: sender,
-- text, devices. NULL: no notice.
CREATE FUNCTION send_message(_app bigint, _from text, _to text, _low text, _high text, _text bytea, _custom text,
                             _client_id text, _at bigint, _too_old bigint, _push text[], _hook bigint, _most bigint)
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

-- The audit log

-- Enters a change as begun, removes the oldest entries, and answers with the id of the entry.
CREATE FUNCTION begin_audit(_at bigint, _operator bytea, _address bytea, _app bigint, _action text, _target bytea,
                            _changes text, _outcome text, _oldest bigint, _at_once bigint, _most bigint, _slack bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _id bigint;
BEGIN
    INSERT INTO audit (at, operator, address, app, action, target, changes, outcome, note)
    VALUES (_at, _operator, _address, _app, _action, _target, _changes, _outcome, '') RETURNING id INTO _id;
    DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < _oldest ORDER BY at, id LIMIT _at_once);
    IF _id % _slack = 0 THEN
        -- Counted, not told from the ids: an entry that came to nothing takes an id too, and must take no other entry away.
        DELETE FROM audit WHERE (at, id) <= (SELECT at, id FROM audit ORDER BY at DESC, id DESC LIMIT 1 OFFSET _most);
    END IF;
    RETURN _id;
END $$;

CREATE FUNCTION put_figures(_levels bigint[], _at bigint[], _contents bytea[], _forgotten bigint[], _before bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR _n IN 1 .. cardinality(_levels) LOOP
        INSERT INTO figures (level, at, content) VALUES (_levels[_n], _at[_n], _contents[_n])
        ON CONFLICT (level, at) DO UPDATE SET content = excluded.content;
    END LOOP;
    FOR _n IN 1 .. cardinality(_forgotten) LOOP
        DELETE FROM figures WHERE level = _forgotten[_n] AND at < _before[_n];
    END LOOP;
END $$;

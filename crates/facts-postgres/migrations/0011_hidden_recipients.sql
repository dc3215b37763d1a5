-- As before, with undecided notices: the message of a notice without devices does not count as pushed.
CREATE OR REPLACE FUNCTION send_unless_blocked(_app bigint, _from text, _to text, _low text, _high text, _text bytea,
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
            _at, _client_id, _text, _custom, _push IS NOT NULL AND _push[3] <> '[]' AND _from <> _to);

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

CREATE TYPE visibility_replaced AS (was bigint, version bigint, unread bigint);

-- As `set_visibility`, which nodes of the release before use, but the result has the visibility before the call. Returns
-- no row if there is no account.
CREATE FUNCTION replace_visibility(_app bigint, _id text, _visibility bigint) RETURNS SETOF visibility_replaced
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
    RETURN NEXT (_before, _state.version, _state.unread)::visibility_replaced;
END $$;

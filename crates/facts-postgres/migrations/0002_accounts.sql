-- Apps, accounts and logins: one function for each call of the port that writes, so that a call is one round trip and one
-- transaction, which ends whole even when nobody waits for it any longer.
--
-- Locks are taken in this order: the app, accounts by rising id, what hangs on them, the turn of a user's notices, a slot
-- of a lane. The isolation is READ COMMITTED: each statement sees what was committed before it began.

-- Keeps the rows of an app from being deleted meanwhile. Says whether the app was deleted, and not made again since.
CREATE FUNCTION enter_app(_app bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(76101, (_app - 2147483648)::int);
    RETURN EXISTS (SELECT FROM deleted_apps WHERE id = _app);
END $$;

-- Waits until nobody is in the app, and keeps it for this transaction.
CREATE FUNCTION close_app(_app bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(76101, (_app - 2147483648)::int)
$$;

-- Makes an app, or replaces all of it. Says whether it may be made, which it may not before all that it had is gone.
CREATE FUNCTION put_app(_app bigint, _keys text, _admins text, _settings text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM close_app(_app);
    DELETE FROM deleted_apps WHERE id = _app AND emptied;
    IF EXISTS (SELECT FROM deleted_apps WHERE id = _app) THEN
        RETURN false;
    END IF;
    INSERT INTO apps (id, keys, admins, settings) VALUES (_app, _keys, _admins, _settings)
    ON CONFLICT (id) DO UPDATE
    SET keys = excluded.keys, admins = excluded.admins, settings = excluded.settings;
    RETURN true;
END $$;

-- 0: begun; 1: there is no such app; 2: there is no other app.
CREATE FUNCTION begin_app_deletion(_app bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM close_app(_app);
    -- Of two deletions the second sees what the first one left.
    LOCK TABLE apps IN SHARE ROW EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM apps WHERE id = _app) THEN
        RETURN 1;
    END IF;
    IF NOT EXISTS (SELECT FROM apps WHERE id <> _app) THEN
        RETURN 2;
    END IF;
    DELETE FROM apps WHERE id = _app;
    INSERT INTO deleted_apps (id, emptied) VALUES (_app, false) ON CONFLICT (id) DO UPDATE SET emptied = false;
    RETURN 0;
END $$;

CREATE FUNCTION delete_app_rows(_app bigint, _limit bigint) RETURNS bigint LANGUAGE plpgsql AS $$
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
    FOREACH _table IN ARRAY ARRAY['logins', 'marks', 'friends', 'conversations', 'messages', 'pairs', 'notices',
                                  'taken_in', 'dead_letters', 'lanes', 'revocations', 'accounts'] LOOP
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

-- The number of the last login or account of all.
CREATE FUNCTION last_number() RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM numbers
$$;

CREATE FUNCTION is_revoked(_app bigint, _user text, _issued bigint) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM revocations WHERE app = _app AND user_id = _user
                   AND (_issued < at / 1000 OR _issued = ANY (also)))
$$;

-- Adds to a revocation. Of the seconds revoked one by one only those not revoked as a whole are kept, at most `_most`;
-- past that, those before the latest ones are revoked as a whole.
CREATE FUNCTION put_revocation(_app bigint, _user text, _at bigint, _also bigint[], _through bigint, _most bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _known revocations;
    _whole bigint;
BEGIN
    -- The row is made first, so that there is one to lock.
    INSERT INTO revocations (app, user_id, at, also, through) VALUES (_app, _user, 0, '{}', 0) ON CONFLICT DO NOTHING;
    SELECT * INTO _known FROM revocations WHERE app = _app AND user_id = _user FOR UPDATE;
    _at := greatest(_at, _known.at);
    _also := ARRAY(SELECT DISTINCT s FROM unnest(_also || _known.also) AS s ORDER BY s);
    IF cardinality(_also) > _most THEN
        _whole := _also[cardinality(_also) - _most];
        -- The numbers of time end there.
        _at := greatest(_at, CASE WHEN _whole >= 9223372036854774 THEN 9223372036854775807
                                  ELSE (_whole + 1) * 1000 END);
    END IF;
    _also := ARRAY(SELECT s FROM unnest(_also) AS s WHERE s >= _at / 1000 ORDER BY s);
    UPDATE revocations SET at = _at, also = _also, through = greatest(_through, _known.through)
    WHERE app = _app AND user_id = _user;
END $$;

CREATE FUNCTION revoke_sigs(_app bigint, _user text, _at bigint, _also bigint[], _most bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT enter_app(_app) THEN
        PERFORM put_revocation(_app, _user, _at, _also, 0, _most);
    END IF;
END $$;

CREATE TYPE account_made AS (made boolean, born bigint);

CREATE TYPE new_account AS (born bigint, lists_version bigint);

-- Makes an account; NULL where there is one. The number of its making comes after those that a deletion has ended.
CREATE FUNCTION insert_account(_app bigint, _id text, _at bigint, _version bigint) RETURNS new_account
LANGUAGE plpgsql AS $$
DECLARE
    _new new_account;
BEGIN
    INSERT INTO accounts (app, id, created, lists_version, born)
    VALUES (_app, _id, _at, _version, nextval('numbers'))
    ON CONFLICT DO NOTHING
    RETURNING born, lists_version INTO _new;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- The deletion for which the insertion waited may have come after the number was taken.
    IF EXISTS (SELECT FROM revocations WHERE app = _app AND user_id = _id AND through >= _new.born) THEN
        UPDATE accounts SET born = nextval('numbers') WHERE app = _app AND id = _id RETURNING born INTO _new.born;
    END IF;
    RETURN _new;
END $$;

CREATE FUNCTION create_account(_app bigint, _id text, _at bigint, _version bigint) RETURNS account_made
LANGUAGE plpgsql AS $$
DECLARE
    _deleted boolean := enter_app(_app);
    _born bigint;
    _new new_account;
BEGIN
    LOOP
        SELECT born INTO _born FROM accounts WHERE app = _app AND id = _id;
        IF FOUND THEN
            RETURN (false, _born);
        END IF;
        IF _deleted THEN
            RETURN (false, 0::bigint);
        END IF;
        _new := insert_account(_app, _id, _at, _version);
        IF _new.born IS NOT NULL THEN
            RETURN (true, _new.born);
        END IF;
    END LOOP;
END $$;

-- Marks a device of an account that is locked; where there is no account there is nobody to tell.
CREATE FUNCTION put_mark(_app bigint, _user text, _device text, _why bigint, _told boolean, _at bigint)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO marks (app, user_id, device, why, told, at, seq)
    SELECT _app, _user, _device, _why, _told, _at,
           (SELECT coalesce(max(seq), 0) + 1 FROM marks WHERE app = _app AND user_id = _user)
    WHERE EXISTS (SELECT FROM accounts WHERE app = _app AND id = _user)
    ON CONFLICT (app, user_id, device) DO UPDATE
    SET why = excluded.why, told = excluded.told, at = excluded.at, seq = excluded.seq
$$;

CREATE FUNCTION trim_marks(_app bigint, _user text, _most bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM marks WHERE app = _app AND user_id = _user AND device IN (
        SELECT device FROM marks WHERE app = _app AND user_id = _user ORDER BY at DESC, seq DESC OFFSET _most)
$$;

CREATE TYPE account_deleted AS (through bigint, created bigint, owners text[], mutual boolean[]);

-- No row where there was no account. Its logins, marks, friendships and conversations go with it by the schema.
CREATE FUNCTION delete_account(_app bigint, _id text, _at bigint, _also bigint[], _most bigint)
RETURNS SETOF account_deleted LANGUAGE plpgsql AS $$
DECLARE
    _deleted account_deleted;
BEGIN
    PERFORM enter_app(_app);
    -- All that change, by rising id.
    PERFORM FROM accounts WHERE app = _app
        AND (id = _id OR id IN (SELECT owner FROM friends WHERE app = _app AND friend = _id))
        ORDER BY id FOR UPDATE;
    SELECT created INTO _deleted.created FROM accounts WHERE app = _app AND id = _id;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(array_agg(f.owner ORDER BY f.owner), '{}'), coalesce(array_agg(EXISTS (
               SELECT FROM friends AS b WHERE b.app = _app AND b.owner = _id AND b.friend = f.owner)
               ORDER BY f.owner), '{}')
    INTO _deleted.owners, _deleted.mutual
    FROM friends AS f WHERE f.app = _app AND f.friend = _id;
    UPDATE accounts SET lists_version = lists_version + 1 WHERE app = _app AND id = ANY (_deleted.owners);
    DELETE FROM accounts WHERE app = _app AND id = _id;
    _deleted.through := last_number();
    PERFORM put_revocation(_app, _id, _at, _also, _deleted.through, _most);
    RETURN NEXT _deleted;
END $$;

-- The number of the last login before it; NULL where there is no such account.
CREATE FUNCTION kick(_app bigint, _id text, _at bigint, _also bigint[], _most bigint, _most_marks bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _device text;
    _through bigint;
BEGIN
    PERFORM enter_app(_app);
    PERFORM FROM accounts WHERE app = _app AND id = _id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOR _device IN DELETE FROM logins WHERE app = _app AND user_id = _id RETURNING device LOOP
        PERFORM put_mark(_app, _id, _device, 0, true, _at);
    END LOOP;
    PERFORM trim_marks(_app, _id, _most_marks);
    _through := last_number();
    PERFORM put_revocation(_app, _id, _at, _also, _through, _most);
    RETURN _through;
END $$;

CREATE TYPE login_recorded AS (
    outcome       bigint,                    -- 0: revoked; 1: ended; 2: no account; 3: recorded
    why           bigint,                    -- of a login that ended
    registered    boolean,
    number        bigint,
    born          bigint,
    lists_version bigint
);

CREATE FUNCTION record_login(_app bigint, _user text, _device text, _platform bigint, _at bigint, _version bigint,
                             _issued bigint, _durable boolean, _resume boolean, _most_web bigint)
RETURNS login_recorded LANGUAGE plpgsql AS $$
DECLARE
    _deleted boolean := enter_app(_app);
    _found boolean;
    _account new_account;
    _mark marks;
    _number bigint;
    _registered boolean := false;
BEGIN
    LOOP
        SELECT born, lists_version INTO _account FROM accounts WHERE app = _app AND id = _user FOR NO KEY UPDATE;
        _found := FOUND;
        IF is_revoked(_app, _user, _issued) THEN
            RETURN ROW(0, NULL, NULL, NULL, NULL, NULL)::login_recorded;
        END IF;
        SELECT * INTO _mark FROM marks WHERE app = _app AND user_id = _user AND device = _device;
        IF FOUND THEN
            IF _resume OR (_mark.why <> 0 AND NOT _mark.told) THEN
                -- From now on the device has been told.
                PERFORM put_mark(_app, _user, _device, _mark.why, true, _mark.at);
                RETURN ROW(1, _mark.why, NULL, NULL, NULL, NULL)::login_recorded;
            END IF;
            DELETE FROM marks WHERE app = _app AND user_id = _user AND device = _device;
        END IF;
        EXIT WHEN _found;
        IF _resume OR _deleted THEN
            RETURN ROW(2, NULL, NULL, NULL, NULL, NULL)::login_recorded;
        END IF;
        _account := insert_account(_app, _user, _at, _version);
        IF _account.born IS NOT NULL THEN
            -- The account may have come and gone since, and left a revocation.
            IF is_revoked(_app, _user, _issued) THEN
                DELETE FROM accounts WHERE app = _app AND id = _user;
                RETURN ROW(0, NULL, NULL, NULL, NULL, NULL)::login_recorded;
            END IF;
            _registered := true;
            EXIT;
        END IF;
    END LOOP;
    _number := nextval('numbers');
    INSERT INTO logins (app, user_id, device, platform, at, number, durable)
    VALUES (_app, _user, _device, _platform, _at, _number, _durable)
    ON CONFLICT (app, user_id, device) DO UPDATE
    SET platform = excluded.platform, at = excluded.at, number = excluded.number, durable = excluded.durable;
    IF NOT _durable THEN
        DELETE FROM logins WHERE app = _app AND user_id = _user AND device IN (
            SELECT device FROM logins WHERE app = _app AND user_id = _user AND NOT durable
            ORDER BY number DESC OFFSET _most_web);
    END IF;
    RETURN ROW(3, NULL, _registered, _number, _account.born, _account.lists_version)::login_recorded;
END $$;

-- The arrays have one place for each end; one without a mark has NULL in the last three.
CREATE FUNCTION end_logins(_app bigint, _user text, _devices text[], _numbers bigint[], _why bigint[], _told boolean[],
                           _at bigint[], _most_marks bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _marked boolean := false;
BEGIN
    PERFORM enter_app(_app);
    PERFORM FROM accounts WHERE app = _app AND id = _user FOR NO KEY UPDATE;
    FOR _n IN 1 .. cardinality(_devices) LOOP
        DELETE FROM logins WHERE app = _app AND user_id = _user AND device = _devices[_n] AND number <= _numbers[_n];
        -- A device that has logged in since is told nothing.
        IF _why[_n] IS NOT NULL AND NOT EXISTS (
            SELECT FROM logins WHERE app = _app AND user_id = _user AND device = _devices[_n] AND number > _numbers[_n])
        THEN
            PERFORM put_mark(_app, _user, _devices[_n], _why[_n], _told[_n], _at[_n]);
            _marked := true;
        END IF;
    END LOOP;
    IF _marked THEN
        PERFORM trim_marks(_app, _user, _most_marks);
    END IF;
END $$;

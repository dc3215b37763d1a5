-- The leases of lanes: of the nodes that share the outbox, only the holder sends the notices of a lane. The database knows
-- no durations; a node that gives up another one's lease names the beat that it has seen for too long.

CREATE SEQUENCE lane_beats;

CREATE TABLE lane_leases (
    app    bigint NOT NULL,
    hook   bigint NOT NULL,
    holder bigint,                           -- the bits of the id of a node; NULL: released
    term   bigint NOT NULL,
    beat   bigint NOT NULL,                  -- no beat is used twice
    PRIMARY KEY (app, hook)
) WITH (fillfactor = 50);

-- Takes or renews the lease of a lane, unless another node has it with another beat than `_over`. Answers with the lease
-- as it is afterwards; all of it is NULL where the app was deleted.
CREATE FUNCTION take_lease(_app bigint, _hook bigint, _node bigint, _over bigint) RETURNS lane_leases
LANGUAGE plpgsql AS $$
DECLARE
    _beat bigint := nextval('lane_beats');
    _lease lane_leases;
BEGIN
    IF enter_app(_app) THEN
        RETURN NULL;
    END IF;
    INSERT INTO lane_leases AS l (app, hook, holder, term, beat) VALUES (_app, _hook, _node, _beat, _beat)
    ON CONFLICT (app, hook) DO UPDATE
    SET holder = _node, beat = _beat, term = CASE WHEN l.holder = _node THEN l.term ELSE _beat END
    WHERE l.holder IS NULL OR l.holder = _node OR l.beat = _over
    RETURNING * INTO _lease;
    IF NOT FOUND THEN
        SELECT * INTO _lease FROM lane_leases WHERE app = _app AND hook = _hook;
    END IF;
    RETURN _lease;
END $$;

-- Settles the notices whose outcome is from the last term of their lane, or from no term; `settle` says how. No other node
-- can take the lease of one of the lanes before this transaction has ended.
CREATE FUNCTION settle_in_terms(_ids bigint[], _outcomes bigint[], _attempts bigint[], _due bigint[], _errors bytea[],
                                _terms bigint[], _at bigint, _most_dead bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _current record;
BEGIN
    PERFORM FROM lane_leases WHERE (app, hook) IN (SELECT app, hook FROM notices WHERE id = ANY (_ids))
    ORDER BY app, hook FOR SHARE;
    SELECT coalesce(array_agg(s.id ORDER BY place), '{}') AS ids,
           coalesce(array_agg(s.outcome ORDER BY place), '{}') AS outcomes,
           coalesce(array_agg(s.attempts ORDER BY place), '{}') AS attempts,
           coalesce(array_agg(s.due ORDER BY place), '{}') AS due,
           coalesce(array_agg(s.error ORDER BY place), '{}') AS errors
    INTO _current
    FROM unnest(_ids, _outcomes, _attempts, _due, _errors, _terms)
        WITH ORDINALITY AS s (id, outcome, attempts, due, error, term, place)
    JOIN notices AS n ON n.id = s.id
    LEFT JOIN lane_leases AS l ON l.app = n.app AND l.hook = n.hook
    WHERE s.term IS NULL OR s.term = l.term;
    RETURN settle(_current.ids, _current.outcomes, _current.attempts, _current.due, _current.errors, _at, _most_dead);
END $$;

-- As before, with the leases.
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
    FOREACH _table IN ARRAY ARRAY['logins', 'marks', 'friends', 'conversations', 'messages', 'pairs', 'notices',
                                  'taken_in', 'dead_letters', 'lanes', 'lane_leases', 'revocations', 'accounts'] LOOP
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

-- The terms of the recorders. Of the recorders that move session events of a partition to the outbox, only the one with the
-- last term of the partition can store events. Nodes of the former version store events without a term.

CREATE SEQUENCE recorder_term_numbers;

CREATE TABLE recorder_terms (
    partition bigint PRIMARY KEY,
    term      bigint NOT NULL                -- no term is used twice
) WITH (fillfactor = 50);

-- Begins a term of each of these partitions and returns its number. Waits for the calls of former terms that are under way.
CREATE FUNCTION begin_recording(_partitions bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _term bigint := nextval('recorder_term_numbers');
BEGIN
    INSERT INTO recorder_terms (partition, term)
    SELECT p, _term FROM (SELECT DISTINCT p FROM unnest(_partitions) AS p ORDER BY p) AS ordered
    ON CONFLICT (partition) DO UPDATE SET term = excluded.term;
    RETURN _term;
END $$;

-- Returns whether each of these terms is the last one of its partition. No other term of these partitions can begin before
-- the transaction has ended. A transaction calls this function before it takes any other lock.
CREATE FUNCTION hold_recorder_terms(_partitions bigint[], _terms bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    _held bigint;
BEGIN
    SELECT count(*) INTO _held FROM (
        SELECT FROM recorder_terms AS r JOIN unnest(_partitions, _terms) AS t (partition, term) USING (partition, term)
        ORDER BY r.partition FOR SHARE OF r) AS held;
    RETURN _held = cardinality(_partitions);
END $$;

-- Calls `take_in` if these terms are the last ones. Otherwise changes nothing and returns NULL.
CREATE FUNCTION take_in_of_recorder(_partitions bigint[], _terms bigint[], _app bigint, _hook bigint, _users text[],
                                    _ordinals bigint[], _devices text[], _at bigint[], _contents text[], _most bigint)
RETURNS enqueued LANGUAGE plpgsql AS $$
BEGIN
    IF NOT hold_recorder_terms(_partitions, _terms) THEN
        RETURN NULL;
    END IF;
    RETURN take_in(_app, _hook, _users, _ordinals, _devices, _at, _contents, _most);
END $$;

-- Deletes the ordinals of these users up to these numbers, if these terms are the last ones.
CREATE FUNCTION forget_taken_in(_partitions bigint[], _terms bigint[], _apps bigint[], _users text[], _known bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF hold_recorder_terms(_partitions, _terms) THEN
        DELETE FROM taken_in AS t USING unnest(_apps, _users, _known) AS k (app, id, known)
        WHERE t.app = k.app AND t.user_id = k.id AND t.ordinal <= k.known;
    END IF;
END $$;

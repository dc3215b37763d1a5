-- Figures of the past of each node, for the charts of the console. The table figures stays: nodes of the release before
-- write and read it until they are replaced. Later releases do not use it.
CREATE TABLE node_figures (
    level   bigint NOT NULL,
    at      bigint NOT NULL,
    node    bytea NOT NULL,                  -- the name of the node in its cluster; '' without a cluster
    content bytea NOT NULL,
    PRIMARY KEY (level, at, node)
);
INSERT INTO node_figures (level, at, node, content) SELECT level, at, '', content FROM figures;

CREATE FUNCTION put_node_figures(_levels bigint[], _at bigint[], _nodes bytea[], _contents bytea[], _forgotten bigint[], _before bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR _n IN 1 .. cardinality(_levels) LOOP
        INSERT INTO node_figures (level, at, node, content) VALUES (_levels[_n], _at[_n], _nodes[_n], _contents[_n])
        ON CONFLICT (level, at, node) DO UPDATE SET content = excluded.content;
    END LOOP;
    -- Several nodes delete the same rows. A node does not wait for the deletion of another one.
    FOR _n IN 1 .. cardinality(_forgotten) LOOP
        DELETE FROM node_figures WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM node_figures WHERE level = _forgotten[_n] AND at < _before[_n] FOR UPDATE SKIP LOCKED));
    END LOOP;
END $$;

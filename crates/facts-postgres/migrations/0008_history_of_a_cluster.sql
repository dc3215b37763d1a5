-- The cluster whose nodes have begun the present history of the facts: the bits of its identity. NULL: a program that
-- uses the database alone has begun it.
ALTER TABLE mark ADD COLUMN cluster bigint;

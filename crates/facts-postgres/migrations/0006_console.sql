-- The operators of the console and their sessions, which all nodes share. The revision is compared by the caller that changes
-- a document.
CREATE TABLE console_documents (
    name     text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    content  bytea NOT NULL
);

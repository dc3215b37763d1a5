-- What viewers from whom the status of a user is hidden are shown after a loss of the live records.

ALTER TABLE accounts
    ADD COLUMN away_version bigint NOT NULL DEFAULT 0,       -- the lists version of the restrictions
    ADD COLUMN away text;                                    -- JSON: AwayLogins; NULL: nothing is hidden

-- Stores nothing if there is no account, or if data of a higher version is stored.
CREATE FUNCTION set_away_logins(_app bigint, _id text, _version bigint, _away text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM enter_app(_app);
    UPDATE accounts SET away_version = _version, away = _away
    WHERE app = _app AND id = _id AND away_version <= _version
        AND (away_version <> _version OR away IS DISTINCT FROM _away);
END $$;

-- Tokens that were used to log in, each by a name made of it, until nobody would take them any more: no copy of one is
-- good at any hub on this database.

CREATE TABLE hubd_login_tokens (
    digest VARCHAR(64) NOT NULL PRIMARY KEY,
    until TIMESTAMPTZ NOT NULL
);

CREATE INDEX hubd_login_tokens_until ON hubd_login_tokens (until);

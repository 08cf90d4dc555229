-- What happened, in order: the event stream of the hub, kept so that a listener can resume after a break.
-- Ids grow with time but may have gaps; kinds and the members of data are koji.Notice's.

CREATE TABLE hubd_events (
    id BIGSERIAL NOT NULL PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    task_id INTEGER,
    build_id INTEGER,
    tag_id INTEGER,
    host_id INTEGER,
    repo_id INTEGER,
    data JSON NOT NULL
);

CREATE INDEX hubd_events_time ON hubd_events (time);

-- Indexes for what is read most.

CREATE INDEX hubd_task_host ON task (host_id, state);
CREATE INDEX hubd_tag_listing_builds ON tag_listing (tag_id, create_event, build_id) WHERE active = TRUE;

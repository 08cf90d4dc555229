-- Side tags are found by what their extra says.

CREATE INDEX hubd_tag_extra_key ON tag_extra (key, tag_id) WHERE active = TRUE;

-- Indexes for search, whose wildcards know no case.

CREATE INDEX hubd_package_lower ON package (lower(name) text_pattern_ops);
CREATE INDEX hubd_rpminfo_lower ON rpminfo (lower((name || '-' || version || '-' || release || '.' || arch || '.rpm')) text_pattern_ops);

-- What stands inside of rpms' file names, for search: trigrams, of PostgreSQL's extension pg_trgm where that is to be had,
-- of FTS5 in SQLite. Without them a search reads all rows.

DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX hubd_rpminfo_trigrams ON rpminfo USING gin ((name || '-' || version || '-' || release || '.' || arch || '.rpm') gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm cannot be had: a search for what stands inside of rpm names reads all of them';
END $$;

CREATE VIEW hubd_rpm_names AS SELECT id, name || '-' || version || '-' || release || '.' || arch || '.rpm' AS file FROM rpminfo;

CREATE VIRTUAL TABLE hubd_rpm_trigrams USING fts5(file, content='hubd_rpm_names', content_rowid='id', tokenize='trigram', detail='none', columnsize=0);

INSERT INTO hubd_rpm_trigrams (hubd_rpm_trigrams) VALUES ('rebuild');

CREATE TRIGGER hubd_rpm_added AFTER INSERT ON rpminfo BEGIN
    INSERT INTO hubd_rpm_trigrams (rowid, file)
    VALUES (new.id, new.name || '-' || new.version || '-' || new.release || '.' || new.arch || '.rpm');
END;

CREATE TRIGGER hubd_rpm_removed AFTER DELETE ON rpminfo BEGIN
    INSERT INTO hubd_rpm_trigrams (hubd_rpm_trigrams, rowid, file)
    VALUES ('delete', old.id, old.name || '-' || old.version || '-' || old.release || '.' || old.arch || '.rpm');
END;

CREATE TRIGGER hubd_rpm_renamed AFTER UPDATE OF name, version, release, arch ON rpminfo BEGIN
    INSERT INTO hubd_rpm_trigrams (hubd_rpm_trigrams, rowid, file)
    VALUES ('delete', old.id, old.name || '-' || old.version || '-' || old.release || '.' || old.arch || '.rpm');
    INSERT INTO hubd_rpm_trigrams (rowid, file)
    VALUES (new.id, new.name || '-' || new.version || '-' || new.release || '.' || new.arch || '.rpm');
END;

-- What changed of that which hubs keep in memory (sqlstore/kept.go): a row is written by whoever changes it, in the same
-- transaction, be it this hub, another, Koji's own or a person. xid is PostgreSQL's transaction; on SQLite ids have the
-- order of commits. kind 'all' stands for anything.

CREATE TABLE hubd_changes (
    id BIGSERIAL NOT NULL PRIMARY KEY,
    xid BIGINT NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    tag_id INTEGER NOT NULL DEFAULT 0,
    build_id INTEGER NOT NULL DEFAULT 0
);

DO $$ BEGIN
    -- With their triggers, which stay when somebody drops the hub's tables only.
    DROP FUNCTION IF EXISTS hubd_changed() CASCADE;
    DROP FUNCTION IF EXISTS hubd_changed_tag() CASCADE;
    DROP FUNCTION IF EXISTS hubd_changed_listing() CASCADE;
    DROP FUNCTION IF EXISTS hubd_changed_build() CASCADE;
    DROP FUNCTION IF EXISTS hubd_changed_rpms() CASCADE;

    CREATE INDEX hubd_changes_xid ON hubd_changes (xid);

    CREATE FUNCTION hubd_changed() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$ BEGIN
        INSERT INTO hubd_changes (xid, kind) VALUES (txid_current(), TG_ARGV[0]);
        RETURN NULL;
    END $body$;

    CREATE FUNCTION hubd_changed_tag() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$ BEGIN
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO hubd_changes (xid, kind, tag_id) VALUES (txid_current(), TG_ARGV[0], OLD.tag_id);
        END IF;
        IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.tag_id <> OLD.tag_id THEN
            INSERT INTO hubd_changes (xid, kind, tag_id) VALUES (txid_current(), TG_ARGV[0], NEW.tag_id);
        END IF;
        RETURN NULL;
    END $body$;

    CREATE FUNCTION hubd_changed_listing() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$ BEGIN
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO hubd_changes (xid, kind, tag_id, build_id) VALUES (txid_current(), 'listing', OLD.tag_id, OLD.build_id);
        END IF;
        IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND (NEW.tag_id, NEW.build_id) <> (OLD.tag_id, OLD.build_id) THEN
            INSERT INTO hubd_changes (xid, kind, tag_id, build_id) VALUES (txid_current(), 'listing', NEW.tag_id, NEW.build_id);
        END IF;
        RETURN NULL;
    END $body$;

    CREATE FUNCTION hubd_changed_build() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$ BEGIN
        INSERT INTO hubd_changes (xid, kind, build_id) VALUES (txid_current(), 'build', OLD.id);
        RETURN NULL;
    END $body$;

    CREATE FUNCTION hubd_changed_rpms() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$ BEGIN
        IF TG_OP <> 'INSERT' AND OLD.build_id IS NOT NULL THEN
            INSERT INTO hubd_changes (xid, kind, build_id) VALUES (txid_current(), 'rpms', OLD.build_id);
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.build_id IS NOT NULL THEN
            INSERT INTO hubd_changes (xid, kind, build_id) VALUES (txid_current(), 'rpms', NEW.build_id);
        END IF;
        RETURN NULL;
    END $body$;

    CREATE TRIGGER hubd_listing_changed AFTER INSERT OR UPDATE OR DELETE ON tag_listing FOR EACH ROW EXECUTE PROCEDURE hubd_changed_listing();
    CREATE TRIGGER hubd_packages_changed AFTER INSERT OR UPDATE OR DELETE ON tag_packages FOR EACH ROW EXECUTE PROCEDURE hubd_changed_tag('packages');
    CREATE TRIGGER hubd_owners_changed AFTER INSERT OR UPDATE OR DELETE ON tag_package_owners FOR EACH ROW EXECUTE PROCEDURE hubd_changed_tag('packages');
    CREATE TRIGGER hubd_inheritance_changed AFTER INSERT OR UPDATE OR DELETE ON tag_inheritance FOR EACH STATEMENT EXECUTE PROCEDURE hubd_changed('inheritance');
    CREATE TRIGGER hubd_build_changed AFTER UPDATE OR DELETE ON build FOR EACH ROW EXECUTE PROCEDURE hubd_changed_build();
    CREATE TRIGGER hubd_rpms_changed AFTER INSERT OR UPDATE OR DELETE ON rpminfo FOR EACH ROW EXECUTE PROCEDURE hubd_changed_rpms();
    CREATE TRIGGER hubd_tag_named AFTER UPDATE OF id, name ON tag FOR EACH STATEMENT EXECUTE PROCEDURE hubd_changed('all');
    CREATE TRIGGER hubd_package_named AFTER UPDATE OF id, name ON package FOR EACH STATEMENT EXECUTE PROCEDURE hubd_changed('all');
    CREATE TRIGGER hubd_user_named AFTER UPDATE OF id, name ON users FOR EACH STATEMENT EXECUTE PROCEDURE hubd_changed('all');
    CREATE TRIGGER hubd_volume_named AFTER UPDATE OF id, name ON volume FOR EACH STATEMENT EXECUTE PROCEDURE hubd_changed('all');
    CREATE TRIGGER hubd_event_moved AFTER UPDATE ON events FOR EACH STATEMENT EXECUTE PROCEDURE hubd_changed('all');
END $$;

CREATE TRIGGER hubd_listing_added AFTER INSERT ON tag_listing BEGIN
    INSERT INTO hubd_changes (kind, tag_id, build_id) VALUES ('listing', new.tag_id, new.build_id);
END;

CREATE TRIGGER hubd_listing_changed AFTER UPDATE ON tag_listing BEGIN
    INSERT INTO hubd_changes (kind, tag_id, build_id) VALUES ('listing', old.tag_id, old.build_id), ('listing', new.tag_id, new.build_id);
END;

CREATE TRIGGER hubd_listing_removed AFTER DELETE ON tag_listing BEGIN
    INSERT INTO hubd_changes (kind, tag_id, build_id) VALUES ('listing', old.tag_id, old.build_id);
END;

CREATE TRIGGER hubd_packages_added AFTER INSERT ON tag_packages BEGIN
    INSERT INTO hubd_changes (kind, tag_id) VALUES ('packages', new.tag_id);
END;

CREATE TRIGGER hubd_packages_changed AFTER UPDATE ON tag_packages BEGIN
    INSERT INTO hubd_changes (kind, tag_id) VALUES ('packages', old.tag_id), ('packages', new.tag_id);
END;

CREATE TRIGGER hubd_packages_removed AFTER DELETE ON tag_packages BEGIN
    INSERT INTO hubd_changes (kind, tag_id) VALUES ('packages', old.tag_id);
END;

CREATE TRIGGER hubd_owners_added AFTER INSERT ON tag_package_owners BEGIN
    INSERT INTO hubd_changes (kind, tag_id) VALUES ('packages', new.tag_id);
END;

CREATE TRIGGER hubd_owners_changed AFTER UPDATE ON tag_package_owners BEGIN
    INSERT INTO hubd_changes (kind, tag_id) VALUES ('packages', old.tag_id), ('packages', new.tag_id);
END;

CREATE TRIGGER hubd_owners_removed AFTER DELETE ON tag_package_owners BEGIN
    INSERT INTO hubd_changes (kind, tag_id) VALUES ('packages', old.tag_id);
END;

CREATE TRIGGER hubd_inheritance_added AFTER INSERT ON tag_inheritance BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('inheritance');
END;

CREATE TRIGGER hubd_inheritance_changed AFTER UPDATE ON tag_inheritance BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('inheritance');
END;

CREATE TRIGGER hubd_inheritance_removed AFTER DELETE ON tag_inheritance BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('inheritance');
END;

CREATE TRIGGER hubd_build_changed AFTER UPDATE ON build BEGIN
    INSERT INTO hubd_changes (kind, build_id) VALUES ('build', old.id);
END;

CREATE TRIGGER hubd_build_removed AFTER DELETE ON build BEGIN
    INSERT INTO hubd_changes (kind, build_id) VALUES ('build', old.id);
END;

CREATE TRIGGER hubd_rpms_added AFTER INSERT ON rpminfo WHEN new.build_id IS NOT NULL BEGIN
    INSERT INTO hubd_changes (kind, build_id) VALUES ('rpms', new.build_id);
END;

CREATE TRIGGER hubd_rpms_changed AFTER UPDATE ON rpminfo BEGIN
    INSERT INTO hubd_changes (kind, build_id) VALUES ('rpms', coalesce(old.build_id, 0)), ('rpms', coalesce(new.build_id, 0));
END;

CREATE TRIGGER hubd_rpms_removed AFTER DELETE ON rpminfo WHEN old.build_id IS NOT NULL BEGIN
    INSERT INTO hubd_changes (kind, build_id) VALUES ('rpms', old.build_id);
END;

CREATE TRIGGER hubd_tag_named AFTER UPDATE OF id, name ON tag BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('all');
END;

CREATE TRIGGER hubd_package_named AFTER UPDATE OF id, name ON package BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('all');
END;

CREATE TRIGGER hubd_user_named AFTER UPDATE OF id, name ON users BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('all');
END;

CREATE TRIGGER hubd_volume_named AFTER UPDATE OF id, name ON volume BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('all');
END;

CREATE TRIGGER hubd_event_moved AFTER UPDATE ON events BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('all');
END;

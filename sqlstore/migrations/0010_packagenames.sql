-- The names of all packages are kept in memory too, for searches (see 0009). That one is renamed was noted already.

DO $$ BEGIN
    DROP TRIGGER IF EXISTS hubd_package_listed ON package;
    CREATE TRIGGER hubd_package_listed AFTER INSERT OR DELETE ON package FOR EACH STATEMENT EXECUTE PROCEDURE hubd_changed('names');
END $$;

CREATE TRIGGER hubd_package_added AFTER INSERT ON package BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('names');
END;

CREATE TRIGGER hubd_package_removed AFTER DELETE ON package BEGIN
    INSERT INTO hubd_changes (kind) VALUES ('names');
END;

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"time"

	"koji/sqlstore"
)

// The data set: 200 tags in 25 families of 8 levels, each level inheriting from the one before, 5,000 packages, 50,000
// builds with 4 rpms and 6 tasks each, and one tag that holds 20,000 builds. All of it follows from the numbers here.
const (
	packages = 5000
	builds   = 10 * packages
	families = 25
	levels   = 8
	perTag   = 175 // packages of a family's tag: 1,400 a family
	hosts    = 100
	users    = 200
	waiting  = 300 // tasks that are free, open or assigned

	bigTag        = "big"
	bigTagID      = 1000
	firstUser     = 1001
	firstHostUser = 2001
	firstHost     = 11
	tasksABuild   = 6
)

func packageName(i int) string         { return fmt.Sprintf("package%04d", i) }
func familyTag(family, lvl int) string { return fmt.Sprintf("family%d-level%d", 100+family, lvl) }
func treeRoot(build int) int           { return (build-1)*tasksABuild + 1 }

// moment is a time, given as seconds since the epoch, as an engine's SQL has it.
func moment(engine, seconds string) string {
	if engine == "postgres" {
		return "to_timestamp(" + seconds + ")"
	}
	return "((" + seconds + ") * 1000000 + 754275)"
}

// fill makes the schema and the data in an empty database.
func fill(ctx context.Context, db *sql.DB, engine, dsn string, log io.Writer) error {
	start := time.Now()
	fmt.Fprintf(log, "making the data set on %s…\n", engine)
	s, err := sqlstore.Open(ctx, dsn)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, st := range statements(engine) {
		if _, err := tx.ExecContext(ctx, st); err != nil {
			head, _, _ := strings.Cut(strings.TrimSpace(st), "\n")
			return fmt.Errorf("make data set: %s: %w", head, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	fmt.Fprintf(log, "made in %.1f s\n", time.Since(start).Seconds())
	return nil
}

// numbers is the beginning of a statement over n(i), the numbers from 0 to count-1.
func numbers(count int) string {
	return fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)`, count)
}

// document is the request of a task, which has the expression in it as its first parameter.
func document(first string) string {
	return `'<?xml version=''1.0''?>
<methodCall>
<methodName>buildArch</methodName>
<params>
<param>
<value><string>' || ` + first + ` || '</string></value>
</param>
<param>
<value><string>family101-candidate</string></value>
</param>
<param>
<value><string>x86_64</string></value>
</param>
<param>
<value><struct>
<member>
<name>repo_id</name>
<value><int>12345</int></value>
</member>
<member>
<name>keep_srpm</name>
<value><boolean>1</boolean></value>
</member>
</struct></value>
</param>
</params>
</methodCall>
'`
}

func statements(engine string) []string {
	const epoch = 1750000000
	at := func(format string, args ...any) string { return moment(engine, fmt.Sprintf(format, args...)) }
	// name is the SQL of packageName for an expression.
	name := func(number string) string {
		return fmt.Sprintf(`'package' || substr(CAST(10000 + %s AS TEXT), 2)`, number)
	}
	hash := func(number string) string {
		return fmt.Sprintf(`CAST(1000000000000000 + %s * CAST(7919000017 AS BIGINT) AS TEXT) || CAST(2000000000000000 + %s * CAST(104729003 AS BIGINT) AS TEXT)`, number, number)
	}
	tagged := fmt.Sprintf(`%d + tg.i / %d`, bigTagID+1, perTag) // of the numbers of all entries of the families' tags
	pkg := fmt.Sprintf(`(tg.i / %d * %d + tg.i %% %d) %% %d`, perTag*levels, perTag*levels, perTag*levels, packages)
	const version, release = `'1.' || (b.i % 10)`, `'1.el9'`

	all := []string{
		numbers(400000) + ` INSERT INTO events (id, time) SELECT 1000 + i, ` + at("%d + i", epoch) + ` FROM n`,
		numbers(users) + fmt.Sprintf(` INSERT INTO users (id, name, status, usertype) SELECT %d + i, 'packager' || i, 0, 0 FROM n`, firstUser),
		numbers(hosts) + fmt.Sprintf(` INSERT INTO users (id, name, status, usertype) SELECT %d + i, 'builder' || i || '.example.org', 0, 1 FROM n`, firstHostUser),
		numbers(hosts) + fmt.Sprintf(` INSERT INTO host (id, user_id, name, update_time, ready) SELECT %d + i, %d + i, 'builder' || i || '.example.org', %s, FALSE FROM n`,
			firstHost, firstHostUser, at("%d", epoch)),
		numbers(hosts) + fmt.Sprintf(` INSERT INTO host_config (host_id, arches, capacity, description, comment, enabled, create_event, creator_id, active)
			SELECT %d + i, 'x86_64 i686', 4.0, 'a builder', NULL, TRUE, 1001, 1001, TRUE FROM n`, firstHost),
		numbers(hosts) + fmt.Sprintf(` INSERT INTO host_channels (host_id, channel_id, create_event, creator_id, active)
			SELECT %d + i, 1, 1001, 1001, TRUE FROM n`, firstHost),

		// makeTask is for admins.
		numbers(users) + fmt.Sprintf(` INSERT INTO user_perms (user_id, perm_id, create_event, creator_id, active)
			SELECT %d + i, (SELECT id FROM permissions WHERE name = 'admin'), 1001, 1001, TRUE FROM n`, firstUser),

		numbers(packages) + ` INSERT INTO package (id, name) SELECT i + 1, ` + name("i + 1") + ` FROM n`,
		numbers(families*levels) + fmt.Sprintf(` INSERT INTO tag (id, name) SELECT %d + i, 'family' || (100 + i / %d) || '-level' || (i %% %d) FROM n`, bigTagID+1, levels, levels),
		fmt.Sprintf(`INSERT INTO tag (id, name) VALUES (%d, '%s')`, bigTagID, bigTag),
		fmt.Sprintf(`INSERT INTO tag_config (tag_id, arches, create_event, creator_id, active)
			SELECT id, 'x86_64 i686', 1001, 1001, TRUE FROM tag WHERE id >= %d`, bigTagID),
		fmt.Sprintf(`INSERT INTO tag_inheritance (tag_id, parent_id, priority, intransitive, noconfig, pkg_filter, create_event, creator_id, active)
			SELECT id, id - 1, 0, FALSE, FALSE, '', 1001, 1001, TRUE FROM tag WHERE id > %d AND (id - %d) %% %d <> 0`, bigTagID, bigTagID+1, levels),
		fmt.Sprintf(`INSERT INTO tag_inheritance (tag_id, parent_id, priority, intransitive, noconfig, pkg_filter, create_event, creator_id, active)
			VALUES (%d, %d, 0, FALSE, FALSE, '', 1001, 1001, TRUE)`, bigTagID, bigTagID+levels),

		numbers(builds*tasksABuild) + fmt.Sprintf(` INSERT INTO task (id, state, create_time, start_time, completion_time, channel_id, host_id, parent, label,
				waiting, awaited, owner, method, request, result, arch, priority, weight)
			SELECT i + 1, CASE WHEN i %% 997 = 0 THEN 5 ELSE 2 END, %s, %s, %s, 1, %d + i %% %d,
				CASE WHEN i %% %d = 0 THEN NULL ELSE i / %d * %d + 1 END,
				CASE i %% %d WHEN 0 THEN NULL WHEN 1 THEN 'srpm' WHEN 2 THEN 'x86_64' WHEN 3 THEN 'i686' WHEN 4 THEN 'aarch64' ELSE 'tag' END,
				CASE WHEN i %% %d = 0 THEN FALSE ELSE NULL END, CASE WHEN i %% %d = 0 THEN NULL ELSE FALSE END, %d + i / %d %% %d,
				CASE i %% %d WHEN 0 THEN 'build' WHEN 1 THEN 'buildSRPMFromSCM' WHEN 5 THEN 'tagBuild' ELSE 'buildArch' END,
				%s, '<?xml version=''1.0''?>
<methodResponse>
<params>
<param>
<value><array><data>
<value><string>tasks/' || i || '/package-1.0-1.el9.x86_64.rpm</string></value>
</data></array></value>
</param>
</params>
</methodResponse>
', CASE WHEN i %% %d IN (0, 1, 5) THEN 'noarch' ELSE 'x86_64' END, 20, 1.5 FROM n`,
			at("%d + i", epoch), at("%d + i + 2", epoch), at("%d + i + 300", epoch), firstHost, hosts,
			tasksABuild, tasksABuild, tasksABuild, tasksABuild, tasksABuild, tasksABuild, firstUser, tasksABuild, users, tasksABuild,
			document(`'git+https://src.example.org/rpms/package' || i || '?#4d2c9a7b1e8f60354d2c9a7b1e8f60354d2c9a7b'`), tasksABuild),
		// The newest trees are under way.
		fmt.Sprintf(`UPDATE task SET result = NULL, completion_time = NULL, state = CASE id %% 3 WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE 4 END,
			start_time = CASE id %% 3 WHEN 1 THEN start_time ELSE NULL END, host_id = CASE id %% 3 WHEN 0 THEN NULL ELSE host_id END
			WHERE id > %d`, builds*tasksABuild-waiting),

		numbers(builds) + fmt.Sprintf(` INSERT INTO build (id, volume_id, pkg_id, version, release, epoch, draft, source, create_event, start_time,
				completion_time, state, task_id, owner, extra)
			SELECT b.i + 1, 0, b.i / 10 + 1, %s, %s, NULL, FALSE, 'git+https://src.example.org/rpms/' || %s || '#4d2c9a7b1e8f60354d2c9a7b1e8f60354d2c9a7b',
				1000 + b.i, %s, %s, 1, b.i * %d + 1, %d + b.i %% %d, NULL FROM n b`,
			version, release, name("(b.i / 10 + 1)"), at("%d + b.i * 6", epoch), at("%d + b.i * 6 + 300", epoch), tasksABuild, firstUser, users),
		numbers(builds) + ` INSERT INTO build_types (build_id, btype_id) SELECT i + 1, (SELECT id FROM btype WHERE name = 'rpm') FROM n`,
		numbers(builds) + ` INSERT INTO buildroot (id, br_type, cg_id, cg_version, container_arch, container_type, host_arch, host_os, extra)
			SELECT i + 1, 0, NULL, NULL, 'x86_64', 'chroot', 'x86_64', 'Linux', NULL FROM n`,
		numbers(builds*4) + fmt.Sprintf(` INSERT INTO rpminfo (id, build_id, buildroot_id, name, version, release, epoch, arch, draft, external_repo_id,
				payloadhash, size, buildtime, metadata_only, extra)
			SELECT b.i + 1, b.i / 4 + 1, b.i / 4 + 1, %s || CASE b.i %% 4 WHEN 2 THEN '-libs' WHEN 3 THEN '-devel' ELSE '' END, '1.' || (b.i / 4 %% 10), %s, NULL,
				CASE b.i %% 4 WHEN 0 THEN 'src' ELSE 'x86_64' END, FALSE, 0, %s, 100000 + b.i, %d + b.i, FALSE, NULL FROM n b`,
			name("(b.i / 40 + 1)"), release, hash("b.i"), epoch),

		numbers(families*levels*perTag) + fmt.Sprintf(` INSERT INTO tag_packages (package_id, tag_id, blocked, extra_arches, create_event, creator_id, active)
			SELECT %s + 1, %s, FALSE, '', 2000 + tg.i, 1001, TRUE FROM n tg`, pkg, tagged),
		numbers(families*levels*perTag) + fmt.Sprintf(` INSERT INTO tag_package_owners (package_id, tag_id, owner, create_event, creator_id, active)
			SELECT %s + 1, %s, %d + tg.i %% %d, 2000 + tg.i, 1001, TRUE FROM n tg`, pkg, tagged, firstUser, users),
		numbers(packages) + fmt.Sprintf(` INSERT INTO tag_packages (package_id, tag_id, blocked, extra_arches, create_event, creator_id, active)
			SELECT i + 1, %d, FALSE, '', 2000 + i, 1001, TRUE FROM n`, bigTagID),
		numbers(packages) + fmt.Sprintf(` INSERT INTO tag_package_owners (package_id, tag_id, owner, create_event, creator_id, active)
			SELECT i + 1, %d, %d + i %% %d, 2000 + i, 1001, TRUE FROM n`, bigTagID, firstUser, users),
		// Two builds of each package in a family's tag, the four newest in the big one.
		numbers(families*levels*perTag*2) + fmt.Sprintf(` INSERT INTO tag_listing (build_id, tag_id, create_event, creator_id, active)
			SELECT (%s) * 10 + tg.j %% 2 + tg.i / %d %% %d + 1, %s, 60000 + tg.j, 1001, TRUE FROM (SELECT i / 2 AS i, i AS j FROM n) tg`, pkg, perTag, levels, tagged),
		numbers(builds) + fmt.Sprintf(` INSERT INTO tag_listing (build_id, tag_id, create_event, creator_id, active)
			SELECT i + 1, %d, 200000 + i, 1001, TRUE FROM n WHERE i %% 10 >= 6`, bigTagID),
	}
	if engine == "postgres" {
		all = append([]string{`SET LOCAL session_replication_role = replica`}, all...)
		for _, table := range []string{"events", "users", "host", "package", "tag", "task", "build", "buildroot", "rpminfo"} {
			all = append(all, `SELECT setval(pg_get_serial_sequence('`+table+`', 'id'), (SELECT max(id) FROM `+table+`))`)
		}
	}
	return all
}

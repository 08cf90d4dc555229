package hubd

import (
	"maps"
	"slices"
	"testing"

	"koji"
	"koji/sqlstore"
)

// The tables that answer a filter, and how many rows each gives.
func TestHistory(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		admin := "kojiadmin"
		h.call(admin, "createTag", "par")
		h.call(admin, "createTag", "t", "par", "x86_64", named(koji.Named{"extra": map[string]any{"k": 1}}))
		e0 := h.call("", "getLastEvent")
		h.call(admin, "createTag", "dest")
		h.call(admin, "packageListAdd", "t", "p", "alice")
		h.build("p", "1", "2")
		h.call(admin, "tagBuildBypass", "t", "p-1-2")
		h.call(admin, "groupListAdd", "t", "g")
		h.call(admin, "groupListAdd", "t", "q")
		h.call(admin, "groupPackageListAdd", "t", "g", "p")
		h.call(admin, "groupReqListAdd", "t", "g", "q")
		h.call(admin, "createExternalRepo", "x", "http://example.com/x/")
		h.call(admin, "addExternalRepoToTag", "t", "x", 5)
		h.call(admin, "createBuildTarget", "tgt", "t", "dest")
		e1 := h.call("", "getLastEvent")
		h.call(admin, "editTag2", "t", named(koji.Named{"perm": "admin", "extra": map[string]any{"k": 2}}))
		h.call(admin, "grantPermission", "alice", "tag")
		h.call("alice", "createTag", "mine", named(koji.Named{"extra": map[string]any{"k": 3}}))
		event := func(e any) any { return pick(e, "id")[0] }

		counts := func(filters koji.Named) map[string]int64 {
			filters["queryOpts"] = map[string]any{"countOnly": true}
			got := map[string]int64{}
			for table, n := range h.call("", "queryHistory", named(filters)).(map[string]any) {
				got[table] = n.(int64)
			}
			delete(filters, "queryOpts")
			for table, rows := range h.call("", "queryHistory", named(filters)).(map[string]any) {
				if int64(len(rows.([]any))) != got[table] {
					t.Errorf("%v of %s: %d rows, but %d are counted", filters, table, len(rows.([]any)), got[table])
				}
			}
			return got
		}
		for _, test := range []struct {
			name    string
			filters koji.Named
			want    map[string]int64
		}{
			{"tag", koji.Named{"tag": "t"}, map[string]int64{
				"build_target_config": 0, "group_config": 2, "group_package_listing": 1, "group_req_listing": 1, "tag_config": 2, "tag_external_repos": 1,
				"tag_extra": 2, "tag_inheritance": 1, "tag_listing": 1, "tag_package_owners": 1, "tag_packages": 1,
			}},
			{"parent", koji.Named{"tag": "par", "tables": []string{"tag_inheritance"}}, map[string]int64{"tag_inheritance": 1}},
			{"destination", koji.Named{"tag": "dest", "tables": []string{"build_target_config"}}, map[string]int64{"build_target_config": 1}},
			{"target", koji.Named{"build_target": "tgt"}, map[string]int64{"build_target_config": 1}},
			{"build", koji.Named{"build": "p-1-2"}, map[string]int64{"tag_listing": 1}},
			{"build and tag", koji.Named{"build": "p-1-2", "tag": "par"}, map[string]int64{"tag_listing": 0}},
			{"package", koji.Named{"package": "p"}, map[string]int64{"group_package_listing": 1, "tag_listing": 1, "tag_package_owners": 1, "tag_packages": 1}},
			{"user", koji.Named{"user": "alice"}, map[string]int64{"cg_users": 0, "tag_package_owners": 1, "user_groups": 0, "user_perms": 1}},
			{"permission", koji.Named{"permission": "admin"}, map[string]int64{"tag_config": 1, "user_perms": 1}},
			{"group", koji.Named{"group": "g"}, map[string]int64{"group_config": 1, "group_package_listing": 1, "group_req_listing": 0}},
			{"required group", koji.Named{"group": "q", "tables": []string{"group_req_listing"}}, map[string]int64{"group_req_listing": 1}},
			{"external repo", koji.Named{"external_repo": "x"}, map[string]int64{"external_repo_config": 1, "external_repo_data": 0, "tag_external_repos": 1}},
			{"host", koji.Named{"host": "builder1"}, map[string]int64{"host_channels": 1, "host_config": 1}},
			{"unknown host", koji.Named{"host": "nosuch"}, map[string]int64{"host_channels": 0, "host_config": 0}},
			{"channel", koji.Named{"channel": "default"}, map[string]int64{"host_channels": 2}},
			{"extra key", koji.Named{"xkey": "k", "tag": "t"}, map[string]int64{"tag_extra": 2}},
			{"another key", koji.Named{"xkey": "j"}, map[string]int64{"tag_extra": 0}},
			{"active", koji.Named{"tag": "t", "tables": []string{"tag_config"}, "active": true}, map[string]int64{"tag_config": 1}},
			{"not active", koji.Named{"tag": "t", "tables": []string{"tag_config"}, "active": false}, map[string]int64{"tag_config": 1}},
			{"editor", koji.Named{"editor": "alice", "tables": []string{"tag_config", "tag_extra"}}, map[string]int64{"tag_config": 1, "tag_extra": 1}},
			{"after an event", koji.Named{"tag": "t", "tables": []string{"tag_config", "tag_packages"}, "afterEvent": event(e1)}, map[string]int64{"tag_config": 2, "tag_packages": 0}},
			{"before an event", koji.Named{"tag": "t", "tables": []string{"tag_config", "tag_packages"}, "beforeEvent": event(e1)}, map[string]int64{"tag_config": 1, "tag_packages": 1}},
			{"before all", koji.Named{"tag": "t", "tables": []string{"tag_config"}, "beforeEvent": event(e0)}, map[string]int64{"tag_config": 0}},
			{"after a time", koji.Named{"tag": "t", "tables": []string{"tag_config"}, "after": pick(e1, "ts")[0]}, map[string]int64{"tag_config": 2}},
			{"before a time", koji.Named{"tables": []string{"tag_config"}, "before": "2001-01-01 00:00:00"}, map[string]int64{"tag_config": 0}},
			{"a date", koji.Named{"tag": "t", "tables": []string{"tag_config"}, "after": "2001-01-01"}, map[string]int64{"tag_config": 2}},
			{"an event beyond all", koji.Named{"tag": "t", "tables": []string{"tag_config"}, "afterEvent": int64(1) << 40}, map[string]int64{"tag_config": 0}},
			{"unknown filter", koji.Named{"bogus": 1, "tables": []string{"external_repo_config"}}, map[string]int64{"external_repo_config": 1}},
			{"no table", koji.Named{"tables": []string{}, "tag": "nosuch"}, map[string]int64{}},
			{"no table that fits", koji.Named{"tables": []string{"tag_config"}, "package": "nosuch"}, map[string]int64{}},
		} {
			want(t, test.name, test.want, counts(test.filters))
		}
		want(t, "tables", sqlstore.HistoryTables(), slices.Sorted(maps.Keys(counts(koji.Named{}))))

		row := h.call("", "queryHistory", named(koji.Named{"tables": []string{"tag_listing"}, "editor": admin, "afterEvent": event(e0)})).(map[string]any)["tag_listing"].([]any)[0]
		want(t, "a row", []any{"p", "1", "2", nil, int64(1), "t", admin, true, true, nil, true, nil},
			pick(row, "name", "version", "release", "epoch", "build.state", "tag.name", "creator_name", "active",
				"_created_by", "_revoked_by", "_created_after_event", "_revoked_after_event"))
		extra := h.call("", "queryHistory", named(koji.Named{"tables": []string{"tag_extra"}, "tag": "t", "queryOpts": map[string]any{"order": "-create_event"}}))
		want(t, "values of extra", []any{"2", "1"}, column(extra.(map[string]any)["tag_extra"], "value"))
		many := h.multi(admin, one("queryHistory", named(koji.Named{"tag": "t"})), one("createTag", "late"))
		want(t, "in a multiCall that writes", 11, len(many[0].([]any)[0].(map[string]any)))

		for _, filter := range []string{"tag", "build", "package", "user", "editor", "permission", "cg", "external_repo", "build_target", "group"} {
			h.wantFault(koji.CodeGeneric, "", "queryHistory", named(koji.Named{filter: "nosuch-1-1"}))
		}
		h.wantFault(koji.CodeGeneric, "", "queryHistory", []string{"nosuch"})
		h.wantFault(koji.CodeGeneric, "", "queryHistory", []string{"users"})
		h.wantFault(koji.CodeParameter, "", "queryHistory", named(koji.Named{"afterEvent": "x"}))
		h.wantFault(koji.CodeParameter, "", "queryHistory", named(koji.Named{"after": "x"}))
		h.wantFault(koji.CodeOther, "", "queryHistory", []string{"tag_config"}, named(koji.Named{"queryOpts": map[string]any{"order": "nosuch"}}))
	})
}

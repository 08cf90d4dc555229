package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestNothingToList holds that --json gives data where there is nothing, and that
// --quiet then says nothing.
func TestNothingToList(t *testing.T) {
	t.Parallel()
	none := []any{}
	a := answers{
		"getLoggedInUser": map[string]any{"id": int64(1), "name": "alice", "krb_principal": nil, "authtype": int64(0), "usertype": int64(0), "status": int64(0)},
		"getUser":         map[string]any{"id": int64(1), "name": "alice"},
		"getTag":          map[string]any{"id": int64(1), "name": "f40", "arches": "", "extra": map[string]any{}},
		"getPackage":      map[string]any{"id": int64(1), "name": "foo"},
		"getPackageID":    int64(1),
		"queryHistory":    map[string]any{},
		"getBuildroot":    map[string]any{"id": int64(1)},
		"untaggedBuilds":  none,
		"readTaggedRPMS":  []any{none, none},
		"listTaggedRPMS":  []any{none, none},
	}
	for _, method := range []string{
		"listTags", "getBuildTargets", "listPackages", "listHosts", "listChannels", "listUsers", "getAllPerms", "listVolumes", "listExternalRepos",
		"listTasks", "listBuilds", "getBuildNotifications", "getBuildNotificationBlocks", "listSideTags", "getTagExternalRepos", "getTagGroups",
		"listTagged", "getFullInheritance", "getLatestBuilds", "scheduler.getTaskRuns", "scheduler.getLogMessages", "search", "listBTypes",
		"listRPMs", "queryRPMSigs", "getUserPerms", "_listapi", "listArchives",
	} {
		a[method] = none
	}
	h := newFakeHub(t, a)
	lines := map[string]string{
		"list-builds": "--package foo", "list-tagged": "f40", "list-tag-inheritance": "f40", "list-groups": "f40", "latest-build": "--all f40", "search": "tag x",
		"list-buildroot": "1", "list-sidetags": "--user alice", "list-tasks": "--mine", "list-history": "--all", "list-notifications": "--mine",
	}
	eachCommand(t, func(t *testing.T, cmd *cobra.Command) {
		args, given := lines[cmd.Name()]
		switch cmd.Name() {
		case "list-signed", "list-pkgs": // need files, or fail if there is nothing
			return
		}
		if !given && !strings.HasPrefix(cmd.Name(), "list-") && cmd.Name() != "scheduler-info" && cmd.Name() != "scheduler-logs" {
			return
		}
		words := append([]string{cmd.Name()}, strings.Fields(args)...)
		got := h.run(t, append([]string{"--json"}, words...)...)
		if got.code != 0 || got.err != "" {
			t.Fatalf("%d: %s", got.code, got.err)
		}
		if got.out != "" && !json.Valid([]byte(got.out)) {
			t.Errorf("no JSON: %q", got.out)
		}
		// These say something even so, as Koji's client does.
		if cmd.Name() == "list-tag-inheritance" || cmd.Name() == "list-tasks" {
			return
		}
		if got := h.run(t, append([]string{"--quiet"}, words...)...); got.code != 0 || got.out != "" {
			t.Errorf("%d: --quiet says %q", got.code, got.out)
		}
	})
}

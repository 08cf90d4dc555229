package hubd

import (
	"strings"
	"testing"

	"koji"
)

func TestShowOpts(t *testing.T) {
	t.Parallel()
	eachHub(t, func(cfg *Config) { cfg.Database = "postgres://koji:secret@db/koji?password=secret" }, func(h *testHub) {
		t := h.t
		opts := h.call("kojiadmin", "showOpts", false)
		want(t, "options", []any{true, false, int64(1440), `^[A-Za-z0-9/_.@-]+$`, []any{}, "postgres://koji:xxxxx@db/koji?password=xxxxx"},
			pick(opts, "EnableMaven", "LockOut", "SessionRenewalTimeout", "RegexUserName", "Plugins", "Database"))
		text := h.call("kojiadmin", "showOpts").(string)
		if !strings.Contains(text, "'EnableMaven': True") || strings.Contains(text, "secret") {
			t.Errorf("options as text:\n%s", text)
		}
		h.wantFault(koji.CodeActionNotAllowed, "alice", "showOpts")
		h.wantFault(koji.CodeActionNotAllowed, "", "showOpts", false)
	})
}

func TestRestartHosts(t *testing.T) {
	t.Parallel()
	eachHub(t, nil, func(h *testHub) {
		t := h.t
		options := map[string]any{"channel": "default", "timeout": int64(5)}
		id := h.call("kojiadmin", "restartHosts", 7, options)
		task := h.call("", "getTaskInfo", id, true)
		want(t, "task", []any{"restartHosts", int64(7), "noarch", []any{options}}, pick(task, "method", "priority", "arch", "request"))
		plain := h.call("", "getTaskInfo", h.call("kojiadmin", "restartHosts"), true)
		want(t, "default", []any{int64(5), []any{}}, pick(plain, "priority", "request"))
		h.wantFault(koji.CodeActionNotAllowed, "alice", "restartHosts")
		h.wantFault(koji.CodeParameter, "kojiadmin", "restartHosts", "x")
	})
}

package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"koji"
	"koji/internal/lazyregexp"
	"koji/internal/pylit"
)

type listHistoryOptions struct {
	env                        *Env
	before, after              timeOption
	watch, active, revoked     bool
	context, verbose           bool
	events, everything         bool
	show                       []string
	beforeEvent, afterEventNum int64
}

// historyFilters are the options that choose what history is asked for, with
// the names that queryHistory has for them.
func historyFilters() []struct{ option, key, help string } {
	return []struct{ option, key, help string }{
		{"build", "build", "of this build, by NVR or id"},
		{"package", "package", "of this package"},
		{"tag", "tag", "of this tag"},
		{"editor", "editor", "changes made by this user"},
		{"by", "editor", "the same as --editor"},
		{"user", "user", "of this user"},
		{"permission", "permission", "of this permission"},
		{"cg", "cg", "of this content generator"},
		{"external-repo", "external_repo", "of this external repo"},
		{"erepo", "external_repo", "the same as --external-repo"},
		{"build-target", "build_target", "of this build target"},
		{"target", "build_target", "the same as --build-target"},
		{"group", "group", "of this group of users or packages"},
		{"host", "host", "of this builder, by name or id"},
		{"channel", "channel", "of this channel"},
		{"xkey", "xkey", "of this extra option of tags"},
	}
}

// newListHistoryCommand is koji list-history.
func newListHistoryCommand(env *Env) *cobra.Command {
	o := &listHistoryOptions{env: env}
	cmd := &cobra.Command{
		Use: "list-history [options]", Short: "Show what was changed, when and by whom", GroupID: info,
		Example: "koji list-history --tag f40 --after 2026-01-01", Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), cmd) },
	}
	f := cmd.Flags()
	for _, filter := range historyFilters() {
		f.String(filter.option, "", filter.help)
	}
	f.Var(&o.before, "before", "only what came before this `TIME`")
	f.Var(&o.after, "after", "only what came after this `TIME`")
	f.Int64Var(&o.beforeEvent, "before-event", 0, "only what came before this `EVENT`")
	f.Int64Var(&o.afterEventNum, "after-event", 0, "only what came after this `EVENT`")
	f.BoolVar(&o.watch, "watch", false, "go on and tell what happens")
	f.BoolVar(&o.active, "active", false, "only what is still in force")
	f.BoolVar(&o.revoked, "revoked", false, "only what is no longer in force")
	f.BoolVar(&o.context, "context", false, "also the other end of what is shown")
	f.StringArrayVarP(&o.show, "show", "s", nil, "only this `TABLE`; can be given more than once")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell what exactly was changed")
	f.BoolVarP(&o.events, "events", "e", false, "tell the number of each event")
	f.BoolVar(&o.everything, "all", false, "the history of everything")
	f.BoolVar(&env.globals.debug, "debug", env.globals.debug, "the same as the global option")
	f.Lookup("debug").Hidden = true
	return withData(env, cmd)
}

func (o *listHistoryOptions) run(ctx context.Context, cmd *cobra.Command) error {
	filter, err := o.filter(cmd)
	if err != nil {
		return err
	}
	s, err := o.env.Anonymous(ctx)
	if err != nil {
		return err
	}
	last := int64(0)
	for {
		entries, err := o.ask(ctx, s, filter)
		if err != nil {
			return err
		}
		if err := o.print(entries); err != nil {
			return err
		}
		if !o.watch {
			return nil
		}
		if len(entries) > 0 {
			last = max(last, entries[len(entries)-1].event)
		}
		if last > 0 {
			filter["afterEvent"] = last
		}
		timer := time.NewTimer(o.env.profile.PollInterval)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (o *listHistoryOptions) filter(cmd *cobra.Command) (koji.Named, error) {
	filter := koji.Named{}
	f := cmd.Flags()
	for _, x := range historyFilters() {
		if !f.Changed(x.option) {
			continue
		}
		value := f.Lookup(x.option).Value.String()
		filter[x.key] = value
		if x.key == "build" || x.key == "host" {
			filter[x.key] = idOrName(value)
		}
	}
	if o.before.ts != nil {
		filter["before"] = *o.before.ts
	}
	if o.after.ts != nil {
		filter["after"] = *o.after.ts
	}
	if o.beforeEvent != 0 {
		filter["beforeEvent"] = o.beforeEvent
	}
	if o.afterEventNum != 0 {
		filter["afterEvent"] = o.afterEventNum
	}
	switch {
	case o.active && o.revoked:
		return nil, usagef("--active and --revoked exclude each other")
	case o.active:
		filter["active"] = true
	case o.revoked:
		filter["active"] = false
	}
	if len(filter) == 0 && !o.everything && len(o.show) == 0 {
		return nil, usagef("Please say what history is wanted, or ask for everything with --all")
	}
	if len(o.show) > 0 {
		var tables []string
		for _, word := range o.show {
			tables = append(tables, strings.FieldsFunc(word, func(r rune) bool { return r == ',' || r == ' ' })...)
		}
		filter["tables"] = tables
	}
	return filter, nil
}

// historyRow is a row of a versioned table, with its names under dotted keys.
type historyRow map[string]any

func (r historyRow) event(key string) (int64, bool) {
	n, ok := r[key].(int64)
	return n, ok
}

// matches says whether the end of a row that starts with prefix is what was
// asked for: the hub adds keys that tell, such as _created_after.
func (r historyRow) matches(prefix string) bool {
	for key, v := range r {
		if strings.HasPrefix(key, prefix) && v != true && v != int64(1) {
			return false
		}
	}
	return true
}

// historyEntry is something that happened to a row: it was made, ended, or
// replaced by another.
type historyEntry struct {
	event    int64
	table    string
	row, old historyRow // old: what an edit replaced
	ended    bool
}

// ask asks the hub, and puts what happened in order.
func (o *listHistoryOptions) ask(ctx context.Context, s *koji.Session, filter koji.Named) ([]historyEntry, error) {
	var tables map[string][]historyRow
	if err := s.Call(ctx, "queryHistory", &tables, filter); err != nil {
		return nil, err
	}
	var entries []historyEntry
	for table, rows := range tables {
		for _, row := range rows {
			if e, ok := row.event("create_event"); ok && (o.context || row.matches("_created_")) {
				entries = append(entries, historyEntry{event: e, table: table, row: row})
			}
			if e, ok := row.event("revoke_event"); ok && (o.context || row.matches("_revoked_")) {
				entries = append(entries, historyEntry{event: e, table: table, row: row, ended: true})
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b historyEntry) int {
		return cmp.Or(cmp.Compare(a.event, b.event), cmp.Compare(a.table, b.table), strings.Compare(historyKey(a.table, a.row), historyKey(b.table, b.row)))
	})
	return edits(entries), nil
}

// historyKeys are the columns by which a row of a table is the same thing as
// one before it; of other tables all names count.
func historyKeys(table string) []string {
	return map[string][]string{
		"tag_listing": {"build_id", "tag_id"}, "user_perms": {"user_id", "perm_id"}, "user_groups": {"user_id", "group_id"},
		"cg_users": {"user_id", "cg_id"}, "tag_packages": {"package_id", "tag_id"}, "tag_package_owners": {"package_id", "tag_id"},
		"tag_inheritance": {"tag_id", "parent_id"}, "tag_config": {"tag_id"}, "tag_extra": {"tag_id", "key"}, "host_config": {"host_id"},
		"host_channels": {"host_id", "channel_id"}, "build_target_config": {"build_target_id"}, "external_repo_config": {"external_repo_id"},
		"tag_external_repos": {"tag_id", "external_repo_id"}, "group_config": {"group_id", "tag_id"},
		"group_req_listing": {"group_id", "tag_id", "req_id"}, "group_package_listing": {"group_id", "tag_id", "package"},
	}[table]
}

func historyKey(table string, row historyRow) string {
	var b strings.Builder
	for _, key := range historyKeys(table) {
		fmt.Fprintf(&b, "%012v ", row[key])
	}
	return b.String()
}

// edits joins a row's end and the beginning of the one that takes its place at
// the same event.
func edits(entries []historyEntry) []historyEntry {
	var out []historyEntry
	for _, e := range entries {
		if n := len(out) - 1; n >= 0 {
			last := &out[n]
			same := last.event == e.event && last.table == e.table && last.old == nil && last.ended != e.ended &&
				len(historyKeys(e.table)) > 0 && historyKey(last.table, last.row) == historyKey(e.table, e.row)
			if same {
				if e.ended {
					last.old = e.row
				} else {
					last.old, last.row, last.ended = last.row, e.row, false
				}
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

// happening is what a table's rows tell of: made, ended or edited, each between
// two texts that name it. Names of columns are in braces.
type happening struct {
	before              string
	made, ended, edited string
	after               string
}

func happenings() map[string]happening {
	return map[string]happening{
		"tag_listing":           {"{name}-{version}-{release} ", "tagged into", "untagged from", "re-tagged into", " {tag.name}"},
		"user_perms":            {"permission {permission.name} ", "granted to", "revoked for", "re-granted to", " {user.name}"},
		"user_groups":           {"user {user.name} ", "added to", "removed from", "re-added to", " group {group.name}"},
		"cg_users":              {"user {user.name} ", "added to", "removed from", "re-added to", " content generator {content_generator.name}"},
		"tag_packages":          {"package list entry ", "created: {}", "revoked: {}", "for {} updated", "{package.name} in {tag.name}"},
		"tag_package_owners":    {"package owner ", "{owner.name} set for {}", "{owner.name} revoked for {}", "changed for {}", "{package.name} in {tag.name}"},
		"tag_inheritance":       {"inheritance line {tag.name}->{parent.name} ", "added", "removed", "updated", ""},
		"tag_config":            {"", "new tag: {}", "tag deleted: {}", "tag configuration for {} altered", "{tag.name}"},
		"tag_extra":             {"", "added tag option {key} for tag {}", "tag option {key} removed for {}", "tag option {key} for {} altered", "{tag.name}"},
		"host_config":           {"", "new host: {}", "host deleted: {}", "host configuration for {} altered", "{host.name}"},
		"host_channels":         {"host {host.name} ", "added to", "removed from", "re-added to", " channel {channels.name}"},
		"build_target_config":   {"", "new build target: {}", "build target deleted: {}", "build target configuration for {} updated", "{build_target.name}"},
		"external_repo_config":  {"", "new external repo: {}", "external repo deleted: {}", "external repo configuration for {} altered", "{external_repo.name}"},
		"tag_external_repos":    {"external repo entry for {external_repo.name} ", "added to {}", "removed from {}", "in {} updated", "tag {tag.name}"},
		"group_config":          {"group {group.name} ", "added to {}", "removed from {}", "configuration for {} updated", "tag {tag.name}"},
		"group_req_listing":     {"group dependency {group.name}->{req.name} ", "added in", "dropped from", "updated in", " tag {tag.name}"},
		"group_package_listing": {"package ", "{package} added to group {group.name} in {}", "{package} removed from group {group.name} in {}", "entry {package} in group {group.name}, {} updated", "tag {tag.name}"},
	}
}

// text is what happened in words: verb is one of h's. What it names stands at
// {}, or behind it.
func (h happening) text(verb string) string {
	if strings.Contains(verb, "{}") {
		return h.before + strings.Replace(verb, "{}", h.after, 1)
	}
	return h.before + verb + h.after
}

var columnRe = lazyregexp.New(`\{[a-z_.]+\}`)

// line is the entry as one line.
func (o *listHistoryOptions) line(e historyEntry) string {
	what, known := happenings()[e.table]
	if !known {
		what = happening{e.table + " entry ", "created", "revoked", "updated", ""}
	}
	verb, when, who := what.made, "create_ts", "creator_name"
	switch {
	case e.old != nil:
		verb = what.edited
	case e.ended:
		verb, when, who = what.ended, "revoke_ts", "revoker_name"
	}
	text := columnRe().ReplaceAllStringFunc(what.text(verb), func(column string) string {
		if v := e.row[strings.Trim(column, "{}")]; v != nil {
			return fmt.Sprint(v)
		}
		return "?"
	})
	ts, _ := e.row[when].(float64)
	line := asctime(koji.FromSeconds(ts))
	if o.events {
		line += fmt.Sprintf(" (eid %d)", e.event)
	}
	line += " " + text
	if name, _ := e.row[who].(string); name != "" {
		line += " by " + name
	}
	if active, _ := e.row["active"].(bool); active && !e.ended {
		line += " [still active]"
	}
	return line
}

// print prints what happened; with --json each entry is a line.
func (o *listHistoryOptions) print(entries []historyEntry) error {
	if o.env.asData() {
		for _, e := range entries {
			item := map[string]any{"event": e.event, "table": e.table, "ended": e.ended, "row": map[string]any(e.row)}
			if e.old != nil {
				item["old"] = map[string]any(e.old)
			}
			if err := o.env.printLines(item); err != nil {
				return err
			}
		}
		return nil
	}
	return o.env.buffered(func(w *bufio.Writer) {
		for _, e := range entries {
			fmt.Fprintln(w, o.env.oneLine(o.line(e)))
			if o.verbose {
				o.details(w, e)
			}
		}
	})
}

// details are the columns of a new row, or those that an edit changed.
func (o *listHistoryOptions) details(w *bufio.Writer, e historyEntry) {
	for _, key := range slices.Sorted(maps.Keys(e.row)) {
		if strings.HasPrefix(key, "_") || strings.HasPrefix(key, "create") || strings.HasPrefix(key, "revoke") || strings.HasPrefix(key, "creator") || key == "active" {
			continue
		}
		is := pylit.Repr(e.row[key])
		switch {
		case e.old == nil:
			fmt.Fprintf(w, "    %s: %s\n", key, o.env.oneLine(is))
		case is != pylit.Repr(e.old[key]):
			fmt.Fprintf(w, "    %s: %s -> %s\n", key, o.env.oneLine(pylit.Repr(e.old[key])), o.env.oneLine(is))
		}
	}
}

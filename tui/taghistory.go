package tui

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"koji"
	"koji/internal/safetext"
)

// tagEvent is an event at which a tag, or one that it inherits from, was changed.
type tagEvent struct {
	id      int64
	ts      float64
	changes []tagChange
}

// tagChange is one thing that was changed.
type tagChange struct {
	mark  mark
	made  bool // the tag itself began
	tag   string
	text  string
	by    string
	build int64 // of builds that were tagged and untagged
}

// historyWindow is how far back the history of a tag is asked for at once, in
// seconds; historyTags of how many tags.
const (
	historyWindow = 30 * 24 * 3600
	historyTags   = 50
)

// tagHistory is a stretch of a tag's history.
type tagHistory struct {
	from, to float64
	events   []tagEvent // the oldest first
}

// askTagHistory asks what was changed at some tags in a time, its end included;
// up to now if that is 0.
func askTagHistory(ctx context.Context, h *hub, tags []int64, from, to float64) (tagHistory, error) {
	filter := koji.Named{"after": from}
	if to != 0 {
		filter["before"] = to
	}
	answers := make([]map[string][]historyRecord, min(len(tags), historyTags))
	m := h.read.Multicall()
	for i := range answers {
		of := maps.Clone(filter)
		of["tag"] = tags[i]
		m.Add(&answers[i], "queryHistory", of)
	}
	if err := h.all(ctx, m); err != nil {
		return tagHistory{}, err
	}
	if to != 0 {
		return historyOf(tags, answers, from, to), nil
	}
	past := historyOf(tags, answers, from, math.Inf(1))
	past.to = max(seconds(h.now()), past.last())
	return past, nil
}

// historyRecord is a row of a versioned table.
type historyRecord map[string]any

func (r historyRecord) text(column string) string {
	switch v := r[column].(type) {
	case nil:
		return ""
	case string:
		return safetext.Clean(v)
	default:
		return safetext.Clean(fmt.Sprint(v))
	}
}

func (r historyRecord) number(column string) int64 {
	n, _ := r[column].(int64)
	return n
}

func (r historyRecord) float(column string) float64 {
	ts, _ := r[column].(float64)
	return ts
}

func (r historyRecord) is(column string) bool {
	v, _ := r[column].(bool)
	return v
}

// historyEnd is the beginning or the end of a row's time.
type historyEnd struct {
	event int64
	ts    float64
	by    string
	table string
	row   historyRecord
	ended bool
}

// historyOf is what happened in a time to tags by the rows of tables, of which
// some are in the answers for two tags. A row that ends at the event at which
// another of the same thing begins was edited.
func historyOf(tags []int64, answers []map[string][]historyRecord, from, to float64) tagHistory {
	var ends []historyEnd
	for _, tables := range answers {
		for table, rows := range tables {
			for _, r := range rows {
				for _, e := range []historyEnd{
					{r.number("create_event"), r.float("create_ts"), r.text("creator_name"), table, r, false},
					{r.number("revoke_event"), r.float("revoke_ts"), r.text("revoker_name"), table, r, true},
				} {
					if e.event != 0 && e.ts > from && e.ts <= to && e.concerns(tags) {
						ends = append(ends, e)
					}
				}
			}
		}
	}
	slices.SortFunc(ends, func(a, b historyEnd) int {
		return cmp.Or(cmp.Compare(a.event, b.event), strings.Compare(a.table, b.table), strings.Compare(a.key(), b.key()), cmpBool(b.ended, a.ended))
	})
	ends = slices.CompactFunc(ends, func(a, b historyEnd) bool { return a.event == b.event && a.ended == b.ended && a.key() == b.key() })
	h := tagHistory{from: from, to: to}
	for i := 0; i < len(ends); i++ {
		e, before := ends[i], historyRecord(nil)
		if next := i + 1; e.ended && next < len(ends) && ends[next].event == e.event && ends[next].key() == e.key() {
			i++
			e, before = ends[i], e.row
		}
		if n := len(h.events); n == 0 || h.events[n-1].id != e.event {
			h.events = append(h.events, tagEvent{id: e.event, ts: e.ts})
		}
		last := &h.events[len(h.events)-1]
		last.changes = append(last.changes, e.change(before))
	}
	return h
}

// concerns reports whether a row is about one of the tags. The hub also tells
// of those that inherit from one, and of the targets of all.
func (e *historyEnd) concerns(tags []int64) bool {
	switch e.table {
	case "tag_inheritance":
		return slices.Contains(tags, e.row.number("tag_id"))
	case "build_target_config":
		return e.row.number("dest_tag") == tags[0] || e.row.number("build_tag") == tags[0]
	}
	return true
}

func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// key tells which thing of which table a row is about.
func (e *historyEnd) key() string {
	key := e.table
	for _, column := range historyColumns[e.table] {
		key += "\x00" + e.row.text(column)
	}
	return key
}

// historyColumns are what tells the things of a table apart.
var historyColumns = map[string][]string{
	"tag_listing":           {"tag_id", "build_id"},
	"tag_packages":          {"tag_id", "package_id"},
	"tag_package_owners":    {"tag_id", "package_id"},
	"tag_inheritance":       {"tag_id", "parent_id"},
	"tag_config":            {"tag_id"},
	"tag_extra":             {"tag_id", "key"},
	"tag_external_repos":    {"tag_id", "external_repo_id"},
	"build_target_config":   {"build_target_id"},
	"group_config":          {"tag_id", "group_id"},
	"group_req_listing":     {"tag_id", "group_id", "req_id"},
	"group_package_listing": {"tag_id", "group_id", "package"},
}

// change is what the end of a row's time tells; before is the row that it
// replaces, nil if there was none.
func (e *historyEnd) change(before historyRecord) tagChange {
	r := e.row
	c := tagChange{mark: markAdded, tag: r.text("tag.name"), by: e.by, text: historyText(e.table, r)}
	switch {
	case before != nil:
		c.mark = markNewer
		if was := historyText(e.table, before); was != c.text && e.table != "tag_listing" {
			c.text += ", was " + strings.TrimPrefix(was, commonWords(was, c.text))
		}
	case e.ended:
		c.mark = markGone
	default:
		c.made = e.table == "tag_config"
	}
	if e.table == "tag_listing" {
		c.build = r.number("build_id")
	}
	if e.table == "build_target_config" {
		c.tag = r.text("dest_tag.name")
	}
	return c
}

// commonWords is the words that both texts begin with.
func commonWords(a, b string) string {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			break
		}
		if a[i] == ' ' {
			n = i + 1
		}
	}
	return a[:n]
}

// orBlocked is the text of what a row lists, or blocks.
func (r historyRecord) orBlocked(text string) string {
	if r.is("blocked") {
		return text + " blocked"
	}
	return text
}

// historyText says what a row says.
func historyText(table string, r historyRecord) string {
	switch table {
	case "tag_listing":
		return r.text("name") + "-" + r.text("version") + "-" + r.text("release")
	case "tag_packages":
		return r.orBlocked("package " + r.text("package.name"))
	case "tag_package_owners":
		return "owner of " + r.text("package.name") + " is " + r.text("owner.name")
	case "tag_inheritance":
		text := fmt.Sprintf("inherits %s, priority %d", r.text("parent.name"), r.number("priority"))
		for _, flag := range []string{"intransitive", "noconfig"} {
			if r.is(flag) {
				text += ", " + flag
			}
		}
		if r["maxdepth"] != nil {
			text += ", maxdepth " + r.text("maxdepth")
		}
		return text
	case "tag_config":
		text := "the tag, arches " + cmp.Or(r.text("arches"), "-")
		if r.is("locked") {
			text += ", locked"
		}
		if p := r.text("permission.name"); p != "" {
			text += ", needs " + p
		}
		return text
	case "tag_extra":
		return r.text("key") + " = " + r.text("value")
	case "tag_external_repos":
		return fmt.Sprintf("external repo %s, priority %d", r.text("external_repo.name"), r.number("priority"))
	case "build_target_config":
		return fmt.Sprintf("target %s, %s to %s", r.text("build_target.name"), r.text("build_tag.name"), r.text("dest_tag.name"))
	case "group_config":
		return r.orBlocked("group " + r.text("group.name"))
	case "group_req_listing":
		return "group " + r.text("group.name") + " needs group " + r.text("req.name")
	case "group_package_listing":
		return "group " + r.text("group.name") + " has " + r.text("package")
	}
	return table
}

// earlier puts a stretch of history before this one.
func (h *tagHistory) earlier(past tagHistory) {
	h.from = past.from
	h.events = append(past.events, h.events...)
}

// later puts a stretch of history behind this one.
func (h *tagHistory) later(news tagHistory) {
	h.to = news.to
	h.events = append(h.events, news.events...)
}

// last is the time of the last event, or from when on there was none.
func (h *tagHistory) last() float64 {
	if n := len(h.events); n > 0 {
		return h.events[n-1].ts
	}
	return h.from
}

// begin is the time of the first event, where the slider begins.
func (h *tagHistory) begin() float64 {
	if len(h.events) > 0 {
		return h.events[0].ts
	}
	return h.from
}

// perCell is how many things changed in each of n equal parts of the time.
func (h *tagHistory) perCell(n int) []int {
	cells := make([]int, n)
	if n == 0 {
		return cells
	}
	for _, e := range h.events {
		cells[h.cellOf(e.ts, n)] += len(e.changes)
	}
	return cells
}

// cellOf is in which of n parts of the time a moment is.
func (h *tagHistory) cellOf(ts float64, n int) int {
	from := h.begin()
	if h.to <= from {
		return 0
	}
	return min(max(int((ts-from)/(h.to-from)*float64(n)), 0), n-1)
}

package tui

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"koji"
)

// pastTimes is how long tasks for a package or for a tag's repo took before.
type pastTimes struct {
	Samples []pastTime `json:"samples,omitempty"`
	Average float64    `json:"average,omitempty"` // of whole builds, if the hub knows no more
	Asked   int64      `json:"asked"`             // seconds since the epoch
}

// pastTime is how long a task took.
type pastTime struct {
	Method string  `json:"method"`
	Arch   string  `json:"arch"`
	Tag    string  `json:"tag,omitempty"` // the build tag
	Took   float64 `json:"took"`
}

// outlook is how long a task will go on.
type outlook struct {
	total   float64 // seconds from its start to its end
	low     float64 // the shortest and the longest that it took before,
	high    float64 // 0 for tasks with subtasks
	n       int     // of so many
	atLeast bool    // it may well take longer
	about   bool    // it is only known how long all of such a build took
}

const (
	timesBuilds = 10              // builds that are looked at
	timesLife   = 7 * 24 * 3600   // seconds that an answer is good for
	timesAgain  = 10 * 60         // and that none is
	timesKept   = 500             // packages and tags
	timesMost   = 8               // of them in one asking
	timesShown  = 5               // seconds after which an estimate is shown
	timesEvery  = 2 * time.Second // between two askings
)

// subject is what the times of a task are known by: the package, or the tag
// of a repo; "" if it isn't estimated.
func (e *env) subject(t *task) string {
	switch t.method {
	case "buildArch", "rebuildSRPM", "buildSRPMFromSCM":
		if t.pkg != "" {
			return "p:" + t.pkg
		}
	case "newRepo":
		if t.tag != "" {
			return "t:" + t.tag
		}
	case "createrepo":
		if up := e.store.get(t.parent); up != nil && up.method == "newRepo" && up.tag != "" {
			return "t:" + up.tag
		}
	}
	return ""
}

// outlookOf is how long a task will go on, if something can be said.
func (e *env) outlookOf(t *entry) (outlook, bool) {
	if t == nil || t.finished() || t.started == 0 {
		return outlook{}, false
	}
	if t.kind == kindRepo {
		return e.outlookOfRepo(t)
	}
	if len(t.children) > 0 || t.kind == kindParent {
		return e.outlookOfParent(t)
	}
	return e.usual(&t.task)
}

// usual is how long such a task took before: the median, of the same build tag
// if there are two of that.
func (e *env) usual(t *task) (outlook, bool) {
	past, ok := e.kept.Times[e.subject(t)]
	if !ok {
		return outlook{}, false
	}
	var same, all []float64
	for _, s := range past.Samples {
		if s.Method != t.method || s.Arch != t.arch {
			continue
		}
		all = append(all, s.Took)
		if s.Tag == t.tag {
			same = append(same, s.Took)
		}
	}
	if len(same) >= 2 {
		all = same
	}
	if len(all) < 2 {
		return outlook{total: past.Average, about: true}, past.Average > 0 && t.method == "buildArch"
	}
	slices.Sort(all)
	median := all[len(all)/2]
	if len(all)%2 == 0 {
		median = (median + all[len(all)/2-1]) / 2
	}
	return outlook{total: median, low: all[0], high: all[len(all)-1], n: len(all)}, true
}

// outlookOfParent is that of the subtask that goes on longest.
func (e *env) outlookOfParent(t *entry) (outlook, bool) {
	now := e.clock()
	left, known := 0.0, false
	o := outlook{}
	unfinished := 0
	for _, id := range t.children {
		c := e.store.get(id)
		if c.finished() {
			continue
		}
		unfinished++
		more, ok := outlook{}, false
		rest := 0.0
		if c.stuck() && c.kind != kindRepo {
			o.atLeast = true
			more, ok = e.usual(&c.task)
			ok = ok && !more.about
			rest = more.total
		} else if more, ok = e.outlookOf(c); ok {
			rest = max(more.total-(now-c.started), 0)
		}
		if !ok {
			o.atLeast = true
			continue
		}
		known = true
		o.atLeast = o.atLeast || more.atLeast
		o.about = o.about || more.about
		left = max(left, rest)
	}
	if unfinished == 0 {
		o.atLeast = true
	}
	o.total = now - t.started + left
	return o, known
}

// outlookOfRepo is that of the newRepo task for the tag that is waited for.
func (e *env) outlookOfRepo(t *entry) (outlook, bool) {
	for _, id := range e.store.roots {
		r := e.store.get(id)
		if r.method != "newRepo" || r.tag != t.tag || r.finished() || r.started == 0 || t.tag == "" {
			continue
		}
		o, ok := e.outlookOf(r)
		o.total += r.started - t.started
		o.low, o.high, o.n = 0, 0, 0
		return o, ok && o.total > 0
	}
	return outlook{}, false
}

// outlookText says how long a task goes on: ~1:50, or ≥3:20 if it may well be
// longer, ≈ if it is only known of whole builds, and +1:20 once it is over.
func (e *env) outlookText(t *entry, o outlook) (text string, ro role) {
	left := o.total - (e.clock() - t.started)
	switch {
	case left < -o.total:
		return "long", roleWarn
	case left < 0:
		return "+" + span(-left), roleText
	case o.atLeast:
		return "≥" + span(left), roleText
	case o.about:
		return "≈" + span(left), roleText
	}
	return "~" + span(left), roleText
}

// timesTold are times as the hub told them, by their subjects.
type timesTold map[string]pastTimes

// askTimes asks for the times of those tasks of which none are known.
func (e *env) askTimes(c *calls, tasks []task) tea.Cmd {
	now := e.now()
	if e.lost() || now.Sub(e.timesAsked) < timesEvery {
		return nil
	}
	var subjects []string
	for i := range tasks {
		s := e.subject(&tasks[i])
		past, known := e.kept.Times[s]
		life := int64(timesLife)
		if len(past.Samples) < 2 && past.Average == 0 {
			life = timesAgain
		}
		if s == "" || known && now.Unix()-past.Asked < life || slices.Contains(subjects, s) || len(subjects) == timesMost {
			continue
		}
		subjects = append(subjects, s)
	}
	if len(subjects) == 0 {
		return nil
	}
	e.timesAsked = now
	for _, s := range subjects {
		past := e.kept.Times[s]
		past.Asked = now.Unix()
		e.kept.Times[s] = past
	}
	h := e.hub
	return e.askByItself(c, func(ctx context.Context) (any, error) { return loadTimes(ctx, h, subjects, now.Unix()) })
}

// takeTimes brings in times, and lets the oldest go when there are many.
func (e *env) takeTimes(told timesTold) {
	for s, past := range told {
		e.kept.Times[s] = past
	}
	for len(e.kept.Times) > timesKept {
		oldest := ""
		for s, past := range e.kept.Times {
			if oldest == "" || past.Asked < e.kept.Times[oldest].Asked {
				oldest = s
			}
		}
		delete(e.kept.Times, oldest)
	}
}

// loadTimes looks at what the last builds of packages, and the last repos of
// tags, took: three requests for all of them.
func loadTimes(ctx context.Context, h *hub, subjects []string, now int64) (timesTold, error) {
	packages := make([]*int64, len(subjects))
	averages := make([]*float64, len(subjects))
	var repos []koji.Task
	m := h.read.Multicall()
	for i, s := range subjects {
		if s[:2] == "p:" {
			m.Add(&packages[i], "getPackageID", s[2:])
			m.Add(&averages[i], "getAverageBuildDuration", s[2:])
		}
	}
	if slices.ContainsFunc(subjects, func(s string) bool { return s[:2] == "t:" }) {
		m.Add(&repos, "listTasks", map[string]any{"method": "newRepo", "state": []any{int(koji.TaskClosed)}, "decode": true},
			map[string]any{"order": "-id", "limit": 20 * timesBuilds})
	}
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	builds := make([][]koji.Build, len(subjects))
	m = h.read.Multicall()
	for i, id := range packages {
		if id != nil {
			m.Add(&builds[i], "listBuilds", koji.Named{
				"packageID": *id, "state": int(koji.BuildComplete), "queryOpts": map[string]any{"order": "-build_id", "limit": timesBuilds},
			})
		}
	}
	if err := h.run(ctx, m); err != nil {
		return nil, err
	}
	told := timesTold{}
	parents := make([][]int64, len(subjects))
	for i, s := range subjects {
		past := pastTimes{Asked: now, Average: valueOr(averages[i])}
		for _, b := range builds[i] {
			if b.TaskID != nil {
				parents[i] = append(parents[i], *b.TaskID)
			}
		}
		for _, t := range repos {
			if row := taskOf(t, names{}); s == "t:"+row.tag && len(parents[i]) < timesBuilds {
				parents[i] = append(parents[i], t.ID)
				past.add(row)
			}
		}
		told[s] = past
	}
	return told, loadSubtasks(ctx, h, subjects, parents, told)
}

// loadSubtasks adds the times of the subtasks of all parents.
func loadSubtasks(ctx context.Context, h *hub, subjects []string, parents [][]int64, told timesTold) error {
	var answers [][]*[]koji.Task
	m := h.read.Multicall()
	for _, ids := range parents {
		var list []*[]koji.Task
		for _, id := range ids {
			children := new([]koji.Task)
			m.Add(children, "getTaskChildren", id, koji.Named{"request": true})
			list = append(list, children)
		}
		answers = append(answers, list)
	}
	if err := h.run(ctx, m); err != nil {
		return err
	}
	for i, s := range subjects {
		past := told[s]
		for _, children := range answers[i] {
			for _, t := range *children {
				past.add(taskOf(t, names{}))
			}
		}
		told[s] = past
	}
	return nil
}

// add takes in a task that ended well.
func (p *pastTimes) add(t task) {
	if t.kind == kindDone && t.started > 0 && t.completed > t.started {
		tag := t.tag
		if t.method == "createrepo" {
			tag = ""
		}
		p.Samples = append(p.Samples, pastTime{t.method, t.arch, tag, t.completed - t.started})
	}
}

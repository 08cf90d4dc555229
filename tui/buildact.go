package tui

import (
	tea "github.com/charmbracelet/bubbletea"
)

// do is a key in a build's detail.
func (v *buildView) do(a action) tea.Cmd {
	switch {
	case a == actRefresh:
		return v.load()
	case v.tabs.do(a):
		v.resize(v.w, v.h)
	case v.pane().do(a):
	case v.detail == nil:
	case a == actOpen:
		return v.open()
	case a == actLog:
		return v.openLog()
	case a == actToTag:
		var tags []string
		for _, t := range v.detail.activeTags() {
			tags = append(tags, t.tag)
		}
		v.e.chooseTag(tags)
	case a == actCompare:
		v.e.next = newCompareView(v.e, 0, v.id)
	}
	return nil
}

// open opens what is selected: an rpm, a log, a tag, the task.
func (v *buildView) open() tea.Cmd {
	switch v.tabs.at {
	case buildRPMs:
		if r, ok := v.rpms.selected(); ok {
			v.e.next = newRPMView(v.e, r)
		} else {
			v.rpms.do(actFold)
		}
	case buildLogs:
		return v.openLog()
	default:
		switch sel := v.pane().(pagePane).sel.(type) {
		case tagKey:
			v.e.next = newTagView(v.e, string(sel))
		case taskKey:
			v.e.next = newTaskView(v.e, int64(sel))
		}
	}
	return nil
}

// openLog opens the selected log, or the one that one looks for first: of a
// build that runs or failed its task's, else of those that are kept.
func (v *buildView) openLog() tea.Cmd {
	l, ok := v.logs.selected()
	switch {
	case v.tabs.at == buildLogs && !ok:
		v.logs.do(actFold)
		return nil
	case v.tabs.at == buildLogs:
		v.e.next = newStoredLogView(v.e, v.nvr, l.Dir+"/"+l.Name, l.Path)
		return nil
	case v.detail.row.task != 0 && len(v.detail.logs) == 0:
		return v.e.chooseLog(v.detail.row.task, v.c)
	}
	v.tabs.at = buildLogs
	v.resize(v.w, v.h)
	return nil
}

func (v *buildView) clips() []clip {
	clips := v.e.buildClips(v.nvr, v.id)
	if v.detail == nil {
		return clips
	}
	if r, ok := v.rpms.selected(); ok && v.tabs.at == buildRPMs {
		clips = append(clips, clip{"r", "rpm", r.file})
	}
	if s := v.detail.build.Source; s != nil {
		clips = append(clips, clip{"s", "source", *s})
	}
	return clips
}

func (v *buildView) deeds() []deed {
	if v.detail == nil {
		return nil
	}
	return v.e.buildDeeds([]buildRef{v.detail.row.ref("")})
}

func (v *buildView) command() string { return v.e.commandLine("buildinfo", v.nvr) }

package hubd

import (
	"path"

	"koji"
)

func builderWinMethods() []method {
	return []method{
		writes("host.initWinBuild", builder, "Creates the BUILDING row of a Windows build.", hostInitWinBuild),
		writes("host.completeWinBuild", builder, "Imports Windows output and completes a build.", hostCompleteWinBuild),
		writes("host.moveWinBuildToScratch", builder, "Moves scratch Windows files.", hostMoveWinBuildToScratch),
	}
}

type initWinBuildArgs struct {
	TaskID any            `rpc:"task_id"`
	Build  map[string]any `rpc:"build_info"`
	Win    map[string]any `rpc:"win_info"`
}

func hostInitWinBuild(c *call, a initWinBuildArgs) (any, error) {
	if err := c.needWin(); err != nil {
		return nil, err
	}
	b, err := c.initTypedBuild(a.TaskID, a.Build, false)
	if err != nil {
		return nil, err
	}
	return begunBuild(b), c.makeWin(b, a.Win)
}

// winOutput are the files that vmExec brought, by their paths, with the
// platforms and flags of each.
func (r *taskResults) winOutput() (map[string]map[string]any, error) {
	told, ok := r.values["output"].(map[string]any)
	if !ok && r.values["output"] != nil {
		return nil, fault(koji.CodeParameter, "output: invalid type %s, want a struct", typeName(r.values["output"]))
	}
	output := map[string]map[string]any{}
	for name, v := range told {
		if !plainPath(name) {
			return nil, refuse("output: invalid path: %q", name)
		}
		about, ok := v.(map[string]any)
		if !ok {
			return nil, fault(koji.CodeParameter, "output: %s: invalid type %s, want a struct", name, typeName(v))
		}
		output[name] = about
	}
	return output, nil
}

type completeWinArgs struct {
	TaskID  any `rpc:"task_id"`
	BuildID any `rpc:"build_id"`
	Results any `rpc:"results"`
	RPMs    any `rpc:"rpm_results"`
}

func hostCompleteWinBuild(c *call, a completeWinArgs) (any, error) {
	if err := c.needWin(); err != nil {
		return nil, err
	}
	r, output, w, err := winResults(a.Results, a.RPMs)
	if err != nil {
		return nil, err
	}
	return nil, c.completeTyped(a.TaskID, a.BuildID, "win", func(t *typedImport) error {
		for _, name := range sortedKeys(output) {
			if err := t.needKnownType(name); err != nil {
				return err
			}
			u, err := r.take(t.in, name, t.tasks)
			if err != nil {
				return err
			}
			info := map[string]any{"relpath": "", "platforms": output[name]["platforms"], "flags": output[name]["flags"]}
			if dir := path.Dir(name); dir != "." {
				info["relpath"] = dir
			}
			if _, err := t.take(newArchive{btype: "win", info: info, file: u}); err != nil {
				return err
			}
		}
		if err := r.addLogs(t.in, "data/logs/win", t.tasks); err != nil {
			return err
		}
		return c.importWrapper(t.in, t.build, w, t.tasks)
	})
}

func winResults(results, rpms any) (r taskResults, output map[string]map[string]any, w *wrapper, err error) {
	if r, err = resultsOf("results", results); err != nil {
		return r, nil, nil, err
	}
	if output, err = r.winOutput(); err != nil {
		return r, nil, nil, err
	}
	w, err = wrapperOf("rpm_results", rpms, 0)
	return r, output, w, err
}

func hostMoveWinBuildToScratch(c *call, a scratchTypedArgs) (any, error) {
	r, output, w, err := winResults(a.Results, a.RPMs)
	if err != nil {
		return nil, err
	}
	return nil, c.scratchOf(a.TaskID, func(in *intake, tasks map[int64]bool) error {
		if err := r.addFiles(in, sortedKeys(output), "", tasks); err != nil {
			return err
		}
		if err := r.addLogs(in, "", tasks); err != nil {
			return err
		}
		return w.scratch(in, tasks)
	})
}

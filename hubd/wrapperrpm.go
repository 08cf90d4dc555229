package hubd

import "koji"

// wrapper are the rpms that were made around the files of another build.
type wrapper struct {
	taskResults
	srpm string
	rpms []string
}

// wrapperOf reads what wrapperRPM brought, nil if nothing was made. task is
// where it ran, where the results don't say.
func wrapperOf(name string, v any, task int64) (*wrapper, error) {
	if v == nil {
		return nil, nil
	}
	values, ok := v.(map[string]any)
	if !ok {
		return nil, fault(koji.CodeParameter, "%s: invalid type %s, want a struct", name, typeName(v))
	}
	if values["task_id"] == nil && task != 0 {
		told := map[string]any{"task_id": task}
		for key, value := range values {
			if key != "task_id" {
				told[key] = value
			}
		}
		values = told
	}
	r, err := resultsOf(name, values)
	if err != nil {
		return nil, err
	}
	w := &wrapper{taskResults: r}
	one, err := fileNames("srpm", []any{values["srpm"]})
	if err != nil {
		return nil, err
	}
	w.srpm = one[0]
	w.rpms, err = r.names("rpms")
	return w, err
}

// importWrapper stores wrapper rpms as a build's, and gathers them. They have
// names of their own, but all must be made of the one source rpm.
func (c *call) importWrapper(in *intake, b *koji.Build, w *wrapper, tasks map[int64]bool) error {
	if w == nil {
		return nil
	}
	srpm, err := in.takeRPM(w.path(w.srpm), tasks)
	if err != nil {
		return err
	}
	if !srpm.header.Source {
		return refuse("%s is no source rpm", srpm.name)
	}
	rpms := []*takenRPM{srpm}
	for _, name := range w.rpms {
		r, err := in.takeRPM(w.path(name), tasks)
		if err != nil {
			return err
		}
		if err := checkBinary(srpm, r); err != nil {
			return err
		}
		rpms = append(rpms, r)
	}
	if rpms, err = distinctRPMs(rpms); err != nil {
		return err
	}
	brmap := map[string]any{}
	for _, r := range rpms {
		brmap[r.rel] = w.values["buildroot_id"]
		if _, err := c.importRPM(in, b, r, brmap); err != nil {
			return err
		}
	}
	if err := c.addType(b, "rpm"); err != nil {
		return err
	}
	return w.addLogs(in, "data/logs/noarch", tasks)
}

// scratch gathers wrapper rpms for people who look for a scratch build.
func (w *wrapper) scratch(in *intake, tasks map[int64]bool) error {
	if w == nil {
		return nil
	}
	return w.addFiles(in, append(append([]string{w.srpm}, w.rpms...), w.logs...), "rpms", tasks)
}

type importWrapperArgs struct {
	TaskID  any `rpc:"task_id"`
	BuildID any `rpc:"build_id"`
	RPMs    any `rpc:"rpm_results"`
}

// hostImportWrapperRPMs gives a build that is COMPLETE its wrapper rpms, once.
func hostImportWrapperRPMs(c *call, a importWrapperArgs) (any, error) {
	if err := c.needMaven(); err != nil {
		return nil, err
	}
	task, err := c.openTaskOf(a.TaskID)
	if err != nil {
		return nil, err
	}
	id, err := intArg("build_id", a.BuildID)
	if err != nil {
		return nil, err
	}
	b, err := c.completeBuildRef(id)
	if err != nil {
		return nil, err
	}
	rpms, _, _, err := c.tx.BuildUse(c, b.ID)
	if err != nil {
		return nil, err
	}
	if rpms {
		return nil, refuse("wrapper rpms for %s have already been built", b.NVR)
	}
	if a.RPMs == nil {
		return nil, refuse("rpm_results: there are no rpms to import")
	}
	w, err := wrapperOf("rpm_results", a.RPMs, task.ID)
	if err != nil {
		return nil, err
	}
	tree, err := c.taskTree(task.ID)
	if err != nil {
		return nil, err
	}
	return nil, c.addToBuild(b, func(in *intake) error { return c.importWrapper(in, b, w, tree) })
}
